//! All that is kept about a person: giving it out ([`export`]), and erasing it ([`erase`]).
//!
//! What belongs to a person alone goes with its row. Elsewhere a person is found by its traces: its key, and the names and ids that
//! it has or has had. The test `every_table_is_accounted_for` lists every table with how it is dealt with, so that a new one isn't
//! forgotten.

mod erase;
mod export;

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::database::params;
use super::{AuditFilter, DirectoryError, Person, ReadTransaction, TenantId};
pub use erase::Erased;

/// What a person is found by.
#[derive(Debug, Default)]
pub(super) struct Traces {
    key: String,
    /// Usernames, addresses and other names, in lower case; the key is among them.
    names: BTreeSet<String>,
    /// Users of applications that are the person's, or were.
    users: BTreeSet<(TenantId, String)>,
}

/// Attributes by which others name a person.
const NAMING: [&str; 4] = ["username", "userName", "email", super::FEDERATION_ID];

impl Traces {
    fn add_name(&mut self, name: &str) {
        if !name.trim().is_empty() {
            self.names.insert(name.trim().to_lowercase());
        }
    }

    /// The names in what a row of the audit trail says of the person itself.
    fn add_names_of(&mut self, value: &Json) {
        match value {
            Json::Object(fields) => {
                for (name, value) in fields {
                    match value {
                        Json::String(text) if NAMING.contains(&name.as_str()) => self.add_name(text),
                        _ => self.add_names_of(value),
                    }
                }
            }
            Json::Array(values) => values.iter().for_each(|value| self.add_names_of(value)),
            _ => {}
        }
    }

    /// Whether a value names the person: one of its names by itself, whatever its case.
    fn is_in(&self, value: &Json) -> bool {
        match value {
            Json::String(text) => self.names.contains(&text.trim().to_lowercase()),
            Json::Array(values) => values.iter().any(|value| self.is_in(value)),
            Json::Object(fields) => fields.values().any(|value| self.is_in(value)),
            _ => false,
        }
    }

    /// Whether a sentence names the person by an address. Other names may be words of a language.
    fn is_said_in(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.names.iter().any(|name| name.contains('@') && text.contains(name))
    }
}

impl ReadTransaction<'_> {
    /// What a person is found by, who may have been removed. `key` is one's key if `person` is `None`.
    fn traces(&self, key: &str, person: Option<&Person>) -> Result<Traces, DirectoryError> {
        let mut traces = Traces { key: key.to_owned(), ..Traces::default() };
        traces.add_name(key);
        if let Some(person) = person {
            traces.add_name(&person.username);
            for name in NAMING {
                if let Some(value) = person.attributes.get(name) {
                    traces.add_name(&value.to_string());
                }
            }
            for (tenant, link) in self.links_of(person.id)? {
                traces.users.insert((self.tenant(&tenant)?.id, link.remote_id));
            }
            for (_, external_id, username) in self.scim_users_of(person)? {
                traces.add_name(&username);
                external_id.iter().for_each(|name| traces.add_name(name));
            }
        }
        traces.users.extend(self.former_users_of(key)?);
        for (tenant, remote_id) in traces.users.clone() {
            if let Some(user) = self.remote_user(tenant, &remote_id)? {
                traces.add_name(&user.username);
            }
        }
        let rows = AuditFilter { person: Some(key.to_owned()), ..AuditFilter::default() };
        for row in self.audit(&rows)? {
            row.old.iter().chain(&row.new).for_each(|value| traces.add_names_of(value));
        }
        Ok(traces)
    }

    /// The users that were a person's, by its key.
    fn former_users_of(&self, key: &str) -> Result<Vec<(TenantId, String)>, DirectoryError> {
        self.db
            .prepare_cached(
                "SELECT tenant_id, remote_id FROM former_link WHERE key = ?1 ORDER BY tenant_id, remote_id",
            )?
            .query_map([key], |row| Ok((TenantId(row.get(0)?), row.get(1)?)))?
            .collect()
    }

    /// The client and the names of the users by which SCIM clients know a person.
    fn scim_users_of(&self, person: &Person) -> Result<Vec<(i64, Option<String>, String)>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT client_id, external_id, username_key FROM scim_user WHERE person_id = ?1
             UNION ALL SELECT client_id, external_id, username_key FROM scim_former_user WHERE person_id = ?1",
        )?;
        let users = statement.query_map(params![person.id.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        users.collect()
    }
}

#[cfg(test)]
#[allow(clippy::redundant_closure_for_method_calls, reason = "a path is not general over the view's lifetime")]
mod tests;
