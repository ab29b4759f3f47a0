//! Why tasks are still open: what is kept of a failure, and how many open tasks have which cause.

use super::database::params;
use serde::Serialize;

use super::upstream::stored;
use super::{
    DirectoryError, FailureKind, ReadTransaction, Task, TaskId, TaskState, TenantId, Upstream, WriteTransaction,
};

/// Why a task was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskFailure {
    /// The kind of error.
    pub kind: FailureKind,
    /// What happened.
    pub cause: String,
    /// What to do about it.
    pub remedy: Option<String>,
    /// The class of retry.
    pub retry: String,
    /// What the application itself answered, where it did.
    pub upstream: Option<Upstream>,
}

impl TaskFailure {
    /// A failure that lasts until an admin has done something about it; the host's own, so without an answer of the
    /// application.
    pub fn new(kind: FailureKind, cause: impl Into<String>) -> Self {
        Self { kind, cause: cause.into(), remedy: None, retry: "after-remedy".to_owned(), upstream: None }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// Open tasks of one tenant and state whose errors are of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpenCause {
    /// Whether they wait, or need an admin.
    pub state: TaskState,
    /// The kind of error; none of tasks that were not tried yet.
    pub kind: Option<FailureKind>,
    /// How many they are.
    pub tasks: u64,
    /// The cause of the first of them.
    pub example: Option<String>,
}

impl ReadTransaction<'_> {
    /// Why the tenant's open tasks are open, the most frequent cause of a state first.
    ///
    /// # Errors
    /// The database's.
    pub fn open_causes(&self, tenant: TenantId) -> Result<Vec<OpenCause>, DirectoryError> {
        let mut found = Vec::new();
        for state in [TaskState::Failed, TaskState::Waiting] {
            let mut statement = self.db.prepare_cached(
                "SELECT error_kind, count(*), min(id) FROM task
                 WHERE tenant_id = ?1 AND state = ?2 AND state IN ('waiting', 'failed')
                 GROUP BY error_kind ORDER BY count(*) DESC, error_kind NULLS FIRST",
            )?;
            let mut rows = statement.query(params![tenant.number(), state.name()])?;
            while let Some(row) = rows.next()? {
                let first = TaskId::from_number(row.get(2)?);
                let example = self.task(first)?.cause;
                found.push(OpenCause { state, kind: row.get(0)?, tasks: row.get(1)?, example });
            }
        }
        Ok(found)
    }
}

impl WriteTransaction<'_> {
    /// Keeps why a task that waits could not be gone about this time: the task is as it was, and no attempt is counted. None
    /// takes away what was kept so before.
    pub(crate) fn explain_task(&self, task: &Task, failure: Option<&TaskFailure>) -> Result<(), DirectoryError> {
        let upstream = stored(failure.and_then(|failure| failure.upstream.as_ref()))?;
        self.db
            .prepare_cached(
                "UPDATE task SET retry = ?3, error_kind = ?4, cause = ?5, remedy = ?6, upstream = ?7
                 WHERE id = ?1 AND revision = ?2 AND state = 'waiting' AND cause IS DISTINCT FROM ?5",
            )?
            .execute(params![
                task.id.number(),
                task.revision,
                failure.map(|failure| &failure.retry),
                failure.map(|failure| &failure.kind),
                failure.map(|failure| &failure.cause),
                failure.and_then(|failure| failure.remedy.as_ref()),
                upstream
            ])?;
        Ok(())
    }
}
