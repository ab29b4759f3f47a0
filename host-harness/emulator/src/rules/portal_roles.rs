//! Portal roles: made with an account's first role-based user, and given by level.

use rusqlite::OptionalExtension;
use rusqlite::types::Value;

use super::portal::{Contact, Profile, owner_role};
use super::{Actor, missing};
use crate::error::ApiError;
use crate::org::catalogue;
use crate::org::licences;
use crate::org::store::{self, Row};
use crate::org::unconfirmed::Unconfirmed;

/// The levels from the top down, with the word that the role's name ends with.
const LEVELS: [(&str, &str); 3] = [("Executive", "Executive"), ("Manager", "Manager"), ("Worker", "User")];

/// A role must be of the user type's kind, and a portal role of the user's own account (H for the text).
pub(super) fn check(actor: &Actor<'_>, row: &Row, profile: &Profile) -> Result<(), ApiError> {
    let Some(role_id) = store::text(row, "UserRoleId") else { return Ok(()) };
    let role = catalogue::object("UserRole")
        .map(|object| store::load(actor.db, object, role_id))
        .transpose()?
        .flatten()
        .ok_or_else(missing)?;
    if licences::is_high_volume(&profile.user_type) {
        return Err(Unconfirmed::RoleForHighVolumeUser.refusal());
    }
    let fits = store::text(&role, "PortalType").unwrap_or("None") == licences::portal_type(&profile.user_type)
        && store::text(&role, "PortalAccountId").is_none_or(|account| Some(account) == store::text(row, "AccountId"));
    if fits {
        return Ok(());
    }
    Err(ApiError::dml("FIELD_INTEGRITY_EXCEPTION", "role type must match user type", &[]))
}

/// Gives a role-based portal user the account's portal role of the wanted level, making the account's roles with its
/// first such user (H).
pub(super) fn give(actor: &Actor<'_>, row: &mut Row, profile: &Profile, contact: &Contact) -> Result<(), ApiError> {
    let portal_type = licences::portal_type(&profile.user_type);
    if portal_type == "None" || store::text(row, "UserRoleId").is_some() {
        return Ok(());
    }
    let account = contact.account_id.as_str();
    let level = store::text(row, "PortalRole").unwrap_or("Worker").to_owned();
    if let Some(role) = role_of(actor, account, portal_type, &level)? {
        put(row, role, &level);
        return Ok(());
    }
    if actor.org.switches().account_role_optimization && !has_roles(actor, account, portal_type)? {
        let Some(first) = lone_user(actor, account, portal_type)? else {
            let role = shared_role(actor, account, portal_type)?;
            put(row, role, "PersonAccount");
            return Ok(());
        };
        // With the second user the account gets roles of its own, and the first user moves there (H).
        make(actor, account, portal_type)?;
        if let Some(role) = role_of(actor, account, portal_type, "Worker")? {
            actor
                .db
                .prepare_cached(
                    "UPDATE User SET UserRoleId = ?2, PortalRole = 'Worker', SystemModstamp = ?3 WHERE Id = ?1",
                )?
                .execute(rusqlite::params![first, role, actor.org.clock.now()])?;
        }
    } else if !has_roles(actor, account, portal_type)? {
        make(actor, account, portal_type)?;
    }
    // A level that the account does not have is the lowest.
    for level in [level.as_str(), "Worker"] {
        if let Some(role) = role_of(actor, account, portal_type, level)? {
            put(row, role, level);
            break;
        }
    }
    Ok(())
}

fn put(row: &mut Row, role: String, level: &str) {
    row.insert("UserRoleId", Value::Text(role));
    row.insert("PortalRole", Value::Text(level.to_owned()));
}

fn role_of(actor: &Actor<'_>, account: &str, portal_type: &str, level: &str) -> Result<Option<String>, ApiError> {
    let role = actor
        .db
        .prepare_cached("SELECT Id FROM UserRole WHERE PortalAccountId = ?1 AND PortalType = ?2 AND PortalRole = ?3")?
        .query_row([account, portal_type, level], |row| row.get(0))
        .optional()?;
    Ok(role)
}

