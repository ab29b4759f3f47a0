//! Tenants that are removed, and what they leave.
//!
//! A tenant may have hundreds of thousands of rows, and what is deleted is overwritten too. So it is hidden first, and its rows go
//! in as many transactions as that takes.

use super::database::{Optional as _, params};
use serde_json::json;

use super::{
    Actor, Directory, DirectoryError, Note, ReadTransaction, TenantId, TenantRecord, Timestamp, WriteTransaction,
};

/// Rows that one statement deletes, without those that go with them.
const PIECE: u32 = 500;

/// Deletes a piece of what a tenant has, one statement for each table that grows with its people or its users. What refers to a row
/// of another goes before it.
const PIECES: [&str; 10] = [
    "DELETE FROM plan_item WHERE (plan_id, task_id) IN (
       SELECT i.plan_id, i.task_id FROM plan p JOIN plan_item i ON i.plan_id = p.id WHERE p.tenant_id = ?1 LIMIT ?2)",
    "DELETE FROM task WHERE id IN (SELECT id FROM task WHERE tenant_id = ?1 LIMIT ?2)",
    "DELETE FROM remote_user WHERE id IN (SELECT id FROM remote_user WHERE tenant_id = ?1 LIMIT ?2)",
    "DELETE FROM link WHERE (tenant_id, person_id) IN (
       SELECT tenant_id, person_id FROM link WHERE tenant_id = ?1 LIMIT ?2)",
    "DELETE FROM assignment WHERE (tenant_id, person_id) IN (
       SELECT tenant_id, person_id FROM assignment WHERE tenant_id = ?1 LIMIT ?2)",
    "DELETE FROM attempt WHERE (person_id, tenant_id, kind) IN (
       SELECT person_id, tenant_id, kind FROM attempt WHERE tenant_id = ?1 LIMIT ?2)",
    "DELETE FROM former_link WHERE (tenant_id, remote_id, key) IN (
       SELECT tenant_id, remote_id, key FROM former_link WHERE tenant_id = ?1 LIMIT ?2)",
    "DELETE FROM claim WHERE (person_id, tenant_id, remote_id) IN (
       SELECT person_id, tenant_id, remote_id FROM claim WHERE tenant_id = ?1 LIMIT ?2)",
    "DELETE FROM leftover WHERE (person_id, tenant_id) IN (
       SELECT person_id, tenant_id FROM leftover WHERE tenant_id = ?1 LIMIT ?2)",
    "DELETE FROM scim_user WHERE id IN (
       SELECT u.id FROM scim_client sc JOIN scim_user u ON u.client_id = sc.id WHERE sc.tenant_id = ?1 LIMIT ?2)",
];

impl Directory {
    /// Removes a tenant with its secrets, links, assignments and tasks. People and the audit trail stay, and so do the users in the
    /// application. The name is free at once.
    ///
    /// # Errors
    /// The database's. Should the process end, or fail, before all of it is deleted, the tenant is removed all the same, and
    /// [`Directory::delete_removed`] goes on.
    pub fn remove_tenant(&self, actor: &Actor, tenant: &TenantRecord) -> Result<(), DirectoryError> {
        self.write(actor, |change| change.hide_tenant(tenant))?;
        self.delete_removed(actor)
    }

    /// Deletes what is still there of tenants that were removed. Costs one look where there is nothing.
    ///
    /// # Errors
    /// The database's.
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the path is not general over the view's lifetime")]
    pub fn delete_removed(&self, actor: &Actor) -> Result<(), DirectoryError> {
        while let Some(tenant) = self.read(|view| view.removed_tenant())? {
            self.write(actor, |change| change.delete_some_of(tenant))?;
        }
        Ok(())
    }
}

impl ReadTransaction<'_> {
    /// A tenant that was removed and isn't deleted yet; none where there is none.
    pub(super) fn removed_tenant(&self) -> Result<Option<TenantId>, DirectoryError> {
        let found = self
            .db
            .prepare_cached("SELECT id FROM tenant WHERE removed_at IS NOT NULL LIMIT 1")?
            .query_row(params![], |row| row.get(0).map(TenantId))
            .optional()?;
        Ok(found)
    }
}

impl WriteTransaction<'_> {
    /// Removes a tenant as far as anybody sees, with its secrets and with what was still to be done for it.
    pub(super) fn hide_tenant(&self, tenant: &TenantRecord) -> Result<(), DirectoryError> {
        let id = tenant.id.0;
        let links: u64 = self.db.query_row("SELECT count(*) FROM link WHERE tenant_id = ?1", [id], |row| row.get(0))?;
        self.db.execute("DELETE FROM secret WHERE tenant_id = ?1", [id])?;
        self.db.execute("DELETE FROM chore WHERE tenant_id = ?1", [id])?;
        // No tenant can be called so: a colon is no character of a name.
        self.db.execute(
            "UPDATE tenant SET removed_at = ?2, config = '{}', last_failure = NULL, name = ?3, name_key = ?3 WHERE id = ?1",
            params![id, Timestamp::now(), format!("removed:{id}")],
        )?;
        self.note(&Note {
            tenant: Some(&tenant.name),
            person: None,
            action: "tenant.remove",
            old: Some(json!({ "config": tenant.config, "links": links })),
            new: None,
            result: "removed",
        })
    }

    /// Deletes what a tenant has until the transaction has had its turn, and the tenant itself where nothing is left.
    pub(super) fn delete_some_of(&self, tenant: TenantId) -> Result<(), DirectoryError> {
        for piece in PIECES {
            while self.db.prepare_cached(piece)?.execute(params![tenant.0, PIECE])? > 0 {
                if self.has_had_its_turn() {
                    return Ok(());
                }
            }
        }
        self.db.execute("DELETE FROM tenant WHERE id = ?1", [tenant.0])?;
        Ok(())
    }
}
