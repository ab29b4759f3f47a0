//! Carrying out a tenant's tasks.
//!
//! The unit of work, "bring these people in step", is idempotent: a push that is cut off is repeated, and what it had done
//! costs the repetition no write. Attempts, former links and leftovers are stored for the rest: to tell an admin what
//! happened, and to undo what is no longer wanted. `plans` carries out approved plans in the same way.
//!
//! # Passes
//!
//! 1. **Enter** ([`push()`]). Lock, chores and re-reading, as for an [`import`]. A tenant whose pushes need
//!    approval is refused.
//! 2. **Note what was cut off** ([`note_cut_off`]). Every attempt that an earlier job began and did not end gets its row in
//!    the audit trail. An attempt ends here if the user's id is known, since the user is then linked and what was set is
//!    known. An attempt to create a user that has not been heard of stays.
//! 3. **Take due tasks**, by kind: deactivate, reactivate, push, password. Users are taken out of use first because that
//!    frees seats. Up to three rounds, for tasks that may be tried again at once.
//! 4. **Prepare** (`wanted`). For people who have no link and an unfinished attempt, the connector looks for the user by
//!    what the attempt was about to write (`take-back-users` in plan mode), and the user is linked. Then each task becomes
//!    something to send, or pointless (the wish has been withdrawn), or early (a password for a user that doesn't exist
//!    yet), or kept back by a feature that is off. A deactivation of somebody without a link and with an unfinished attempt
//!    becomes a *take-back*. Names of grants become ids.
//! 5. **Mark.** The batch's tasks are marked as under way, in a transaction of their own.
//! 6. **Call** (`batch`). One call for the batch. During it, through the [ledger](PushLedger): `owners` answers whose the
//!    found users are; `begin` stores an attempt for each person and answers whether that is still wanted; `written` stores
//!    which changes have been written, and links the user as soon as it has an id. If the ledger can't store something, the
//!    job ends, so nothing is written without a record of it. A sandbox that is stopped over a batch leads to two halves,
//!    and so on, until the one record that causes it has failed alone.
//! 7. **Keep** ([`record()`]). Usage, then one verdict after another, in turns: link, end of the task or cause and next try,
//!    claims, audit row, end of the attempt. If the wish changed meanwhile, the opposite task is left. A verdict that can't
//!    be stored costs its neighbours nothing.
//! 8. **Clear leftovers** (`leftovers`). Requests of a push that was cut off may take effect after the next push has
//!    looked. For 120 seconds after such an attempt, what it may have left *beside* the person's user is looked for and
//!    deleted.
//! 9. **Close.** Store the time of the push and the open tasks by cause. Pass 2 again, for what this push itself has begun
//!    and not ended.
//!
//! # What a crash leaves
//!
//! The same holds if the sandbox or the network fails.
//!
//! | during | what is left | what repairs it |
//! |---|---|---|
//! | 1 to 4 | tasks as they were | the next push |
//! | 5, or 6 before the first `begin` | tasks marked as under way | the next push does them again |
//! | 6, between `begin` and the answer to a request | an attempt without progress; perhaps a contact or a user in the application | the next push: 2 writes the audit row, "all of it may have been written"; 4 finds the user if there is one; the connector continues with a contact that has the person's key or address |
//! | 6, after `written` | an attempt with progress, and a link if the user exists | the next push finds the user by its id and writes what is missing |
//! | 6, answer lost while setting a password | a task marked as under way | the next push; being refused because the password was used before then counts as done |
//! | 7 | recorded tasks are done, the others under way | the next push; the users are found, and unchanged ones cost no write |
//! | 8 | leftovers | the next push within 120 seconds; after that the application is assumed to be done |
//! | 9 | all tasks have ended; the time of the push is the last one's | the next push |
//! | anything, while the person is no longer wanted | an attempt, and a deactivation task | the next push: a *take-back* looks for the user and takes it out of use, up to three times if it finds nothing at first |
//!
//! A push that is asked to [wind down](WindDown) leaves none of this: the ledger's `begin` wants nobody any more, what has begun is
//! answered, and passes 7 to 9 follow. The tasks that were not begun wait as if they had not been taken.
//!
//! A task that was under way may meet its own lost work: a taken username, a duplicate, a seat that is gone. Such refusals
//! are tried again three times before they count, since the application may still be finishing the earlier request.

