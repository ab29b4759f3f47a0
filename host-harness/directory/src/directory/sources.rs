//! Which tenants are the source of a person's profile and lifecycle, and in which order they count.

use std::collections::BTreeSet;

use super::database::params;
use serde::{Deserialize, Serialize};

use super::{DirectoryError, Person, PersonEdit, PersonId, ReadTransaction, TenantId, TenantRecord, WriteTransaction};
use crate::config::TenantConfig;
use provisioning_runtime::wit::AttributeDefinition;

/// An attribute as a tenant's connector lists it, as far as the sync needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeSchema {
    /// The connector's name.
    pub name: String,
    /// Whether a push may set it.
    pub writable: bool,
    /// Whether a new user needs it.
    pub required: bool,
    /// The type, as the connector names it (RFC 7643 §2.3).
    pub kind: String,
    /// For people; empty in what was listed by an older version of this program.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// Whether a user may have several values.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub many: bool,
    /// The allowed values; empty where any is allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
}

impl From<&AttributeDefinition> for AttributeSchema {
    fn from(definition: &AttributeDefinition) -> Self {
        Self {
            name: definition.name.clone(),
            writable: definition.writable,
            required: definition.required,
            kind: definition.kind.clone(),
            label: definition.label.clone(),
            many: definition.many,
            choices: definition.choices.clone(),
        }
    }
}

/// The connector's name of the user's username, wherever it stands among attributes.
const USERNAME: &str = "username";

/// A tenant that is the source of something of the people it is linked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The tenant.
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
    /// Lower comes first.
    pub priority: u32,
    /// The directory's names of what it is the source of; `username` stands for itself.
    pub attributes: BTreeSet<String>,
    /// Whether it is the source of their status.
    pub lifecycle: bool,
}

/// The names that an import of the tenant asks for: those it is told, or else all that the connector lists but points in
/// time, which change with every sign-in. Empty where the connector lists none, which stands for its default set.
pub(crate) fn imported_names(config: &TenantConfig, schema: &[AttributeSchema]) -> Vec<String> {
    if !config.to_idp.attributes.is_empty() {
        return config.to_idp.attributes.clone();
    }
    // The id of a record means nothing to another application, to which it would be pushed.
    let is_own = |one: &&AttributeSchema| one.kind == "reference" && one.writable;
    let wanted = schema.iter().filter(|one| one.kind != "dateTime" && one.name != USERNAME && !is_own(one));
    wanted.map(|one| one.name.clone()).collect()
}

impl ReadTransaction<'_> {
    /// The attributes that the tenant's connector listed last; empty before the first time.
    ///
    /// # Errors
    /// The database's.
    pub fn attribute_schema(&self, tenant: TenantId) -> Result<Vec<AttributeSchema>, DirectoryError> {
        self.stored_attribute_schema(tenant)?.map_or(Ok(Vec::new()), |text| Ok(serde_json::from_str(&text)?))
    }

    /// All tenants that are a source, the one that counts most first.
    ///
    /// # Errors
    /// The database's.
    pub fn sources(&self) -> Result<Vec<Source>, DirectoryError> {
        let mut sources = Vec::new();
        for tenant in self.tenants()? {
            let mastering = &tenant.config.to_idp.mastering;
            if mastering.profile || mastering.lifecycle {
                let attributes = if mastering.profile { self.sourced_names(&tenant)? } else { BTreeSet::new() };
                sources.push(Source {
                    tenant: tenant.id,
                    priority: mastering.priority,
                    lifecycle: mastering.lifecycle,
                    name: tenant.name,
                    attributes,
                });
            }
        }
        // Tenants come in the order of their names, and the sort keeps that among equals.
        sources.sort_by_key(|source| source.priority);
        Ok(sources)
    }

    fn sourced_names(&self, tenant: &TenantRecord) -> Result<BTreeSet<String>, DirectoryError> {
        let schema = self.attribute_schema(tenant.id)?;
        let names = imported_names(&tenant.config, &schema);
        let mapping = &tenant.config.mapping;
        let all = names.iter().map(String::as_str).chain([USERNAME]);
        Ok(all.filter_map(|name| crate::config::imported_as(mapping, name).map(str::to_owned)).collect())
    }

    /// Those of `sources` that the person is linked to, in the same order.
    ///
    /// # Errors
    /// The database's.
    pub fn sources_of<'s>(&self, person: PersonId, sources: &'s [Source]) -> Result<Vec<&'s Source>, DirectoryError> {
        let mut statement =
            self.db.prepare_cached("SELECT EXISTS (SELECT 1 FROM link WHERE tenant_id = ?1 AND person_id = ?2)")?;
        let mut found = Vec::new();
        for source in sources {
            if statement.query_row(params![source.tenant.number(), person.0], |row| row.get::<bool>(0))? {
                found.push(source);
            }
        }
        Ok(found)
    }
}

/// The tenant that an attribute comes from; none where it may be edited here.
pub(crate) fn source_of_attribute<'s>(sources: &[&'s Source], attribute: &str) -> Option<&'s Source> {
    sources.iter().copied().find(|source| source.attributes.contains(attribute))
}

/// The tenant that the status comes from; none where it may be changed here.
pub(crate) fn source_of_status<'s>(sources: &[&'s Source]) -> Option<&'s Source> {
    sources.iter().copied().find(|source| source.lifecycle)
}

/// Refuses an edit of what comes from one of the person's sources.
pub(crate) fn sourced_edit(person: &Person, sources: &[&Source], edit: &PersonEdit) -> Result<(), DirectoryError> {
    let refused = |what: String, source: &Source| {
        Err(DirectoryError::Sourced { person: person.key.clone(), what, tenant: source.name.clone() })
    };
    let renamed = edit.username.as_ref().is_some_and(|username| *username != person.username);
    let changed = edit.attributes.iter().filter(|(name, value)| person.attributes.get(*name) != value.as_ref());
    for name in changed.map(|(name, _)| name.as_str()).chain(renamed.then_some(USERNAME)) {
        if let Some(source) = source_of_attribute(sources, name) {
            return refused(format!("the attribute {name}"), source);
        }
    }
    match (edit.status, source_of_status(sources)) {
        (Some(status), Some(source)) if status != person.status => refused("the status".to_owned(), source),
        _ => Ok(()),
    }
}

impl WriteTransaction<'_> {
    /// Keeps the attributes that the tenant's connector lists, by which it is known what it is the source of.
    ///
    /// # Errors
    /// The database's.
    pub fn set_attribute_schema(&self, tenant: TenantId, schema: &[AttributeSchema]) -> Result<(), DirectoryError> {
        self.store_attribute_schema(tenant, &serde_json::to_string(schema)?)
    }
}
