//! The order of results: `sortBy` and `sortOrder` (RFC 7644 §3.4.2.3).

use std::cmp::Ordering;

use serde_json::{Map, Value as Json};

use super::path::AttributeName;
use super::schema::{Attribute, Kind, Resource};

/// By what results are sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The attribute.
    pub by: AttributeName,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// What a resource is sorted by. Those without a value come last, or first if the order is descending.
#[derive(Clone, Debug, PartialEq)]
pub enum SortKey {
    /// A number, or a point in time.
    Number(f64),
    /// A text, in lower case unless the attribute regards case.
    Text(String),
    /// No value.
    Nothing,
}

impl Order {
    /// From the two parameters. `None` if there is nothing to sort by.
    pub fn parse(by: Option<&str>, order: Option<&str>) -> Option<Self> {
        let by = AttributeName::parse(by?.trim()).filter(|name| !name.name.is_empty())?;
        Some(Self { by, descending: order.is_some_and(|order| order.trim().eq_ignore_ascii_case("descending")) })
    }

    /// What this resource is sorted by: of several values the preferred one, or else the first.
    pub fn key(&self, schema: &Resource, resource: &Map<String, Json>) -> SortKey {
        let Some((extension, attribute)) = self.by.find(schema) else { return SortKey::Nothing };
        let within = match extension {
            Some(schema) => resource.get(&schema.id).and_then(Json::as_object),
            None => Some(resource),
        };
        let Some(mut value) = within.and_then(|within| within.get(&attribute.name)) else { return SortKey::Nothing };
        if let Json::Array(values) = value {
            let preferred = values.iter().find(|one| one.get("primary") == Some(&Json::Bool(true)));
            match preferred.or_else(|| values.first()) {
                Some(one) => value = one,
                None => return SortKey::Nothing,
            }
        }
        let part = Attribute::find(&attribute.sub, self.by.sub.as_deref().unwrap_or("value"));
        let (attribute, value) = match part {
            Some(part) => match value.get(&part.name) {
                Some(value) => (part, value),
                None => return SortKey::Nothing,
            },
            None => (attribute, value),
        };
        key(attribute, value)
    }

    /// How two resources are ordered by what they are sorted by.
    pub fn compare(&self, one: &SortKey, other: &SortKey) -> Ordering {
        let order = match (one, other) {
            (SortKey::Nothing, SortKey::Nothing) => Ordering::Equal,
            (SortKey::Nothing, _) => Ordering::Greater,
            (_, SortKey::Nothing) => Ordering::Less,
            (SortKey::Number(one), SortKey::Number(other)) => one.total_cmp(other),
            (SortKey::Text(one), SortKey::Text(other)) => one.cmp(other),
            (SortKey::Number(_), SortKey::Text(_)) => Ordering::Less,
            (SortKey::Text(_), SortKey::Number(_)) => Ordering::Greater,
        };
        if self.descending { order.reverse() } else { order }
    }
}

fn key(attribute: &Attribute, value: &Json) -> SortKey {
    match (attribute.kind, value) {
        (Kind::DateTime, Json::String(text)) => match chrono::DateTime::parse_from_rfc3339(text) {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of this age fit")]
            Ok(time) => SortKey::Number(time.timestamp_millis() as f64),
            Err(_) => SortKey::Nothing,
        },
        (_, Json::String(text)) if attribute.case_exact => SortKey::Text(text.clone()),
        (_, Json::String(text)) => SortKey::Text(text.to_lowercase()),
        (_, Json::Number(number)) => number.as_f64().map_or(SortKey::Nothing, SortKey::Number),
        (_, Json::Bool(flag)) => SortKey::Number(f64::from(u8::from(*flag))),
        _ => SortKey::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::schema::user;

    #[test]
    fn those_without_a_value_come_last_and_first_if_the_order_is_descending() {
        let people = [
            json!({ "userName": "b", "emails": [{ "value": "Z@x" }, { "value": "A@x", "primary": true }], "meta": { "created": "2026-01-01T00:00:00Z" } }),
            json!({ "userName": "C", "emails": [{ "value": "m@x" }], "meta": { "created": "2026-01-01T01:00:00+02:00" } }),
            json!({ "userName": "a", "meta": { "created": "2026-03-01T00:00:00Z" } }),
        ];
        let sorted = |by: &str, order: Option<&str>| {
            let order = Order::parse(Some(by), order).unwrap();
            let schema = user(None);
            let mut keys: Vec<(SortKey, &str)> = people
                .iter()
                .map(|one| (order.key(&schema, one.as_object().unwrap()), one["userName"].as_str().unwrap()))
                .collect();
            keys.sort_by(|one, other| order.compare(&one.0, &other.0));
            keys.into_iter().map(|(_, name)| name).collect::<String>()
        };
        assert_eq!(sorted("username", None), "abC");
        assert_eq!(sorted("userName", Some("Descending")), "Cba");
        assert_eq!(sorted("emails", None), "bCa");
        assert_eq!(sorted("emails.value", Some("descending")), "aCb");
        assert_eq!(sorted("meta.created", Some("ascending")), "Cba");
        assert_eq!(Order::parse(None, Some("ascending")), None);
    }
}
