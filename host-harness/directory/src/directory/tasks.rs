//! Tasks: what is still to be done in an application, and what could not be.
//!
//! A task names an intention, not data: what a push sends is worked out when it runs, from the person and the assignment as
//! they are then. So there is one open task at most for an intention, which asking again renews, and repeating it after a
//! crash does nothing that has been done already.

use std::fmt;
use std::time::Duration;

use super::database::{Optional as _, Row, Value as Sql, params, params_from_iter};
use serde::Serialize;
use serde_json::json;

use super::audit::Note;
use super::upstream::{kept, stored};
use super::{
    DirectoryError, FailureKind, Person, PersonId, ReadTransaction, TaskFailure, TaskFilter, TenantId, TenantRecord,
    Timestamp, Upstream, WriteTransaction,
};
use provisioning_runtime::Secret;

/// A task's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TaskId(pub(super) i64);

impl TaskId {
    /// From a number that was displayed before.
    pub fn from_number(number: i64) -> Self {
        Self(number)
    }

    pub(crate) fn number(self) -> i64 {
        self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskKind {
    /// Make the person's user, or bring it up to date.
    Push,
    /// Take the person's user out of use.
    Deactivate,
    /// Put the person's user back into use.
    Reactivate,
    /// Set the user's password.
    Password,
    /// An assigned person's user has gone; an admin decides whether it is made again.
    Vanished,
    /// An import was halted by its safeguard; an admin decides.
    Import,
    /// Groups give a person what contradicts each other; it tells an admin what was taken.
    Grants,
}

const KINDS: [TaskKind; 7] = [
    TaskKind::Push,
    TaskKind::Deactivate,
    TaskKind::Reactivate,
    TaskKind::Password,
    TaskKind::Vanished,
    TaskKind::Import,
    TaskKind::Grants,
];

impl TaskKind {
    /// The name in JSON and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Deactivate => "deactivate",
            Self::Reactivate => "reactivate",
            Self::Password => "password",
            Self::Vanished => "vanished",
            Self::Import => "import",
            Self::Grants => "grants",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, DirectoryError> {
        KINDS
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| DirectoryError::Damaged(format!("a task's kind `{text}`")))
    }

    /// Tasks with the same key do the same thing, or undo each other: the latest counts.
    fn idempotency_key(self, person: Option<PersonId>) -> String {
        let what = match self {
            Self::Push | Self::Vanished => "push",
            Self::Deactivate | Self::Reactivate => "lifecycle",
            Self::Password => "password",
            Self::Import => "import",
            Self::Grants => "grants",
        };
        person.map_or_else(|| what.to_owned(), |person| format!("{what}:{}", person.0))
    }
}

/// How a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskState {
    /// It runs with the next push, or when its time has come.
    Waiting,
    /// It needs an admin.
    Failed,
    /// It is done.
    Done,
    /// It became pointless.
    Cancelled,
}

const STATES: [TaskState; 4] = [TaskState::Waiting, TaskState::Failed, TaskState::Done, TaskState::Cancelled];

impl TaskState {
    /// The name in JSON and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Task {
    /// Its number.
    pub id: TaskId,
    /// The tenant's name.
    pub tenant: String,
    /// The person's key.
    pub person: Option<String>,
    /// The person's username.
    pub username: Option<String>,
    /// The person.
    #[serde(skip)]
    pub person_id: Option<PersonId>,
    /// What is to be done.
    pub kind: TaskKind,
    /// How it stands.
    pub state: TaskState,
    /// Counts what was asked; the approval of a plan holds for one revision.
    #[serde(skip)]
    pub revision: i64,
    /// Whether it was handed to the connector before and nothing was heard of it: the application may have done it.
    #[serde(skip)]
    pub under_way: bool,
    /// How often it was tried since it was last asked for.
    pub attempts: u32,
    /// When it may be tried next.
    pub next_attempt_at: Timestamp,
    /// The class of retry that the connector gave: `never`, `at-once`, `after`, `after-remedy`.
    pub retry: Option<String>,
    /// The kind of the last error.
    pub error_kind: Option<FailureKind>,
    /// What went wrong last.
    pub cause: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
    /// What the application itself answered.
    pub upstream: Option<Upstream>,
    /// Who asked for it.
    pub actor: String,
    /// When it was first asked for.
    pub created_at: Timestamp,
    /// When it last moved.
    pub changed_at: Timestamp,
}

