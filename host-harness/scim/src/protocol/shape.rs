//! What a client sent, in the form of the schema.
//!
//! Names get the case of the schema, flattened names (`name.givenName`, `urn:…:User:department`) their places, single values of
//! lists their list, and texts that mean flags or numbers become those. What the schema doesn't have, or what the client may not
//! set, is left out; what is empty isn't there. What can't be brought into form is refused.

use serde_json::{Map, Value as Json};

use super::error::{ScimError, ScimType};
use super::path::{AttributeName, Path};
use super::schema::{Attribute, Kind, Resource, Schema};

/// The most values of an attribute; members of groups are counted elsewhere.
pub const MOST_VALUES: usize = 1000;
/// The most characters of a value. Passwords, addresses and titles are shorter; the application has its own, smaller limits.
pub const LONGEST_VALUE: usize = 16 * 1024;

/// A whole resource as POST and PUT carry it.
///
/// # Errors
/// `invalidSyntax` if it is no object, `invalidValue` if a value isn't fit for its attribute.
pub fn document(resource: &Resource, sent: &Json) -> Result<Map<String, Json>, ScimError> {
    let Some(sent) = sent.as_object() else {
        return Err(ScimError::bad(
            ScimType::InvalidSyntax,
            format!("the body isn't a JSON object; send one that describes a {}", resource.name),
        ));
    };
    let mut document = Map::new();
    for (key, value) in sent {
        if key.eq_ignore_ascii_case(&resource.core.id) || resource.extension(key).is_some() {
            for (name, value) in value.as_object().into_iter().flatten() {
                let name = AttributeName { schema: Some(key.clone()), ..plain(name) };
                put(resource, &mut document, &name, value)?;
            }
        } else if let Ok(Path { attribute, filter: None }) = Path::parse(key) {
            put(resource, &mut document, &attribute, value)?;
        }
    }
    Ok(document)
}

/// A name that is taken as it is, whatever is in it; at most one part behind a dot.
fn plain(name: &str) -> AttributeName {
    AttributeName::parse(name).unwrap_or_else(|| AttributeName { schema: None, name: name.to_owned(), sub: None })
}

fn put(
    resource: &Resource,
    document: &mut Map<String, Json>,
    name: &AttributeName,
    value: &Json,
) -> Result<(), ScimError> {
    let Some((extension, attribute)) = name.find(resource).filter(|(_, attribute)| attribute.is_writable()) else {
        return Ok(());
    };
    let (attribute_or_part, part) = match &name.sub {
        None => (attribute, None),
        // Parts of single complex values only: which of several is meant isn't said.
        Some(_) if attribute.many => return Ok(()),
        Some(sub) => match Attribute::find(&attribute.sub, sub) {
            Some(part) => (part, Some(part)),
            None => return Ok(()),
        },
    };
    let Some(value) = of_attribute(attribute_or_part, value)? else { return Ok(()) };
    // A template that nobody has filled in names nobody; Microsoft's collection sends one with every resource.
    let is_template = |text: &str| text.starts_with("${") && text.ends_with('}');
    if attribute.name == "externalId" && value.as_str().is_some_and(is_template) {
        return Ok(());
    }
    let place = within(document, extension);
    match part {
        None => {
            // Parts that came before under flattened names stay.
            match (place.get_mut(&attribute.name), value) {
                (Some(Json::Object(have)), Json::Object(more)) => have.extend(more),
                (_, value) => drop(place.insert(attribute.name.clone(), value)),
            }
        }
        Some(part) => {
            let whole = place.entry(attribute.name.clone()).or_insert_with(|| Json::Object(Map::new()));
            if let Some(whole) = whole.as_object_mut() {
                whole.insert(part.name.clone(), value);
            }
        }
    }
    Ok(())
}

/// Where the attributes of an extension are, or those at the top.
pub fn within<'d>(document: &'d mut Map<String, Json>, extension: Option<&Schema>) -> &'d mut Map<String, Json> {
    let Some(schema) = extension else { return document };
    let place = document.entry(schema.id.clone()).or_insert_with(|| Json::Object(Map::new()));
    if !place.is_object() {
        *place = Json::Object(Map::new());
    }
    match place {
        Json::Object(place) => place,
        // Just made sure of.
        _ => unreachable!("an extension is an object"),
    }
}

