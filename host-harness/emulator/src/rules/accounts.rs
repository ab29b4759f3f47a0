//! What an account's change means for its portal users.

use rusqlite::params;
use rusqlite::types::Value;

use super::portal::{owner_without_role, role_of_user};
use super::{Actor, assignments, user};
use crate::error::ApiError;
use crate::org::catalogue;
use crate::org::store::{self, Row};
use crate::org::unconfirmed::Unconfirmed;

/// Users that one update of an account disables (H).
const DISABLED_AT_ONCE: u32 = 100;

/// An account with role-based portal users keeps an owner with a role (H).
pub(super) fn check_owner(actor: &Actor<'_>, before: &Row, changes: &Row) -> Result<(), ApiError> {
    let Some(owner) = store::text(changes, "OwnerId") else { return Ok(()) };
    if store::text(before, "OwnerId") == Some(owner) || role_of_user(actor, owner)?.is_some() {
        return Ok(());
    }
    let id = store::text(before, "Id").unwrap_or_default();
    let role_based: bool = actor
        .db
        .prepare_cached("SELECT count(*) > 0 FROM User WHERE AccountId = ?1 AND UserType <> 'CspLitePortal'")?
        .query_row([id], |row| row.get(0))?;
    if role_based { Err(owner_without_role(actor)) } else { Ok(()) }
}

/// `IsCustomerPortal = false` disables the account's customer portal users and deletes its customer portal roles, for
/// good (H); so does `IsPartner = false` with its partners.
pub(super) fn after_update(actor: &Actor<'_>, before: &Row, changes: &Row) -> Result<(), ApiError> {
    for (flag, portal_type) in [("IsCustomerPortal", "CustomerPortal"), ("IsPartner", "Partner")] {
        if store::flag(before, flag) && changes.get(flag) == Some(&Value::Integer(0)) {
            close_portal(actor, store::text(before, "Id").unwrap_or_default(), portal_type)?;
        }
    }
    Ok(())
}

fn close_portal(actor: &Actor<'_>, account: &str, portal_type: &str) -> Result<(), ApiError> {
    let Some(object) = catalogue::object("User") else { return Ok(()) };
    let partners = portal_type == "Partner";
    let users: Vec<String> = actor
        .db
        .prepare_cached(
            "SELECT Id FROM User WHERE AccountId = ?1 AND IsPortalEnabled = 1 AND (UserType = 'PowerPartner') = ?2 \
             LIMIT ?3",
        )?
        .query_map(params![account, partners, DISABLED_AT_ONCE + 1], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    if u32::try_from(users.len()).unwrap_or(u32::MAX) > DISABLED_AT_ONCE {
        return Err(Unconfirmed::TooManyPortalUsers.refusal());
    }
    for id in users {
        if let Some(before) = store::load(actor.db, object, &id)? {
            user::disable(actor, &before)?;
        }
    }
    let portal = [account, portal_type];
    let roles = "SELECT Id FROM UserRole WHERE PortalAccountId = ?1 AND PortalType = ?2";
    let groups = format!("RelatedId IN ({roles})");
    assignments::leave(actor, &format!("GroupId IN (SELECT Id FROM \"Group\" WHERE {groups})"), &portal)?;
    let now = actor.org.clock.now();
    for (name, condition) in [("Group", groups.as_str()), ("UserRole", "PortalAccountId = ?1 AND PortalType = ?2")] {
        if let Some(object) = catalogue::object(name) {
            store::remove(actor.db, object, condition, &portal, now)?;
        }
    }
    Ok(())
}

/// The account of a portal user is a portal account (H).
pub(super) fn open_portal(actor: &Actor<'_>, account: &str, user_type: &str) -> Result<(), ApiError> {
    let flag = if user_type == "PowerPartner" { "IsPartner" } else { "IsCustomerPortal" };
    actor
        .db
        .prepare_cached(&format!("UPDATE Account SET {flag} = 1, SystemModstamp = ?2 WHERE Id = ?1 AND {flag} = 0"))?
        .execute(params![account, actor.org.clock.now()])?;
    Ok(())
}
