//! Taking away what has only history in it.

use rusqlite::params;
use serde::Serialize;
use serde_json::json;

use super::{Change, DirectoryError, Note, Timestamp};

/// How much was taken away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pruned {
    /// Tasks that had ended.
    pub tasks: usize,
    /// Plans that were applied or superseded.
    pub plans: usize,
    /// Imports that had ended; the last of each tenant stays.
    pub imports: usize,
    /// Rows of the audit trail.
    pub audit: usize,
}

/// The trigger that migration 1 makes; it is away while rows are pruned, within one transaction.
const AUDIT_GUARD: &str = "CREATE TRIGGER audit_is_not_erased BEFORE DELETE ON audit
  BEGIN SELECT RAISE(ABORT, 'audit rows are never deleted'); END;";

impl Change<'_> {
    /// Takes away ended tasks, plans and imports that last moved before `before`, and rows of the audit trail from before then
    /// where `audit` says so. What is open stays, however old. The trail tells of it.
    ///
    /// # Errors
    /// SQLite's.
    pub fn prune(&self, before: Timestamp, audit: bool) -> Result<Pruned, DirectoryError> {
        let mut pruned = Pruned {
            plans: self.db.execute("DELETE FROM plan WHERE state <> 'open' AND changed_at < ?1", params![before])?,
            tasks: self.db.execute(
                "DELETE FROM task WHERE state IN ('done', 'cancelled') AND changed_at < ?1
                   AND NOT EXISTS (SELECT 1 FROM plan_item i WHERE i.task_id = task.id)",
                params![before],
            )?,
            imports: self.db.execute(
                "DELETE FROM import_run WHERE phase IN ('done', 'discarded') AND changed_at < ?1
                   AND EXISTS (SELECT 1 FROM import_run later WHERE later.tenant_id = import_run.tenant_id AND later.id > import_run.id)",
                params![before],
            )?,
            audit: 0,
        };
        if audit {
            self.db.execute_batch("DROP TRIGGER audit_is_not_erased")?;
            pruned.audit = self.db.execute("DELETE FROM audit WHERE at < ?1", params![before])?;
            self.db.execute_batch(AUDIT_GUARD)?;
        }
        self.note(&Note {
            tenant: None,
            person: None,
            action: "directory.prune",
            old: Some(json!({ "before": before, "taken-away": pruned })),
            new: None,
            result: "pruned",
        })?;
        Ok(pruned)
    }
}
