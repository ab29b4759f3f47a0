//! Literals to values as the store keeps them; what does not fit the field's type is refused.

use rusqlite::types::Value;

use super::ast::{Literal, LiteralValue};
use super::error::QueryError;
use super::scope::Resolved;
use crate::org::catalogue::FieldType;
use crate::org::decimals;
use crate::org::ids;

/// A literal of the wrong type: nearly always a matter of quotes.
pub(super) fn mismatch(resolved: &Resolved, literal: &Literal) -> QueryError {
    let (name, kind) = (resolved.field.name, resolved.field.kind);
    let advice = match literal.value {
        LiteralValue::Text(_) => " and should not be enclosed in quotes",
        _ if kind.is_text() || kind.is_id() => " and should be enclosed in quotes",
        _ => "",
    };
    let kind = kind.api_name();
    QueryError::invalid_field(
        resolved.at,
        format!("value of filter criterion for field '{name}' must be of type {kind}{advice}"),
    )
}

/// The literal as the column stores it; refuses what does not fit the field's type.
pub(super) fn bind(resolved: &Resolved, counts: bool, literal: &Literal) -> Result<Value, QueryError> {
    let kind = if counts { FieldType::Int } else { resolved.field.kind };
    match (&literal.value, kind) {
        (LiteralValue::Null, _) => Ok(Value::Null),
        (LiteralValue::Boolean(value), FieldType::Boolean) => Ok(Value::Integer(i64::from(*value))),
        (LiteralValue::Number(text), FieldType::Int) => Ok(text
            .parse::<i64>()
            .map(Value::Integer)
            .or_else(|_| text.parse::<f64>().map(Value::Real))
            .map_err(|_| mismatch(resolved, literal))?),
        (LiteralValue::Number(text), kind) if kind.is_decimal() => {
            decimals::canonical(text).map(Value::Text).ok_or_else(|| mismatch(resolved, literal))
        }
        (LiteralValue::Date(day), FieldType::Date) => Ok(Value::Text(day.clone())),
        (LiteralValue::DateTime(at), FieldType::DateTime) => Ok(Value::Integer(*at)),
        (LiteralValue::Text(raw), kind) if kind.is_id() => {
            let id = unescape(raw, false, literal.at)?;
            match ids::normalise(&id) {
                Some(id) => Ok(Value::Text(id)),
                None if id.is_empty() => Ok(Value::Null),
                None => Err(QueryError::invalid_id(resolved.at, &id)),
            }
        }
        (LiteralValue::Text(raw), kind) if kind.is_text() => {
            let text = unescape(raw, false, literal.at)?;
            // An empty string is stored as null, so it is looked for as null (H).
            Ok(if text.is_empty() { Value::Null } else { Value::Text(text) })
        }
        _ => Err(mismatch(resolved, literal)),
    }
}

/// The string behind the escapes. For `LIKE`, `\%` and `\_` stay escaped, and a literal backslash becomes escaped.
pub(super) fn unescape(raw: &str, pattern: bool, at: usize) -> Result<String, QueryError> {
    let mut out = String::with_capacity(raw.len());
    let mut letters = raw.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        match letters.next() {
            Some('n' | 'N') => out.push('\n'),
            Some('r' | 'R') => out.push('\r'),
            Some('t' | 'T') => out.push('\t'),
            Some('b' | 'B') => out.push('\u{8}'),
            Some('f' | 'F') => out.push('\u{c}'),
            Some('\\') if pattern => out.push_str("\\\\"),
            Some(quoted @ ('\'' | '"' | '\\')) => out.push(quoted),
            Some(wild @ ('%' | '_')) if pattern => out.extend(['\\', wild]),
            Some(wild @ ('%' | '_')) => out.push(wild),
            other => {
                let other = other.map(String::from).unwrap_or_default();
                return Err(QueryError::malformed(
                    at,
                    format!(
                        "Invalid string literal '{raw}'. Illegal character sequence '\\{other}' in string literal."
                    ),
                ));
            }
        }
    }
    Ok(out)
}