mod batch;
mod ledger;
mod leftovers;
mod record;
mod report;
mod wanted;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::ledger::PushLedger;
use super::grants::Entitlements;
use super::session::Session;
use super::{Applications, Feature, SyncError, WindDown, ended, finish_chores, import};
use crate::config::{DeactivationRule, TenantConfig};
use crate::directory::{
    Actor, Directory, DirectoryError, EndedJob, JobKind, Person, ReadTransaction, Source, Task, TaskId, TaskKind,
    TaskState, TenantRecord, Timestamp,
};
use provisioning_runtime::wit::{Deactivation, PushMode};

pub(super) use batch::{Batch, CarriedOut};
pub(super) use ledger::note_cut_off;
pub(super) use record::{TaskResult, keep_claims, record};
pub(super) use report::still_open;
pub use report::{KEPT, PushEntry, PushReport, ReportOf, Watcher};
pub(super) use wanted::{Prepared, is_in_use};

/// Users a call. A connector looks a batch up together and writes parts of it side by side, so that a larger one costs fewer requests,
/// and fewer of them wait for each other: 10,000 new users of Salesforce took 66 requests and 16 round trips in one call, and took
/// 224 of each in calls of 2,000 that wrote 200 at a time. All of a batch is in memory, here and in the sandbox: between calls of 200
/// and of 2,000 the process took 9 MB more at its peak. The deadline of a call allows for it. A call that is cut short is done again,
/// which costs its look-ups and writes nothing twice.
const BATCH: usize = 5_000;

/// Passwords a call. Each costs a request of its own, so that a larger batch saves nothing, and is more to do again.
const PASSWORDS: usize = 200;

/// How many tasks of a kind go into one call.
pub(super) fn batch_size(kind: TaskKind) -> usize {
    match kind {
        TaskKind::Password => PASSWORDS,
        TaskKind::Push
        | TaskKind::Deactivate
        | TaskKind::Reactivate
        | TaskKind::Vanished
        | TaskKind::Import
        | TaskKind::Grants => BATCH,
    }
}

/// The order in which tasks are carried out.
const ORDER: [TaskKind; 4] = [TaskKind::Deactivate, TaskKind::Reactivate, TaskKind::Push, TaskKind::Password];

/// Times that tasks which may be tried again at once are tried in one push.
const PASSES: u32 = 3;

/// How long a push that gathers goes on with what is asked for meanwhile. Whoever else wants to work for the tenant waits that long.
const GATHERING: Duration = Duration::from_secs(20);

/// How far a push is; told after each batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PushProgress {
    /// Tasks that were tried.
    pub done: u64,
    /// Tasks in all.
    pub total: u64,
}

impl PushProgress {
    /// What is being done, in a few words.
    pub fn words(&self) -> &'static str {
        "Tasks tried"
    }
}

/// Carries out a tenant's tasks.
///
/// # Errors
/// When the tenant wants pushes approved, another process works for it, or the application as a whole cannot be worked with.
/// What was done by then is kept; the rest waits.
pub async fn push<A: Applications>(
    directory: &Directory,
    applications: &A,
    tenant: &TenantRecord,
    actor: &Actor,
    progress: &(dyn Fn(PushProgress) + Sync),
) -> Result<PushReport, SyncError> {
    push_watched(directory, applications, tenant, actor, progress, &mut |_| {}).await
}

/// As [`push()`], for whoever wants to know of every task: the report keeps a few hundred. A task that is tried several times is
/// told of once, after the last of them.
///
/// # Errors
/// As [`push()`].
pub async fn push_watched<A: Applications>(
    directory: &Directory,
    applications: &A,
    tenant: &TenantRecord,
    actor: &Actor,
    progress: &(dyn Fn(PushProgress) + Sync),
    watcher: Watcher<'_>,
) -> Result<PushReport, SyncError> {
    push_with(directory, applications, tenant, actor, progress, watcher, &PushTerms::default()).await
}

/// How long a push goes on.
#[derive(Clone, Debug, Default)]
pub struct PushTerms {
    /// For whoever answers to many who wait: after what was due, the push waits for this time and goes on with what was asked for
    /// meanwhile, in the same sandbox. It ends when nothing was, or after a while. With no time to gather it is an ordinary push.
    pub gather: Duration,
    /// Ends the push early. What it has begun is answered and stored; the rest waits as if it had not been tried, and the report is
    /// [unfinished](PushReport::is_unfinished).
    pub wind_down: WindDown,
}

