//! When a worker has to look at a tenant next.
//!
//! Each tenant has a time before which it isn't due, with an index on it, so that a look costs what is due and not what there is.
//! Triggers set it earlier (`migrations/0006.sql`); whoever works for a tenant sets it to what it has worked out
//! ([`sync::due`](crate::sync)).

use super::database::postgres::put_orphans_first;
use super::database::{Optional as _, params};
use super::tenants::{COLUMNS, tenant};
use super::{DirectoryError, ReadTransaction, TenantId, TenantRecord, Timestamp, WriteTransaction};

/// How a tenant is left alone after jobs that have failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rest {
    /// How many have failed in a row.
    pub(crate) failures: u32,
    /// Until when it is left alone.
    pub(crate) until: Timestamp,
}

/// The statement that finds tenants that are due by a time, so many at most.
pub(super) fn look() -> String {
    format!(
        "SELECT {COLUMNS}, failures, rests_until FROM tenant WHERE due_at <= ?1 AND removed_at IS NULL ORDER BY due_at LIMIT ?2"
    )
}

impl ReadTransaction<'_> {
    /// Whether a look is worthwhile. It may find that nothing is due.
    pub(crate) fn may_be_due(&self, now: Timestamp) -> Result<bool, DirectoryError> {
        let found: Option<i64> = self
            .db
            .prepare_cached("SELECT id FROM tenant WHERE due_at <= ?1 AND removed_at IS NULL LIMIT 1")?
            .query_row([now], |row| row.get(0))
            .optional()?;
        Ok(found.is_some())
    }

    /// From when on there is work for a push of a tenant: its first task may be tried, or something is left of an earlier job.
    /// Returns `None` if there is nothing.
    pub(crate) fn work_since(&self, tenant: TenantId) -> Result<Option<Timestamp>, DirectoryError> {
        self.db
            .prepare_cached(
                "SELECT min(few.at) FROM (
                   SELECT min(next_attempt_at) AS at FROM task
                     WHERE tenant_id = ?1 AND kind = 'push' AND state = 'waiting'
                   UNION ALL SELECT min(next_attempt_at) FROM task
                     WHERE tenant_id = ?1 AND kind = 'deactivate' AND state = 'waiting'
                   UNION ALL SELECT min(next_attempt_at) FROM task
                     WHERE tenant_id = ?1 AND kind = 'reactivate' AND state = 'waiting'
                   UNION ALL SELECT min(next_attempt_at) FROM task
                     WHERE tenant_id = ?1 AND kind = 'password' AND state = 'waiting'
                   UNION ALL SELECT CASE
                     WHEN EXISTS (SELECT 1 FROM chore WHERE tenant_id = ?1)
                       OR EXISTS (SELECT 1 FROM attempt WHERE tenant_id = ?1 AND noted = FALSE)
                       OR EXISTS (SELECT 1 FROM leftover WHERE tenant_id = ?1) THEN 0 END
                 ) few",
            )?
            .query_row([tenant.number()], |row| row.get(0))
    }

    /// A tenant as it is now, to store when it is due next. Returns `None` if it is gone.
    pub(crate) fn tenant_to_settle(&self, id: TenantId) -> Result<Option<(TenantRecord, Rest)>, DirectoryError> {
        // The whole lock, as the migration says.
        let lock = self.db.to_claim().trim_end_matches(" SKIP LOCKED");
        self.db
            .prepare_cached(&format!(
                "SELECT {COLUMNS}, failures, rests_until FROM tenant WHERE id = ?1 AND removed_at IS NULL{lock}"
            ))?
            .query_row([id.number()], |row| Ok((tenant(row)?, Rest { failures: row.get(10)?, until: row.get(11)? })))
            .optional()
    }
}

impl WriteTransaction<'_> {
    /// The first tenants that may be due, with how each rests. They are this transaction's until it ends; those that another
    /// transaction is at are left out.
    pub(crate) fn tenants_to_claim(
        &self,
        now: Timestamp,
        most: u32,
    ) -> Result<Vec<(TenantRecord, Rest)>, DirectoryError> {
        let mut statement = self.db.prepare_cached(&format!("{}{}", look(), self.db.to_claim()))?;
        let found = statement.query_map(params![now, most], |row| {
            Ok((tenant(row)?, Rest { failures: row.get(10)?, until: row.get(11)? }))
        })?;
        found.collect()
    }

    /// Puts tenants before all others whose host has gone while it worked for them: they have had their turn, and haven't got what it was
    /// for. Does nothing in a data folder, whose processes leave no lease behind.
    pub(crate) fn put_orphans_first(&self) -> Result<(), DirectoryError> {
        if self.db.has_one_writer() {
            return Ok(());
        }
        put_orphans_first(self.db)
    }

    /// Stores when a tenant is due next. `None`: not until something is changed.
    pub(crate) fn store_due(&self, tenant: TenantId, at: Option<Timestamp>) -> Result<(), DirectoryError> {
        self.db.prepare_cached("UPDATE tenant SET due_at = ?2 WHERE id = ?1")?.execute(params![tenant.number(), at])?;
        Ok(())
    }

    /// Stores how a tenant rests.
    pub(crate) fn store_rest(&self, tenant: TenantId, rest: Rest) -> Result<(), DirectoryError> {
        self.db.prepare_cached("UPDATE tenant SET failures = ?2, rests_until = ?3 WHERE id = ?1")?.execute(params![
            tenant.number(),
            rest.failures,
            rest.until
        ])?;
        Ok(())
    }

    /// Has nobody rest any longer: what jobs have failed for may be settled.
    pub(crate) fn end_rests(&self) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached(
                "UPDATE tenant SET due_at = 0, failures = 0, rests_until = 0 WHERE rests_until > 0 AND due_at IS NOT NULL",
            )?
            .execute(params![])?;
        Ok(())
    }
}
