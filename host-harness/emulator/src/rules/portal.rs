//! What ties a portal user together: profile and licence, contact and account, the account's owner, and roles.

use rusqlite::OptionalExtension;
use rusqlite::types::Value;

use super::{Actor, missing};
use crate::error::ApiError;
use crate::org::catalogue;
use crate::org::licences;
use crate::org::store::{self, Row};

/// A profile with its licence.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) user_type: String,
    pub(super) licence_id: String,
    pub(super) licence_name: String,
}

/// A contact that may carry a portal user.
#[derive(Debug)]
pub(super) struct Contact {
    pub(super) account_id: String,
}

/// The profile that a user's row names.
pub(super) fn profile(actor: &Actor<'_>, row: &Row) -> Result<Profile, ApiError> {
    let id = store::text(row, "ProfileId").unwrap_or_default();
    actor
        .db
        .prepare_cached(
            "SELECT p.UserType, l.Id, l.Name FROM Profile p JOIN UserLicense l ON l.Id = p.UserLicenseId WHERE p.Id = ?1",
        )?
        .query_row([id], |row| {
            Ok(Profile { user_type: row.get(0)?, licence_id: row.get(1)?, licence_name: row.get(2)? })
        })
        .optional()?
        .ok_or_else(missing)
}

/// Whether the change moves the user to another licence.
pub(super) fn licence_changes(actor: &Actor<'_>, before: &Row, after: &Profile) -> Result<bool, ApiError> {
    Ok(profile(actor, before)?.licence_id != after.licence_id)
}

/// Within a licence any profile goes; from a high-volume licence up to a role-based one, too; nothing else (H).
pub(super) fn check_profile_change(actor: &Actor<'_>, before: &Row, after: &Profile) -> Result<(), ApiError> {
    let now = profile(actor, before)?;
    let upgrade = now.user_type == "CspLitePortal"
        && matches!(after.user_type.as_str(), "CspLitePortal" | "PowerPartner" | "PowerCustomerSuccess");
    let internal = !licences::is_portal(&now.user_type) && now.user_type == after.user_type;
    if now.licence_id == after.licence_id || upgrade || internal {
        return Ok(());
    }
    Err(ApiError::dml(
        "FIELD_INTEGRITY_EXCEPTION",
        "You can only assign profiles that are compatible with the user's license. For a list of compatible licenses and \
         profiles, see the Salesforce Help.",
        &["ProfileId"],
    ))
}

/// Portal users need a contact of their own, on an account whose owner has a role; others may not have one.
pub(super) fn check_contact(
    actor: &Actor<'_>,
    row: &Row,
    profile: &Profile,
    own_id: Option<&str>,
) -> Result<Option<Contact>, ApiError> {
    let portal = licences::is_portal(&profile.user_type);
    let Some(contact_id) = store::text(row, "ContactId") else {
        if portal {
            return Err(ApiError::dml(
                "INVALID_CROSS_REFERENCE_KEY",
                "Cannot create a portal user without contact",
                &["ContactId"],
            ));
        }
        return Ok(None);
    };
    if !portal {
        return Err(ApiError::dml(
            "FIELD_INTEGRITY_EXCEPTION",
            "only portal users can be associated to a contact",
            &[],
        ));
    }
    let contact = catalogue::object("Contact")
        .map(|object| store::load(actor.db, object, contact_id))
        .transpose()?
        .flatten()
        .filter(|contact| !store::flag(contact, "IsDeleted"))
        .ok_or_else(missing)?;
    let Some(account_id) = store::text(&contact, "AccountId") else {
        // That this is refused is H, in which words is U; these follow the field's documentation.
        return Err(ApiError::dml(
            "FIELD_INTEGRITY_EXCEPTION",
            "The contact must have a value in the AccountId field",
            &["ContactId"],
        ));
    };
    let holder: Option<String> = actor
        .db
        .prepare_cached("SELECT Id FROM User WHERE ContactId = ?1")?
        .query_row([contact_id], |row| row.get(0))
        .optional()?;
    if holder.is_some_and(|holder| Some(holder.as_str()) != own_id) {
        return Err(ApiError::dml(
            "PORTAL_USER_ALREADY_EXISTS_FOR_CONTACT",
            "portal user already exists for contact",
            &[],
        ));
    }
    let needs_owner_role =
        !licences::is_high_volume(&profile.user_type) || actor.org.switches().owner_role_for_high_volume;
    if needs_owner_role && owner_role(actor, account_id)?.is_none() {
        let status = actor.org.switches().unknown_exception_status;
        return Err(ApiError {
            status,
            ..ApiError::dml("UNKNOWN_EXCEPTION", "portal account owner must have a role", &[])
        });
    }
    Ok(Some(Contact { account_id: account_id.to_owned() }))
}

