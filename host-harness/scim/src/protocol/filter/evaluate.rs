//! Whether a resource fulfils a filter.

use std::cmp::Ordering;

use serde_json::{Map, Value as Json};

use super::{Filter, Operator};
use crate::protocol::error::{ScimError, ScimType};
use crate::protocol::path::AttributeName;
use crate::protocol::schema::{Attribute, Kind, Resource};

/// What a filter is tried on.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// What the resource's attributes are.
    pub schema: &'a Resource,
    /// The resource, in the form of its schema.
    pub resource: &'a Map<String, Json>,
}

/// Whether a resource fulfils a filter. What the resource's schema doesn't have counts as empty.
///
/// # Errors
/// `invalidFilter` if it compares by what its attribute doesn't have, such as flags by their order.
pub fn matches(filter: &Filter, subject: Subject<'_>) -> Result<bool, ScimError> {
    Ok(match filter {
        Filter::And(one, other) => matches(one, subject)? && matches(other, subject)?,
        Filter::Or(one, other) => matches(one, subject)? || matches(other, subject)?,
        Filter::Not(inner) => !matches(inner, subject)?,
        Filter::Present(name) => found(name, subject).is_some_and(|(_, values)| !values.is_empty()),
        Filter::Compare(name, operator, value) => match found(name, subject) {
            Some((attribute, values)) => compare(attribute, &values, *operator, value)?,
            None => compare_nothing(*operator, value),
        },
        Filter::Within(name, inner) => {
            let Some((extension, attribute)) = name.find(subject.schema) else { return Ok(false) };
            let within = match extension {
                Some(schema) => subject.resource.get(&schema.id).and_then(Json::as_object),
                None => Some(subject.resource),
            };
            let value = within.and_then(|within| within.get(&attribute.name));
            let values = value.map(listed).unwrap_or_default();
            for value in values {
                if matches_value(inner, attribute, value)? {
                    return Ok(true);
                }
            }
            false
        }
    })
}

/// Whether one value of an attribute fulfils the filter in its brackets.
///
/// # Errors
/// As [`matches()`].
pub fn matches_value(filter: &Filter, attribute: &Attribute, value: &Json) -> Result<bool, ScimError> {
    let values = |name: &AttributeName| -> Option<(&Attribute, Vec<&Json>)> {
        // `value` of a list of plain values is each of them.
        let Some(object) = value.as_object() else {
            return name.name.eq_ignore_ascii_case("value").then(|| (attribute, vec![value]));
        };
        let sub = Attribute::find(&attribute.sub, &name.name)?;
        Some((sub, object.get(&sub.name).map(listed).unwrap_or_default()))
    };
    Ok(match filter {
        Filter::And(one, other) => matches_value(one, attribute, value)? && matches_value(other, attribute, value)?,
        Filter::Or(one, other) => matches_value(one, attribute, value)? || matches_value(other, attribute, value)?,
        Filter::Not(inner) => !matches_value(inner, attribute, value)?,
        Filter::Present(name) => values(name).is_some_and(|(_, values)| !values.is_empty()),
        Filter::Compare(name, operator, wanted) => match values(name) {
            Some((attribute, values)) => compare(attribute, &values, *operator, wanted)?,
            None => compare_nothing(*operator, wanted),
        },
        Filter::Within(..) => {
            return Err(ScimError::bad(
                ScimType::InvalidFilter,
                "a filter in brackets has another in it; sub-attributes have no parts, so leave the inner brackets out",
            ));
        }
    })
}

/// The values that a name stands for: of a list all, of a complex value the one that is called `value`.
fn found<'a>(name: &AttributeName, subject: Subject<'a>) -> Option<(&'a Attribute, Vec<&'a Json>)> {
    let (extension, attribute) = name.find(subject.schema)?;
    let within = match extension {
        Some(schema) => subject.resource.get(&schema.id).and_then(Json::as_object),
        None => Some(subject.resource),
    };
    let sub = match &name.sub {
        Some(sub) => Some(Attribute::find(&attribute.sub, sub)?),
        None => Attribute::find(&attribute.sub, "value"),
    };
    let Some(value) = within.and_then(|within| within.get(&attribute.name)) else {
        return Some((sub.unwrap_or(attribute), Vec::new()));
    };
    let values = listed(value);
    match sub {
        Some(sub) => {
            let values = values.into_iter().filter_map(|one| one.get(&sub.name)).flat_map(listed).collect();
            Some((sub, values))
        }
        None => Some((attribute, values)),
    }
}

fn listed(value: &Json) -> Vec<&Json> {
    match value {
        Json::Null => Vec::new(),
        Json::Array(values) => values.iter().filter(|value| !value.is_null()).collect(),
        value => vec![value],
    }
}

fn compare_nothing(operator: Operator, value: &Json) -> bool {
    match operator {
        Operator::Eq => value.is_null(),
        Operator::Ne => !value.is_null(),
        _ => false,
    }
}

