//! The rules of the org: what a create, an update and a delete must satisfy, and what they bring about.
//!
//! One file per family of rules. Every write, whichever endpoint it comes by, goes through [`create`], [`update`] and
//! [`delete`], each of which leaves no trace when it fails.

mod accounts;
mod addresses;
mod administrators;
mod assignments;
mod audit_trail;
mod currencies;
mod duplicates;
mod features;
mod fields;
mod identity;
mod keys;
mod login_state;
mod options;
pub(crate) mod password;
mod portal;
mod portal_roles;
mod record_types;
mod records;
mod references;
mod seats;
mod transaction;
mod upsert;
mod user;
mod validation;

use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::{Map, Value as Json};

use crate::error::ApiError;
use crate::org::catalogue::Object;
use crate::org::store::{self, Row};
use crate::org::{Org, catalogue, ids, savepoint};

pub(crate) use assignments::expire as expire_assignments;
pub(crate) use keys::{KeysInUse, key_field, matching};
pub(crate) use options::{RecordFault, WriteOptions};
use transaction::{Operation, Side};
pub(crate) use transaction::{Transaction, mixed};
pub(crate) use upsert::upsert;

/// Who acts on the org, and through which transaction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Actor<'a> {
    /// The org.
    pub(crate) org: &'a Org,
    /// The transaction's connection.
    pub(crate) db: &'a Connection,
    /// The acting user's id, 18 characters.
    pub(crate) user_id: &'a str,
    /// What the request asks of its writes.
    pub(crate) options: &'a WriteOptions,
    /// What was written before in the same transaction, where writes of several objects can share one.
    pub(crate) transaction: Option<&'a Transaction>,
}

impl<'a> Actor<'a> {
    /// A user who asks for nothing special.
    pub(crate) fn new(org: &'a Org, db: &'a Connection, user_id: &'a str) -> Self {
        static NOTHING: WriteOptions = WriteOptions::none();
        Self { org, db, user_id, options: &NOTHING, transaction: None }
    }

    fn now(&self) -> Value {
        Value::Integer(self.org.clock.now())
    }

    /// Which side of the mixed DML rule a write is on; refuses it when the transaction holds the other.
    fn side(&self, object: &Object, operation: Operation, body: &Map<String, Json>) -> Result<Side, ApiError> {
        self.transaction.map_or(Ok(Side::Neutral), |transaction| transaction.check(object, operation, body))
    }

    fn wrote(&self, object: &Object, side: Side) {
        if let Some(transaction) = self.transaction {
            transaction.record(object, side);
        }
    }

    /// Fills in whichever of these system fields the object has.
    fn stamp(&self, object: &Object, row: &mut Row, created: bool) {
        let user = || Value::Text(self.user_id.to_owned());
        let mut put = |name: &str, value: Value| {
            if let Some(field) = object.field(name) {
                row.insert(field.name, value);
            }
        };
        if created {
            put("CreatedDate", self.now());
            put("CreatedById", user());
        }
        put("LastModifiedDate", self.now());
        put("LastModifiedById", user());
        put("SystemModstamp", self.now());
    }
}

/// Creates a record and returns its id.
///
/// # Errors
/// What Salesforce would say, with code, message and fields.
pub(crate) fn create(actor: &Actor<'_>, object: &'static Object, body: &Map<String, Json>) -> Result<String, ApiError> {
    savepoint(actor.db, || {
        if !object.createable {
            return Err(unsupported(object, "create"));
        }
        let body = &*references::resolve(actor, object, body)?;
        let mut row = fields::for_create(&actor.org.switches(), object, body)?;
        actor.options.check("")?;
        let side = actor.side(object, Operation::Create, body)?;
        addresses::settle(actor, object, None, &mut row)?;
        currencies::give(actor, object, &mut row)?;
        record_types::give(actor, object, &mut row)?;
        match object.name {
            "User" => user::before_create(actor, &mut row)?,
            "Contact" | "Account" => records::before_create(actor, object, &mut row)?,
            "UserRole" => records::before_create_role(actor, &mut row)?,
            "Group" => records::before_create_group(actor, &mut row)?,
            "PermissionSetAssignment" => assignments::before_permission_set(actor, &mut row)?,
            "PermissionSetLicenseAssign" => assignments::before_permission_set_licence(actor, &row)?,
            "GroupMember" => {
                if let Some(same) = assignments::before_group_member(actor, &row)? {
                    return Ok(same);
                }
            }
            _ => {}
        }
        keys::check_unique(actor, object, &row, None)?;
        validation::check(actor, object, &row)?;
        if object.name == "Contact" {
            duplicates::check(actor, &row, None)?;
        }
        let id = store::next_id(actor.db, object, &actor.org.facts.pod)?;
        row.insert("Id", Value::Text(id.clone()));
        actor.stamp(object, &mut row, true);
        store::insert(actor.db, object, &row)?;
        match object.name {
            "User" => user::after_create(actor, &id, &row)?,
            "PermissionSetAssignment" => audit_trail::note_assignment(actor, &row, true)?,
            _ => {}
        }
        actor.wrote(object, side);
        Ok(id)
    })
}