/// As [`push_watched`], on terms of the caller's.
///
/// # Errors
/// As [`push()`].
pub async fn push_with<A: Applications>(
    directory: &Directory,
    applications: &A,
    tenant: &TenantRecord,
    actor: &Actor,
    progress: &(dyn Fn(PushProgress) + Sync),
    watcher: Watcher<'_>,
    terms: &PushTerms,
) -> Result<PushReport, SyncError> {
    let lock = directory.lock_tenant(tenant)?;
    let directory = &*lock;
    finish_chores(directory, actor, tenant)?;
    let tenant = &directory.read(|view| view.tenant(&tenant.name))?;
    if tenant.config.to_app.approval {
        return Err(SyncError::ApprovalWanted { tenant: tenant.name.clone() });
    }
    note_cut_off(directory, tenant, actor)?;
    let mut pushing = Pushing::new(directory, applications, tenant, actor, &terms.wind_down)?;
    pushing.watcher = Some(watcher);
    let result = run(&mut pushing, progress, terms).await;
    pushing.end_writing(JobKind::Push, result).await
}

/// Carries out tasks until none is due, or the push is to end.
async fn run<A: Applications>(
    pushing: &mut Pushing<'_, A>,
    progress: &(dyn Fn(PushProgress) + Sync),
    PushTerms { gather, wind_down }: &PushTerms,
) -> Result<PushReport, SyncError> {
    let (directory, tenant, actor) = (pushing.directory, pushing.tenant, pushing.actor);
    let mut report = PushReport::default();
    let mut done = 0;
    let began = Instant::now();
    'passes: for pass in 0.. {
        let goes_on = if gather.is_zero() { pass < PASSES } else { began.elapsed() < GATHERING };
        if !goes_on {
            break;
        }
        if pass > 0 && !gather.is_zero() {
            tokio::time::sleep(*gather).await;
        }
        let due = pushing.due()?;
        if due == 0 {
            break;
        }
        let start = done;
        let (now, total) = (Timestamp::now(), start + due);
        for kind in ORDER {
            let mut after = None;
            loop {
                let tasks = directory.read(|view| view.due_tasks(tenant.id, kind, now, after, batch_size(kind)))?;
                let Some(last) = tasks.last() else { break };
                if wind_down.has_begun() {
                    report.is_unfinished = true;
                    break 'passes;
                }
                after = Some(last.id);
                let batch = pushing.prepare(kind, tasks, &mut report).await?;
                let applied = pushing.carry_out(batch, &PushMode::Apply).await;
                done += pushing.keep(applied, &mut report).await?;
                progress(PushProgress { done, total: total.max(done) });
            }
        }
        if done == start {
            break;
        }
    }
    pushing.clear_leftovers().await?;
    pushing.tell_of_waiting(&mut report)?;
    let open = directory.write(actor, |change| {
        // The rest is due at once, whatever the schedule says.
        if !report.is_unfinished {
            change.store_pushed(tenant.id)?;
        }
        change.forget_old_leftovers(tenant.id, Timestamp::now().before(leftovers::WHILE))?;
        still_open(change, tenant.id)
    })?;
    report.close(open);
    Ok(report)
}

/// When a scheduled push may begin, by the tenant's settings. Returns `None` if there is no schedule.
pub(crate) fn due_at(tenant: &TenantRecord) -> Option<Timestamp> {
    let seconds = tenant.config.schedule.push_seconds?;
    let after = |last: Timestamp| last.after(Duration::from_secs(seconds.into()));
    Some(tenant.pushed_at.map_or(Timestamp::default(), after))
}

/// What is under way for one tenant.
pub(super) struct Pushing<'a, A: Applications> {
    pub(super) directory: &'a Directory,
    pub(super) tenant: &'a TenantRecord,
    pub(super) actor: &'a Actor,
    session: Session<'a, A>,
    ledger: Arc<PushLedger>,
    entitlements: Entitlements,
    sources: Vec<Source>,
    /// Whether the connector was asked for its attributes.
    described: bool,
    pub(super) watcher: Option<Watcher<'a>>,
    /// Tasks that have failed and wait to be tried again, perhaps by this push.
    waiting: BTreeSet<TaskId>,
}

