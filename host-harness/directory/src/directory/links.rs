//! Links: which user of an application is which person. A person has one user in a tenant at most, and a user is one person.

use super::database::{Optional as _, Row, params};
use serde::Serialize;
use serde_json::json;

use super::audit::Note;
use super::{
    DirectoryError, Person, PersonId, ReadTransaction, RemoteStatus, TaskKind, TenantId, TenantRecord, Timestamp,
    WriteTransaction,
};

/// Why a link is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkReason {
    /// An import matched the two by an exact rule.
    Matched,
    /// An import made the person for the user.
    Imported,
    /// An admin confirmed it.
    Confirmed,
    /// A push made or found the user for the person.
    Pushed,
}

impl LinkReason {
    /// The name in JSON and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Imported => "imported",
            Self::Confirmed => "confirmed",
            Self::Pushed => "pushed",
        }
    }

    fn parse(text: &str) -> Result<Self, DirectoryError> {
        [Self::Matched, Self::Imported, Self::Confirmed, Self::Pushed]
            .into_iter()
            .find(|reason| reason.name() == text)
            .ok_or_else(|| DirectoryError::Damaged(format!("a link's reason `{text}`")))
    }
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// The tenant.
    #[serde(skip)]
    pub tenant: TenantId,
    /// The person.
    #[serde(skip)]
    pub person: PersonId,
    /// The user's id in the application.
    pub remote_id: String,
    /// Why it is there.
    pub reason: LinkReason,
    /// The application's attributes that pushes have set.
    #[serde(skip)]
    pub pushed: Vec<String>,
    /// Since when.
    pub created_at: Timestamp,
}

const COLUMNS: &str = "tenant_id, person_id, remote_id, reason, pushed, created_at";

fn link(row: Row<'_>) -> Result<Link, DirectoryError> {
    Ok(Link {
        tenant: TenantId(row.get(0)?),
        person: PersonId(row.get(1)?),
        remote_id: row.get(2)?,
        reason: LinkReason::parse(row.text(3)?)?,
        pushed: serde_json::from_str(row.text(4)?)?,
        created_at: row.get(5)?,
    })
}

impl ReadTransaction<'_> {
    /// The link of a person in a tenant.
    ///
    /// # Errors
    /// The database's.
    pub fn link(&self, tenant: TenantId, person: PersonId) -> Result<Option<Link>, DirectoryError> {
        let mut statement =
            self.db.prepare_cached(&format!("SELECT {COLUMNS} FROM link WHERE tenant_id = ?1 AND person_id = ?2"))?;
        let mut rows = statement.query(params![tenant.0, person.0])?;
        rows.next()?.map(link).transpose()
    }

    /// The link of a user, by its id in the application.
    ///
    /// # Errors
    /// The database's.
    pub fn link_of_user(&self, tenant: TenantId, remote_id: &str) -> Result<Option<Link>, DirectoryError> {
        let mut statement =
            self.db.prepare_cached(&format!("SELECT {COLUMNS} FROM link WHERE tenant_id = ?1 AND remote_id = ?2"))?;
        let mut rows = statement.query(params![tenant.0, remote_id])?;
        rows.next()?.map(link).transpose()
    }

    /// How many links a tenant has.
    ///
    /// # Errors
    /// The database's.
    pub fn count_links(&self, tenant: TenantId) -> Result<u64, DirectoryError> {
        self.db
            .prepare_cached("SELECT count(*) FROM link WHERE tenant_id = ?1")?
            .query_row([tenant.0], |row| row.get(0))
    }

    /// The names of the tenants that a person has a user in, with the user's id.
    ///
    /// # Errors
    /// The database's.
    pub fn links_of(&self, person: PersonId) -> Result<Vec<(String, Link)>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT l.tenant_id, l.person_id, l.remote_id, l.reason, l.pushed, l.created_at, t.name
             FROM link l JOIN tenant t ON t.id = l.tenant_id
             WHERE l.person_id = ?1 AND t.removed_at IS NULL ORDER BY t.name_key",
        )?;
        let mut rows = statement.query([person.0])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push((row.get(6)?, link(row)?));
        }
        Ok(found)
    }
}

