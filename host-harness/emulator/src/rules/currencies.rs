//! The currency of a new record.

use rusqlite::types::Value;

use super::Actor;
use crate::error::ApiError;
use crate::org::catalogue::{Object, currencies};
use crate::org::store::Row;

/// A new record has the currency of whoever makes it, if it names none (H).
pub(super) fn give(actor: &Actor<'_>, object: &Object, row: &mut Row) -> Result<(), ApiError> {
    let features = actor.org.switches().features();
    let Some(field) = object.field_in(features, "CurrencyIsoCode") else { return Ok(()) };
    if !matches!(row.get(field.name), None | Some(Value::Null)) {
        return Ok(());
    }
    let own: String = actor
        .db
        .prepare_cached("SELECT DefaultCurrencyIsoCode FROM User WHERE Id = ?1")?
        .query_row([actor.user_id], |row| row.get(0))?;
    row.remove(field.name);
    if own != currencies::CORPORATE {
        row.insert(field.name, Value::Text(own));
    }
    Ok(())
}
