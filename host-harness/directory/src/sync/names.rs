//! Names that an admin types, compared with those that are known, so that a slip is reported where it is made and not in each
//! task that follows from it.
//!
//! The directory keeps whatever attribute somebody gives a person: a new name isn't a mistake by itself. One that is nearly a
//! known name is refused, and the known one is offered. A mapping that reads the name makes it known.

use std::collections::{BTreeSet, HashSet};

use super::mapping::USERNAME;
use crate::config::{Mapping, imported_as};
use crate::directory::{
    AttributeSchema, Attributes, DirectoryError, EntitlementFilter, EntitlementKind, FEDERATION_ID, GrantName,
    ReadTransaction, TenantRecord,
};
use crate::typo::nearest;

/// Names that people usually have; those of SCIM (RFC 7643 §4.1, §4.3) where it has one.
const USUAL: [&str; 25] = [
    "email",
    "givenName",
    "familyName",
    FEDERATION_ID,
    "displayName",
    "nickName",
    "title",
    "department",
    "division",
    "organization",
    "employeeNumber",
    "costCenter",
    "manager",
    "phoneNumber",
    "mobilePhone",
    "fax",
    "locale",
    "timezone",
    "preferredLanguage",
    "streetAddress",
    "locality",
    "region",
    "postalCode",
    "country",
    "userType",
];

/// The directory's names of attributes that are in use: those that tenants have or read, and the usual ones.
///
/// # Errors
/// The database's.
pub fn known_attributes(view: &ReadTransaction<'_>) -> Result<BTreeSet<String>, DirectoryError> {
    let mut known: BTreeSet<String> = USUAL.into_iter().map(str::to_owned).collect();
    for tenant in view.tenants()? {
        let mapping = &tenant.config.mapping;
        let schema = view.attribute_schema(tenant.id)?;
        known.extend(schema.iter().filter_map(|one| imported_as(mapping, &one.name)).map(str::to_owned));
        known.extend(mapping.values().filter_map(|rule| rule.from.clone()));
        for template in mapping.values().filter_map(|rule| rule.template.as_deref()) {
            known.extend(placeholders(template).map(str::to_owned));
        }
    }
    Ok(known)
}

/// Refuses a person's attribute whose name is nearly a known one.
///
/// # Errors
/// A sentence that offers the known name; the database's.
pub fn check_attributes<'a>(
    view: &ReadTransaction<'_>,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), DirectoryError> {
    let known = known_attributes(view)?;
    for name in names.filter(|name| !known.contains(*name)) {
        if let Some(near) = nearest(name, known.iter().map(String::as_str)) {
            return Err(DirectoryError::Invalid(format!(
                "no attribute is named `{name}`; did you mean `{near}`? A new attribute becomes known when the mapping of a tenant reads it"
            )));
        }
    }
    Ok(())
}

/// Refuses a template that names an attribute which is nearly a known one. `known` are those of [`known_attributes`]; a rule that
/// is in `before` already is left alone.
///
/// # Errors
/// A sentence that offers the known name.
pub fn check_templates(mapping: &Mapping, before: &Mapping, known: &BTreeSet<String>) -> Result<(), DirectoryError> {
    let own: BTreeSet<&str> = mapping.values().filter_map(|rule| rule.from.as_deref()).collect();
    for (remote, rule) in mapping.iter().filter(|(remote, rule)| before.get(*remote) != Some(rule)) {
        for name in rule.template.as_deref().into_iter().flat_map(placeholders) {
            if [USERNAME, "key"].contains(&name) || own.contains(name) || known.contains(name) {
                continue;
            }
            if let Some(near) = nearest(name, known.iter().map(String::as_str).chain([USERNAME, "key"])) {
                return Err(DirectoryError::Invalid(format!(
                    "the template of `{remote}` names the attribute `{name}`, which nobody has; did you mean `{{{near}}}`?"
                )));
            }
        }
    }
    Ok(())
}

/// The names between braces.
fn placeholders(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0))
}

