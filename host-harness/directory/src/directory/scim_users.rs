//! The users of SCIM clients: what a client calls its people, and what it has set of them.

use super::database::{Optional as _, Row, params};
use serde_json::Value as Json;

use super::{DirectoryError, Person, PersonId, ReadTransaction, ScimClientId, TenantId, Timestamp, WriteTransaction};

/// A user of a client.
#[derive(Clone, Debug, PartialEq)]
pub struct ScimUser {
    /// Where it is in the order of the client's users.
    pub number: i64,
    /// Whose it is.
    pub client: ScimClientId,
    /// What clients call it.
    pub public_id: String,
    /// The person.
    pub person: PersonId,
    /// What its client calls it.
    pub external_id: Option<String>,
    /// What the client has set, in the form of the schema.
    pub document: serde_json::Map<String, Json>,
    /// Counts its changes.
    pub version: i64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub changed_at: Timestamp,
}

/// What a user, or a group, is found by through an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScimKey {
    /// The host's id.
    Id(String),
    /// The client's.
    ExternalId(String),
    /// `userName` or `displayName`, without regard to case.
    Name(String),
}

const COLUMNS: &str = "id, client_id, public_id, person_id, external_id, document, version, created_at, changed_at";

fn user(row: Row<'_>) -> Result<ScimUser, DirectoryError> {
    Ok(ScimUser {
        number: row.get(0)?,
        client: ScimClientId(row.get(1)?),
        public_id: row.get(2)?,
        person: PersonId(row.get(3)?),
        external_id: row.get(4)?,
        document: serde_json::from_str(row.text(5)?)?,
        version: row.get(6)?,
        created_at: row.get(7)?,
        changed_at: row.get(8)?,
    })
}

/// The names of a user, as indices have them.
pub(crate) struct UserNames<'a> {
    pub(crate) external_id: Option<&'a str>,
    pub(crate) username: &'a str,
}

impl ReadTransaction<'_> {
    /// Users of a client by what an index finds them by.
    ///
    /// # Errors
    /// The database's.
    pub fn scim_users_by(&self, client: ScimClientId, key: &ScimKey) -> Result<Vec<ScimUser>, DirectoryError> {
        let (column, value) = match key {
            ScimKey::Id(id) => ("public_id", id.clone()),
            ScimKey::ExternalId(id) => ("external_id", id.clone()),
            ScimKey::Name(name) => ("username_key", name.trim().to_lowercase()),
        };
        let mut statement = self
            .db
            .prepare_cached(&format!("SELECT {COLUMNS} FROM scim_user WHERE client_id = ?1 AND {column} = ?2"))?;
        let mut rows = statement.query(params![client.0, value])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(user(row)?);
        }
        Ok(found)
    }

    /// A user of a client by its id. One of another client isn't found, like one that isn't there.
    ///
    /// # Errors
    /// The database's.
    pub fn scim_user(&self, client: ScimClientId, id: &str) -> Result<Option<ScimUser>, DirectoryError> {
        Ok(self.scim_users_by(client, &ScimKey::Id(id.to_owned()))?.pop())
    }

    /// Users of a client in their order, behind a number.
    ///
    /// # Errors
    /// The database's.
    pub fn scim_users(&self, client: ScimClientId, after: i64, most: usize) -> Result<Vec<ScimUser>, DirectoryError> {
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM scim_user WHERE client_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
        ))?;
        let mut rows = statement.query(params![client.0, after, i64::try_from(most).unwrap_or(i64::MAX)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(user(row)?);
        }
        Ok(found)
    }

    /// The number behind which the user at this place follows, counted from 0. `None` if there are fewer.
    ///
    /// # Errors
    /// The database's.
    pub fn scim_user_before(&self, client: ScimClientId, place: usize) -> Result<Option<i64>, DirectoryError> {
        if place == 0 {
            return Ok(Some(0));
        }
        let skipped = i64::try_from(place - 1).unwrap_or(i64::MAX);
        self.db
            .prepare_cached("SELECT id FROM scim_user WHERE client_id = ?1 ORDER BY id LIMIT 1 OFFSET ?2")?
            .query_row(params![client.0, skipped], |row| row.get(0))
            .optional()
    }

    /// How many users a client has.
    ///
    /// # Errors
    /// The database's.
    pub fn count_scim_users(&self, client: ScimClientId) -> Result<u64, DirectoryError> {
        self.db
            .prepare_cached("SELECT count(*) FROM scim_user WHERE client_id = ?1")?
            .query_row([client.0], |row| row.get(0))
    }

    /// The person whose user of these names a client has deleted before.
    pub(crate) fn former_scim_user(
        &self,
        client: ScimClientId,
        external_id: &str,
        username: &str,
    ) -> Result<Option<PersonId>, DirectoryError> {
        self
            .db
            .prepare_cached(
                "SELECT person_id FROM scim_former_user WHERE client_id = ?1 AND external_id = ?2 AND username_key = ?3",
            )?
            .query_row(params![client.0, external_id, username.trim().to_lowercase()], |row| row.get(0).map(PersonId))
            .optional()
    }

    /// Whether a client has deleted the user that a person was to it.
    pub(crate) fn is_former_scim_user(&self, person: PersonId) -> Result<bool, DirectoryError> {
        self.db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM scim_former_user WHERE person_id = ?1)")?
            .query_row([person.0], |row| row.get(0))
    }

    /// Whether a person comes from a client.
    pub(super) fn is_of_scim(&self, person: PersonId) -> Result<bool, DirectoryError> {
        self.db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM scim_user WHERE person_id = ?1)")?
            .query_row([person.0], |row| row.get(0))
    }

    /// Whether a person has something to do with another tenant than this one: an assignment or a link.
    pub(crate) fn is_known_elsewhere(&self, tenant: TenantId, person: PersonId) -> Result<bool, DirectoryError> {
        self.db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM assignment WHERE person_id = ?2 AND tenant_id <> ?1)
                   OR EXISTS (SELECT 1 FROM link WHERE person_id = ?2 AND tenant_id <> ?1)",
            )?
            .query_row(params![tenant.0, person.0], |row| row.get(0))
    }
}