/// The value of an attribute, in its form. `None` if it is empty.
///
/// # Errors
/// `invalidValue` if it isn't fit.
pub fn of_attribute(attribute: &Attribute, value: &Json) -> Result<Option<Json>, ScimError> {
    if !attribute.many {
        return match value {
            // A list of one is that one.
            Json::Array(values) if values.len() <= 1 => values.first().map_or(Ok(None), |value| one(attribute, value)),
            value => one(attribute, value),
        };
    }
    let listed = match value {
        Json::Array(values) => values.iter().collect(),
        value => vec![value],
    };
    if listed.len() > MOST_VALUES && attribute.name != "members" {
        return Err(ScimError::value(format!(
            "the attribute `{}` has {} values, and {MOST_VALUES} at most are kept; send fewer",
            attribute.name,
            listed.len()
        )));
    }
    let mut values = Vec::with_capacity(listed.len());
    for value in listed {
        values.extend(one(attribute, value)?);
    }
    keep_one_primary(&mut values);
    Ok((!values.is_empty()).then_some(Json::Array(values)))
}

/// One value of an attribute, in its form.
///
/// # Errors
/// As [`of_attribute`].
pub fn one(attribute: &Attribute, value: &Json) -> Result<Option<Json>, ScimError> {
    let refused = |what: &str| {
        Err(ScimError::value(format!("the attribute `{}` takes {what}; correct the value", attribute.name)))
    };
    Ok(match (attribute.kind, value) {
        (_, Json::Null) => None,
        (Kind::Complex, Json::Object(parts)) => {
            let mut whole = Map::new();
            for (name, value) in parts {
                let found = Attribute::find(&attribute.sub, name).or_else(|| {
                    // Microsoft's clients give members the name of the user's own attribute.
                    name.eq_ignore_ascii_case("displayName").then(|| Attribute::find(&attribute.sub, "display"))?
                });
                if let Some(part) = found.filter(|part| part.is_writable())
                    && let Some(value) = of_attribute(part, value)?
                {
                    whole.insert(part.name.clone(), value);
                }
            }
            (!whole.is_empty()).then_some(Json::Object(whole))
        }
        // The id alone stands for the whole: a manager, a member, an address.
        (Kind::Complex, Json::String(_) | Json::Number(_)) => match Attribute::find(&attribute.sub, "value") {
            Some(part) => one(part, value)?.map(|value| Json::Object(Map::from_iter([(part.name.clone(), value)]))),
            None => return refused("an object with its parts"),
        },
        (Kind::Complex, _) => return refused("an object with its parts"),
        (Kind::Boolean, Json::Bool(_)) => Some(value.clone()),
        (Kind::Boolean, Json::String(text)) if text.trim().is_empty() => None,
        (Kind::Boolean, Json::String(text)) if text.eq_ignore_ascii_case("true") => Some(Json::Bool(true)),
        (Kind::Boolean, Json::String(text)) if text.eq_ignore_ascii_case("false") => Some(Json::Bool(false)),
        (Kind::Boolean, _) => return refused("true or false"),
        (Kind::Integer, Json::String(text)) if text.trim().is_empty() => None,
        (Kind::Integer, _) => match value.as_i64().or_else(|| value.as_str()?.trim().parse().ok()) {
            Some(number) => Some(number.into()),
            None => return refused("a whole number"),
        },
        (Kind::Decimal, Json::Number(_)) => Some(value.clone()),
        (Kind::Decimal, _) => return refused("a number"),
        (Kind::DateTime, Json::String(text)) if text.is_empty() => None,
        (Kind::DateTime, Json::String(text)) => match chrono::DateTime::parse_from_rfc3339(text) {
            Ok(_) => Some(value.clone()),
            Err(_) => return refused("a point in time, as in `2026-01-02T03:04:05Z`"),
        },
        (Kind::DateTime, _) => return refused("a point in time, as in `2026-01-02T03:04:05Z`"),
        (Kind::String | Kind::Reference | Kind::Binary, Json::String(text)) if text.is_empty() => None,
        (Kind::String | Kind::Reference | Kind::Binary, Json::String(text)) => {
            if text.len() > LONGEST_VALUE || text.contains('\0') {
                return refused(&format!("a text of {LONGEST_VALUE} bytes at most, without zero bytes"));
            }
            Some(value.clone())
        }
        (Kind::String | Kind::Reference | Kind::Binary, Json::Number(number)) => Some(number.to_string().into()),
        (Kind::String | Kind::Reference | Kind::Binary, Json::Bool(flag)) => Some(flag.to_string().into()),
        (Kind::String | Kind::Reference | Kind::Binary, _) => return refused("a text"),
    })
}

