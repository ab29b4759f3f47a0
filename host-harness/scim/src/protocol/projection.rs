//! Which attributes an answer has: `attributes` and `excludedAttributes` (RFC 7644 §3.9).

use serde_json::{Map, Value as Json};

use super::path::AttributeName;
use super::schema::{Attribute, Resource, Returned};

/// What a request wants of each resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Projection {
    /// What is returned by default.
    #[default]
    All,
    /// These, and what is always returned.
    Only(Vec<AttributeName>),
    /// All but these, as far as they aren't always returned.
    Without(Vec<AttributeName>),
}

impl Projection {
    /// From the two parameters, each a list with commas. A filter behind a name is passed over, and so is what is no name. If both
    /// are given, `attributes` counts.
    pub fn parse(attributes: Option<&str>, excluded: Option<&str>) -> Self {
        let names = |text: &str| -> Vec<AttributeName> {
            let names = text.split(',').map(|name| name.split('[').next().unwrap_or_default().trim());
            names.take(200).filter_map(AttributeName::parse).collect()
        };
        match (attributes.filter(|text| !text.trim().is_empty()), excluded.filter(|text| !text.trim().is_empty())) {
            (Some(text), _) => Self::Only(names(text)),
            (None, Some(text)) => Self::Without(names(text)),
            (None, None) => Self::All,
        }
    }

    /// Whether an answer has this attribute of the core schema.
    pub fn has(&self, name: &str) -> bool {
        let is_it = |one: &AttributeName| one.name.eq_ignore_ascii_case(name);
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().any(is_it),
            Self::Without(names) => !names.iter().any(|one| is_it(one) && one.sub.is_none()),
        }
    }

    /// Takes from a resource what the answer is not to have. `schemas` then names the extensions that are left.
    pub fn apply(&self, schema: &Resource, resource: &mut Map<String, Json>) {
        self.filter(&schema.common, &schema.core.id, true, resource);
        self.filter(&schema.core.attributes, &schema.core.id, true, resource);
        for extension in &schema.extensions {
            if let Some(Json::Object(parts)) = resource.get_mut(&extension.id) {
                self.filter(&extension.attributes, &extension.id, false, parts);
                if parts.is_empty() {
                    resource.remove(&extension.id);
                }
            }
        }
        let mut urns = vec![Json::from(schema.core.id.clone())];
        urns.extend(
            schema.extensions.iter().filter(|one| resource.contains_key(&one.id)).map(|one| one.id.clone().into()),
        );
        resource.insert("schemas".to_owned(), urns.into());
    }

    fn filter(&self, attributes: &[Attribute], urn: &str, is_core: bool, place: &mut Map<String, Json>) {
        let is_meant = |one: &AttributeName, attribute: &Attribute| match &one.schema {
            Some(schema) if one.name.is_empty() => schema.eq_ignore_ascii_case(urn),
            Some(schema) => schema.eq_ignore_ascii_case(urn) && one.name.eq_ignore_ascii_case(&attribute.name),
            None => one.name.eq_ignore_ascii_case(&attribute.name),
        };
        for attribute in attributes {
            if attribute.returned == Returned::Never {
                place.remove(&attribute.name);
                continue;
            }
            if attribute.returned == Returned::Always {
                continue;
            }
            match self {
                Self::All => {}
                Self::Only(names) => {
                    let meant: Vec<&AttributeName> = names.iter().filter(|one| is_meant(one, attribute)).collect();
                    let is_whole = meant.iter().any(|one| one.sub.is_none());
                    if meant.is_empty() {
                        place.remove(&attribute.name);
                    } else if !is_whole {
                        parts(place, attribute, |part| {
                            meant.iter().any(|one| one.sub.as_deref().is_some_and(|sub| sub.eq_ignore_ascii_case(part)))
                        });
                    }
                }
                Self::Without(names) => {
                    let meant: Vec<&AttributeName> = names.iter().filter(|one| is_meant(one, attribute)).collect();
                    if meant.iter().any(|one| one.sub.is_none()) {
                        place.remove(&attribute.name);
                    } else if !meant.is_empty() {
                        parts(place, attribute, |part| {
                            !meant
                                .iter()
                                .any(|one| one.sub.as_deref().is_some_and(|sub| sub.eq_ignore_ascii_case(part)))
                        });
                    }
                }
            }
        }
        // What no table lists isn't shown, apart from the extensions.
        if !is_core {
            place.retain(|name, _| Attribute::find(attributes, name).is_some());
        }
    }
}