impl WriteTransaction<'_> {
    /// Links a person and a user. Linking the same two again changes nothing.
    ///
    /// # Errors
    /// When either is linked to another already.
    pub fn add_link(
        &self,
        tenant: &TenantRecord,
        person: &Person,
        remote_id: &str,
        reason: LinkReason,
    ) -> Result<(), DirectoryError> {
        if let Some(link) = self.link(tenant.id, person.id)? {
            if link.remote_id == remote_id {
                return Ok(());
            }
            return Err(DirectoryError::Invalid(format!(
                "the person {} is linked to the user {} of {} already, not to {remote_id}; take that away first with `unlink {} {}`",
                person.key, link.remote_id, tenant.name, tenant.name, person.key
            )));
        }
        if let Some(link) = self.link_of_user(tenant.id, remote_id)? {
            let other = self.person_by_id(link.person)?;
            return Err(DirectoryError::Invalid(format!(
                "the user {remote_id} of {} is linked to the person {} already, not to {}; take that away first with `unlink {} {}`",
                tenant.name, other.key, person.key, tenant.name, other.key
            )));
        }
        // What a push that was cut off may have set has to be known for it to be cleared.
        let attempt = self.attempt(tenant.id, person.id, TaskKind::Push)?;
        let pushed = attempt.map(|attempt| attempt.names).unwrap_or_default();
        self.insert_link(tenant.id, person.id, remote_id, reason, &pushed)?;
        if reason == LinkReason::Confirmed {
            self.forget_former_owners(tenant.id, remote_id)?;
        }
        self.note(&Note {
            tenant: Some(&tenant.name),
            person: Some(&person.key),
            action: "link.add",
            old: None,
            new: Some(json!({ "user": remote_id })),
            result: reason.name(),
        })
    }

    /// Links two who are known to have no links, and says so nowhere else.
    pub(super) fn insert_link(
        &self,
        tenant: TenantId,
        person: PersonId,
        remote_id: &str,
        reason: LinkReason,
        pushed: &[String],
    ) -> Result<(), DirectoryError> {
        let pushed = serde_json::to_string(pushed)?;
        self.db
            .prepare_cached(
                "INSERT INTO link (tenant_id, person_id, remote_id, reason, pushed, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![tenant.0, person.0, remote_id, reason.name(), pushed, Timestamp::now()])?;
        Ok(())
    }

    /// Takes a link away. Person and user stay.
    ///
    /// # Errors
    /// The database's.
    pub fn remove_link(
        &self,
        tenant: &TenantRecord,
        person: &Person,
        link: &Link,
        why: &str,
    ) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached("DELETE FROM link WHERE tenant_id = ?1 AND person_id = ?2")?
            .execute(params![link.tenant.0, link.person.0])?;
        self.keep_former_owner(link.tenant, &link.remote_id, &person.key)?;
        self.note(&Note {
            tenant: Some(&tenant.name),
            person: Some(&person.key),
            action: "link.remove",
            old: Some(json!({ "user": link.remote_id })),
            new: None,
            result: why,
        })
    }

    /// Keeps what a push has set.
    pub(crate) fn store_pushed_names(
        &self,
        tenant: TenantId,
        person: PersonId,
        names: &[String],
    ) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached("UPDATE link SET pushed = ?3 WHERE tenant_id = ?1 AND person_id = ?2")?
            .execute(params![tenant.0, person.0, serde_json::to_string(names)?])?;
        Ok(())
    }

    /// Points a link at another user, where the application's ids have changed, as after the refresh of a sandbox.
    pub(crate) fn move_link(
        &self,
        tenant: &TenantRecord,
        person: &Person,
        link: &Link,
        remote_id: &str,
    ) -> Result<(), DirectoryError> {
        self.remove_link(tenant, person, link, "the application has given the user another id")?;
        self.add_link(tenant, person, remote_id, LinkReason::Pushed)?;
        self.store_pushed_names(tenant.id, person.id, &link.pushed)
    }

    /// Takes note of a status that a push has brought about, so that the next import does not count it as news.
    pub(crate) fn expect_status(
        &self,
        tenant: TenantId,
        remote_id: &str,
        status: RemoteStatus,
    ) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached("UPDATE remote_user SET settled_status = ?3 WHERE tenant_id = ?1 AND remote_id = ?2")?
            .execute(params![tenant.0, remote_id, status.name()])?;
        Ok(())
    }

    /// The user of a link as its last import saw it, by row; none where none has.
    pub(crate) fn row_of_user(&self, tenant: TenantId, remote_id: &str) -> Result<Option<i64>, DirectoryError> {
        self.db
            .prepare_cached("SELECT id FROM remote_user WHERE tenant_id = ?1 AND remote_id = ?2")?
            .query_row(params![tenant.0, remote_id], |row| row.get(0))
            .optional()
    }
}
