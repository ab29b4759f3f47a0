//! References by another record's key: `{"Account": {"External_Id__c": "ACC-000001"}}` instead of an id (H).

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use super::{Actor, keys};
use crate::error::ApiError;
use crate::exact;
use crate::org::catalogue::{Field, Object};
use crate::org::unconfirmed::Unconfirmed;

/// The body with nested records replaced by the ids they mean.
pub(super) fn resolve<'a>(
    actor: &Actor<'_>,
    object: &'static Object,
    body: &'a Map<String, Json>,
) -> Result<Cow<'a, Map<String, Json>>, ApiError> {
    let features = actor.org.switches().features();
    let nested: Vec<(&String, &Json, &'static Field)> = body
        .iter()
        .filter(|(name, value)| (value.is_object() || value.is_null()) && object.field(name).is_none())
        .filter_map(|(name, value)| Some((name, value, object.relationship_in(features, name)?.0)))
        .collect();
    if nested.is_empty() {
        return Ok(Cow::Borrowed(body));
    }
    let mut resolved = body.clone();
    for (name, value, field) in nested {
        resolved.remove(name);
        let id = match value.as_object() {
            Some(record) => Json::String(find(actor, field, record)?),
            None => Json::Null,
        };
        resolved.insert(field.name.to_owned(), id);
    }
    Ok(Cow::Owned(resolved))
}

fn find(actor: &Actor<'_>, field: &Field, record: &Map<String, Json>) -> Result<String, ApiError> {
    let type_name = record.get("attributes").and_then(|attributes| attributes["type"].as_str());
    let target = keys::target_of(field, type_name).ok_or_else(super::missing)?;
    let mut named = record.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("attributes"));
    let (Some((name, value)), None) = (named.next(), named.next()) else {
        return Err(Unconfirmed::NestedRecordKeys.refusal());
    };
    let key = keys::key_field(target, name)?;
    let value = exact::text_of(value);
    let found = keys::matching(actor, target, key, &value)?;
    match found.as_slice() {
        [id] => Ok(id.clone()),
        [] => Err(ApiError::dml(
            "INVALID_FIELD",
            format!("Foreign key external ID: {value} not found for field {} in entity {}", key.name, target.name),
            &[],
        )),
        many => Err(keys::ambiguous(key, many)),
    }
}
