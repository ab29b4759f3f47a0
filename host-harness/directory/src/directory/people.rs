//! People: who there is, what is known about them, and whether they are in use.

use std::collections::BTreeMap;
use std::fmt;

use super::database::{Optional as _, Row, Value as Sql, params, params_from_iter};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::audit::Note;
use super::values::MatchKeys;
use super::{
    AttributeValue, Attributes, DirectoryError, LinkReason, ReadTransaction, TenantId, TenantRecord, Timestamp,
    WriteTransaction,
};

/// A person's number in this directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PersonId(pub(super) i64);

impl PersonId {
    /// From the text that [`Display`](fmt::Display) makes of it; none from any other.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether a person is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PersonStatus {
    /// In use.
    Active,
    /// Out of use for now.
    Suspended,
    /// Out of use for good.
    Deactivated,
}

impl PersonStatus {
    /// The name in JSON and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Deactivated => "deactivated",
        }
    }

    fn parse(text: &str) -> Result<Self, DirectoryError> {
        [Self::Active, Self::Suspended, Self::Deactivated]
            .into_iter()
            .find(|status| status.name() == text)
            .ok_or_else(|| DirectoryError::Damaged(format!("a person's status `{text}`")))
    }
}

impl fmt::Display for PersonStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    /// The directory's number.
    #[serde(skip)]
    pub id: PersonId,
    /// The name by which the platform knows it for good; goes to connectors as the key of idempotency.
    pub key: String,
    /// The name to sign in with; unique without regard to case.
    pub username: String,
    /// Whether it is in use.
    pub status: PersonStatus,
    /// What is known about it, by the directory's names.
    pub attributes: Attributes,
    /// When it came into the directory.
    pub created_at: Timestamp,
    /// When it last changed.
    pub changed_at: Timestamp,
}

impl Person {
    /// An attribute; `username` and `key` count as such.
    pub fn attribute(&self, name: &str) -> Option<AttributeValue> {
        match name {
            "username" => Some(AttributeValue::Text(self.username.clone())),
            "key" => Some(AttributeValue::Text(self.key.clone())),
            _ => self.attributes.get(name).cloned(),
        }
    }
}

/// A person to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPerson {
    /// See [`Person::key`].
    pub key: String,
    /// See [`Person::username`].
    pub username: String,
    /// See [`Person::attributes`].
    pub attributes: Attributes,
}

impl NewPerson {
    /// A person without attributes.
    pub fn new(key: impl Into<String>, username: impl Into<String>) -> Self {
        Self { key: key.into(), username: username.into(), attributes: Attributes::new() }
    }

    /// With an attribute.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<AttributeValue>) -> Self {
        self.attributes.insert(name.to_owned(), value.into());
        self
    }
}

/// What is to change about a person; what is not named stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonEdit {
    /// A new username.
    pub username: Option<String>,
    /// A new status.
    pub status: Option<PersonStatus>,
    /// A value sets an attribute, none clears it.
    pub attributes: BTreeMap<String, Option<AttributeValue>>,
}

/// Which people are wanted, in the order of their keys.
#[derive(Clone, Debug, Default)]
pub struct PersonFilter {
    /// In this status only.
    pub status: Option<PersonStatus>,
    /// Assigned to this tenant only.
    pub assigned_to: Option<TenantId>,
    /// Not assigned to this tenant only.
    pub not_assigned_to: Option<TenantId>,
    /// Whose key, username, e-mail address or full name contains this, without regard to case.
    pub contains: Option<String>,
    /// Behind this key.
    pub after: Option<String>,
    /// At most so many; all where there is none.
    pub limit: Option<u32>,
}

impl PersonFilter {
    /// The query behind `SELECT …`, on a person `p`, without order and limit, and its values.
    fn sql(&self) -> (String, Vec<Sql>) {
        let mut from = String::from("FROM person p INDEXED BY person_search");
        let mut conditions = String::from("TRUE");
        let mut values: Vec<Sql> = Vec::new();
        // Joined, and not asked for by EXISTS: then SQLite looks the pair up in the small index, and 100,000 take 37 ms, not 55.
        if let Some(tenant) = self.assigned_to {
            values.push(tenant.number().into());
            // CROSS keeps people the outer loop, so that a page ends with its last row.
            from.push_str(" CROSS JOIN assignment a");
            conditions.push_str(&format!(" AND a.tenant_id = ?{} AND a.person_id = p.id", values.len()));
        }
        if let Some(tenant) = self.not_assigned_to {
            values.push(tenant.number().into());
            from.push_str(&format!(
                " LEFT JOIN assignment n ON n.tenant_id = ?{} AND n.person_id = p.id",
                values.len()
            ));
            conditions.push_str(" AND n.person_id IS NULL");
        }
        let mut and = |condition: &str, value: Sql| {
            values.push(value);
            conditions.push_str(&format!(" AND {}", condition.replace("??", &format!("?{}", values.len()))));
        };
        if let Some(status) = self.status {
            and("p.status = ??", status.name().to_owned().into());
        }
        if let Some(after) = &self.after {
            and("p.key > ??", after.clone().into());
        }
        if let Some(text) = &self.contains {
            and("instr(p.search, ??) > 0", searched(text).into());
        }
        (format!("{from} WHERE {conditions}"), values)
    }
}

