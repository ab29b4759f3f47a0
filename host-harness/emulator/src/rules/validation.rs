//! The org's own validation rules, which are switches: a pattern that a field must not have.

use rusqlite::types::Value;

use super::Actor;
use crate::error::ApiError;
use crate::faults::glob;
use crate::org::catalogue::Object;
use crate::org::store::Row;

/// Refuses a record that a rule of the org finds at fault: the rule's message verbatim (H).
pub(super) fn check(actor: &Actor<'_>, object: &Object, after: &Row) -> Result<(), ApiError> {
    for rule in &actor.org.switches().validation_rules {
        if !rule.object.eq_ignore_ascii_case(object.name) {
            continue;
        }
        let Some(field) = object.field(&rule.field) else { continue };
        let text = match after.get(field.name) {
            Some(Value::Text(text)) => text.clone(),
            Some(Value::Integer(number)) => number.to_string(),
            _ => String::new(),
        };
        if glob(&rule.refuses.to_lowercase(), &text.to_lowercase()) {
            let fields: Vec<&str> = if rule.at_field { vec![field.name] } else { Vec::new() };
            return Err(ApiError::dml("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message.clone(), &fields));
        }
    }
    Ok(())
}
