//! What holds for every field by its description alone: known, writable, of its type, present, short enough.

use chrono::NaiveDate;
use rusqlite::types::Value;
use serde_json::{Map, Value as Json};

use crate::error::ApiError;
use crate::exact;
use crate::org::catalogue::{Field, FieldType, Object};
use crate::org::store::Row;
use crate::org::switches::Switches;
use crate::org::{clock, decimals, ids};

/// The row that a create's body describes.
pub(super) fn for_create(switches: &Switches, object: &Object, body: &Map<String, Json>) -> Result<Row, ApiError> {
    let row = values(switches, object, body, |field| field.createable)?;
    let absent = |field: &&Field| !matches!(row.get(field.name), Some(value) if *value != Value::Null);
    let missing: Vec<&str> = object
        .fields
        .iter()
        .filter(|field| field.is_required_on_create())
        .filter(absent)
        .map(|field| field.name)
        .collect();
    if missing.is_empty() {
        // A null for a field with a default asks for the default.
        return Ok(row
            .into_iter()
            .filter(|(name, value)| {
                *value != Value::Null || !object.field(name).is_some_and(|field| field.defaulted && !field.nillable)
            })
            .collect());
    }
    Err(required(&missing))
}

/// The changes that an update's body describes.
pub(super) fn for_update(switches: &Switches, object: &Object, body: &Map<String, Json>) -> Result<Row, ApiError> {
    let mut row = values(switches, object, body, |field| field.updateable)?;
    let emptied: Vec<&str> = object
        .fields
        .iter()
        .filter(|field| !field.nillable && field.kind != FieldType::Boolean)
        .filter(|field| row.get(field.name) == Some(&Value::Null))
        .map(|field| field.name)
        .collect();
    if !emptied.is_empty() {
        return Err(required(&emptied));
    }
    for (name, value) in &mut row {
        if *value == Value::Null && object.field(name).is_some_and(|field| field.kind == FieldType::Boolean) {
            *value = Value::Integer(0);
        }
    }
    Ok(row)
}

fn required(fields: &[&str]) -> ApiError {
    ApiError::dml("REQUIRED_FIELD_MISSING", format!("Required fields are missing: [{}]", fields.join(", ")), fields)
}

fn values(
    switches: &Switches,
    object: &Object,
    body: &Map<String, Json>,
    writable: impl Fn(&Field) -> bool,
) -> Result<Row, ApiError> {
    let features = switches.features();
    let mut known = Vec::new();
    for (name, value) in body {
        if name.eq_ignore_ascii_case("attributes") {
            continue;
        }
        if name.eq_ignore_ascii_case("Id") {
            return Err(ApiError::new(
                400,
                "INVALID_FIELD",
                "The Id field should not be specified in the sobject data.",
            ));
        }
        if object.lacks(name) {
            return Err(ApiError::not_emulated(&format!("The field {name} of {}", object.name)));
        }
        let field = object.field_in(features, name).ok_or_else(|| {
            ApiError::new(400, "INVALID_FIELD", format!("No such column '{name}' on sobject of type {}", object.name))
        })?;
        known.push((field, value));
    }
    let read_only: Vec<&str> =
        known.iter().filter(|(field, _)| !writable(field)).map(|(field, _)| field.name).collect();
    if !read_only.is_empty() {
        return Err(ApiError::dml(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            format!(
                "Unable to create/update fields: {}. Please check the security settings of this field and verify that \
                 it is read/write for your profile or permission set.",
                read_only.join(", ")
            ),
            &read_only,
        ));
    }
    known.into_iter().map(|(field, value)| Ok((field.name, column_value(switches, field, value)?))).collect()
}

fn column_value(switches: &Switches, field: &Field, value: &Json) -> Result<Value, ApiError> {
    match (field.kind, value) {
        (_, Json::Null) => Ok(Value::Null),
        (FieldType::Boolean, Json::Bool(flag)) => Ok(Value::Integer(i64::from(*flag))),
        // In lower case alone: `TRUE`, `1` and `0` are refused (H).
        (FieldType::Boolean, Json::String(text))
            if switches.boolean_texts && matches!(text.as_str(), "true" | "false") =>
        {
            Ok(Value::Integer(i64::from(text == "true")))
        }
        (FieldType::Int, Json::Number(number)) => {
            number.as_i64().map(Value::Integer).ok_or_else(|| undeserializable("int", value))
        }
        (FieldType::DateTime, Json::String(text)) => {
            clock::parse_datetime(text).map(Value::Integer).ok_or_else(|| undeserializable("datetime", value))
        }
        (FieldType::Date, Json::String(text)) => match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            Ok(day) => Ok(Value::Text(day.to_string())),
            Err(_) => Err(undeserializable("date", value)),
        },
        (kind, Json::String(text)) if kind.is_id() => reference(field, text),
        // Numbers for text fields are taken as they are written.
        (kind, Json::String(_) | Json::Number(_)) if kind.is_text() => checked_text(field, &exact::text_of(value)),
        // Texts for number fields are taken where they are numbers, as the rows of a Bulk job have them (H; in a JSON body U).
        (kind, Json::String(_) | Json::Number(_)) if kind.is_decimal() => decimal(field, value),
        (kind, _) => Err(undeserializable(kind.api_name(), value)),
    }
}