/// A text as the searched columns have it.
pub(super) fn searched(text: &str) -> String {
    text.trim().to_lowercase()
}

const COLUMNS: &str = "id, key, username, status, attributes, created_at, changed_at";

fn person(row: Row<'_>) -> Result<Person, DirectoryError> {
    Ok(Person {
        id: PersonId(row.get(0)?),
        key: row.get(1)?,
        username: row.get(2)?,
        status: PersonStatus::parse(row.text(3)?)?,
        attributes: serde_json::from_str(row.text(4)?)?,
        created_at: row.get(5)?,
        changed_at: row.get(6)?,
    })
}

fn check(what: &str, text: &str) -> Result<(), DirectoryError> {
    if text.trim().is_empty() || text.trim() != text {
        return Err(DirectoryError::Invalid(format!(
            "the {what} `{text}` is empty or has blanks around it; correct it"
        )));
    }
    if text.chars().any(char::is_control) || text.len() > 512 {
        let start: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
        return Err(DirectoryError::Invalid(format!(
            "the {what} `{start}…` has control characters or more than 512 bytes; correct it"
        )));
    }
    Ok(())
}

impl ReadTransaction<'_> {
    /// A person by its key, or else by its username.
    ///
    /// # Errors
    /// When there is none.
    pub fn person(&self, name: &str) -> Result<Person, DirectoryError> {
        self.find_person(name)?.ok_or_else(|| DirectoryError::NotFound {
            what: "person",
            name: name.to_owned(),
            hint: "`person list` shows who there is",
        })
    }

    /// A person by its key, or else by its username; none where there is none.
    ///
    /// # Errors
    /// The database's.
    pub fn find_person(&self, name: &str) -> Result<Option<Person>, DirectoryError> {
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM person WHERE key = ?1 OR username_key = ?2 ORDER BY key = ?1 DESC LIMIT 1{}",
            self.db.to_change()
        ))?;
        let mut rows = statement.query(params![name, name.trim().to_lowercase()])?;
        rows.next()?.map(person).transpose()
    }

    /// A person by its number. Returns `None` if it has been removed.
    pub(crate) fn find_person_by_id(&self, id: PersonId) -> Result<Option<Person>, DirectoryError> {
        let mut statement =
            self.db.prepare_cached(&format!("SELECT {COLUMNS} FROM person WHERE id = ?1{}", self.db.to_change()))?;
        let mut rows = statement.query([id.0])?;
        rows.next()?.map(person).transpose()
    }

    /// A person by its number.
    ///
    /// # Errors
    /// When there is none.
    pub fn person_by_id(&self, id: PersonId) -> Result<Person, DirectoryError> {
        self.find_person_by_id(id)?.ok_or_else(|| DirectoryError::NotFound {
            what: "person",
            name: id.0.to_string(),
            hint: "`person list` shows who there is",
        })
    }

    /// People in the order of their keys.
    ///
    /// # Errors
    /// The database's.
    pub fn people(&self, filter: &PersonFilter) -> Result<Vec<Person>, DirectoryError> {
        let (found, values) = filter.sql();
        // The inner query finds them by the index alone, and only those that are wanted are read whole.
        let mut sql = format!("SELECT {COLUMNS} FROM person WHERE id IN (SELECT p.id {found} ORDER BY p.key");
        if let Some(limit) = filter.limit {
            sql.push_str(&format!(" LIMIT {limit}"));
        }
        sql.push_str(") ORDER BY key");
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(person(row)?);
        }
        Ok(found)
    }

    /// How many people a filter finds, whatever its limit.
    ///
    /// # Errors
    /// The database's.
    pub fn count_people_of(&self, filter: &PersonFilter) -> Result<u64, DirectoryError> {
        let (found, values) = filter.sql();
        let mut statement = self.db.prepare_cached(&format!("SELECT count(*) {found}"))?;
        statement.query_row(params_from_iter(values), |row| row.get(0))
    }

    /// How many people there are.
    ///
    /// # Errors
    /// The database's.
    pub fn count_people(&self) -> Result<u64, DirectoryError> {
        self.db.query_row("SELECT count(*) FROM person", params![], |row| row.get(0))
    }

    /// People with one of these keys: their numbers, at most `limit`.
    pub(crate) fn people_by_match_key(
        &self,
        column: MatchColumn,
        value: &str,
        limit: u32,
    ) -> Result<Vec<PersonId>, DirectoryError> {
        let column = column.name();
        let mut statement =
            self.db.prepare_cached(&format!("SELECT id FROM person WHERE {column} = ?1 ORDER BY id LIMIT ?2"))?;
        let ids = statement.query_map(params![value, limit], |row| row.get(0).map(PersonId))?;
        ids.collect::<Result<_, _>>()
    }
}

