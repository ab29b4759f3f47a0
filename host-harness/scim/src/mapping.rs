//! From a user as SCIM has it to a person's attributes by the directory's names, and what else follows from the application.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use crate::choices::{LANGUAGE, LOCALE, TIME_ZONE, meant};
use crate::protocol::schema::{Attribute, ENTERPRISE, Kind, Mutability, Resource, Schema, group, user};
use provisioning_directory::config::Mapping;
use provisioning_directory::{
    AttributeSchema, AttributeValue, Attributes, EntitlementKind, GrantName, ListedEntitlement,
};

/// The part of a user's extension that says how far the user is in step.
pub(crate) const PROVISIONING: &str = "provisioning";

/// Attributes of users that have a place in SCIM's own schemas: the directory's names.
const OF_CORE: [&str; 23] = [
    "username",
    "givenName",
    "familyName",
    "middleName",
    "displayName",
    "nickName",
    "title",
    "userType",
    "preferredLanguage",
    "locale",
    "timezone",
    "email",
    "phoneNumber",
    "mobilePhone",
    "fax",
    "streetAddress",
    "locality",
    "region",
    "postalCode",
    "country",
    "employeeNumber",
    "department",
    "division",
];
const OF_ENTERPRISE: [&str; 3] = ["organization", "costCenter", "manager"];

/// What a tenant's users and groups consist of.
#[derive(Debug)]
pub(crate) struct Schemas {
    /// Users.
    pub(crate) user: Resource,
    /// Groups.
    pub(crate) group: Resource,
    /// The URN of the connector's extension.
    pub(crate) extension: String,
    /// The directory's name of each attribute of the extension.
    names: BTreeMap<String, String>,
    /// What the application takes for attributes that have a list, by the directory's names.
    choices: BTreeMap<String, Vec<String>>,
}

impl Schemas {
    /// From what the application is called and what its connector lists. `mapping` says by which names the directory has the
    /// attributes; what is pushed by a template, or not at all, isn't offered.
    pub(crate) fn new(application: &str, listed: &[AttributeSchema], mapping: &Mapping) -> Self {
        let urn = format!("urn:ietf:params:scim:schemas:extension:{}:2.0:User", slug(application));
        let is_elsewhere = |name: &str| OF_CORE.contains(&name) || OF_ENTERPRISE.contains(&name);
        let (mut names, mut choices) = (BTreeMap::new(), BTreeMap::new());
        let mut attributes = Vec::new();
        // Before the connector was asked, there is at least what single sign-on needs.
        let usual = AttributeSchema {
            name: provisioning_directory::FEDERATION_ID.to_owned(),
            writable: true,
            kind: "string".to_owned(),
            ..AttributeSchema::default()
        };
        let listed = if listed.is_empty() { std::slice::from_ref(&usual) } else { listed };
        for one in listed {
            let rule = mapping.get(&one.name);
            if rule.is_some_and(|rule| rule.off || rule.template.is_some()) {
                continue;
            }
            let from = rule.and_then(|rule| rule.from.as_deref()).unwrap_or(&one.name);
            if !one.choices.is_empty() && one.writable {
                choices.insert(from.to_owned(), one.choices.clone());
            }
            if is_elsewhere(&one.name) {
                continue;
            }
            let attribute = attribute(one);
            if Attribute::find(&attributes, &attribute.name).is_some() {
                continue;
            }
            if one.writable {
                names.insert(attribute.name.clone(), from.to_owned());
            }
            attributes.push(attribute);
        }
        attributes.push(provisioning());
        let extension = Schema {
            id: urn.clone(),
            name: format!("{} user", application.trim()),
            description: format!("What {} has of a user beyond SCIM's own schemas", application.trim()),
            attributes,
        };
        Self { user: user(Some(extension)), group: group(), extension: urn, names, choices }
    }

