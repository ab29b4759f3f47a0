//! Taking away what has only history in it.

use super::database::params;
use serde::Serialize;
use serde_json::json;

use super::{Actor, Directory, DirectoryError, Note, Timestamp, WriteTransaction};

/// How much was taken away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pruned {
    /// Tasks that had ended.
    pub tasks: usize,
    /// Plans that were applied or superseded.
    pub plans: usize,
    /// Imports that had ended; the last of each tenant stays.
    pub imports: usize,
    /// What is kept of jobs.
    pub runs: usize,
    /// Rows of the audit trail.
    pub audit: usize,
}

/// Rows that one statement takes away: some milliseconds' work.
const AT_ONCE: usize = 500;

/// A plan may be of everybody, so what it says goes before it.
const PLAN_ITEMS: &str = "DELETE FROM plan_item WHERE (plan_id, task_id) IN (
    SELECT i.plan_id, i.task_id FROM plan p JOIN plan_item i ON i.plan_id = p.id
    WHERE p.state <> 'open' AND p.changed_at < ?1 LIMIT ?2)";
const PLANS: &str =
    "DELETE FROM plan WHERE id IN (SELECT id FROM plan WHERE state <> 'open' AND changed_at < ?1 LIMIT ?2)";
const TASKS: &str = "DELETE FROM task WHERE id IN (
    SELECT id FROM task k WHERE state IN ('done', 'cancelled') AND changed_at < ?1
      AND NOT EXISTS (SELECT 1 FROM plan_item i WHERE i.task_id = k.id) LIMIT ?2)";
const IMPORTS: &str = "DELETE FROM import_run WHERE id IN (
    SELECT id FROM import_run r WHERE phase IN ('done', 'discarded') AND changed_at < ?1
      AND EXISTS (SELECT 1 FROM import_run later WHERE later.tenant_id = r.tenant_id AND later.id > r.id) LIMIT ?2)";
const JOB_RUNS: &str = "DELETE FROM job_run WHERE id IN (SELECT id FROM job_run WHERE ended_at < ?1 LIMIT ?2)";

impl Directory {
    /// Takes away ended tasks, plans and imports that last moved before `before`, and rows of the audit trail from before then
    /// where `audit` says so. What is open stays, however old. Others write in between; the trail tells of the end, and of the
    /// beginning where it takes more than one transaction.
    ///
    /// # Errors
    /// The database's. What was taken away by then is gone.
    pub fn prune(&self, actor: &Actor, before: Timestamp, audit: bool) -> Result<Pruned, DirectoryError> {
        let mut pruned = Pruned::default();
        let mut has_begun = false;
        loop {
            let is_done;
            (is_done, pruned) = self.write(actor, |change| -> Result<_, DirectoryError> {
                let mut pruned = pruned;
                let is_done = change.prune_some(before, audit, &mut pruned)?;
                if is_done || !has_begun {
                    change.note(&Note {
                        tenant: None,
                        person: None,
                        action: "directory.prune",
                        old: Some(json!({ "before": before, "taken-away": pruned })),
                        new: None,
                        result: if is_done { "pruned" } else { "begun" },
                    })?;
                }
                Ok((is_done, pruned))
            })?;
            if is_done {
                return Ok(pruned);
            }
            has_begun = true;
        }
    }
}

impl WriteTransaction<'_> {
    /// Prunes until the transaction has had its turn. Returns whether nothing is left to prune.
    pub(super) fn prune_some(
        &self,
        before: Timestamp,
        audit: bool,
        pruned: &mut Pruned,
    ) -> Result<bool, DirectoryError> {
        let mut items = 0;
        for (sql, count) in [
            (PLAN_ITEMS, &mut items),
            (PLANS, &mut pruned.plans),
            (TASKS, &mut pruned.tasks),
            (IMPORTS, &mut pruned.imports),
            (JOB_RUNS, &mut pruned.runs),
        ] {
            if !self.delete_some(sql, before, count)? {
                return Ok(false);
            }
        }
        if !audit { Ok(true) } else { self.prune_audit(before, AT_ONCE, &mut pruned.audit) }
    }

    fn delete_some(&self, sql: &str, before: Timestamp, count: &mut usize) -> Result<bool, DirectoryError> {
        let mut statement = self.db.prepare_cached(sql)?;
        loop {
            let gone = statement.execute(params![before, AT_ONCE])?;
            *count += gone;
            if gone < AT_ONCE {
                return Ok(true);
            }
            if self.has_had_its_turn() {
                return Ok(false);
            }
        }
    }
}