/// What can be assigned to users of a tenant, as it was listed last.
pub struct Assignable {
    tenant: String,
    kinds: Vec<KindOfGrants>,
    attributes: Vec<AttributeSchema>,
}

struct KindOfGrants {
    kind: EntitlementKind,
    names: Vec<String>,
    /// Ids as they are, and names in lower case.
    known: HashSet<String>,
}

impl Assignable {
    /// Reads what was listed.
    ///
    /// # Errors
    /// The database's.
    pub fn of(view: &ReadTransaction<'_>, tenant: &TenantRecord) -> Result<Self, DirectoryError> {
        let mut kinds = Vec::new();
        for kind in view.entitlement_kinds(tenant.id)? {
            let (mut names, mut known) = (Vec::new(), HashSet::new());
            for one in view.entitlements(tenant.id, &kind.name, &EntitlementFilter::default())? {
                known.extend([one.name.to_lowercase(), one.id]);
                names.push(one.name);
            }
            kinds.push(KindOfGrants { kind, names, known });
        }
        Ok(Self { tenant: tenant.name.clone(), kinds, attributes: view.attribute_schema(tenant.id)? })
    }

    /// Whether anything was listed yet.
    pub fn is_listed(&self) -> bool {
        !self.kinds.is_empty()
    }

    /// Says what is wrong with a grant. Returns `None` if it can be assigned, or if that isn't known.
    pub fn fault_of_grant(&self, grant: &GrantName) -> Option<String> {
        let GrantName { kind, name } = grant;
        if self.kinds.is_empty() {
            return None;
        }
        let kinds = || self.kinds.iter().map(|one| one.kind.name.as_str());
        let Some(known) = self.kinds.iter().find(|one| one.kind.name == *kind) else {
            let all = kinds().collect::<Vec<_>>().join(", ");
            let meant = nearest(kind, kinds()).map_or(String::new(), |near| format!("; did you mean `{near}`"));
            return Some(format!("{} has no kind of grant `{kind}`{meant}; it has {all}", self.tenant));
        };
        if !known.kind.listed || known.known.contains(name) || known.known.contains(&name.to_lowercase()) {
            return None;
        }
        let meant = nearest(name, known.names.iter().map(String::as_str))
            .map_or(String::new(), |near| format!("; did you mean `{near}`"));
        Some(format!("{} has no {kind} `{name}`{meant}", self.tenant))
    }

    /// Says what is wrong with the name of an attribute that an assignment sets. Returns `None` if it can be set, or if that
    /// isn't known.
    pub fn fault_of_attribute(&self, name: &str) -> Option<String> {
        let writable = || self.attributes.iter().filter(|one| one.writable).map(|one| one.name.as_str());
        match self.attributes.iter().find(|one| one.name == name) {
            None if self.attributes.is_empty() || name == USERNAME => None,
            Some(one) if one.writable => None,
            Some(_) => Some(format!("the attribute `{name}` of {} cannot be set", self.tenant)),
            None => {
                let meant = nearest(name, writable()).map_or(String::new(), |near| format!("; did you mean `{near}`"));
                Some(format!("{} has no attribute `{name}`{meant}", self.tenant))
            }
        }
    }