    /// A person's attributes, by the directory's names, as a user's document sets them. The manager is the id of a user.
    pub(crate) fn attributes(&self, document: &Map<String, Json>) -> Attributes {
        let mut found = Attributes::new();
        let mut put = |name: &str, value: Option<&Json>| {
            if let Some(value) = value.and_then(value_of) {
                found.insert(name.to_owned(), value);
            }
        };
        for name in
            ["displayName", "nickName", "title", "userType", "preferredLanguage", "locale", "timezone", "profileUrl"]
        {
            put(name, document.get(name));
        }
        for name in ["givenName", "familyName", "middleName", "honorificPrefix", "honorificSuffix"] {
            put(name, document.get("name").and_then(|whole| whole.get(name)));
        }
        put("email", preferred(document.get("emails"), &["work"], &[]).and_then(|one| one.get("value")));
        let phones = document.get("phoneNumbers");
        put("phoneNumber", preferred(phones, &["work"], &["mobile", "fax", "pager"]).and_then(|one| one.get("value")));
        for (name, label) in [("mobilePhone", "mobile"), ("fax", "fax")] {
            put(name, labelled(phones, label).and_then(|one| one.get("value")));
        }
        let address = preferred(document.get("addresses"), &["work"], &[]);
        for name in ["streetAddress", "locality", "region", "postalCode", "country"] {
            put(name, address.and_then(|address| address.get(name)));
        }
        if let Some(enterprise) = document.get(ENTERPRISE) {
            for name in ["employeeNumber", "costCenter", "organization", "division", "department"] {
                put(name, enterprise.get(name));
            }
            put("manager", enterprise.get("manager").and_then(|manager| manager.get("value")));
        }
        let extension = document.get(&self.extension);
        let of_extension = self.names.iter().filter_map(|(name, from)| {
            let value = extension.and_then(|extension| extension.get(name)).and_then(value_of)?;
            Some((from.clone(), value))
        });
        self.by_code(&mut found);
        for name in [LOCALE, LANGUAGE, TIME_ZONE] {
            if let (Some(choices), Some(AttributeValue::Text(text))) = (self.choices.get(name), found.get(name)) {
                match meant(name, text, choices) {
                    Some(choice) => drop(found.insert(name.to_owned(), AttributeValue::Text(choice))),
                    None => drop(found.remove(name)),
                }
            }
        }
        for (name, value) in of_extension {
            found.insert(name, value);
        }
        found
    }

    /// Puts codes of countries and regions where an application takes them that knows both by a list: SCIM has the code in `country`
    /// (RFC 7643 §4.1.2), and the name of such an application's attribute is `countryCode`.
    fn by_code(&self, found: &mut Attributes) {
        for (name, code) in [("country", "countryCode"), ("region", "regionCode")] {
            let Some(from) = self.names.get(code) else { return };
            let Some(AttributeValue::Text(text)) = found.get(name) else { return };
            let is_it = |choice: &&String| choice.eq_ignore_ascii_case(text);
            let Some(choice) = self.choices.get(from).and_then(|choices| choices.iter().find(is_it)) else { return };
            let choice = AttributeValue::Text(choice.clone());
            found.remove(name);
            found.insert(from.clone(), choice);
        }
    }
}

/// A name as a part of a URN (RFC 8141): lower case, with hyphens between words.
fn slug(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' })
        .collect();
    let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "application".to_owned() } else { words.join("-") }
}

fn attribute(listed: &AttributeSchema) -> Attribute {
    let kind = match listed.kind.as_str() {
        "boolean" => Kind::Boolean,
        "integer" => Kind::Integer,
        "dateTime" => Kind::DateTime,
        // The connector resolves names and ids alike, so references are texts to a client; and so are decimals, of which a text
        // loses no digit on its way.
        _ => Kind::String,
    };
    let label = if listed.label.is_empty() { listed.name.clone() } else { listed.label.clone() };
    Attribute {
        kind,
        many: listed.many,
        mutability: if listed.writable { Mutability::ReadWrite } else { Mutability::ReadOnly },
        canonical: listed.choices.clone(),
        ..Attribute::new(scim_name(&listed.name), label)
    }
}

/// A connector's name as SCIM takes names (RFC 7643 §2.1): a dot, which stands before a part, becomes an underscore.
fn scim_name(name: &str) -> String {
    let fit = |letter: char| if letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_') { letter } else { '_' };
    name.chars().map(fit).collect()
}

fn provisioning() -> Attribute {
    let part = |name: &str, description: &str| Attribute {
        mutability: Mutability::ReadOnly,
        ..Attribute::new(name, description)
    };
    Attribute {
        kind: Kind::Complex,
        mutability: Mutability::ReadOnly,
        sub: vec![
            part("state", "done, pending, held, failed, or nothing if there is nothing to be done"),
            part("kind", "The kind of failure, if there is one"),
            part("cause", "Why it isn't done"),
            part("remedy", "What to do about it"),
            part("task", "The number of the host's task"),
            part("user", "The user's id in the application"),
        ],
        ..Attribute::new(PROVISIONING, "How far the application has the user as it is to be")
    }
}