impl Task {
    /// The command that tries it again.
    pub fn retry_command(&self) -> String {
        format!("retry {}", self.id)
    }
}

/// A task to be asked for.
#[derive(Clone, Copy, Debug)]
pub struct NewTask<'a> {
    /// The tenant.
    pub tenant: &'a TenantRecord,
    /// The person; none for an import.
    pub person: Option<&'a Person>,
    /// What is to be done.
    pub kind: TaskKind,
    /// A new password, for such a task.
    pub password: Option<&'a Secret>,
}

/// When a failed task is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// By itself, after this time.
    For(Duration),
    /// Once an admin says so.
    ForAdmin,
}

const SELECT: &str = "SELECT k.id, t.name, p.key, p.username, k.person_id, k.kind, k.state, k.revision, k.attempts,
    k.next_attempt_at, k.retry, k.error_kind, k.cause, k.remedy, k.actor, k.created_at, k.changed_at, k.under_way, k.upstream
  FROM task k JOIN tenant t ON t.id = k.tenant_id LEFT JOIN person p ON p.id = k.person_id";

fn task(row: Row<'_>) -> Result<Task, DirectoryError> {
    let text = |index: usize| row.text(index);
    let damaged = |what: &str| DirectoryError::Damaged(format!("a task's state `{what}`"));
    let (kind, state) = (text(5)?, text(6)?);
    Ok(Task {
        id: TaskId(row.get(0)?),
        tenant: row.get(1)?,
        person: row.get(2)?,
        username: row.get(3)?,
        person_id: row.get::<Option<i64>>(4)?.map(PersonId),
        kind: TaskKind::parse(kind)?,
        state: STATES.into_iter().find(|one| one.name() == state).ok_or_else(|| damaged(state))?,
        revision: row.get(7)?,
        attempts: row.get(8)?,
        next_attempt_at: row.get(9)?,
        retry: row.get(10)?,
        error_kind: row.get(11)?,
        cause: row.get(12)?,
        remedy: row.get(13)?,
        actor: row.get(14)?,
        created_at: row.get(15)?,
        changed_at: row.get(16)?,
        under_way: row.get(17)?,
        upstream: kept(row.get(18)?)?,
    })
}