fn has_roles(actor: &Actor<'_>, account: &str, portal_type: &str) -> Result<bool, ApiError> {
    Ok(actor
        .db
        .prepare_cached("SELECT count(*) > 0 FROM UserRole WHERE PortalAccountId = ?1 AND PortalType = ?2")?
        .query_row([account, portal_type], |row| row.get(0))?)
}

/// The account's user with the shared role, if there is one.
fn lone_user(actor: &Actor<'_>, account: &str, portal_type: &str) -> Result<Option<String>, ApiError> {
    let user = actor
        .db
        .prepare_cached(
            "SELECT u.Id FROM User u JOIN UserRole r ON r.Id = u.UserRoleId
             WHERE u.AccountId = ?1 AND r.PortalType = ?2 AND r.PortalRole = 'PersonAccount'",
        )?
        .query_row([account, portal_type], |row| row.get(0))
        .optional()?;
    Ok(user)
}

fn word(portal_type: &str) -> &'static str {
    if portal_type == "Partner" { "Partner" } else { "Customer" }
}

/// The role that all accounts of one owner with a single user each share (H for the name).
fn shared_role(actor: &Actor<'_>, account: &str, portal_type: &'static str) -> Result<String, ApiError> {
    let (owner, alias): (String, String) = actor
        .db
        .prepare_cached("SELECT u.Id, u.Alias FROM Account a JOIN User u ON u.Id = a.OwnerId WHERE a.Id = ?1")?
        .query_row([account], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let known: Option<String> = actor
        .db
        .query_row(
            "SELECT Id FROM UserRole
             WHERE PortalAccountOwnerId = ?1 AND PortalType = ?2 AND PortalRole = 'PersonAccount'",
            [owner.as_str(), portal_type],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(known) = known {
        return Ok(known);
    }
    let parent = owner_role(actor, account)?;
    let name = format!("{alias} {} Person Account", word(portal_type));
    insert(actor, &name, portal_type, "PersonAccount", parent, None, &owner)
}

/// Makes the account's roles: as many levels as the org wants, from the bottom up (H).
fn make(actor: &Actor<'_>, account: &str, portal_type: &'static str) -> Result<(), ApiError> {
    let (name, owner): (String, String) = actor
        .db
        .prepare_cached("SELECT Name, OwnerId FROM Account WHERE Id = ?1")?
        .query_row([account], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let wanted = actor.org.switches().portal_roles_per_account.clamp(1, 3);
    let mut parent = owner_role(actor, account)?;
    for (level, title) in &LEVELS[LEVELS.len() - usize::from(wanted)..] {
        let name = format!("{name} {} {title}", word(portal_type));
        parent = Some(insert(actor, &name, portal_type, level, parent, Some(account), &owner)?);
    }
    Ok(())
}

fn insert(
    actor: &Actor<'_>,
    name: &str,
    portal_type: &str,
    level: &str,
    parent: Option<String>,
    account: Option<&str>,
    owner: &str,
) -> Result<String, ApiError> {
    let object = catalogue::object("UserRole").ok_or_else(missing)?;
    let id = store::next_id(actor.db, object, &actor.org.facts.pod)?;
    let label: String = name.chars().take(80).collect();
    let developer_name: String =
        label.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    let mut role = Row::from([
        ("Id", Value::Text(id.clone())),
        ("Name", Value::Text(label)),
        ("DeveloperName", Value::Text(developer_name)),
        ("ParentRoleId", parent.map_or(Value::Null, Value::Text)),
        ("PortalType", Value::Text(portal_type.to_owned())),
        ("PortalRole", Value::Text(level.to_owned())),
        ("PortalAccountId", account.map_or(Value::Null, |account| Value::Text(account.to_owned()))),
        ("PortalAccountOwnerId", Value::Text(owner.to_owned())),
    ]);
    actor.stamp(object, &mut role, true);
    store::insert(actor.db, object, &role)?;
    Ok(id)
}