fn value_of(json: &Json) -> Option<AttributeValue> {
    Some(match json {
        Json::Bool(flag) => AttributeValue::Boolean(*flag),
        Json::Number(number) => match number.as_i64() {
            Some(number) => AttributeValue::Integer(number),
            None => AttributeValue::Text(number.to_string()),
        },
        Json::String(text) => AttributeValue::Text(text.clone()),
        Json::Array(values) => {
            AttributeValue::Many(values.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect())
        }
        Json::Null | Json::Object(_) => return None,
    })
}

/// The value of this type.
fn labelled<'a>(values: Option<&'a Json>, label: &str) -> Option<&'a Json> {
    let is_it = |one: &&Json| one.get("type").and_then(Json::as_str).is_some_and(|own| own.eq_ignore_ascii_case(label));
    values?.as_array()?.iter().find(is_it)
}

/// Of several values the preferred one, or that of the first of these types that there is, or the first; none of the types in `not`.
fn preferred<'a>(values: Option<&'a Json>, types: &[&str], not: &[&str]) -> Option<&'a Json> {
    let label = |one: &Json| one.get("type").and_then(Json::as_str).unwrap_or_default().to_lowercase();
    let fit: Vec<&Json> = values?.as_array()?.iter().filter(|one| !not.contains(&label(one).as_str())).collect();
    let first = |is_it: &dyn Fn(&Json) -> bool| fit.iter().copied().find(|one| is_it(one));
    first(&|one| one.get("primary") == Some(&Json::Bool(true)))
        .or_else(|| types.iter().find_map(|wanted| first(&|one| label(one) == **wanted)))
        .or_else(|| fit.first().copied())
}