impl WriteTransaction<'_> {
    /// Adds a user of a client.
    pub(crate) fn insert_scim_user(
        &self,
        client: ScimClientId,
        public_id: &str,
        person: &Person,
        names: &UserNames<'_>,
        document: &serde_json::Map<String, Json>,
    ) -> Result<(), DirectoryError> {
        let now = Timestamp::now();
        self.db
            .prepare_cached(
                "INSERT INTO scim_user
                   (client_id, public_id, person_id, external_id, username_key, document, created_at, changed_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
            )?
            .execute(params![
                client.0,
                public_id,
                person.id.0,
                names.external_id,
                names.username.trim().to_lowercase(),
                serde_json::to_string(document)?,
                now
            ])?;
        self.db.prepare_cached("DELETE FROM scim_former_user WHERE person_id = ?1")?.execute([person.id.0])?;
        Ok(())
    }

    /// Stores what a client has set of its user.
    pub(crate) fn store_scim_user(
        &self,
        user: &ScimUser,
        names: &UserNames<'_>,
        document: &serde_json::Map<String, Json>,
    ) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached(
                "UPDATE scim_user SET external_id = ?2, username_key = ?3, document = ?4, version = version + 1,
                   changed_at = ?5 WHERE id = ?1",
            )?
            .execute(params![
                user.number,
                names.external_id,
                names.username.trim().to_lowercase(),
                serde_json::to_string(document)?,
                Timestamp::now()
            ])?;
        Ok(())
    }

    /// Takes note that something of users changed which isn't in their documents, such as their groups.
    pub(crate) fn touch_scim_users(&self, numbers: &[i64]) -> Result<(), DirectoryError> {
        let now = Timestamp::now();
        let mut statement =
            self.db.prepare_cached("UPDATE scim_user SET version = version + 1, changed_at = ?2 WHERE id = ?1")?;
        for number in numbers {
            statement.execute(params![number, now])?;
        }
        Ok(())
    }

    /// Deletes a user of a client, which is then found by nothing. The person is remembered by the two names that it had; an empty one
    /// stands for an external id that it didn't have, by which nobody is looked for.
    pub(crate) fn delete_scim_user(&self, user: &ScimUser, username: &str) -> Result<(), DirectoryError> {
        self.db.prepare_cached("DELETE FROM scim_user WHERE id = ?1")?.execute([user.number])?;
        let external_id = user.external_id.as_deref().unwrap_or_default();
        self.db
            .prepare_cached(
                "INSERT INTO scim_former_user (client_id, external_id, username_key, person_id) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (client_id, external_id, username_key) DO UPDATE SET person_id = excluded.person_id",
            )?
            .execute(params![user.client.0, external_id, username.trim().to_lowercase(), user.person.0])?;
        Ok(())
    }
}
