//! Accounts, contacts, roles and groups: references that must exist, and deletions that must not tear a portal user
//! apart.

use rusqlite::OptionalExtension;
use rusqlite::types::Value;

use super::{Actor, assignments, missing};
use crate::error::ApiError;
use crate::org::catalogue::{self, Object};
use crate::org::store::{self, Row};
use crate::org::unconfirmed::Unconfirmed;

/// Accounts and contacts belong to whoever makes them, and refer to what is there.
pub(super) fn before_create(actor: &Actor<'_>, object: &Object, row: &mut Row) -> Result<(), ApiError> {
    check_references(actor, object, row)?;
    check_account(actor, object, row)?;
    row.entry("OwnerId").or_insert_with(|| Value::Text(actor.user_id.to_owned()));
    Ok(())
}

pub(super) fn before_update(actor: &Actor<'_>, object: &Object, changes: &Row) -> Result<(), ApiError> {
    check_references(actor, object, changes)?;
    check_account(actor, object, changes)?;
    if let Some(owner) = store::text(changes, "OwnerId") {
        let active: Option<bool> = actor
            .db
            .prepare_cached("SELECT IsActive FROM User WHERE Id = ?1")?
            .query_row([owner], |row| row.get(0))
            .optional()?;
        if active == Some(false) {
            return Err(ApiError::dml(
                "INACTIVE_OWNER_OR_USER",
                "operation performed with inactive user",
                &["OwnerId"],
            ));
        }
    }
    Ok(())
}

/// A person account has the one contact that is the same person, and takes no others (H that it does not; U how it says so).
fn check_account(actor: &Actor<'_>, object: &Object, row: &Row) -> Result<(), ApiError> {
    let ("Contact", Some(account)) = (object.name, store::text(row, "AccountId")) else { return Ok(()) };
    let is_person: bool = actor
        .db
        .prepare_cached("SELECT IsPersonAccount FROM Account WHERE Id = ?1")?
        .query_row([account], |row| row.get(0))
        .optional()?
        .unwrap_or(false);
    match is_person {
        true => Err(Unconfirmed::ContactOfPersonAccount.refusal()),
        false => Ok(()),
    }
}

fn check_references(actor: &Actor<'_>, object: &Object, row: &Row) -> Result<(), ApiError> {
    for (name, value) in row {
        let (Some(field), Value::Text(id)) = (object.field(name), value) else { continue };
        if field.reference.is_none() {
            continue;
        }
        let Some(target) = catalogue::object_of_id(id) else { continue };
        match store::load(actor.db, target, id)? {
            None => return Err(ApiError { fields: Some(vec![(*name).to_owned()]), ..missing() }),
            Some(found) if store::flag(&found, "IsDeleted") => {
                return Err(ApiError::dml("ENTITY_IS_DELETED", "entity is deleted", &[]));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn developer_name(row: &mut Row) {
    if store::text(row, "DeveloperName").is_none() {
        let name: String = store::text(row, "Name")
            .unwrap_or_default()
            .chars()
            .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' })
            .collect();
        row.insert("DeveloperName", Value::Text(name));
    }
}

/// Portal roles are the system's own (H for the words), and there are only so many internal ones.
pub(super) fn before_create_role(actor: &Actor<'_>, row: &mut Row) -> Result<(), ApiError> {
    developer_name(row);
    let parent = store::text(row, "ParentRoleId").unwrap_or_default();
    let below_portal: bool = actor
        .db
        .prepare_cached("SELECT count(*) > 0 FROM UserRole WHERE Id = ?1 AND PortalType <> 'None'")?
        .query_row([parent], |row| row.get(0))?;
    if below_portal {
        return Err(ApiError::dml(
            "FIELD_INTEGRITY_EXCEPTION",
            "Cannot specify system-maintained portal role field: [Name]",
            &["Name"],
        ));
    }
    let switches = actor.org.switches();
    if let Some(limit) = switches.role_limit {
        let used: u32 = actor
            .db
            .prepare_cached("SELECT count(*) FROM UserRole WHERE PortalType = 'None'")?
            .query_row([], |row| row.get(0))?;
        if used >= limit {
            return Err(Unconfirmed::RoleLimit.refusal());
        }
    }
    Ok(())
}

/// Portal roles are the system's own (H).
pub(super) fn before_update_role(before: &Row) -> Result<(), ApiError> {
    if store::text(before, "PortalType").is_none_or(|portal_type| portal_type == "None") {
        return Ok(());
    }
    Err(ApiError::dml("FIELD_INTEGRITY_EXCEPTION", "You can't update any field for a portal role", &[]))
}

pub(super) fn before_create_group(actor: &Actor<'_>, row: &mut Row) -> Result<(), ApiError> {
    developer_name(row);
    row.insert("OwnerId", Value::Text(actor.user_id.to_owned()));
    let name = store::text(row, "DeveloperName").unwrap_or_default();
    let taken = actor
        .db
        .query_row("SELECT Id FROM \"Group\" WHERE DeveloperName = ?1", [name], |row| row.get::<_, String>(0))
        .optional()?;
    match taken {
        None => Ok(()),
        Some(id) => Err(ApiError::dml(
            "DUPLICATE_DEVELOPER_NAME",
            format!("duplicate value found: DeveloperName duplicates value on record with id: {id}"),
            &["DeveloperName"],
        )),
    }
}

/// A contact with a portal user cannot go, nor can the account of one.
pub(super) fn before_delete(actor: &Actor<'_>, object: &Object, before: &Row) -> Result<(), ApiError> {
    let column = match object.name {
        "Contact" => "ContactId",
        "Account" => "AccountId",
        _ => return Ok(()),
    };
    let id = store::text(before, "Id").unwrap_or_default();
    let user: Option<String> = actor
        .db
        .query_row(&format!("SELECT Username FROM User WHERE {column} = ?1"), [id], |row| row.get(0))
        .optional()?;
    let Some(username) = user else { return Ok(()) };
    let name = store::text(before, "Name").unwrap_or_default();
    Err(ApiError::dml(
        "DELETE_FAILED",
        format!(
            "Your attempt to delete {name} could not be completed because it is associated with the following portal \
             users.: {username}\n"
        ),
        &[],
    ))
}

/// What goes with a deleted record.
pub(super) fn after_delete(actor: &Actor<'_>, object: &Object, id: &str) -> Result<(), ApiError> {
    let now = actor.org.clock.now();
    match object.name {
        // An account takes its contacts along to the recycle bin.
        "Account" => {
            actor
                .db
                .prepare_cached(
                    "UPDATE Contact SET IsDeleted = 1, SystemModstamp = ?2, LastModifiedDate = ?2
                 WHERE AccountId = ?1 AND IsDeleted = 0",
                )?
                .execute(rusqlite::params![id, now])?;
        }
        "Group" => {
            assignments::leave(actor, "GroupId = ?1 OR UserOrGroupId = ?1", &[id])?;
        }
        _ => {}
    }
    Ok(())
}