impl ReadTransaction<'_> {
    /// Those of the first `limit` people of a name who have no user in a tenant.
    pub(crate) fn unlinked_people_of_name(
        &self,
        tenant: TenantId,
        name: &str,
        limit: u32,
    ) -> Result<Vec<PersonId>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT p.id FROM (SELECT id FROM person WHERE full_name_key = ?2 ORDER BY id LIMIT ?3) p
             LEFT JOIN link l ON l.tenant_id = ?1 AND l.person_id = p.id
             WHERE l.person_id IS NULL ORDER BY p.id",
        )?;
        let ids = statement.query_map(params![tenant.number(), name, limit], |row| row.get(0).map(PersonId))?;
        ids.collect::<Result<_, _>>()
    }
}

/// What people and users are matched by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MatchColumn {
    Username,
    Email,
    FederationId,
}

impl MatchColumn {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Username => "username_key",
            Self::Email => "email_key",
            Self::FederationId => "federation_key",
        }
    }
}

impl WriteTransaction<'_> {
    /// Removes a person with all that belongs to it alone: links, assignments, tasks, and its being a candidate. What should
    /// become of its users is for [`remove_person`](crate::sync::remove_person) to see to.
    ///
    /// # Errors
    /// The database's.
    pub(crate) fn delete_person(&self, person: &Person) -> Result<(), DirectoryError> {
        self.db.prepare_cached("DELETE FROM person WHERE id = ?1")?.execute([person.id.0])?;
        self.note(&Note {
            tenant: None,
            person: Some(&person.key),
            action: "person.remove",
            old: Some(json!({ "username": person.username, "status": person.status.to_string() })),
            new: None,
            result: "removed",
        })
    }

    /// Adds a person, in use.
    ///
    /// # Errors
    /// When key or username belong to somebody else already, or are malformed.
    pub fn add_person(&self, new: &NewPerson) -> Result<Person, DirectoryError> {
        let person = self.insert_person(new)?;
        self.note_added(new)?;
        Ok(person)
    }

    /// Adds a person for a user that nobody stands for, and links the two. One row of the audit trail tells both.
    ///
    /// # Errors
    /// As [`WriteTransaction::add_person`].
    pub(crate) fn add_person_of_user(
        &self,
        tenant: &TenantRecord,
        new: &NewPerson,
        remote_id: &str,
    ) -> Result<Person, DirectoryError> {
        let person = self.insert_person(new)?;
        self.insert_link(tenant.id, person.id, remote_id, LinkReason::Imported, &[])?;
        self.note(&Note {
            tenant: Some(&tenant.name),
            person: Some(&new.key),
            action: "person.add",
            old: None,
            new: Some(json!({ "username": new.username, "attributes": new.attributes, "user": remote_id })),
            result: "added and linked: imported",
        })?;
        Ok(person)
    }

    fn note_added(&self, new: &NewPerson) -> Result<(), DirectoryError> {
        self.note(&Note {
            tenant: None,
            person: Some(&new.key),
            action: "person.add",
            old: None,
            new: Some(json!({ "username": new.username, "attributes": new.attributes })),
            result: "added",
        })
    }

    fn insert_person(&self, new: &NewPerson) -> Result<Person, DirectoryError> {
        check("key", &new.key)?;
        check("username", &new.username)?;
        self.free(&new.key, &new.username, None)?;
        self.insert_person_keyed(new, None)
    }

    /// Adds a person that a SCIM client brings, with a username that somebody of another client or tenant may have. Whoever comes
    /// second is then not found by it, but by its key.
    ///
    /// # Errors
    /// When key or username are malformed, or the key is taken.
    pub(crate) fn add_person_of_client(&self, new: &NewPerson) -> Result<Person, DirectoryError> {
        check("key", &new.key)?;
        check("username", &new.username)?;
        let key = self.username_key_of_client(&new.username, &new.key, None)?;
        let person = self.insert_person_keyed(new, Some(key))?;
        self.note_added(new)?;
        Ok(person)
    }

    /// What the username of a client's person is indexed by: itself, unless somebody else has it.
    fn username_key_of_client(
        &self,
        username: &str,
        key: &str,
        own: Option<PersonId>,
    ) -> Result<String, DirectoryError> {
        let plain = username.trim().to_lowercase();
        let holder: Option<i64> = self
            .db
            .prepare_cached("SELECT id FROM person WHERE username_key = ?1")?
            .query_row([&plain], |row| row.get(0))
            .optional()?;
        Ok(match holder {
            Some(holder) if own.is_none_or(|own| own.0 != holder) => format!("{plain}\u{1f}{key}"),
            _ => plain,
        })
    }

    fn insert_person_keyed(&self, new: &NewPerson, username_key: Option<String>) -> Result<Person, DirectoryError> {
        let keys = MatchKeys::of(&new.username, &new.attributes);
        let now = Timestamp::now();
        let id: i64 = self.db
            .prepare_cached(
                "INSERT INTO person (key, username, status, attributes, username_key, email_key, federation_key, full_name_key, created_at, changed_at)
                 VALUES (?1, ?2, 'active', ?3, ?4, ?5, ?6, ?7, ?8, ?8) RETURNING id",
            )?
            .query_row(params![
                new.key,
                new.username,
                serde_json::to_string(&new.attributes)?,
                username_key.unwrap_or(keys.username),
                keys.email,
                keys.federation_id,
                keys.name,
                now
            ], |row| row.get(0))?;
        Ok(Person {
            id: PersonId(id),
            key: new.key.clone(),
            username: new.username.clone(),
            status: PersonStatus::Active,
            attributes: new.attributes.clone(),
            created_at: now,
            changed_at: now,
        })
    }

    /// Changes a person. Returns whether anything is different now.
    ///
    /// This stores and nothing else: that sourced attributes stay as they are, and that tenants are told of the change, is
    /// the business of [`crate::sync::intents`].
    ///
    /// # Errors
    /// When the new username belongs to somebody else already, or is malformed.
    pub(crate) fn store_person(&self, person: &Person, edit: &PersonEdit) -> Result<bool, DirectoryError> {
        let username = edit.username.as_ref().unwrap_or(&person.username);
        let mut username_key = None;
        if *username != person.username {
            check("username", username)?;
            if self.is_of_scim(person.id)? {
                username_key = Some(self.username_key_of_client(username, &person.key, Some(person.id))?);
            } else {
                self.free("", username, Some(person.id))?;
                username_key = Some(username.trim().to_lowercase());
            }
        }
        let status = edit.status.unwrap_or(person.status);
        let mut attributes = person.attributes.clone();
        let (mut old, mut new) = (serde_json::Map::new(), serde_json::Map::new());
        for (name, value) in &edit.attributes {
            let before = match value {
                Some(value) => attributes.insert(name.clone(), value.clone()),
                None => attributes.remove(name),
            };
            if before != *value {
                old.insert(name.clone(), json!(before));
                new.insert(name.clone(), json!(value));
            }
        }
        if *username != person.username {
            old.insert("username".to_owned(), json!(person.username));
            new.insert("username".to_owned(), json!(username));
        }
        if status != person.status {
            old.insert("status".to_owned(), json!(person.status));
            new.insert("status".to_owned(), json!(status));
        }
        if new.is_empty() {
            return Ok(false);
        }
        let keys = MatchKeys::of(username, &attributes);
        self.db
            .prepare_cached(
                "UPDATE person SET username = ?2, status = ?3, attributes = ?4, username_key = coalesce(?5, username_key), email_key = ?6,
                   federation_key = ?7, full_name_key = ?8, changed_at = ?9 WHERE id = ?1",
            )?
            .execute(params![
                person.id.0,
                username,
                status.name(),
                serde_json::to_string(&attributes)?,
                // It stays where the username does: that of a client's person may hold more than the username.
                username_key,
                keys.email,
                keys.federation_id,
                keys.name,
                Timestamp::now()
            ])?;
        self.note(&Note {
            tenant: None,
            person: Some(&person.key),
            action: "person.edit",
            old: Some(old.into()),
            new: Some(new.into()),
            result: "changed",
        })?;
        Ok(true)
    }

    /// Refuses a key or username that is taken; an index would refuse it too, in words that nobody understands.
    fn free(&self, key: &str, username: &str, except: Option<PersonId>) -> Result<(), DirectoryError> {
        let taken: Option<(String, String)> = self
            .db
            .prepare_cached(
                "SELECT key, username FROM person WHERE (key = ?1 OR username_key = ?2) AND id IS DISTINCT FROM ?3
                 ORDER BY key = ?1 DESC, id LIMIT 1",
            )?
            .query_row(params![key, username.trim().to_lowercase(), except.map(|id| id.0)], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        match taken {
            None => Ok(()),
            Some((have, _)) if have == key => Err(DirectoryError::Exists {
                what: "person with the key",
                name: key.to_owned(),
                hint: "`person edit` changes it",
            }),
            Some((have, name)) => Err(DirectoryError::Invalid(format!(
                "the username `{name}` belongs to the person {have} already; choose another, or give that person another with `person edit {have} --username NAME`"
            ))),
        }
    }
}