/// What a user is to hold, from its `entitlements` and `roles`: each by value, display or type. `None` if it has neither. What
/// the application doesn't have is refused when it is pushed, in the words of all such refusals.
pub(crate) fn grants(
    document: &Map<String, Json>,
    kinds: &[EntitlementKind],
    find: impl Fn(&str, &str) -> Vec<ListedEntitlement>,
) -> Option<Vec<GrantName>> {
    if !document.contains_key("entitlements") && !document.contains_key("roles") {
        return None;
    }
    let mut found = BTreeSet::new();
    for (attribute, usual) in [("entitlements", None), ("roles", Some("role"))] {
        for one in document.get(attribute).and_then(Json::as_array).into_iter().flatten() {
            let text = |name: &str| one.get(name).and_then(Json::as_str).map(str::trim).filter(|text| !text.is_empty());
            let Some(name) = text("value").or_else(|| text("display")) else { continue };
            let is_named = |kind: &&EntitlementKind| {
                let own = text("type").or(usual);
                own.is_some_and(|own| kind.name.eq_ignore_ascii_case(own) || kind.label.eq_ignore_ascii_case(own))
            };
            let kind = match kinds.iter().find(is_named) {
                Some(kind) => kind.name.clone(),
                // Whatever kind has something of that name.
                None => match kinds.iter().find(|kind| {
                    [text("value"), text("display")]
                        .into_iter()
                        .flatten()
                        .any(|name| !find(&kind.name, name).is_empty())
                }) {
                    Some(kind) => kind.name.clone(),
                    None => text("type").or(usual).unwrap_or("entitlement").to_owned(),
                },
            };
            // An id of another organization, or of before a sandbox was refreshed: the name may still be good.
            let name = match text("display") {
                Some(display) if find(&kind, name).is_empty() && !find(&kind, display).is_empty() => display,
                _ => name,
            };
            found.insert(GrantName { kind, name: name.to_owned() });
        }
    }
    Some(found.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use provisioning_directory::Timestamp;
    use provisioning_directory::config::AttributeMapping;
    use serde_json::json;

    use super::*;

    fn listed(name: &str, writable: bool) -> AttributeSchema {
        AttributeSchema { name: name.to_owned(), writable, kind: "string".to_owned(), ..AttributeSchema::default() }
    }

    #[test]
    fn every_part_of_a_user_becomes_the_attribute_of_its_name() {
        let mapping = Mapping::from([
            (
                "aliasName".to_owned(),
                AttributeMapping { from: Some("short".to_owned()), ..AttributeMapping::default() },
            ),
            ("made".to_owned(), AttributeMapping { template: Some("x".to_owned()), ..AttributeMapping::default() }),
        ]);
        let attributes = [
            listed("federationId", true),
            listed("aliasName", true),
            listed("made", true),
            listed("title", true),
            listed("seen", false),
            listed("Contact.Note__c", true),
        ];
        let schemas = Schemas::new("Sales & Portal", &attributes, &mapping);
        assert_eq!(schemas.extension, "urn:ietf:params:scim:schemas:extension:sales-portal:2.0:User");
        let extension = schemas.user.extension(&schemas.extension).unwrap();
        let names: Vec<&str> = extension.attributes.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["federationId", "aliasName", "seen", "Contact_Note__c", PROVISIONING]);
        assert_eq!(extension.attributes[2].mutability, Mutability::ReadOnly);
        let document = json!({
            "userName": "ada", "title": "Countess", "name": { "givenName": "Ada" },
            "emails": [{ "value": "h@x", "type": "home" }, { "value": "w@x", "type": "work" }],
            "phoneNumbers": [{ "value": "1", "type": "mobile" }, { "value": "2" }, { "value": "3", "type": "fax" }],
            "addresses": [{ "locality": "A", "type": "home" }, { "locality": "B", "type": "home", "primary": true }],
            ENTERPRISE: { "department": "Engines", "manager": { "value": "m" } },
            schemas.extension.clone(): { "federationId": "F1", "aliasName": "al", "seen": "never", "Contact_Note__c": "n" },
        });
        let found = schemas.attributes(document.as_object().unwrap());
        let found: BTreeMap<&str, String> =
            found.iter().map(|(name, value)| (name.as_str(), value.to_string())).collect();
        let expected = [
            ("Contact.Note__c", "n"),
            ("department", "Engines"),
            ("email", "w@x"),
            ("fax", "3"),
            ("federationId", "F1"),
            ("givenName", "Ada"),
            ("locality", "B"),
            ("manager", "m"),
            ("mobilePhone", "1"),
            ("phoneNumber", "2"),
            ("short", "al"),
            ("title", "Countess"),
        ];
        assert_eq!(found, BTreeMap::from(expected.map(|(name, value)| (name, value.to_owned()))));
    }

    #[test]
    fn codes_of_countries_go_where_the_application_has_them_in_a_list() {
        let with_choices = |name: &str, choices: &[&str]| AttributeSchema {
            choices: choices.iter().map(|one| (*one).to_owned()).collect(),
            ..listed(name, true)
        };
        let lists = [with_choices("countryCode", &["US", "DE"]), with_choices("regionCode", &["CA"])];
        let address = |country: &str, region: &str| json!({ "addresses": [{ "country": country, "region": region }] });
        for (attributes, document, expected) in [
            (&lists[..], address("us", "CA"), "countryCode=US regionCode=CA"),
            (&lists, address("US", "California"), "countryCode=US region=California"),
            (&lists, address("Germany", "CA"), "country=Germany region=CA"),
            (&[listed("title", true)], address("US", "CA"), "country=US region=CA"),
        ] {
            let found = Schemas::new("Portal", attributes, &Mapping::new()).attributes(document.as_object().unwrap());
            let found: Vec<String> = found.iter().map(|(name, value)| format!("{name}={value}")).collect();
            assert_eq!(found.join(" "), expected, "{document}");
        }
    }

    #[test]
    fn what_is_granted_is_found_by_value_display_or_type() {
        let kind = |name: &str, label: &str| EntitlementKind {
            name: name.to_owned(),
            label: label.to_owned(),
            many: true,
            listed: true,
            listed_at: Timestamp::default(),
        };
        let kinds = [kind("profile", "Profile"), kind("role", "Role"), kind("set", "Permission set")];
        let find = |kind: &str, name: &str| {
            let known = [("profile", "P1", "Portal"), ("set", "S1", "Cases")];
            let hit =
                known.iter().filter(|(own, id, has)| *own == kind && (*id == name || has.eq_ignore_ascii_case(name)));
            hit.map(|(kind, id, name)| ListedEntitlement {
                kind: (*kind).to_owned(),
                id: (*id).to_owned(),
                name: (*name).to_owned(),
                compatibility: Vec::new(),
                seats: None,
            })
            .collect()
        };
        let of = |document: Json| {
            let found = grants(document.as_object().unwrap(), &kinds, find);
            found
                .map(|found| found.iter().map(|one| format!("{}={}", one.kind, one.name)).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(of(json!({})), None);
        for (entitlement, expected) in [
            (json!({ "value": "P1" }), "profile=P1"),
            (json!({ "display": "cases" }), "set=cases"),
            (json!({ "value": "P1", "type": "Profile" }), "profile=P1"),
            (json!({ "value": "OLD", "display": "Portal", "type": "profile" }), "profile=Portal"),
            (json!({ "value": "x", "type": "strange" }), "strange=x"),
        ] {
            assert_eq!(of(json!({ "entitlements": [entitlement] })).as_deref(), Some(expected));
        }
        assert_eq!(of(json!({ "roles": [{ "value": "Boss" }] })).as_deref(), Some("role=Boss"));
    }
}