    /// The first fault of an assignment's grants and attributes.
    pub fn fault_of(&self, grants: &[GrantName], attributes: &Attributes) -> Option<String> {
        let of_grants = grants.iter().find_map(|grant| self.fault_of_grant(grant));
        of_grants.or_else(|| attributes.keys().find_map(|name| self.fault_of_attribute(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TenantConfig;
    use crate::directory::{Actor, Directory, WriteTransaction};
    use provisioning_runtime::wit::{Entitlement, GrantKind};

    fn directory() -> (tempfile::TempDir, Directory, TenantRecord) {
        let folder = tempfile::tempdir().unwrap();
        let directory = crate::directory::testing::open(folder.path());
        let tenant = directory
            .write(&Actor::new("a test"), |change: &WriteTransaction<'_>| -> Result<_, DirectoryError> {
                let mut config = TenantConfig::default();
                config.mapping = toml::from_str("department = \"ward\"").unwrap();
                let tenant = change.add_tenant("acme", &config)?;
                let schema = |name: &str, writable| AttributeSchema {
                    name: name.to_owned(),
                    writable,
                    required: false,
                    kind: "string".to_owned(),
                    ..AttributeSchema::default()
                };
                change.set_attribute_schema(tenant.id, &[schema("aboutMe", true), schema("lastLogin", false)])?;
                let kind = |name: &str, many| GrantKind { name: name.to_owned(), label: name.to_owned(), many };
                let one = |name: &str, id: &str| Entitlement {
                    kind: "profile".to_owned(),
                    id: id.to_owned(),
                    name: name.to_owned(),
                    compatibility: Vec::new(),
                    seats: None,
                };
                let profiles = vec![one("Customer Community User", "P1"), one("Partner User", "P2")];
                change.store_entitlements(
                    tenant.id,
                    &[(kind("profile", false), Some(profiles)), (kind("role", false), None)],
                )?;
                Ok(tenant)
            })
            .unwrap();
        (folder, directory, tenant)
    }

    fn grant(text: &str) -> GrantName {
        let (kind, name) = text.split_once('=').unwrap();
        GrantName { kind: kind.to_owned(), name: name.to_owned() }
    }

    #[test]
    fn a_name_that_is_nearly_known_is_refused_and_the_known_one_offered() {
        let (_folder, directory, _) = directory();
        let check = |name: &'static str| directory.read(|view| check_attributes(view, [name].into_iter()));
        for (typed, meant) in [("titel", "title"), ("givenNme", "givenName"), ("aboutme", "aboutMe"), ("wards", "ward")]
        {
            let error = check(typed).unwrap_err().to_string();
            assert!(error.contains(&format!("`{typed}`; did you mean `{meant}`?")), "{error}");
        }
        for name in ["title", "ward", "shoeSize", "aboutMe"] {
            check(name).unwrap();
        }
    }

    #[test]
    fn a_template_with_a_slip_is_refused_once_it_is_new() {
        let (_folder, directory, _) = directory();
        let known = directory.read(|view| -> Result<_, DirectoryError> { known_attributes(view) }).unwrap();
        let mapping = |template: &str| -> Mapping {
            toml::from_str(&format!("nickName = {{ template = \"{template}\" }}")).unwrap()
        };
        for (template, meant) in
            [("{givenNme} x", "{givenName}"), ("{usernam}", "{username}"), ("{title} {famlyName}", "{familyName}")]
        {
            let error = check_templates(&mapping(template), &Mapping::new(), &known).unwrap_err().to_string();
            assert!(error.contains(meant), "{error}");
            check_templates(&mapping(template), &mapping(template), &known).unwrap();
        }
        check_templates(&mapping("{givenName} {username} {key} {ward} {shoeSize}"), &Mapping::new(), &known).unwrap();
    }

    #[test]
    fn grants_and_attributes_of_an_assignment_are_compared_with_what_was_listed() {
        let (_folder, directory, tenant) = directory();
        let assignable = directory.read(|view| Assignable::of(view, &tenant)).unwrap();
        for (typed, words) in [
            ("profle=P1", "no kind of grant `profle`; did you mean `profile`; it has profile, role"),
            ("foo=bar", "no kind of grant `foo`; it has profile, role"),
            (
                "profile=Customer Comunity User",
                "no profile `Customer Comunity User`; did you mean `Customer Community User`",
            ),
            ("profile=Admin", "no profile `Admin`"),
        ] {
            let fault = assignable.fault_of_grant(&grant(typed)).unwrap();
            assert!(fault.contains(words), "{fault}");
        }
        for typed in ["profile=P2", "profile=partner user", "role=whatever"] {
            assert_eq!(assignable.fault_of_grant(&grant(typed)), None, "{typed}");
        }
        assert!(assignable.fault_of_attribute("abouMe").unwrap().contains("`aboutMe`"));
        assert!(assignable.fault_of_attribute("lastLogin").unwrap().contains("cannot be set"));
        assert_eq!(assignable.fault_of_attribute("aboutMe"), None);
    }
}
