//! What a push, the making of a plan or the writing of one has come to, task by task and in sums.

use std::collections::BTreeMap;

use crate::directory::{
    DirectoryError, OpenCause, Task, TaskFailure, TaskId, TaskKind, TaskState, TenantId, WriteTransaction,
};
use provisioning_runtime::action_name;
use provisioning_runtime::wit::Outcome;

/// What became of a task.
#[derive(Clone, Debug)]
pub struct PushEntry {
    /// The task.
    pub task: TaskId,
    /// What was to be done.
    pub kind: TaskKind,
    /// The person's key.
    pub person: String,
    /// The person's username.
    pub username: String,
    /// What was done, or why it was not. Setting a password has no outcome of its own.
    pub result: Result<Option<Outcome>, TaskFailure>,
    /// Whether what failed is tried again by itself.
    pub retried: bool,
}

impl PushEntry {
    /// What the directory keeps of a task that waits with a cause; none of one that has none.
    pub(in crate::sync) fn of_waiting(task: Task) -> Option<Self> {
        let failure = TaskFailure {
            remedy: task.remedy,
            retry: task.retry.unwrap_or_default(),
            upstream: task.upstream,
            ..TaskFailure::new(task.error_kind?, task.cause?)
        };
        Some(Self {
            task: task.id,
            kind: task.kind,
            person: task.person.unwrap_or_default(),
            username: task.username.unwrap_or_default(),
            result: Err(failure),
            retried: true,
        })
    }
}

/// Is given what became of each task, once that is final for this push.
pub type Watcher<'a> = &'a mut (dyn FnMut(&PushEntry) + Send);

/// Entries that a report keeps of those that went well, and as many of those that failed. With 100,000 tasks, a report with all of
/// them took 626 MB.
pub const KEPT: usize = 500;

/// What a push has come to.
#[derive(Clone, Debug, Default)]
pub struct PushReport {
    /// What was tried, in the order in which it was settled. Of those that went well, and of those that failed, the first [`KEPT`]: a
    /// [`Watcher`] is given all of them.
    pub entries: Vec<PushEntry>,
    /// How many tasks fared how, by [`PushReport::word`].
    pub words: BTreeMap<&'static str, u64>,
    /// Tasks that were tried and not done.
    pub not_done: u64,
    /// Sentences that say which tasks wait because a feature is off.
    pub off: Vec<String>,
    /// Tasks that wait for their time.
    pub waiting: u64,
    /// Tasks that need an admin.
    pub failed: u64,
    /// Why those that wait wait, and why others need an admin.
    pub causes: Vec<OpenCause>,
    /// What it is the report of.
    pub of: ReportOf,
    /// Whether the push was asked to end before everything that was due had been tried. The rest is due at once.
    pub is_unfinished: bool,
    /// Tasks of the batch under way that were not tried, with the reason.
    pub(super) kept_back: Vec<(Task, TaskFailure)>,
}

/// What a report is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReportOf {
    /// A push.
    #[default]
    Push,
    /// The making of a plan, which writes nothing.
    Plan,
    /// The writing of a plan.
    Apply,
}

impl ReportOf {
    /// How a task fared, in a word or two.
    pub fn word(self, entry: &PushEntry) -> &'static str {
        match (&entry.result, self) {
            (Ok(Some(outcome)), _) => action_name(outcome.action),
            (Ok(None), _) => "password set",
            (Err(_), ReportOf::Plan) => "cannot be planned",
            (Err(_), ReportOf::Apply) if entry.retried => "needs another plan",
            (Err(_), _) if entry.retried => "to be tried again",
            (Err(_), _) => "failed",
        }
    }
}

impl PushReport {
    pub(in crate::sync) fn new(of: ReportOf) -> Self {
        Self { of, ..Self::default() }
    }

    /// How a task of the report fared, in a word or two.
    pub fn word(&self, entry: &PushEntry) -> &'static str {
        self.of.word(entry)
    }

    /// Tasks that were tried.
    pub fn tried(&self) -> u64 {
        self.words.values().sum()
    }

    /// Counts an entry, and keeps it as long as there are few.
    pub(in crate::sync) fn add(&mut self, entry: PushEntry) {
        *self.words.entry(self.word(&entry)).or_default() += 1;
        let failed = entry.result.is_err();
        self.not_done += u64::from(failed);
        let of_its_kind = if failed { self.not_done } else { self.tried() - self.not_done };
        if of_its_kind <= KEPT as u64 {
            self.entries.push(entry);
        }
    }

    /// Sentences that say how many tasks are still open, and why, the most frequent cause first.
    pub fn open(&self) -> Vec<String> {
        self.causes
            .iter()
            .filter_map(|one| {
                let kind = one.kind.as_ref()?;
                let how = match (one.state, one.tasks) {
                    (TaskState::Failed, 1) => "needs an admin",
                    (TaskState::Failed, _) => "need an admin",
                    (_, 1) => "waits",
                    _ => "wait",
                };
                let example = one.example.as_deref().unwrap_or("no cause was kept");
                let such_as = if one.tasks > 1 { ", such as: " } else { ": " };
                Some(format!("{} {how} ({kind}){such_as}{example}", one.tasks))
            })
            .collect()
    }

    /// Leaves a task as it is, with the reason.
    pub(in crate::sync) fn keep_back(&mut self, task: Task, reason: TaskFailure) {
        self.kept_back.push((task, reason));
    }

    /// Takes note of what is still open.
    pub(in crate::sync) fn close(&mut self, ((waiting, failed), causes): StillOpen) {
        (self.waiting, self.failed, self.causes) = (waiting, failed, causes);
    }
}

/// How many tasks wait and how many need an admin, and why.
type StillOpen = ((u64, u64), Vec<OpenCause>);

/// What is still open of a tenant.
pub(in crate::sync) fn still_open(
    change: &WriteTransaction<'_>,
    tenant: TenantId,
) -> Result<StillOpen, DirectoryError> {
    Ok((change.count_open_tasks(tenant)?, change.open_causes(tenant)?))
}