impl ReadTransaction<'_> {
    /// A task by its number.
    ///
    /// # Errors
    /// When there is none.
    pub fn task(&self, id: TaskId) -> Result<Task, DirectoryError> {
        self.find_task(id)?.ok_or_else(|| DirectoryError::NotFound {
            what: "task",
            name: id.to_string(),
            hint: "`tasks` lists the open ones",
        })
    }

    /// A task by its number. Returns `None` if there is none, as when its person was removed.
    pub(crate) fn find_task(&self, id: TaskId) -> Result<Option<Task>, DirectoryError> {
        let mut statement = self.db.prepare_cached(&format!("{SELECT} WHERE k.id = ?1"))?;
        let mut rows = statement.query([id.0])?;
        rows.next()?.map(task).transpose()
    }

    /// Tasks in the order of their numbers.
    ///
    /// # Errors
    /// The database's.
    pub fn tasks(&self, filter: &TaskFilter) -> Result<Vec<Task>, DirectoryError> {
        let (conditions, values) = filter.sql();
        let mut sql = format!("{SELECT} WHERE {conditions} ORDER BY k.id");
        if let Some(limit) = filter.limit {
            sql.push_str(&format!(" LIMIT {limit}"));
        }
        self.collect_tasks(&sql, values)
    }

    /// How many tasks a filter finds, whatever its limit.
    ///
    /// # Errors
    /// The database's.
    pub fn count_tasks(&self, filter: &TaskFilter) -> Result<u64, DirectoryError> {
        let (conditions, values) = filter.sql();
        let mut statement = self.db.prepare_cached(&format!("SELECT count(*) FROM task k WHERE {conditions}"))?;
        statement.query_row(params_from_iter(values), |row| row.get(0))
    }

    /// The kinds of errors of a tenant's open tasks, with how many have each, the most frequent first.
    ///
    /// # Errors
    /// The database's.
    pub fn task_errors(&self, tenant: TenantId) -> Result<Vec<(FailureKind, u64)>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT error_kind, count(*) FROM task
             WHERE tenant_id = ?1 AND state IN ('waiting', 'failed') AND error_kind IS NOT NULL
             GROUP BY error_kind ORDER BY count(*) DESC, error_kind",
        )?;
        let rows = statement.query_map([tenant.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<Result<_, _>>()
    }

    fn collect_tasks(&self, sql: &str, values: Vec<Sql>) -> Result<Vec<Task>, DirectoryError> {
        let mut statement = self.db.prepare_cached(sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(task(row)?);
        }
        Ok(found)
    }

    /// The open task of an intention: of this kind, or of the one that undoes it.
    pub(crate) fn open_task(
        &self,
        tenant: TenantId,
        kind: TaskKind,
        person: PersonId,
    ) -> Result<Option<Task>, DirectoryError> {
        let sql =
            format!("{SELECT} WHERE k.tenant_id = ?1 AND k.idempotency_key = ?2 AND k.state IN ('waiting', 'failed')");
        let key = kind.idempotency_key(Some(person));
        Ok(self.collect_tasks(&sql, vec![tenant.0.into(), key.into()])?.pop())
    }

    /// Waiting tasks of a kind whose time has come, the oldest first, behind a number.
    pub(crate) fn due_tasks(
        &self,
        tenant: TenantId,
        kind: TaskKind,
        now: Timestamp,
        after: Option<TaskId>,
        limit: usize,
    ) -> Result<Vec<Task>, DirectoryError> {
        let sql = format!(
            "{SELECT} WHERE k.tenant_id = ?1 AND k.kind = ?2 AND k.state = 'waiting' AND k.next_attempt_at <= ?3 AND k.id > ?4
             ORDER BY k.id LIMIT {limit}"
        );
        let after = after.map_or(0, |id| id.0);
        self.collect_tasks(
            &sql,
            vec![tenant.0.into(), kind.name().to_owned().into(), now.millis().into(), after.into()],
        )
    }

    /// How many waiting tasks of a kind have their time come.
    pub(crate) fn count_due_tasks(
        &self,
        tenant: TenantId,
        kind: TaskKind,
        now: Timestamp,
    ) -> Result<u64, DirectoryError> {
        self
            .db
            .prepare_cached(
                "SELECT count(*) FROM task WHERE tenant_id = ?1 AND kind = ?2 AND state = 'waiting' AND next_attempt_at <= ?3",
            )?
            .query_row(params![tenant.0, kind.name(), now], |row| row.get(0))
    }

    /// How many tasks wait, and how many need an admin.
    ///
    /// # Errors
    /// The database's.
    pub fn count_open_tasks(&self, tenant: TenantId) -> Result<(u64, u64), DirectoryError> {
        self.db
            .prepare_cached(
                "SELECT count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'failed')
                 FROM task WHERE tenant_id = ?1 AND state IN ('waiting', 'failed')",
            )?
            .query_row([tenant.0], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// The password that a task carries.
    pub(crate) fn task_password(&self, tenant: &TenantRecord, id: TaskId) -> Result<Option<Secret>, DirectoryError> {
        let sealed: Option<Vec<u8>> = self
            .db
            .prepare_cached("SELECT sealed FROM task WHERE id = ?1")?
            .query_row([id.0], |row| row.get(0))
            .optional()?
            .flatten();
        sealed.map(|sealed| self.unseal(&tenant.name, &password_name(id), &sealed)).transpose()
    }
}

/// What a task's password is sealed for. No setting's name has a blank.
pub(super) fn password_name(id: TaskId) -> String {
    format!("password of task {id}")
}

impl WriteTransaction<'_> {
    /// Asks for a task, or renews the open one that does the same.
    pub(crate) fn ask(&self, new: NewTask<'_>) -> Result<TaskId, DirectoryError> {
        let person = new.person.map(|person| person.id);
        let now = Timestamp::now();
        let id: i64 = self
            .db
            .prepare_cached(
                "INSERT INTO task (tenant_id, person_id, kind, state, idempotency_key, next_attempt_at, actor, created_at, changed_at)
                 VALUES (?1, ?2, ?3, 'waiting', ?4, ?5, ?6, ?5, ?5)
                 ON CONFLICT (tenant_id, idempotency_key) WHERE state IN ('waiting', 'failed')
                 DO UPDATE SET kind = excluded.kind, state = 'waiting', revision = task.revision + 1, attempts = 0,
                   next_attempt_at = excluded.next_attempt_at, retry = NULL, error_kind = NULL, cause = NULL,
                   remedy = NULL, upstream = NULL, sealed = NULL, actor = excluded.actor, changed_at = excluded.changed_at
                 RETURNING id",
            )?
            .query_row(
                params![
                    new.tenant.id.0,
                    person.map(|id| id.0),
                    new.kind.name(),
                    new.kind.idempotency_key(person),
                    now,
                    self.actor.name()
                ],
                |row| row.get(0),
            )?;
        let id = TaskId(id);
        if let Some(password) = new.password {
            let sealed = self.seal(&new.tenant.name, &password_name(id), password)?;
            self.db.prepare_cached("UPDATE task SET sealed = ?2 WHERE id = ?1")?.execute(params![id.0, sealed])?;
        }
        Ok(id)
    }

    /// Leaves a task for an admin to decide from the start.
    pub(crate) fn ask_admin(&self, new: NewTask<'_>, failure: &TaskFailure) -> Result<TaskId, DirectoryError> {
        let id = self.ask(new)?;
        self.db
            .prepare_cached(
                "UPDATE task SET state = 'failed', retry = ?2, error_kind = ?3, cause = ?4, remedy = ?5, upstream = ?6
                 WHERE id = ?1",
            )?
            .execute(params![
                id.0,
                failure.retry,
                failure.kind,
                failure.cause,
                failure.remedy,
                stored(failure.upstream.as_ref())?
            ])?;
        Ok(id)
    }

    /// Takes note that tasks are about to be handed to the connector.
    pub(crate) fn begin_tasks(&self, tasks: impl Iterator<Item = TaskId>) -> Result<(), DirectoryError> {
        let mut statement =
            self.db.prepare_cached("UPDATE task SET under_way = TRUE WHERE id = ?1 AND NOT under_way")?;
        for id in tasks {
            statement.execute([id.0])?;
        }
        Ok(())
    }

    /// Takes note that tasks were not handed to the connector after all.
    pub(crate) fn put_back_tasks(&self, tasks: impl Iterator<Item = TaskId>) -> Result<(), DirectoryError> {
        let mut statement = self.db.prepare_cached("UPDATE task SET under_way = FALSE WHERE id = ?1 AND under_way")?;
        for id in tasks {
            statement.execute([id.0])?;
        }
        Ok(())
    }

    /// Ends a task, unless it was asked for again since `revision`. Returns whether it ended.
    pub(crate) fn end_task(&self, task: &Task, state: TaskState) -> Result<bool, DirectoryError> {
        let changed = self
            .db
            .prepare_cached(
                "UPDATE task SET state = ?3, attempts = attempts + 1, under_way = FALSE, sealed = NULL, retry = NULL, error_kind = NULL,
                   cause = NULL, remedy = NULL, upstream = NULL, changed_at = ?4
                 WHERE id = ?1 AND revision = ?2 AND state IN ('waiting', 'failed')",
            )?
            .execute(params![task.id.0, task.revision, state.name(), Timestamp::now()])?;
        Ok(changed > 0)
    }

    /// Keeps why a task was not done, unless it was asked for again meanwhile. What is tried again by itself stays marked as
    /// under way: the application may still be at work on it.
    pub(crate) fn fail_task(&self, task: &Task, failure: &TaskFailure, waiting: Waiting) -> Result<(), DirectoryError> {
        let now = Timestamp::now();
        let (state, next) = match waiting {
            Waiting::For(time) => (TaskState::Waiting, now.after(time)),
            Waiting::ForAdmin => (TaskState::Failed, now),
        };
        self.db
            .prepare_cached(
                "UPDATE task SET state = ?3, attempts = attempts + 1, under_way = under_way AND ?3 = 'waiting', next_attempt_at = ?4, retry = ?5, error_kind = ?6,
                   cause = ?7, remedy = ?8, changed_at = ?9, upstream = ?10
                 WHERE id = ?1 AND revision = ?2 AND state IN ('waiting', 'failed')",
            )?
            .execute(params![
                task.id.0,
                task.revision,
                state.name(),
                next,
                failure.retry,
                failure.kind,
                failure.cause,
                failure.remedy,
                now,
                stored(failure.upstream.as_ref())?
            ])?;
        Ok(())
    }

    /// Drops the open task of an intention that became pointless. Returns whether there was one.
    pub(crate) fn cancel(
        &self,
        tenant: TenantId,
        kind: TaskKind,
        person: Option<PersonId>,
    ) -> Result<bool, DirectoryError> {
        let changed = self
            .db
            .prepare_cached(
                "UPDATE task SET state = 'cancelled', sealed = NULL, changed_at = ?3
                 WHERE tenant_id = ?1 AND idempotency_key = ?2 AND state IN ('waiting', 'failed')",
            )?
            .execute(params![tenant.0, kind.idempotency_key(person), Timestamp::now()])?;
        Ok(changed > 0)
    }

    /// Gives up a task that failed to put a person's user back into use, since the user is in use by now.
    pub(crate) fn is_in_use_again(&self, tenant: TenantId, person: PersonId) -> Result<(), DirectoryError> {
        let kind = TaskKind::Reactivate;
        self.db
            .prepare_cached(
                "UPDATE task SET state = 'cancelled', changed_at = ?4
                 WHERE tenant_id = ?1 AND idempotency_key = ?2 AND kind = ?3
                 AND state = 'failed' AND state IN ('waiting', 'failed')",
            )?
            .execute(params![tenant.0, kind.idempotency_key(Some(person)), kind.name(), Timestamp::now()])?;
        Ok(())
    }

    /// Has an open task tried again with the next push. One that has failed gets all of its tries anew; one that only waits for its
    /// time is hurried.
    ///
    /// # Errors
    /// When it has ended already.
    pub fn retry_task(&self, task: &Task) -> Result<(), DirectoryError> {
        let kind = if task.kind == TaskKind::Vanished { TaskKind::Push } else { task.kind };
        if task.kind == TaskKind::Import {
            return Err(DirectoryError::Invalid(format!(
                "task {} is a halted import; let it take effect with `import {} --accept`, or give it up with `import {} --discard`",
                task.id, task.tenant, task.tenant
            )));
        }
        if task.kind == TaskKind::Grants {
            return Err(DirectoryError::Invalid(format!(
                "task {} says what groups give and ends once they agree; change the groups in the platform, or what they give with `scim map`",
                task.id
            )));
        }
        let now = Timestamp::now();
        let changed = self
            .db
            .prepare_cached(
                "UPDATE task SET attempts = CASE state WHEN 'failed' THEN 0 ELSE attempts END, state = 'waiting', kind = ?2,
                   revision = revision + 1, next_attempt_at = ?3, changed_at = ?3
                 WHERE id = ?1 AND state IN ('waiting', 'failed')",
            )?
            .execute(params![task.id.0, kind.name(), now])?;
        if changed == 0 {
            return Err(DirectoryError::Invalid(format!(
                "task {} has ended already ({}); `push {} --everybody` asks anew for everybody who is assigned",
                task.id,
                task.state.name(),
                task.tenant
            )));
        }
        self.note(&Note {
            tenant: Some(&task.tenant),
            person: task.person.as_deref(),
            action: "task.retry",
            old: Some(json!({ "task": task.id, "cause": task.cause })),
            new: None,
            result: "waiting",
        })
    }
}
