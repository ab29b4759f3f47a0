//! Upserts: an update of the record that a key finds, or a create when there is none.

use serde_json::{Map, Value as Json};

use super::{Actor, keys};
use crate::error::ApiError;
use crate::org::catalogue::{Field, FieldType, Object};

/// Writes the record whose key field has this value; says its id and whether it was created. The body is without the
/// key. With the key `Id` and no value it creates.
///
/// # Errors
/// `DUPLICATE_EXTERNAL_ID` when several records have the value, and as [`create`](super::create) and
/// [`update`](super::update).
pub(crate) fn upsert(
    actor: &Actor<'_>,
    object: &'static Object,
    key: &Field,
    value: Option<&str>,
    body: &Map<String, Json>,
) -> Result<(String, bool), ApiError> {
    let Some(value) = value.filter(|value| !value.trim().is_empty()) else {
        if key.kind == FieldType::Id {
            return Ok((super::create(actor, object, body)?, true));
        }
        return Err(ApiError::dml("MISSING_ARGUMENT", format!("{} not specified", key.name), &[]));
    };
    let found = keys::matching(actor, object, key, value)?;
    match found.as_slice() {
        [id] => {
            super::update(actor, object, id, body)?;
            Ok((id.clone(), false))
        }
        [] if key.kind == FieldType::Id => {
            Err(super::existing(actor, object, value).err().unwrap_or_else(super::missing))
        }
        [] => {
            let mut body = body.clone();
            body.insert(key.name.to_owned(), Json::String(value.to_owned()));
            Ok((super::create(actor, object, &body)?, true))
        }
        many => Err(keys::ambiguous(key, many)),
    }
}