fn compare(attribute: &Attribute, values: &[&Json], operator: Operator, wanted: &Json) -> Result<bool, ScimError> {
    if values.is_empty() || wanted.is_null() {
        return Ok(match operator {
            Operator::Eq => values.is_empty() == wanted.is_null(),
            Operator::Ne => values.is_empty() != wanted.is_null(),
            _ => false,
        });
    }
    if operator == Operator::Ne {
        return Ok(!compare(attribute, values, Operator::Eq, wanted)?);
    }
    for value in values {
        if compare_one(attribute, value, operator, wanted)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn compare_one(attribute: &Attribute, value: &Json, operator: Operator, wanted: &Json) -> Result<bool, ScimError> {
    let refused = |why: &str| {
        Err(ScimError::bad(
            ScimType::InvalidFilter,
            format!("the attribute `{}` {why}; compare it with `eq`", attribute.name),
        ))
    };
    match attribute.kind {
        Kind::Boolean => {
            let flag = |json: &Json| match json {
                Json::Bool(flag) => Some(*flag),
                Json::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
                Json::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
                _ => None,
            };
            match operator {
                Operator::Eq => Ok(flag(value).is_some() && flag(value) == flag(wanted)),
                _ => refused("is a flag, which has no order"),
            }
        }
        Kind::Complex => refused("has parts; name one of them behind a dot"),
        Kind::Integer | Kind::Decimal => {
            let number = |json: &Json| json.as_f64().or_else(|| json.as_str()?.parse().ok());
            match (number(value), number(wanted)) {
                (Some(value), Some(wanted)) => Ok(ordered(value.partial_cmp(&wanted), operator)),
                _ => Ok(false),
            }
        }
        Kind::DateTime => {
            let time = |json: &Json| chrono::DateTime::parse_from_rfc3339(json.as_str()?).ok();
            match (time(value), time(wanted)) {
                (Some(value), Some(wanted)) => Ok(ordered(Some(value.cmp(&wanted)), operator)),
                _ => Ok(compare_texts(attribute, value, operator, wanted)),
            }
        }
        Kind::String | Kind::Reference | Kind::Binary => Ok(compare_texts(attribute, value, operator, wanted)),
    }
}

fn compare_texts(attribute: &Attribute, value: &Json, operator: Operator, wanted: &Json) -> bool {
    let text = |json: &Json| match json {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(flag) => Some(flag.to_string()),
        _ => None,
    };
    let (Some(mut value), Some(mut wanted)) = (text(value), text(wanted)) else { return false };
    if !attribute.case_exact {
        (value, wanted) = (value.to_lowercase(), wanted.to_lowercase());
    }
    match operator {
        Operator::Co => value.contains(&wanted),
        Operator::Sw => value.starts_with(&wanted),
        Operator::Ew => value.ends_with(&wanted),
        _ => ordered(Some(value.cmp(&wanted)), operator),
    }
}

fn ordered(order: Option<Ordering>, operator: Operator) -> bool {
    let Some(order) = order else { return false };
    match operator {
        Operator::Eq => order.is_eq(),
        Operator::Ne => order.is_ne(),
        Operator::Gt => order.is_gt(),
        Operator::Ge => order.is_ge(),
        Operator::Lt => order.is_lt(),
        Operator::Le => order.is_le(),
        Operator::Co | Operator::Sw | Operator::Ew => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::filter::parse;
    use crate::protocol::schema::user;

    fn holds(filter: &str) -> Result<bool, ScimError> {
        let schema = user(None);
        let resource = json!({
            "id": "2819c223",
            "userName": "Ada@Example.com",
            "externalId": "E1",
            "active": true,
            "name": { "givenName": "Ada", "familyName": "King" },
            "emails": [{ "value": "ada@example.com", "type": "work" }, { "value": "ada@home.example", "type": "home" }],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Engines", "manager": { "value": "m1" } },
            "meta": { "created": "2026-01-02T03:04:05.000Z", "resourceType": "User" },
        });
        matches(&parse(filter)?, Subject { schema: &schema, resource: resource.as_object().unwrap() })
    }

    #[test]
    fn each_operator_compares_by_the_attributes_type() {
        for (filter, expected) in [
            (r#"userName eq "ada@example.COM""#, true),
            (r#"USERNAME eq "ada@example.com""#, true),
            (r#"externalId eq "e1""#, false),
            (r#"externalId eq "E1""#, true),
            (r#"id eq "2819c223""#, true),
            (r#"userName ne "x""#, true),
            (r#"userName co "EXAMPLE""#, true),
            (r#"userName sw "ada""#, true),
            (r#"userName ew ".com""#, true),
            (r#"userName gt "a""#, true),
            (r#"userName lt "a""#, false),
            ("active eq true", true),
            (r#"active eq "True""#, true),
            ("active eq false", false),
            ("title pr", false),
            ("title eq null", true),
            (r#"title ne "x""#, true),
            ("name pr", true),
            (r#"name.familyName eq "king""#, true),
            (r#"emails eq "ada@home.example""#, true),
            (r#"emails.type eq "home""#, true),
            (r#"emails[type eq "work" and value co "home"]"#, false),
            (r#"emails[type eq "home" and value co "home"]"#, true),
            (r#"emails[not (type eq "work")]"#, true),
            (r#"meta.created gt "2026-01-02T04:04:05+02:00""#, true),
            (r#"meta.created le 2026-01-02T03:04:05Z"#, true),
            (r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "engines""#, true),
            (r#"department eq "engines""#, true),
            (r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "m1""#, true),
            (r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "ada""#, true),
            (r#"nothing eq "x""#, false),
            ("nothing pr", false),
            (r#"not (nothing pr) and (title pr or active eq true)"#, true),
        ] {
            assert_eq!(holds(filter), Ok(expected), "{filter}");
        }
    }

    #[test]
    fn what_has_no_order_is_not_put_into_one() {
        for filter in ["active gt true", r#"name eq "x""#, "emails[type[value pr]]"] {
            let error = holds(filter).unwrap_err();
            assert_eq!(error.kind, Some(ScimType::InvalidFilter), "{filter}");
        }
    }
}