fn owner_role(actor: &Actor<'_>, account_id: &str) -> Result<Option<String>, ApiError> {
    let role: Option<Option<String>> = actor
        .db
        .prepare_cached("SELECT u.UserRoleId FROM Account a JOIN User u ON u.Id = a.OwnerId WHERE a.Id = ?1")?
        .query_row([account_id], |row| row.get(0))
        .optional()?;
    Ok(role.flatten())
}

/// A role must be of the user type's kind, and a portal role of the user's own account (H for the text).
pub(super) fn check_role(actor: &Actor<'_>, row: &Row, profile: &Profile) -> Result<(), ApiError> {
    let Some(role_id) = store::text(row, "UserRoleId") else { return Ok(()) };
    let role = catalogue::object("UserRole")
        .map(|object| store::load(actor.db, object, role_id))
        .transpose()?
        .flatten()
        .ok_or_else(missing)?;
    let fits = store::text(&role, "PortalType").unwrap_or("None") == licences::portal_type(&profile.user_type)
        && !licences::is_high_volume(&profile.user_type)
        && store::text(&role, "PortalAccountId").is_none_or(|account| Some(account) == store::text(row, "AccountId"));
    if fits {
        return Ok(());
    }
    Err(ApiError::dml("FIELD_INTEGRITY_EXCEPTION", "role type must match user type", &[]))
}

/// Gives a role-based portal user the account's portal role of the wanted level, making the account's three roles with
/// its first such user (H).
pub(super) fn give_role(
    actor: &Actor<'_>,
    row: &mut Row,
    profile: &Profile,
    contact: &Contact,
) -> Result<(), ApiError> {
    let portal_type = licences::portal_type(&profile.user_type);
    if portal_type == "None" || store::text(row, "UserRoleId").is_some() {
        return Ok(());
    }
    let level = store::text(row, "PortalRole").unwrap_or("Worker").to_owned();
    let find = || {
        actor
            .db
            .prepare_cached(
                "SELECT Id FROM UserRole WHERE PortalAccountId = ?1 AND PortalType = ?2 AND PortalRole = ?3",
            )?
            .query_row([&contact.account_id, portal_type, &level], |row| row.get::<_, String>(0))
            .optional()
    };
    let mut role = find()?;
    if role.is_none() {
        make_roles(actor, &contact.account_id, portal_type)?;
        role = find()?;
    }
    if let Some(role) = role {
        row.insert("UserRoleId", Value::Text(role));
        row.insert("PortalRole", Value::Text(level));
    }
    Ok(())
}

fn make_roles(actor: &Actor<'_>, account_id: &str, portal_type: &'static str) -> Result<(), ApiError> {
    let Some(object) = catalogue::object("UserRole") else { return Ok(()) };
    let (name, owner): (String, String) =
        actor.db.query_row("SELECT Name, OwnerId FROM Account WHERE Id = ?1", [account_id], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let word = if portal_type == "Partner" { "Partner" } else { "Customer" };
    let mut parent = owner_role(actor, account_id)?;
    for (level, title) in [("Executive", "Executive"), ("Manager", "Manager"), ("Worker", "User")] {
        let id = store::next_id(actor.db, object, &actor.org.facts.pod)?;
        let label: String = format!("{name} {word} {title}").chars().take(80).collect();
        let developer_name: String =
            label.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
        let mut role = Row::from([
            ("Id", Value::Text(id.clone())),
            ("Name", Value::Text(label)),
            ("DeveloperName", Value::Text(developer_name)),
            ("ParentRoleId", parent.map_or(Value::Null, Value::Text)),
            ("PortalType", Value::Text(portal_type.to_owned())),
            ("PortalRole", Value::Text(level.to_owned())),
            ("PortalAccountId", Value::Text(account_id.to_owned())),
            ("PortalAccountOwnerId", Value::Text(owner.clone())),
        ]);
        actor.stamp(object, &mut role, true);
        store::insert(actor.db, object, &role)?;
        parent = Some(id);
    }
    Ok(())
}