/// Changes a record.
///
/// # Errors
/// As [`create`]; [`missing`]'s when there is no such record.
pub(crate) fn update(
    actor: &Actor<'_>,
    object: &'static Object,
    id: &str,
    body: &Map<String, Json>,
) -> Result<(), ApiError> {
    savepoint(actor.db, || {
        if !object.updateable {
            return Err(unsupported(object, "update"));
        }
        let before = existing(actor, object, id)?;
        actor.options.check(store::text(&before, "Id").unwrap_or(id))?;
        let body = &*references::resolve(actor, object, body)?;
        let mut changes = fields::for_update(&actor.org.switches(), object, body)?;
        let side = actor.side(object, Operation::Update, body)?;
        addresses::settle(actor, object, Some(&before), &mut changes)?;
        record_types::check(actor, object, &changes)?;
        match object.name {
            "User" => user::before_update(actor, &before, &mut changes)?,
            "UserLogin" => login_state::before_update(actor, &before, &changes)?,
            "Contact" | "Account" => records::before_update(actor, object, &changes)?,
            "UserRole" => records::before_update_role(&before)?,
            "PermissionSetAssignment" if changes.contains_key("ExpirationDate") => {
                let active = assignments::activity(actor, changes.get("ExpirationDate"));
                changes.insert("IsActive", active);
            }
            _ => {}
        }
        if object.name == "Account" {
            accounts::check_owner(actor, &before, &changes)?;
        }
        let id = store::text(&before, "Id").unwrap_or(id).to_owned();
        keys::check_unique(actor, object, &changes, Some(&id))?;
        let mut after = before.clone();
        after.extend(changes.clone());
        validation::check(actor, object, &after)?;
        if object.name == "Contact" && ["Email", "FirstName", "LastName"].iter().any(|name| changes.contains_key(name))
        {
            duplicates::check(actor, &after, Some(&id))?;
        }
        actor.stamp(object, &mut changes, false);
        store::update(actor.db, object, &id, &changes)?;
        if object.name == "Account" {
            accounts::after_update(actor, &before, &changes)?;
        }
        if object.name == "User" {
            user::after_update(actor, &id, &before, &changes)?;
        }
        if object.name == "UserLogin" {
            login_state::after_update(actor, &before, &changes)?;
        }
        actor.wrote(object, side);
        Ok(())
    })
}

/// Deletes a record: to the recycle bin where the object has one.
///
/// # Errors
/// As [`update`].
pub(crate) fn delete(actor: &Actor<'_>, object: &'static Object, id: &str) -> Result<(), ApiError> {
    savepoint(actor.db, || {
        let before = existing(actor, object, id)?;
        if !object.deletable {
            return Err(unsupported(object, "delete"));
        }
        actor.options.check(store::text(&before, "Id").unwrap_or(id))?;
        let side = actor.side(object, Operation::Delete, &Map::new())?;
        records::before_delete(actor, object, &before)?;
        let id = store::text(&before, "Id").unwrap_or(id).to_owned();
        if object.recycled {
            let mut changes = Row::from([("IsDeleted", Value::Integer(1))]);
            actor.stamp(object, &mut changes, false);
            store::update(actor.db, object, &id, &changes)?;
        } else {
            store::remove(actor.db, object, "Id = ?1", &[&id], actor.org.clock.now())?;
        }
        if object.name == "PermissionSetAssignment" {
            audit_trail::note_assignment(actor, &before, false)?;
        }
        records::after_delete(actor, object, &id)?;
        actor.wrote(object, side);
        Ok(())
    })
}

/// The record with this id, which may have 15 or 18 characters.
///
/// # Errors
/// `MALFORMED_ID`, `ENTITY_IS_DELETED` or [`missing`].
pub(crate) fn existing(actor: &Actor<'_>, object: &'static Object, id: &str) -> Result<Row, ApiError> {
    let full = ids::normalise(id)
        .filter(|full| full.starts_with(object.key_prefix))
        .ok_or_else(|| fields::malformed_id(&format!("{} ID", object.label), "Id", id))?;
    let row = store::load(actor.db, object, &full)?.ok_or_else(missing)?;
    if store::flag(&row, "IsDeleted") {
        return Err(ApiError { status: 404, ..ApiError::dml("ENTITY_IS_DELETED", "entity is deleted", &[]) });
    }
    Ok(row)
}

/// Whether there is a record with this 18-character id, deleted or not.
pub(crate) fn exists(actor: &Actor<'_>, id: &str) -> bool {
    catalogue::object_of_id(id).is_some_and(|object| matches!(store::load(actor.db, object, id), Ok(Some(_))))
}

/// A reference to a record that is not there (H).
#[must_use]
pub(crate) fn missing() -> ApiError {
    ApiError::dml("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", &[])
}

fn unsupported(object: &Object, operation: &str) -> ApiError {
    if object.is_set_up_by_api() {
        return ApiError::not_emulated(&format!("The {operation} of a {}", object.label.to_lowercase()));
    }
    ApiError::dml(
        "INVALID_TYPE_FOR_OPERATION",
        format!("entity type {} does not support {operation}", object.name),
        &[],
    )
}
