//! What ties a portal user together: profile and licence, contact and account, the account's owner, and roles.

use rusqlite::OptionalExtension;

use super::{Actor, missing};
use crate::error::ApiError;
use crate::org::catalogue;
use crate::org::licences;
use crate::org::store::{self, Row};
use crate::org::unconfirmed::Unconfirmed;

/// A profile with its licence.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) name: String,
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
            "SELECT p.UserType, l.Id, l.Name, p.Name FROM Profile p JOIN UserLicense l ON l.Id = p.UserLicenseId \
             WHERE p.Id = ?1",
        )?
        .query_row([id], |row| {
            Ok(Profile {
                user_type: row.get(0)?,
                licence_id: row.get(1)?,
                licence_name: row.get(2)?,
                name: row.get(3)?,
            })
        })
        .optional()?
        .ok_or_else(missing)
}

/// Standard external profiles can be switched off for the making and changing of users (H).
pub(super) fn check_standard(actor: &Actor<'_>, profile: &Profile) -> Result<(), ApiError> {
    let portal = licences::is_portal(&profile.user_type);
    if !portal || actor.org.switches().standard_external_profiles || !licences::is_standard_profile(&profile.name) {
        return Ok(());
    }
    Err(ApiError::dml(
        "FIELD_INTEGRITY_EXCEPTION",
        "To create or update users for this profile, go to Setup > Digital Experiences > Settings and select Allow \
         using standard external profiles for self-registration, user creation, and login.",
        &[],
    ))
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
    if actor.org.switches().profile_refusal_names_permission {
        let permission = if licences::is_portal(&now.user_type) { "PortalUser" } else { "ChatterInternalUser" };
        return Err(ApiError::dml(
            "FIELD_INTEGRITY_EXCEPTION",
            format!(
                "User's Profile can't be set to '{}' because it's derived from a license that doesn't require the \
                 following permission(s): {permission}. Select a different profile.",
                after.name
            ),
            &[],
        ));
    }
    Err(ApiError::dml(
        "FIELD_INTEGRITY_EXCEPTION",
        "You can only assign profiles that are compatible with the user's license. For a list of compatible licenses \
         and profiles, see the Salesforce Help.",
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
        return Err(Unconfirmed::ContactWithoutAccount.refusal());
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
    if owner_role(actor, account_id)?.is_none() {
        return Err(owner_without_role(actor));
    }
    Ok(Some(Contact { account_id: account_id.to_owned() }))
}

/// Portal users need an account whose owner has a role (H for the text).
pub(super) fn owner_without_role(actor: &Actor<'_>) -> ApiError {
    let status = actor.org.switches().unknown_exception_status;
    ApiError { status, ..ApiError::dml("UNKNOWN_EXCEPTION", "portal account owner must have a role", &[]) }
}

/// The role of a user, if they have one.
pub(super) fn role_of_user(actor: &Actor<'_>, user_id: &str) -> Result<Option<String>, ApiError> {
    let role: Option<Option<String>> = actor
        .db
        .prepare_cached("SELECT UserRoleId FROM User WHERE Id = ?1")?
        .query_row([user_id], |row| row.get(0))
        .optional()?;
    Ok(role.flatten())
}

/// The role of the account's owner, if they have one.
pub(super) fn owner_role(actor: &Actor<'_>, account_id: &str) -> Result<Option<String>, ApiError> {
    let role: Option<Option<String>> = actor
        .db
        .prepare_cached("SELECT u.UserRoleId FROM Account a JOIN User u ON u.Id = a.OwnerId WHERE a.Id = ?1")?
        .query_row([account_id], |row| row.get(0))
        .optional()?;
    Ok(role.flatten())
}
