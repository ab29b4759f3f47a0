//! Who may change whom: administrators' powers, and users who cannot be deactivated.

use rusqlite::types::Value;

use super::Actor;
use crate::error::ApiError;
use crate::org::store::{self, Row};
use crate::org::unconfirmed::Unconfirmed;

fn is_admin_profile(actor: &Actor<'_>, row: &Row) -> Result<bool, ApiError> {
    let profile = store::text(row, "ProfileId").unwrap_or_default();
    Ok(actor
        .db
        .prepare_cached("SELECT count(*) > 0 FROM Profile WHERE Id = ?1 AND Name = 'System Administrator'")?
        .query_row([profile], |row| row.get(0))?)
}

/// Only an administrator makes or unmakes one (H).
pub(super) fn check_grant(actor: &Actor<'_>, before: Option<&Row>, after: &Row) -> Result<(), ApiError> {
    let was = before.map_or(Ok(false), |before| is_admin_profile(actor, before))?;
    if was == is_admin_profile(actor, after)? {
        return Ok(());
    }
    let may: bool = actor
        .db
        .prepare_cached(
            "SELECT count(*) > 0 FROM User u JOIN Profile p ON p.Id = u.ProfileId
             WHERE u.Id = ?1 AND p.Name = 'System Administrator'",
        )?
        .query_row([actor.user_id], |row| row.get(0))?;
    if may {
        return Ok(());
    }
    Err(ApiError::dml(
        "FIELD_INTEGRITY_EXCEPTION",
        "Cannot grant or remove a profile with modify all data, without having the modify all data permission \
         yourself.",
        &[],
    ))
}

/// What keeps a user as they are: themselves (H), the org's last administrator (H for the code), the org's settings
/// (H), a colleague's hierarchy field (H), the portal accounts they own (H for the code).
pub(super) fn check_change(actor: &Actor<'_>, before: &Row, after: &Row, changes: &Row) -> Result<(), ApiError> {
    let id = store::text(before, "Id").unwrap_or_default();
    let deactivates = store::flag(before, "IsActive") && !store::flag(after, "IsActive");
    if deactivates && id == actor.user_id {
        return Err(ApiError::dml("FIELD_INTEGRITY_EXCEPTION", "Cannot de-activate self: Active", &["IsActive"]));
    }
    let switches = actor.org.switches();
    let admin = store::flag(before, "IsActive") && is_admin_profile(actor, before)?;
    if admin && (deactivates || !is_admin_profile(actor, after)?) {
        let others: bool = actor
            .db
            .prepare_cached(
                "SELECT count(*) > 0 FROM User u JOIN Profile p ON p.Id = u.ProfileId
             WHERE u.IsActive = 1 AND p.Name = 'System Administrator' AND u.Id <> ?1",
            )?
            .query_row([id], |row| row.get(0))?;
        if !others {
            return Err(Unconfirmed::LastAdmin.refusal());
        }
    }
    if deactivates {
        let username = store::text(before, "Username").unwrap_or_default();
        if switches.cannot_deactivate.iter().any(|kept| kept.eq_ignore_ascii_case(username)) {
            return Err(Unconfirmed::CannotDeactivate.refusal());
        }
    }
    let loses_role = changes.get("UserRoleId") == Some(&Value::Null) && store::text(before, "UserRoleId").is_some();
    if loses_role && owns_portal_accounts(actor, id)? {
        return Err(Unconfirmed::OwnerLosesRole.refusal());
    }
    Ok(())
}

fn owns_portal_accounts(actor: &Actor<'_>, user_id: &str) -> Result<bool, ApiError> {
    Ok(actor
        .db
        .prepare_cached(
            "SELECT count(*) > 0 FROM Account WHERE OwnerId = ?1 AND (IsCustomerPortal = 1 OR IsPartner = 1)",
        )?
        .query_row([user_id], |row| row.get(0))?)
}