/// A number with all of its digits. Where it has more than a field holds, Salesforce rounds or refuses by the field's own
/// length; the fields here have none.
fn decimal(field: &Field, value: &Json) -> Result<Value, ApiError> {
    let text = exact::text_of(value);
    match decimals::canonical(text.trim()) {
        Some(text) => Ok(Value::Text(text)),
        None if exact::is_number(value) => Err(ApiError::dml(
            "NUMBER_OUTSIDE_VALID_RANGE",
            format!("{}: value outside of valid range on numeric field: {text}", field.label),
            &[field.name],
        )),
        None => Err(undeserializable(field.kind.api_name(), value)),
    }
}

fn undeserializable(kind: &str, value: &Json) -> ApiError {
    let token = match value {
        Json::String(text) if exact::number(text).is_some() => "VALUE_NUMBER_FLOAT",
        Json::String(_) => "VALUE_STRING",
        Json::Number(_) => "VALUE_NUMBER_INT",
        Json::Bool(true) => "VALUE_TRUE",
        Json::Bool(false) => "VALUE_FALSE",
        Json::Array(_) => "START_ARRAY",
        Json::Object(_) => "START_OBJECT",
        Json::Null => "VALUE_NULL",
    };
    // For an array or an object the sentence ends there (H); a position follows in Salesforce's own (H).
    let rest = match value {
        Json::Array(_) | Json::Object(_) => "value [line:1, column:1]".to_owned(),
        _ => {
            format!("value {} or request may be missing a required field at [line:1, column:1]", exact::text_of(value))
        }
    };
    ApiError::new(400, "JSON_PARSER_ERROR", format!("Cannot deserialize instance of {kind} from {token} {rest}"))
}

fn reference(field: &Field, text: &str) -> Result<Value, ApiError> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Ok(Value::Null);
    }
    let targets = field.reference.as_ref().map(|reference| reference.to).unwrap_or_default();
    ids::normalise(trimmed)
        .filter(|id| crate::org::catalogue::object_of_id(id).is_some_and(|object| targets.contains(&object.name)))
        .map(Value::Text)
        .ok_or_else(|| malformed_id(field.label, field.name, trimmed))
}

/// An id of the wrong form or of another object (H).
pub(super) fn malformed_id(label: &str, name: &str, given: &str) -> ApiError {
    ApiError::dml("MALFORMED_ID", format!("{label}: id value of incorrect type: {given}"), &[name])
}

fn checked_text(field: &Field, text: &str) -> Result<Value, ApiError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Value::Null);
    }
    let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    if field.length > 0 && length > field.length {
        return Err(ApiError::dml(
            "STRING_TOO_LONG",
            format!("{}: data value too large: {text} (max length={})", field.label, field.length),
            &[field.name],
        ));
    }
    if field.kind == FieldType::Email && !is_email(text) {
        return Err(ApiError::dml(
            "INVALID_EMAIL_ADDRESS",
            format!("{}: invalid email address: {text}", field.label),
            &[field.name],
        ));
    }
    if field.restricted && !field.picklist.contains(&text) {
        return Err(ApiError::dml(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            format!("{}: bad value for restricted picklist field: {text}", field.label),
            &[field.name],
        ));
    }
    Ok(Value::Text(text.to_owned()))
}

/// Whether the text has the form of an e-mail address as Salesforce sees it: one `@`, a local part without blanks, and
/// a domain of at least two labels.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let local_fits = !local.is_empty()
        && local.len() <= 64
        && local.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c))
        && !local.starts_with('.')
        && !local.ends_with('.');
    let mut labels = 0;
    let domain_fits = domain.split('.').all(|label| {
        labels += 1;
        !label.is_empty()
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    });
    local_fits && domain_fits && labels >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_an_email_address() {
        for good in ["a@b.co", "o'brien+x@mail.example.com", "a.b@c-d.example"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "a@b",
            "@b.co",
            "a b@c.de",
            "a@b..co",
            "a@@b.co",
            ".a@b.co",
            "a@-b.co",
            "Not a real email address",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
