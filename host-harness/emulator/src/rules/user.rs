//! Users: the order in which the rules speak, and what a user's creation and change bring about.

use rusqlite::params;
use rusqlite::types::Value;

use super::{Actor, assignments, features, identity, portal, seats};
use crate::error::ApiError;
use crate::org::catalogue;
use crate::org::licences;
use crate::org::store::{self, Row};

pub(super) fn before_create(actor: &Actor<'_>, row: &mut Row) -> Result<(), ApiError> {
    identity::check_form(row)?;
    let profile = portal::profile(actor, row)?;
    row.insert("UserType", Value::Text(profile.user_type.clone()));
    let contact = portal::check_contact(actor, row, &profile, None)?;
    if let Some(contact) = &contact {
        row.insert("AccountId", Value::Text(contact.account_id.clone()));
        row.insert("IsPortalEnabled", Value::Integer(1));
    }
    portal::check_role(actor, row, &profile)?;
    features::check(row, &profile)?;
    identity::give_nickname(actor, row)?;
    identity::check_unique(actor, row, None)?;
    if !row.contains_key("IsActive") || store::flag(row, "IsActive") {
        seats::take(actor, &profile)?;
    }
    if let Some(contact) = &contact {
        portal::give_role(actor, row, &profile, contact)?;
    }
    Ok(())
}

pub(super) fn after_create(actor: &Actor<'_>, id: &str, row: &Row) -> Result<(), ApiError> {
    if let Some(login) = catalogue::object("UserLogin") {
        let login_id = store::next_id(actor.db, login, &actor.org.facts.pod)?;
        let mut values = Row::from([("Id", Value::Text(login_id)), ("UserId", Value::Text(id.to_owned()))]);
        actor.stamp(login, &mut values, true);
        store::insert(actor.db, login, &values)?;
    }
    if let Some(profile_id) = store::text(row, "ProfileId") {
        assign_profile_set(actor, id, profile_id)?;
    }
    Ok(())
}

/// Every user is assigned to the permission set that the profile owns (H).
fn assign_profile_set(actor: &Actor<'_>, user_id: &str, profile_id: &str) -> Result<(), ApiError> {
    let Some(object) = catalogue::object("PermissionSetAssignment") else { return Ok(()) };
    let id = store::next_id(actor.db, object, &actor.org.facts.pod)?;
    actor.db.execute(
        "DELETE FROM PermissionSetAssignment WHERE AssigneeId = ?1
           AND PermissionSetId IN (SELECT Id FROM PermissionSet WHERE IsOwnedByProfile = 1)",
        [user_id],
    )?;
    actor.db.execute(
        "INSERT INTO PermissionSetAssignment (Id, PermissionSetId, AssigneeId, SystemModstamp)
         SELECT ?1, Id, ?2, ?4 FROM PermissionSet WHERE ProfileId = ?3 AND IsOwnedByProfile = 1",
        params![id, user_id, profile_id, actor.org.clock.now()],
    )?;
    Ok(())
}

pub(super) fn before_update(actor: &Actor<'_>, before: &Row, changes: &mut Row) -> Result<(), ApiError> {
    let id = store::text(before, "Id").unwrap_or_default().to_owned();
    let deactivates = changes.get("IsActive") == Some(&Value::Integer(0));
    if deactivates && id == actor.user_id {
        return Err(ApiError::dml("FIELD_INTEGRITY_EXCEPTION", "Cannot de-activate self: Active", &["IsActive"]));
    }
    disable_portal(before, changes)?;
    if let Some(Value::Text(username)) = changes.get_mut("Username") {
        *username = username.to_lowercase();
    }
    identity::check_form(changes)?;

    let mut after = before.clone();
    after.extend(changes.iter().map(|(name, value)| (*name, value.clone())));
    let changed = |names: &[&str]| {
        names.iter().any(|name| changes.get(name).is_some_and(|value| before.get(name) != Some(value)))
    };
    let profile = portal::profile(actor, &after)?;
    let disables = changes.get("IsPortalEnabled") == Some(&Value::Integer(0));
    let mut derived = Row::new();
    if changed(&["ProfileId"]) {
        portal::check_profile_change(actor, before, &profile)?;
        derived.insert("UserType", Value::Text(profile.user_type.clone()));
    }
    if changed(&["ContactId", "ProfileId"]) && !disables {
        let contact = portal::check_contact(actor, &after, &profile, Some(&id))?;
        let account = contact.as_ref().map_or(Value::Null, |contact| Value::Text(contact.account_id.clone()));
        derived.insert("AccountId", account.clone());
        derived.insert("IsPortalEnabled", Value::Integer(i64::from(contact.is_some())));
        after.insert("AccountId", account);
        if let Some(contact) = &contact
            && changed(&["ProfileId"])
            && !changed(&["UserRoleId"])
        {
            // A new user type takes its own kind of portal role, or none.
            after.insert("UserRoleId", Value::Null);
            portal::give_role(actor, &mut after, &profile, contact)?;
            derived.insert("UserRoleId", after.get("UserRoleId").cloned().unwrap_or(Value::Null));
        }
    }
    if changed(&["UserRoleId"]) {
        portal::check_role(actor, &after, &profile)?;
    }
    features::check(changes, &profile)?;
    identity::check_unique(actor, changes, Some(&id))?;
    let was_active = store::flag(before, "IsActive");
    if store::flag(&after, "IsActive") && (!was_active || portal::licence_changes(actor, before, &profile)?) {
        seats::take(actor, &profile)?;
    }
    changes.extend(derived);
    Ok(())
}

/// `IsPortalEnabled = false` is a disable: it deactivates and lets the contact go, for good (M).
fn disable_portal(before: &Row, changes: &mut Row) -> Result<(), ApiError> {
    let Some(enabled) = changes.get("IsPortalEnabled").cloned() else { return Ok(()) };
    if enabled == Value::Integer(1) {
        // Whether the API can enable a portal user is not known (U); an enabled one stays as it is.
        return Ok(());
    }
    if !store::flag(before, "IsPortalEnabled") {
        return Ok(());
    }
    if changes.contains_key("IsActive") {
        return Err(ApiError::dml(
            "FIELD_INTEGRITY_EXCEPTION",
            "You cannot change IsActive and IsPortalEnabled in the same update",
            &["IsActive", "IsPortalEnabled"],
        ));
    }
    changes.insert("IsActive", Value::Integer(0));
    changes.insert("ContactId", Value::Null);
    changes.insert("AccountId", Value::Null);
    changes.insert("UserRoleId", Value::Null);
    changes.insert("PortalRole", Value::Null);
    Ok(())
}

pub(super) fn after_update(actor: &Actor<'_>, id: &str, before: &Row, changes: &Row) -> Result<(), ApiError> {
    let deactivated = store::flag(before, "IsActive") && changes.get("IsActive") == Some(&Value::Integer(0));
    if deactivated {
        // A deactivated user leaves the public groups and does not come back by reactivation.
        assignments::leave(actor, "UserOrGroupId = ?1", &[id])?;
    }
    if let Some(profile_id) = store::text(changes, "ProfileId")
        && store::text(before, "ProfileId") != Some(profile_id)
    {
        assign_profile_set(actor, id, profile_id)?;
        if store::text(changes, "UserType").is_some_and(licences::is_high_volume) {
            assignments::leave(actor, "UserOrGroupId = ?1", &[id])?;
        }
    }
    Ok(())
}