/// Of several preferred values the first stays the preferred one (RFC 7643 §2.4).
pub fn keep_one_primary(values: &mut [Json]) {
    let mut found = false;
    for value in values.iter_mut().filter_map(Json::as_object_mut) {
        if value.get("primary") == Some(&Json::Bool(true)) {
            if found {
                value.insert("primary".to_owned(), Json::Bool(false));
            }
            found = true;
        }
    }
}

/// Refuses a resource without what it needs.
///
/// # Errors
/// `invalidValue`, with the name of the attribute.
pub fn check_required(resource: &Resource, document: &Map<String, Json>) -> Result<(), ScimError> {
    let missing = resource.core.attributes.iter().find(|one| one.required && !document.contains_key(&one.name));
    match missing {
        Some(attribute) => Err(ScimError::value(format!(
            "the {} has no `{}`, which it needs; send one",
            resource.name, attribute.name
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::protocol::schema::{ENTERPRISE, user};

    fn shaped(sent: &Json) -> Result<Json, ScimError> {
        document(&user(None), sent).map(Json::Object)
    }

    #[test]
    fn names_find_their_places_and_values_their_form() {
        let sent = json!({
            "USERNAME": "ada", "unknown": 1, "id": "x", "meta": {}, "groups": [{ "value": "g" }],
            "active": "False", "title": "", "nickName": null, "displayName": 7,
            "name.givenName": "Ada", "name": { "FamilyName": "King" },
            "emails": { "Value": "a@x.example", "Primary": "true" },
            "roles": ["r1"],
            format!("{ENTERPRISE}:department"): "Engines",
            ENTERPRISE: { "Manager": "m1", "costCenter": [] },
        });
        assert_eq!(
            shaped(&sent).unwrap(),
            json!({
                "userName": "ada", "active": false, "displayName": "7",
                "name": { "givenName": "Ada", "familyName": "King" },
                "emails": [{ "value": "a@x.example", "primary": true }],
                "roles": [{ "value": "r1" }],
                ENTERPRISE: { "department": "Engines", "manager": { "value": "m1" } },
            })
        );
    }

    #[test]
    fn of_several_preferred_values_the_first_stays() {
        let sent = json!({ "emails": [{ "value": "a", "primary": true }, { "value": "b", "primary": true }] });
        let shaped = shaped(&sent).unwrap();
        assert_eq!(shaped["emails"][1]["primary"], json!(false));
        assert_eq!(shaped["emails"][0]["primary"], json!(true));
    }

    #[test]
    fn what_has_no_form_is_refused_by_the_attributes_name() {
        for (sent, name) in [
            (json!({ "active": "perhaps" }), "active"),
            (json!({ "userName": {} }), "userName"),
            (json!({ "userName": ["a", "b"] }), "userName"),
            (json!({ "name": 7, "userName": true }), "name"),
            (json!({ "emails": [true] }), "emails"),
            (json!({ "title": "a\u{0}b" }), "title"),
            (json!({ "title": "x".repeat(LONGEST_VALUE + 1) }), "title"),
            (json!({ "emails": vec!["a@x.example"; MOST_VALUES + 1] }), "emails"),
        ] {
            let error = shaped(&sent).unwrap_err();
            assert_eq!(error.kind, Some(ScimType::InvalidValue), "{error}");
            assert!(error.detail.contains(&format!("`{name}`")), "{error}");
        }
        assert_eq!(shaped(&json!([])).unwrap_err().kind, Some(ScimType::InvalidSyntax));
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i32>().prop_map(Json::from),
            ".{0,12}".prop_map(Json::from)
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            let key = prop_oneof![
                Just("userName"),
                Just("name"),
                Just("emails"),
                Just("value"),
                Just(ENTERPRISE),
                Just("x.y")
            ];
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
                proptest::collection::vec((key, inner), 0..5).prop_map(|parts| Json::Object(
                    parts.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
                )),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_in_form_stays_as_it_is(sent in any_json()) {
            if let Ok(once) = shaped(&sent) {
                prop_assert_eq!(shaped(&once), Ok(once.clone()));
            }
        }
    }
}
