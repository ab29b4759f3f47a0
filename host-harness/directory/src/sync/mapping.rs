//! From the directory's attributes to the application's, and back.

use std::collections::BTreeMap;

use crate::config::{Direction, Mapping, PushWhen, TenantConfig, imported_as};
use crate::directory::{
    Assignment, AttributeSchema, AttributeValue, Attributes, DirectoryError, Link, Person, ReadTransaction,
    TenantRecord, source_of_attribute,
};
use provisioning_runtime::wit::Change;

/// The application's name of a user's username, wherever it stands among attributes.
pub(super) const USERNAME: &str = "username";

/// The person's username, as an application's user tells it: where the mapping makes the one from the other by
/// `before{username}behind`, the way back.
pub(crate) fn username_of<'a>(mapping: &Mapping, remote: &'a str) -> &'a str {
    let rule = mapping.get(USERNAME).filter(|rule| !rule.off);
    let Some((before, behind)) = rule.and_then(|rule| rule.template.as_deref()?.split_once("{username}")) else {
        return remote;
    };
    let end = remote.len().saturating_sub(behind.len());
    match (remote.get(..before.len()), remote.get(before.len()..end), remote.get(end..)) {
        (Some(first), Some(name), Some(last))
            if first.eq_ignore_ascii_case(before) && last.eq_ignore_ascii_case(behind) && !name.is_empty() =>
        {
            name
        }
        _ => remote,
    }
}

/// What an imported user says of its person, by the directory's names; the username among them.
pub(crate) fn imported(mapping: &Mapping, username: &str, attributes: &Attributes) -> Attributes {
    let mut found: Attributes = attributes
        .iter()
        .filter_map(|(remote, value)| Some((imported_as(mapping, remote)?.to_owned(), value.clone())))
        .collect();
    if let Some(name) = imported_as(mapping, USERNAME) {
        found.insert(name.to_owned(), username.into());
    }
    found
}

/// A user as a push wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WantedUser {
    pub(super) username: String,
    /// A value sets, none clears.
    pub(super) changes: BTreeMap<String, Option<AttributeValue>>,
}

impl WantedUser {
    /// The names that this push sets; kept, so that the next one knows what to clear.
    pub(super) fn set_names(&self) -> Vec<String> {
        self.changes.iter().filter(|(_, value)| value.is_some()).map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn into_changes(self) -> Vec<Change> {
        self.changes.into_iter().map(|(name, value)| Change { name, value: value.map(Into::into) }).collect()
    }
}

/// What a push of the person sends. `is_sourced` says of a directory's name whether the tenant itself is its source; such
/// attributes are never sent back. An attribute of `set_before`, which earlier pushes have set, is cleared where it is empty now.
pub(super) fn pushed(
    config: &TenantConfig,
    schema: &[AttributeSchema],
    person: &Person,
    assignment: &Assignment,
    link: Option<&Link>,
    set_before: &[String],
    is_sourced: impl Fn(&str) -> bool,
) -> WantedUser {
    let mut changes: BTreeMap<String, Option<AttributeValue>> = BTreeMap::new();
    let mapping = &config.mapping;
    // Without a list from the connector, everything is tried under its own name.
    let writable = |name: &str| schema.is_empty() || schema.iter().any(|one| one.writable && one.name == name);
    let unmapped = person.attributes.keys().filter(|name| !mapping.contains_key(*name));
    let names: Vec<&String> = mapping.keys().chain(unmapped).filter(|name| writable(name)).collect();
    for remote in names {
        let rule = mapping.get(remote);
        if rule.is_some_and(|rule| {
            rule.off || rule.direction == Direction::ToIdp || (rule.push == PushWhen::Create && link.is_some())
        }) {
            continue;
        }
        let value = match rule.and_then(|rule| rule.template.as_deref()) {
            Some(template) => fill(template, person).map(AttributeValue::Text),
            None => {
                let from = rule.and_then(|rule| rule.from.as_deref()).unwrap_or(remote);
                if is_sourced(from) {
                    continue;
                }
                person.attribute(from)
            }
        };
        if value.is_some() {
            changes.insert(remote.clone(), value);
        }
    }
    for (name, value) in &assignment.attributes {
        changes.insert(name.clone(), Some(value.clone()));
    }
    for name in set_before {
        let kept = mapping
            .get(name)
            .is_some_and(|rule| rule.off || rule.direction == Direction::ToIdp || rule.push == PushWhen::Create);
        let from = mapping.get(name).and_then(|rule| rule.from.as_deref()).unwrap_or(name);
        // A field that the application hides now isn't listed, and isn't cleared over that.
        if name != USERNAME && !changes.contains_key(name) && !kept && !is_sourced(from) && writable(name) {
            changes.insert(name.clone(), None);
        }
    }
    let username = match changes.remove(USERNAME) {
        Some(Some(AttributeValue::Text(username))) => username,
        _ => person.username.clone(),
    };
    WantedUser { username, changes }
}

/// What a push of the person sends now, by the application's names; the username among them. A value sets, none clears.
/// Somebody who is not assigned is shown as if assigned with nothing more.
///
/// # Errors
/// The database's.
pub fn preview(
    view: &ReadTransaction<'_>,
    tenant: &TenantRecord,
    person: &Person,
) -> Result<BTreeMap<String, Option<AttributeValue>>, DirectoryError> {
    let sources = view.sources()?;
    let of_person = view.sources_of(person.id, &sources)?;
    let own = |name: &str| source_of_attribute(&of_person, name).is_some_and(|source| source.tenant == tenant.id);
    let assignment = view.assignment(tenant.id, person.id)?.unwrap_or_else(|| Assignment {
        tenant: tenant.id,
        person: person.id,
        grants: Vec::new(),
        attributes: Attributes::new(),
        exact_grants: false,
        created_at: person.created_at,
        changed_at: person.changed_at,
    });
    let (schema, link) = (view.attribute_schema(tenant.id)?, view.link(tenant.id, person.id)?);
    let set = link.as_ref().map(|link| link.pushed.as_slice()).unwrap_or_default();
    let WantedUser { username, mut changes } =
        pushed(&tenant.config, &schema, person, &assignment, link.as_ref(), set, own);
    changes.insert(USERNAME.to_owned(), Some(AttributeValue::Text(username)));
    Ok(changes)
}

/// Puts a person's attributes in the place of `{names}`; none where one of them is empty.
fn fill(template: &str, person: &Person) -> Option<String> {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        text.push_str(before);
        let (name, behind) = behind.split_once('}')?;
        text.push_str(&person.attribute(name)?.to_string());
        rest = behind;
    }
    text.push_str(rest);
    Some(text)
}

