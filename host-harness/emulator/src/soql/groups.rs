//! `FIELDS(ALL)`, `FIELDS(STANDARD)` and `FIELDS(CUSTOM)`: groups of fields instead of their names (H).

use super::ast::{Condition, FieldGroup, LiteralValue, Operand, Operator, Path, Query, SelectItem};
use super::error::QueryError;
use crate::org::catalogue::{Features, Object};

/// The most rows that a query for custom fields may be bounded to (H).
const MAX_ROWS: u64 = 200;

/// The query with the groups written out; none when it has none.
///
/// # Errors
/// `MALFORMED_QUERY` when a group of custom fields is asked for without a bound (M for the text).
pub(super) fn expand(query: &Query, object: &Object, features: Features) -> Result<Option<Query>, QueryError> {
    let groups = || {
        query.select.iter().filter_map(|item| if let SelectItem::Group(group, _) = item { Some(*group) } else { None })
    };
    if groups().next().is_none() {
        return Ok(None);
    }
    if groups().any(|group| group != FieldGroup::Standard) && !is_bounded(query) {
        return Err(QueryError::plain(
            "MALFORMED_QUERY",
            format!("The SOQL FIELDS function must have a LIMIT of at most {MAX_ROWS}"),
        ));
    }
    let mut expanded = query.clone();
    expanded.select = query.select.iter().flat_map(|item| written_out(item, object, features)).collect();
    Ok(Some(expanded))
}

fn written_out(item: &SelectItem, object: &Object, features: Features) -> Vec<SelectItem> {
    let SelectItem::Group(group, at) = item else { return vec![item.clone()] };
    object
        .fields_in(features)
        .filter(|field| match group {
            FieldGroup::All => true,
            FieldGroup::Standard => !field.is_custom(),
            FieldGroup::Custom => field.is_custom(),
        })
        .map(|field| SelectItem::Field { path: Path { parts: vec![field.name.to_owned()], at: *at }, alias: None })
        .collect()
}

/// A `LIMIT` bounds a query, and so does a list of ids (H).
fn is_bounded(query: &Query) -> bool {
    query.limit.is_some_and(|limit| limit <= MAX_ROWS) || query.filter.as_ref().is_some_and(names_its_rows)
}

fn names_its_rows(condition: &Condition) -> bool {
    let is_id = |operand: &Operand| matches!(operand, Operand::Field(path) if path.text().eq_ignore_ascii_case("Id"));
    match condition {
        Condition::And(all) => all.iter().any(names_its_rows),
        Condition::Compare { operand, operator: Operator::Equal, value } => {
            is_id(operand) && value.value != LiteralValue::Null
        }
        Condition::Among { operand, negated: false, values } => {
            is_id(operand) && u64::try_from(values.len()).is_ok_and(|count| count <= MAX_ROWS)
        }
        _ => false,
    }
}
