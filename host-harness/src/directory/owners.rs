//! Whose a user of an application is, or was: a user stays its former owner's until an admin says otherwise, so that a username
//! that is given to somebody new doesn't bring the old owner's user with it.

use rusqlite::{OptionalExtension as _, params};

use super::audit::Note;
use super::{Change, DirectoryError, Link, LinkReason, Person, TenantId, TenantRecord, Timestamp, View};

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

impl View<'_> {
    /// Whose a user is, or else was last; none where nobody knows.
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

    /// The user that pushes made or found for a person by this key, where it is nobody else's now; none where there is none.
    pub(crate) fn former_user(&self, tenant: TenantId, key: &str) -> Result<Option<String>, DirectoryError> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT f.remote_id FROM former_link f
                 WHERE f.tenant_id = ?1 AND f.key = ?2 AND f.pushed = 1
                   AND NOT EXISTS (SELECT 1 FROM link l WHERE l.tenant_id = f.tenant_id AND l.remote_id = f.remote_id)
                 ORDER BY f.ended_at DESC LIMIT 1",
            )?
            .query_row(params![tenant.number(), key], |row| row.get(0))
            .optional()?)
    }
}

impl Change<'_> {
    /// Keeps whose a user was.
    pub(crate) fn keep_former_owner(
        &self,
        tenant: TenantId,
        remote_id: &str,
        key: &str,
        pushed: bool,
    ) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached(
                "INSERT INTO former_link (tenant_id, remote_id, key, pushed, ended_at) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (remote_id, tenant_id, key) DO UPDATE SET pushed = excluded.pushed,
                   ended_at = excluded.ended_at",
            )?
            .execute(params![tenant.number(), remote_id, key, pushed, Timestamp::now()])?;
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