/// Says what is wrong with a mapping.
///
/// # Errors
/// One sentence that names the attribute: a template with a brace that is not closed, a template for imports, two
/// attributes that import to one.
pub fn check_mapping(mapping: &Mapping) -> Result<(), String> {
    let mut targets: BTreeMap<&str, &str> = BTreeMap::new();
    for (remote, rule) in mapping {
        if let Some(template) = &rule.template {
            let mut rest = template.as_str();
            while let Some((_, behind)) = rest.split_once('{') {
                match behind.split_once('}') {
                    Some((name, behind)) if !name.is_empty() && !name.contains('{') => rest = behind,
                    _ => {
                        return Err(format!(
                            "the template of `{remote}` has a `{{` that names nothing; write `{{familyName}}`"
                        ));
                    }
                }
            }
            if rule.direction == Direction::ToIdp {
                return Err(format!(
                    "`{remote}` has a template and comes from the application; a template can only be pushed"
                ));
            }
        }
        if let Some(target) = imported_as(mapping, remote)
            && let Some(other) = targets.insert(target, remote)
        {
            return Err(format!(
                "`{other}` and `{remote}` both import to `{target}`; give one of them direction = \"to-app\""
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{PersonId, PersonStatus, TenantId, Timestamp};

    fn person(attributes: &[(&str, &str)]) -> Person {
        Person {
            id: PersonId::default(),
            key: "E1".to_owned(),
            username: "ada@x.example".to_owned(),
            status: PersonStatus::Active,
            attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect(),
            created_at: Timestamp::default(),
            changed_at: Timestamp::default(),
        }
    }

    fn assignment(attributes: &[(&str, &str)]) -> Assignment {
        Assignment {
            tenant: TenantId::default(),
            person: PersonId::default(),
            grants: Vec::new(),
            attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect(),
            exact_grants: false,
            created_at: Timestamp::default(),
            changed_at: Timestamp::default(),
        }
    }

    fn link(pushed: &[&str]) -> Link {
        Link {
            tenant: TenantId::default(),
            person: PersonId::default(),
            remote_id: "U1".to_owned(),
            reason: crate::directory::LinkReason::Pushed,
            pushed: pushed.iter().map(|name| (*name).to_owned()).collect(),
            created_at: Timestamp::default(),
        }
    }

    fn config(mapping: &str) -> TenantConfig {
        let mut config = TenantConfig::default();
        config.mapping = toml::from_str(mapping).unwrap();
        config
    }

    fn described(wanted: &WantedUser) -> Vec<String> {
        let value = |value: &Option<AttributeValue>| value.as_ref().map_or("(clear)".to_owned(), ToString::to_string);
        wanted.changes.iter().map(|(name, to)| format!("{name}={}", value(to))).collect()
    }

    #[test]
    fn names_templates_constants_and_assignment_make_a_push() {
        let config = config(
            "department = \"costCenter\"\nnickName = { template = \"{givenName} {familyName}\" }\norganization = { template = \"Acme\" }\nusername = { template = \"{username}.acme\" }\nfax = { off = true }\nalias = { template = \"{middleName}\" }",
        );
        let person = person(&[
            ("costCenter", "K7"),
            ("givenName", "Ada"),
            ("familyName", "King"),
            ("fax", "1"),
            ("email", "a@x"),
        ]);
        let wanted = pushed(
            &config,
            &[],
            &person,
            &assignment(&[("federationId", "F1"), ("email", "work@x")]),
            None,
            &[],
            |_| false,
        );
        assert_eq!(wanted.username, "ada@x.example.acme");
        assert_eq!(
            described(&wanted),
            [
                "costCenter=K7",
                "department=K7",
                "email=work@x",
                "familyName=King",
                "federationId=F1",
                "givenName=Ada",
                "nickName=Ada King",
                "organization=Acme"
            ]
        );
    }

    #[test]
    fn only_what_the_connector_lists_as_writable_is_pushed() {
        let schema = |name: &str, writable| AttributeSchema {
            name: name.to_owned(),
            writable,
            required: false,
            kind: "string".to_owned(),
            ..AttributeSchema::default()
        };
        let schema = [schema("title", true), schema("userType", false)];
        let person = person(&[("title", "Dr"), ("userType", "x"), ("shoeSize", "43")]);
        let wanted = pushed(&TenantConfig::default(), &schema, &person, &assignment(&[]), None, &[], |_| false);
        assert_eq!(described(&wanted), ["title=Dr"]);
    }

    #[test]
    fn an_attribute_that_was_pushed_and_is_empty_now_is_cleared_once_it_is_ours() {
        let config = config("nickName = { from = \"nick\", push = \"create\" }\nphone = \"tel\"");
        let link = link(&["title", "nickName", "phone", "email"]);
        let wanted =
            pushed(&config, &[], &person(&[("email", "a@x")]), &assignment(&[]), Some(&link), &link.pushed, |name| {
                name == "tel"
            });
        assert_eq!(described(&wanted), ["email=a@x", "title=(clear)"]);
    }

    #[test]
    fn an_attribute_that_is_no_longer_listed_is_not_cleared() {
        let schema = |name: &str| AttributeSchema {
            name: name.to_owned(),
            writable: true,
            required: false,
            kind: "string".to_owned(),
            ..AttributeSchema::default()
        };
        let link = link(&["title", "phone"]);
        let person = person(&[("email", "a@x"), ("phone", "1")]);
        let cleared = |schema: &[AttributeSchema]| {
            let wanted =
                pushed(&TenantConfig::default(), schema, &person, &assignment(&[]), Some(&link), &link.pushed, |_| {
                    false
                });
            described(&wanted)
        };
        assert_eq!(
            cleared(&[schema("title"), schema("phone"), schema("email")]),
            ["email=a@x", "phone=1", "title=(clear)"]
        );
        assert_eq!(cleared(&[schema("email")]), ["email=a@x"]);
    }

    #[test]
    fn what_the_tenant_is_the_source_of_is_never_pushed_back() {
        let person = person(&[("title", "Dr"), ("email", "a@x")]);
        let wanted =
            pushed(&TenantConfig::default(), &[], &person, &assignment(&[]), None, &[], |name| name == "title");
        assert_eq!(described(&wanted), ["email=a@x"]);
    }

    #[test]
    fn an_import_renames_and_leaves_out() {
        let mapping = config(
            "department = \"costCenter\"\nfax = { off = true }\ntitle = { from = \"title\", direction = \"to-app\" }",
        )
        .mapping;
        let attributes =
            Attributes::from(["department", "fax", "title", "email"].map(|name| (name.to_owned(), name.into())));
        let found = imported(&mapping, "ada@x", &attributes);
        let names: Vec<&str> = found.keys().map(String::as_str).collect();
        assert_eq!(names, ["costCenter", "email", "username"]);
        assert_eq!(found["costCenter"], "department".into());
    }

    #[test]
    fn a_username_finds_its_way_back_through_the_template() {
        let back = |template: &str, remote: &'static str| {
            username_of(&config(&format!("username = {{ template = \"{template}\" }}")).mapping, remote)
        };
        assert_eq!(back("{username}.acme", "ada@x.example.ACME"), "ada@x.example");
        assert_eq!(back("p-{username}", "P-ada@x.example"), "ada@x.example");
        for strange in ["ada@x.example", ".acme", "", "é.acm"] {
            assert_eq!(back("{username}.acme", strange), strange);
        }
        assert_eq!(back("{email}", "ada@x.example"), "ada@x.example");
        assert_eq!(username_of(&Mapping::new(), "ada@x.example"), "ada@x.example");
    }

    #[test]
    fn a_mapping_that_cannot_work_is_named() {
        for (mapping, reason) in [
            ("a = { template = \"{x\" }", "names nothing"),
            ("a = { template = \"{}\" }", "names nothing"),
            ("a = { template = \"x\", direction = \"to-idp\" }", "can only be pushed"),
            ("a = \"x\"\nb = \"x\"", "both import to `x`"),
        ] {
            let error = check_mapping(&config(mapping).mapping).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
        check_mapping(&config("a = \"x\"\nb = { from = \"x\", direction = \"to-app\" }").mapping).unwrap();
    }
}
