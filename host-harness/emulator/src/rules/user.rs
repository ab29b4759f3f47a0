//! Users: the order in which the rules speak, and what a user's creation and change bring about.

use rusqlite::params;
use rusqlite::types::Value;

use super::{Actor, accounts, administrators, assignments, features, identity, portal, portal_roles, seats};
use crate::error::ApiError;
use crate::org::catalogue;
use crate::org::licences;
use crate::org::store::{self, Row};
use crate::org::unconfirmed::Unconfirmed;

pub(super) fn before_create(actor: &Actor<'_>, row: &mut Row) -> Result<(), ApiError> {
    identity::check_form(row)?;
    let profile = portal::profile(actor, row)?;
    administrators::check_grant(actor, None, row)?;
    portal::check_standard(actor, &profile)?;
    row.insert("UserType", Value::Text(profile.user_type.clone()));
    let contact = portal::check_contact(actor, row, &profile, None)?;
    if let Some(contact) = &contact {
        row.insert("AccountId", Value::Text(contact.account_id.clone()));
        row.insert("IsPortalEnabled", Value::Integer(1));
    }
    portal_roles::check(actor, row, &profile)?;
    features::check(row, &profile)?;
    identity::check_domain(actor, row, &profile.user_type)?;
    identity::give_nickname(actor, row)?;
    identity::check_unique(actor, row, None)?;
    row.entry("IsActive").or_insert(Value::Integer(1));
    if store::flag(row, "IsActive") {
        seats::take(actor, &profile)?;
    }
    features::settle(actor, None, row)?;
    if let Some(contact) = &contact {
        portal_roles::give(actor, row, &profile, contact)?;
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
    if let (Some(account), Some(user_type)) = (store::text(row, "AccountId"), store::text(row, "UserType")) {
        accounts::open_portal(actor, account, user_type)?;
    }
    Ok(())
}

/// Every user is assigned to the permission set that the profile owns (H).
fn assign_profile_set(actor: &Actor<'_>, user_id: &str, profile_id: &str) -> Result<(), ApiError> {
    let Some(object) = catalogue::object("PermissionSetAssignment") else { return Ok(()) };
    let id = store::next_id(actor.db, object, &actor.org.facts.pod)?;
    actor
        .db
        .prepare_cached(
            "DELETE FROM PermissionSetAssignment WHERE AssigneeId = ?1
           AND PermissionSetId IN (SELECT Id FROM PermissionSet WHERE IsOwnedByProfile = 1)",
        )?
        .execute([user_id])?;
    actor
        .db
        .prepare_cached(
            "INSERT INTO PermissionSetAssignment (Id, PermissionSetId, AssigneeId, SystemModstamp)
         SELECT ?1, Id, ?2, ?4 FROM PermissionSet WHERE ProfileId = ?3 AND IsOwnedByProfile = 1",
        )?
        .execute(params![id, user_id, profile_id, actor.org.clock.now()])?;
    Ok(())
}

pub(super) fn before_update(actor: &Actor<'_>, before: &Row, changes: &mut Row) -> Result<(), ApiError> {
    let id = store::text(before, "Id").unwrap_or_default().to_owned();
    disable_portal(actor, before, changes)?;
    if let Some(Value::Text(username)) = changes.get_mut("Username") {
        *username = username.to_lowercase();
    }
    identity::check_form(changes)?;

    let mut after = before.clone();
    after.extend(changes.iter().map(|(name, value)| (*name, value.clone())));
    let changed = |names: &[&str]| {
        names.iter().any(|name| changes.get(name).is_some_and(|value| before.get(name) != Some(value)))
    };
    administrators::check_change(actor, before, &after, changes)?;
    administrators::check_grant(actor, Some(before), &after)?;
    let profile = portal::profile(actor, &after)?;
    portal::check_standard(actor, &profile)?;
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
            portal_roles::give(actor, &mut after, &profile, contact)?;
            derived.insert("UserRoleId", after.get("UserRoleId").cloned().unwrap_or(Value::Null));
        }
    }
    if changed(&["UserRoleId"]) {
        portal_roles::check(actor, &after, &profile)?;
    }
    features::check(changes, &profile)?;
    if changed(&["Email"]) {
        identity::check_domain(actor, &after, &profile.user_type)?;
        // An external user's new address holds at once, and has yet to be verified (H).
        if licences::is_portal(&profile.user_type) {
            derived.insert("HasUserVerifiedEmail", Value::Integer(0));
        }
    }
    identity::check_unique(actor, changes, Some(&id))?;
    let was_active = store::flag(before, "IsActive");
    if store::flag(&after, "IsActive") && (!was_active || portal::licence_changes(actor, before, &profile)?) {
        seats::take(actor, &profile)?;
    }
    features::settle(actor, Some(before), &after)?;
    changes.extend(derived);
    Ok(())
}

/// `IsPortalEnabled = false` is a disable: it deactivates and lets the contact go (M), and there is no way back (H).
fn disable_portal(actor: &Actor<'_>, before: &Row, changes: &mut Row) -> Result<(), ApiError> {
    let disabled = licences::is_portal(store::text(before, "UserType").unwrap_or_default())
        && store::text(before, "ContactId").is_none();
    let returns = ["IsPortalEnabled", "IsActive"].iter().any(|name| changes.get(name) == Some(&Value::Integer(1)))
        || store::text(changes, "ContactId").is_some();
    if disabled && returns {
        return Err(Unconfirmed::EnablePortalUser.refusal());
    }
    if changes.get("IsPortalEnabled") != Some(&Value::Integer(0)) || !store::flag(before, "IsPortalEnabled") {
        return Ok(());
    }
    if changes.contains_key("IsActive") && actor.org.switches().refuse_is_active_with_disable {
        return Err(Unconfirmed::DisableWithIsActive.refusal());
    }
    changes.extend(disabled_fields());
    Ok(())
}

fn disabled_fields() -> Row {
    let mut row = Row::from([("IsActive", Value::Integer(0)), ("IsPortalEnabled", Value::Integer(0))]);
    row.extend(["ContactId", "AccountId", "UserRoleId", "PortalRole"].map(|name| (name, Value::Null)));
    row
}

/// Disables a portal user whose account stops being a portal account.
pub(super) fn disable(actor: &Actor<'_>, before: &Row) -> Result<(), ApiError> {
    let Some(object) = catalogue::object("User") else { return Ok(()) };
    let id = store::text(before, "Id").unwrap_or_default();
    let mut changes = disabled_fields();
    let mut after = before.clone();
    after.extend(changes.clone());
    features::settle(actor, Some(before), &after)?;
    actor.stamp(object, &mut changes, false);
    store::update(actor.db, object, id, &changes)?;
    after_update(actor, id, before, &changes)
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