/// Keeps some parts of an attribute's values, and drops values that have none of them.
fn parts(place: &mut Map<String, Json>, attribute: &Attribute, keep: impl Fn(&str) -> bool) {
    let Some(value) = place.get_mut(&attribute.name) else { return };
    match value {
        Json::Object(parts) => parts.retain(|name, _| keep(name)),
        Json::Array(values) => {
            values.iter_mut().filter_map(Json::as_object_mut).for_each(|parts| parts.retain(|name, _| keep(name)));
            values.retain(|value| !matches!(value, Json::Object(parts) if parts.is_empty()));
        }
        _ => {}
    }
    let is_empty = match value {
        Json::Object(parts) => parts.is_empty(),
        Json::Array(values) => values.is_empty(),
        _ => false,
    };
    if is_empty {
        place.remove(&attribute.name);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::schema::{CORE_USER, ENTERPRISE, user};

    fn left(attributes: Option<&str>, excluded: Option<&str>) -> Json {
        let mut resource = json!({
            "schemas": [], "id": "1", "userName": "ada", "password": "secret", "meta": { "version": "W/\"1\"", "created": "x" },
            "name": { "givenName": "Ada", "familyName": "King" },
            "emails": [{ "value": "a", "type": "work" }, { "value": "b" }],
            ENTERPRISE: { "department": "Engines", "division": "D" },
        });
        Projection::parse(attributes, excluded).apply(&user(None), resource.as_object_mut().unwrap());
        resource
    }

    #[test]
    fn only_what_is_wanted_is_left_and_what_is_always_there() {
        let both = json!([CORE_USER, ENTERPRISE]);
        let core = json!([CORE_USER]);
        assert_eq!(left(Some("userName"), None), json!({ "schemas": core, "id": "1", "userName": "ada" }));
        assert_eq!(
            left(Some("NAME.givenname"), None),
            json!({ "schemas": core, "id": "1", "name": { "givenName": "Ada" } })
        );
        assert_eq!(
            left(Some("emails.type"), None),
            json!({ "schemas": core, "id": "1", "emails": [{ "type": "work" }] })
        );
        let emails = json!([{ "value": "a", "type": "work" }, { "value": "b" }]);
        assert_eq!(
            left(Some("emails[type eq \"work\"]"), None),
            json!({ "schemas": core, "id": "1", "emails": emails })
        );
        let department = format!("{ENTERPRISE}:department");
        assert_eq!(
            left(Some(&department), None),
            json!({ "schemas": both, "id": "1", ENTERPRISE: { "department": "Engines" } })
        );
        let whole = json!({ "department": "Engines", "division": "D" });
        assert_eq!(left(Some(ENTERPRISE), None), json!({ "schemas": both, "id": "1", ENTERPRISE: whole }));
    }

    #[test]
    fn what_is_excluded_is_left_out_unless_it_is_always_there_and_a_password_never_is() {
        let excluded =
            left(None, Some(&format!("id,userName,meta.version,emails,{ENTERPRISE}:division,name.familyName")));
        assert_eq!(
            excluded,
            json!({
                "schemas": [CORE_USER, ENTERPRISE], "id": "1", "meta": { "created": "x" }, "name": { "givenName": "Ada" },
                ENTERPRISE: { "department": "Engines" },
            })
        );
        assert_eq!(left(None, None).get("password"), None);
        assert_eq!(left(Some("password"), None), json!({ "schemas": [CORE_USER], "id": "1" }));
    }
}
