//! Whose a user of an application is, or was: a user stays its former owner's until an admin says otherwise, so that a username
//! that is given to somebody new doesn't bring the old owner's user with it.

use super::database::{Optional as _, params};

use super::audit::Note;
use super::{
    DirectoryError, Link, LinkReason, Person, ReadTransaction, TenantId, TenantRecord, Timestamp, WriteTransaction,
};

/// Whose a user is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserOwner {
    /// The person's key; a former owner may have been removed.
    pub(crate) key: String,
    /// Whether the two are linked now.
    pub(crate) linked: bool,
    /// Whether an admin has said so.
    pub(crate) confirmed: bool,
}

impl ReadTransaction<'_> {
    /// Whose a user is, or else was last. Returns `None` if nobody knows.
    pub(crate) fn owner_of_user(&self, tenant: TenantId, remote_id: &str) -> Result<Option<UserOwner>, DirectoryError> {
        let linked: Option<(String, String)> = self
            .db
            .prepare_cached(
                "SELECT p.key, l.reason FROM link l JOIN person p ON p.id = l.person_id
                 WHERE l.tenant_id = ?1 AND l.remote_id = ?2",
            )?
            .query_row(params![tenant.number(), remote_id], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        if let Some((key, reason)) = linked {
            return Ok(Some(UserOwner { key, linked: true, confirmed: reason == LinkReason::Confirmed.name() }));
        }
        let former: Option<String> = self
            .db
            .prepare_cached(
                "SELECT key FROM former_link WHERE tenant_id = ?1 AND remote_id = ?2 ORDER BY ended_at DESC, key LIMIT 1",
            )?
            .query_row(params![tenant.number(), remote_id], |row| row.get(0))
            .optional()?;
        Ok(former.map(|key| UserOwner { key, linked: false, confirmed: false }))
    }

    /// Whether an admin has taken the link between a person and a user away.
    pub(crate) fn is_given_up(&self, tenant: TenantId, remote_id: &str, key: &str) -> Result<bool, DirectoryError> {
        self.db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM former_link
                 WHERE tenant_id = ?1 AND remote_id = ?2 AND key = ?3 AND given_up)",
            )?
            .query_row(params![tenant.number(), remote_id, key], |row| row.get(0))
    }
}

impl WriteTransaction<'_> {
    /// Keeps whose a user was.
    pub(crate) fn keep_former_owner(&self, tenant: TenantId, remote_id: &str, key: &str) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached(
                "INSERT INTO former_link (tenant_id, remote_id, key, ended_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (tenant_id, remote_id, key) DO UPDATE SET ended_at = excluded.ended_at, given_up = FALSE",
            )?
            .execute(params![tenant.number(), remote_id, key, Timestamp::now()])?;
        Ok(())
    }

    /// Takes note that an admin has taken the link between a person and a user away.
    pub(crate) fn give_user_up(&self, tenant: TenantId, remote_id: &str, key: &str) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached(
                "UPDATE former_link SET given_up = TRUE WHERE tenant_id = ?1 AND remote_id = ?2 AND key = ?3",
            )?
            .execute(params![tenant.number(), remote_id, key])?;
        Ok(())
    }

    /// Forgets whose a user was: an admin has said whose it is.
    pub(crate) fn forget_former_owners(&self, tenant: TenantId, remote_id: &str) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached("DELETE FROM former_link WHERE tenant_id = ?1 AND remote_id = ?2")?
            .execute(params![tenant.number(), remote_id])?;
        Ok(())
    }

    /// Takes note that an admin has confirmed a link that is there.
    pub(crate) fn confirm_link(
        &self,
        tenant: &TenantRecord,
        person: &Person,
        link: &Link,
    ) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached("UPDATE link SET reason = ?3 WHERE tenant_id = ?1 AND person_id = ?2")?
            .execute(params![tenant.id.number(), person.id.0, LinkReason::Confirmed.name()])?;
        self.note(&Note {
            tenant: Some(&tenant.name),
            person: Some(&person.key),
            action: "link.confirm",
            old: Some(serde_json::json!({ "user": link.remote_id, "reason": link.reason.name() })),
            new: Some(serde_json::json!({ "user": link.remote_id, "reason": LinkReason::Confirmed.name() })),
            result: "confirmed",
        })
    }
}
