//! Record types: which a record may have, and which a new one gets.

use rusqlite::types::Value;

use super::Actor;
use crate::error::ApiError;
use crate::org::catalogue::{Object, record_types};
use crate::org::store::{self, Row};

const FIELD: &str = "RecordTypeId";

/// A new record has its object's default type, if it names none.
pub(super) fn give(actor: &Actor<'_>, object: &Object, row: &mut Row) -> Result<(), ApiError> {
    check(actor, object, row)?;
    if actor.org.switches().record_types
        && store::text(row, FIELD).is_none()
        && let Some((id, _)) = record_types::of(&actor.org.facts, object.name).find(|(_, kind)| kind.default)
    {
        row.insert(FIELD, Value::Text(id));
    }
    Ok(())
}

/// Refuses a type that isn't the object's, isn't in use, or isn't open to the user's profile (H for code, words and fields).
pub(super) fn check(actor: &Actor<'_>, object: &Object, changes: &Row) -> Result<(), ApiError> {
    let Some(wanted) = store::text(changes, FIELD) else { return Ok(()) };
    let mut known = record_types::of(&actor.org.facts, object.name);
    if known.any(|(id, kind)| id == wanted && kind.active && kind.available) {
        return Ok(());
    }
    Err(ApiError::dml(
        "INVALID_CROSS_REFERENCE_KEY",
        format!("Record Type ID: this ID value isn't valid for the user: {wanted}"),
        &[FIELD],
    ))
}