impl<'a, A: Applications> Pushing<'a, A> {
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the path is not general over the view's lifetime")]
    pub(super) fn new(
        directory: &'a Directory,
        applications: &'a A,
        tenant: &'a TenantRecord,
        actor: &'a Actor,
        wind_down: &WindDown,
    ) -> Result<Self, SyncError> {
        let ledger = Arc::new(PushLedger::new(directory, tenant, actor, wind_down));
        let mut session = Session::new(directory, applications, tenant)?;
        session.keep(ledger.clone());
        Ok(Self {
            directory,
            tenant,
            actor,
            session,
            ledger,
            entitlements: Entitlements::default(),
            sources: directory.read(|view| view.sources())?,
            described: false,
            watcher: None,
            waiting: BTreeSet::new(),
        })
    }

    /// How many tasks could be tried now, whatever the features say.
    fn due(&self) -> Result<u64, SyncError> {
        let now = Timestamp::now();
        let due = self.directory.read(|view| -> Result<u64, DirectoryError> {
            ORDER.into_iter().map(|kind| view.count_due_tasks(self.tenant.id, kind, now)).sum()
        })?;
        Ok(due)
    }

    /// Works out what a batch of tasks sends. What has become pointless is dropped, and what a feature keeps back stays.
    pub(super) async fn prepare(
        &mut self,
        kind: TaskKind,
        tasks: Vec<Task>,
        report: &mut PushReport,
    ) -> Result<Batch, SyncError> {
        if kind == TaskKind::Push && !self.described {
            if let Some(schema) = import::schema(&mut self.session).await? {
                self.directory.write(self.actor, |change| change.set_attribute_schema(self.tenant.id, &schema))?;
            }
            self.described = true;
        }
        if kind == TaskKind::Push {
            self.find_unheard(&tasks).await?;
        }
        let prepared = self.directory.read(|view| self.work_out(view, tasks))?;
        self.resolve(kind, prepared, report).await
    }

    /// What tasks send, by how things stand in a view.
    pub(super) fn work_out(
        &self,
        view: &ReadTransaction<'_>,
        tasks: Vec<Task>,
    ) -> Result<Vec<Prepared>, DirectoryError> {
        tasks.into_iter().map(|task| wanted::prepare(view, self.tenant, &self.sources, task)).collect()
    }

    /// Puts ids in the place of names, and makes a batch of them.
    pub(super) async fn resolve(
        &mut self,
        kind: TaskKind,
        mut prepared: Vec<Prepared>,
        report: &mut PushReport,
    ) -> Result<Batch, SyncError> {
        prepared.sort_by_key(|one| matches!(one, Prepared::TakeBack { .. }));
        if kind == TaskKind::Push {
            let grants = prepared.iter().filter_map(|one| match one {
                Prepared::Push { grants, .. } => Some(grants),
                _ => None,
            });
            let unknown = self.entitlements.unknown(grants.flatten().map(|grant| grant.kind.as_str()));
            if !unknown.is_empty() {
                self.entitlements.look_up(self.session.application().await?, unknown).await?;
            }
        }
        let mut batch = Batch::new(kind);
        for one in prepared {
            batch.add(one, &self.entitlements, self.tenant, report);
        }
        Ok(batch)
    }

    /// Has the connector do it, whole or in halves.
    pub(super) async fn carry_out(&mut self, batch: Batch, mode: &PushMode) -> CarriedOut {
        if !matches!(mode, PushMode::Plan) {
            let ids = || batch.items.iter().map(|item| item.task.id);
            if let Err(error) = self.directory.write(self.actor, |change| change.begin_tasks(ids())) {
                return CarriedOut { stopped_by: Some(error.into()), ..CarriedOut::default() };
            }
        }
        batch.carry_out(&mut self.session, self.tenant, &self.ledger, mode).await
    }

    /// Keeps what became of a batch, and returns how many tasks were tried. A job that ends in the middle leaves the rest as a job does
    /// that ends before the answer.
    pub(super) async fn keep(&mut self, carried: CarriedOut, report: &mut PushReport) -> Result<u64, SyncError> {
        let CarriedOut { pointless, postponed, verdicts, stopped_by } = carried;
        report.is_unfinished |= !postponed.is_empty();
        let spent = self.session.spent().await;
        self.directory.write(self.actor, |change| -> Result<(), DirectoryError> {
            change.add_usage(self.tenant.id, &spent)?;
            // One that an earlier push was cut off over may still be under way.
            change.put_back_tasks(postponed.iter().filter(|task| !task.under_way).map(|task| task.id))?;
            pointless.iter().try_for_each(|task| change.end_task(task, TaskState::Cancelled).map(drop))
        })?;
        let verdicts = self
            .directory
            .write_in_turns(self.actor, verdicts, |change, verdict| record(change, self.tenant, verdict))?;
        self.keep_reasons(report)?;
        let tried = verdicts.len() as u64;
        for verdict in verdicts {
            self.tell(report, verdict.into_entry());
        }
        match stopped_by {
            Some(error) => Err(error),
            None => Ok(tried),
        }
    }

    /// Keeps why tasks of a batch were not tried.
    pub(super) fn keep_reasons(&self, report: &mut PushReport) -> Result<(), DirectoryError> {
        self.directory.write_in_turns(self.actor, report.kept_back.drain(..), |change, (task, reason)| {
            change.explain_task(task, Some(reason))
        })?;
        Ok(())
    }

    /// Reports a task at once, unless this push may try it again: such a task is reported at the end.
    fn tell(&mut self, report: &mut PushReport, entry: PushEntry) {
        if report.of == ReportOf::Push && entry.retried {
            self.waiting.insert(entry.task);
            return;
        }
        self.waiting.remove(&entry.task);
        self.tell_now(report, entry);
    }

    /// Tells of a task at once.
    pub(super) fn tell_now(&mut self, report: &mut PushReport, entry: PushEntry) {
        if let Some(watcher) = &mut self.watcher {
            watcher(&entry);
        }
        report.add(entry);
    }

    /// Tells of the tasks that wait to be tried again, from what the directory keeps of them. One that was asked for anew meanwhile is
    /// for the next push to tell of.
    fn tell_of_waiting(&mut self, report: &mut PushReport) -> Result<(), DirectoryError> {
        for id in std::mem::take(&mut self.waiting) {
            let task = self.directory.read(|view| view.find_task(id))?;
            if let Some(entry) = task.and_then(PushEntry::of_waiting) {
                self.tell_now(report, entry);
            }
        }
        Ok(())
    }

    /// Keeps what is left of the job's requests, and gives its end back.
    pub(super) async fn end<T>(
        &mut self,
        result: Result<T, SyncError>,
        came_to: Option<EndedJob>,
    ) -> Result<T, SyncError> {
        self.session.end(self.directory, self.actor, result, came_to).await
    }

    /// As [`Pushing::end`], for a job that writes and has the tenant to itself: what it has begun and not ended is noted.
    pub(super) async fn end_writing(
        &mut self,
        kind: JobKind,
        result: Result<PushReport, SyncError>,
    ) -> Result<PushReport, SyncError> {
        let noted = note_cut_off(self.directory, self.tenant, self.actor);
        let came_to = ended::push(kind, result.as_ref());
        let value = self.end(result, came_to).await?;
        noted?;
        Ok(value)
    }
}

/// How the tenant wants users taken out of use.
fn deactivation(config: &TenantConfig) -> Deactivation {
    match config.to_app.deactivation {
        DeactivationRule::Deactivate => Deactivation::Deactivate,
        DeactivationRule::Freeze => Deactivation::Freeze,
        DeactivationRule::DeactivateOrFreeze => Deactivation::DeactivateOrFreeze,
    }
}

/// What a task is kept back by.
fn needed(kind: TaskKind, linked: bool) -> Feature {
    match (kind, linked) {
        (TaskKind::Deactivate | TaskKind::Reactivate, _) => Feature::PushUserDeactivation,
        (TaskKind::Password, _) => Feature::SyncPassword,
        (_, true) => Feature::PushProfileUpdates,
        (_, false) => Feature::PushNewUsers,
    }
}

/// The person a task is about, as a report names it.
fn named(person: &Person) -> (String, String) {
    (person.key.clone(), person.username.clone())
}
