//! Running imports and pushes by the tenants' schedules, many tenants side by side.
//!
//! This decides *what* is due and whom to leave alone for a while; *when* it runs is the [`Scheduler`]'s: one job a tenant,
//! tenants in turns. Whoever else gives jobs of these tenants to the same scheduler waits in the same queue.
//!
//! Any number of hosts may work on one directory. Each claims a few tenants that are due, as many as it can work for and as many that
//! wait behind them, and leaves the others to the next host that looks ([`due`]). It looks from time to time, and when it
//! hears that a tenant may be due.
//!
//! # How it ends
//!
//! 1. Told to stop, it claims nothing more. Tenants that wait for their turn are left to whichever host looks next.
//! 2. Jobs that run end at their next checkpoint ([`WindDown`]): what they have begun is answered and stored, and the next job repeats
//!    none of it. A plan writes nothing, and is given up where it stands.
//! 3. Jobs that haven't ended by the time that the caller gives are cut off, as by a crash.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::time::{Instant, sleep_until};

use super::due::{self, End};
use super::import::{self, ImportOptions};
use super::push::PushTerms;
use super::{Applications, SyncError, WindDown, plans, push};
use crate::directory::{
    Actor, Directory, DirectoryError, ImportPhase, Listener, TenantId, TenantRecord, Timestamp, Word,
};
use provisioning_runtime::{CancelHandle, JobEnd, Scheduler, Terms};

/// The kind of job by which what a worker does is shown.
const SCHEDULED: &str = "schedule";

/// How soon a worker looks again after a look, however much it hears.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// How a worker works.
#[derive(Clone, Copy, Debug)]
pub struct WorkerOptions {
    /// How often the schedules are looked at.
    pub look_every: Duration,
    /// How long a tenant whose job failed is left alone; it doubles with each failure in a row, up to an hour.
    pub rest: Duration,
    /// After how long an import makes way for tenants that wait, so that one without an end doesn't keep them waiting. It continues in
    /// its tenant's next turn.
    pub turn: Duration,
    /// How long a tenant is left alone that another process is working for, or that a host has begun to work for and not ended.
    pub again: Duration,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            look_every: Duration::from_secs(1),
            rest: Duration::from_secs(10),
            turn: Duration::from_secs(5),
            again: Duration::from_secs(5),
        }
    }
}

/// What a worker has done for a tenant.
#[derive(Debug)]
pub struct Finished {
    /// The tenant.
    pub tenant: String,
    /// `import`, `push` or `plan`.
    pub job: &'static str,
    /// What came of it, in a sentence, or why it ended.
    pub result: Result<String, SyncError>,
}

/// A tenant's job in the scheduler, until it has ended.
type Visit = BoxFuture<'static, (u64, TenantId, Result<Vec<Finished>, JobEnd>)>;

/// Tenants that this worker has a visit for, which it doesn't claim again. A visit takes itself out before it stores when its tenant is
/// due: a look in between would put that off.
#[derive(Clone, Default)]
struct Visited(Arc<Mutex<BTreeSet<TenantId>>>);

impl Visited {
    fn change<T>(&self, change: impl FnOnce(&mut BTreeSet<TenantId>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a worker holds of a visit.
struct Held {
    cancel: CancelHandle,
    /// Whether its turn has come.
    has_begun: Arc<AtomicBool>,
}

/// Works until `stop` completes; jobs that are under way then end at their next checkpoint, and are cut off if they haven't once
/// `cut_off` completes. `report` hears of every job that has ended. While the database's server can't be reached, it goes on trying.
///
/// # Errors
/// When the directory cannot be read. Jobs that are under way are then cut off.
pub async fn work<A: Applications + 'static>(
    directory: Directory,
    applications: Arc<A>,
    scheduler: &Scheduler,
    options: WorkerOptions,
    stop: impl Future<Output = ()>,
    cut_off: impl Future<Output = ()>,
    mut report: impl FnMut(Finished),
) -> Result<(), DirectoryError> {
    let actor = Actor::new("schedule");
    directory.delete_removed(&actor)?;
    let mut stop = std::pin::pin!(stop);
    let mut listener = directory.listen();
    let mut next_look = Instant::now();
    // As many as can be worked for, and as many that wait: an import makes way for who waits.
    let most = scheduler.workers().saturating_mul(2);
    let mut is_behind = false;
    let mut jobs: FuturesUnordered<Visit> = FuturesUnordered::new();
    // One visit of a tenant at a time: what is due by then is worked out when its turn comes.
    let visited = Visited::default();
    let (mut visits, mut busy) = (0_u64, BTreeMap::<u64, Held>::new());
    let wind_down = WindDown::default();
    let ended = loop {
        tokio::select! {
            () = &mut stop => break Ok(()),
            Some((number, tenant, ended)) = jobs.next(), if !jobs.is_empty() => {
                busy.remove(&number);
                match ended {
                    Ok(finished) => finished.into_iter().for_each(&mut report),
                    Err(end) => {
                        tracing::error!(%tenant, %end, "a visit gave no result");
                        visited.change(|visited| visited.remove(&tenant));
                        settle(&directory, &actor, tenant, End::Failed, options);
                    }
                }
                if is_behind {
                    next_look = Instant::now();
                }
            }
            () = may_be_due(&mut listener) => next_look = next_look.min(Instant::now() + BETWEEN_LOOKS),
            () = sleep_until(next_look) => {
                next_look = Instant::now() + options.look_every;
                let free = most.saturating_sub(busy.len());
                let is_visited = |id: TenantId| visited.change(|visited| visited.contains(&id));
                let claimed = match due::claim(&directory, &actor, free, is_visited, options.again) {
                    Ok(claimed) => claimed,
                    Err(error) if error.is_passing() => {
                        tracing::warn!(%error, "nobody knows what is due; the next look may");
                        continue;
                    }
                    Err(error) => break Err(error),
                };
                is_behind = claimed.may_be_more;
                if is_behind && free > claimed.tenants.len() {
                    next_look = Instant::now();
                }
                for tenant in claimed.tenants {
                    let (turn, queue) = (options.turn, scheduler.clone());
                    let (id, name) = (tenant.id, tenant.name.clone());
                    let (directory, applications) = (directory.clone(), Arc::clone(&applications));
                    let has_begun = Arc::new(AtomicBool::new(false));
                    let (of_visit, ending, has_turn) = (visited.clone(), wind_down.clone(), Arc::clone(&has_begun));
                    let visit = async move {
                        has_turn.store(true, Ordering::SeqCst);
                        let began = Instant::now();
                        let is_over =
                            || ending.has_begun() || began.elapsed() >= turn && queue.load().waiting > 0;
                        visit(&directory, &*applications, tenant, options, &of_visit, &is_over, &ending).await
                    };
                    visited.change(|visited| visited.insert(id));
                    match scheduler.submit(&name, Terms::default(), visit) {
                        Ok(ticket) => {
                            visits += 1;
                            let number = visits;
                            busy.insert(number, Held { cancel: ticket.cancel_handle(), has_begun });
                            jobs.push(async move { (number, id, ticket.await) }.boxed());
                        }
                        // It is due again in a moment.
                        Err(refusal) => {
                            visited.change(|visited| visited.remove(&id));
                            tracing::debug!(tenant = %name, %refusal, "a visit has to wait");
                        }
                    }
                }
            }
        }
    };
    wind_down.begin();
    // A visit whose turn comes from now on sees that it is to end.
    let is_to_go = |held: &&Held| ended.is_err() || !held.has_begun.load(Ordering::SeqCst);
    busy.values().filter(is_to_go).for_each(|held| held.cancel.cancel());
    let (mut cut_off, mut is_cut_off) = (std::pin::pin!(cut_off), false);
    loop {
        tokio::select! {
            next = jobs.next() => match next {
                Some((_, _, Ok(finished))) => finished.into_iter().for_each(&mut report),
                // Its tenant is found again in a moment, as the claim has stored.
                Some((_, tenant, Err(end))) => tracing::debug!(%tenant, %end, "a visit was ended"),
                None => return ended,
            },
            () = &mut cut_off, if !is_cut_off => {
                is_cut_off = true;
                busy.values().for_each(|held| held.cancel.cancel());
            }
        }
    }
}

/// Waits until somebody says that a tenant may be due.
async fn may_be_due(listener: &mut Listener) {
    while !matches!(listener.next().await, Word::Due | Word::Missed) {}
}

/// Stores when a tenant is due next. Where that fails it is looked at again after a moment, as the claim has stored.
fn settle(directory: &Directory, actor: &Actor, tenant: TenantId, end: End, options: WorkerOptions) {
    if let Err(error) = due::settle(directory, actor, tenant, end, options.rest, options.look_every) {
        tracing::warn!(%tenant, %error, "when the tenant is due next could not be stored; it is looked at again in a moment");
    }
}

/// Does what is due for one tenant by now, and stores when it is due next.
async fn visit<A: Applications>(
    directory: &Directory,
    applications: &A,
    tenant: TenantRecord,
    options: WorkerOptions,
    visited: &Visited,
    is_over: import::IsOver<'_>,
    wind_down: &WindDown,
) -> Vec<Finished> {
    let actor = Actor::new("schedule");
    let end = Some(End::Well);
    let mut work = Work { directory, applications, actor: &actor, wind_down, finished: Vec::new(), end };
    // Another host may have been here while this one waited for its turn.
    match directory.read(|view| view.find_tenant(&tenant.name)) {
        Ok(Some(now)) if now.id == tenant.id => work.serve(&now, is_over).await,
        // It was removed.
        Ok(_) => {}
        Err(error) => work.ends(&tenant, "visit", Err(error.into())),
    }
    visited.change(|visited| visited.remove(&tenant.id));
    if let Some(end) = work.end {
        settle(directory, &actor, tenant.id, end, options);
    }
    work.finished
}

/// A visit under way.
struct Work<'a, A> {
    directory: &'a Directory,
    applications: &'a A,
    actor: &'a Actor,
    wind_down: &'a WindDown,
    finished: Vec<Finished>,
    /// How the visit ends. `None` if the tenant is another's, who stores when it is due, or if the visit is given up: then the tenant
    /// is found again in a moment, as the claim has stored.
    end: Option<End>,
}

impl<A: Applications> Work<'_, A> {
    /// What is due for the tenant, the import first: it may find users that a push would otherwise make.
    async fn serve(&mut self, tenant: &TenantRecord, is_over: import::IsOver<'_>) {
        if self.is_given_up() {
            return;
        }
        if !tenant.config.paused && import::is_due(tenant, Timestamp::now()) {
            self.import(tenant, is_over).await;
        }
        // What an import that isn't done would find, a push would make.
        if tenant.config.paused || matches!(self.end, None | Some(End::Unfinished)) || self.is_given_up() {
            return;
        }
        match self.directory.read(|view| due::push_due_at(view, tenant)) {
            Ok(Some(at)) if at <= Timestamp::now() => self.push(tenant).await,
            Ok(_) => {}
            Err(error) => self.ends(tenant, "push", Err(error.into())),
        }
    }

    /// Whether the visit is to end before the next job.
    fn is_given_up(&mut self) -> bool {
        let is_given_up = self.wind_down.has_begun();
        if is_given_up {
            self.end = self.end.filter(|end| *end != End::Well);
        }
        is_given_up
    }

    async fn import(&mut self, tenant: &TenantRecord, is_over: import::IsOver<'_>) {
        let (directory, options) = (self.directory, ImportOptions::default());
        let teller = directory.tell_job(tenant.id, SCHEDULED, "Import by the schedule", self.actor);
        let tell = |progress: import::ImportProgress| teller.progress(progress.words(), progress.done, progress.total);
        let result =
            import::import_for(directory, self.applications, tenant, self.actor, options, Some(is_over), &tell).await;
        drop(teller);
        let is_unfinished = result.as_ref().is_ok_and(|report| is_under_way(report.run.phase));
        self.ends(
            tenant,
            "import",
            result.and_then(|report| match report.run.phase {
                ImportPhase::Halted => Err(SyncError::Halted {
                    tenant: tenant.name.clone(),
                    reason: report.run.reason.unwrap_or_default(),
                }),
                phase if is_under_way(phase) => {
                    Ok(format!("{} users read so far; it goes on in its next turn", report.run.users))
                }
                _ => {
                    let counts = report.run.counts;
                    Ok(format!(
                        "{} users read; {} people made, {} linked, {} updated, {} waiting to be confirmed",
                        report.run.users, counts.created, counts.linked, counts.updated, counts.queued
                    ))
                }
            }),
        );
        if is_unfinished {
            self.end = Some(End::Unfinished);
        }
    }

    async fn push(&mut self, tenant: &TenantRecord) {
        let open =
            |sentences: Vec<String>| -> String { sentences.iter().map(|sentence| format!("; {sentence}")).collect() };
        if tenant.config.to_app.approval {
            let result = tokio::select! {
                result = plans::plan(self.directory, self.applications, tenant, self.actor) => result,
                () = self.wind_down.begun() => {
                    self.is_given_up();
                    return;
                }
            };
            let said =
                result.map(|planned| format!("plan {} waits to be applied{}", planned.id, open(planned.report.open())));
            self.ends(tenant, "plan", said);
        } else {
            let teller = self.directory.tell_job(tenant.id, SCHEDULED, "Push by the schedule", self.actor);
            let tell =
                |progress: push::PushProgress| teller.progress(progress.words(), progress.done, Some(progress.total));
            let terms = PushTerms { wind_down: self.wind_down.clone(), ..PushTerms::default() };
            let (directory, applications, actor) = (self.directory, self.applications, self.actor);
            let result = push::push_with(directory, applications, tenant, actor, &tell, &mut |_| {}, &terms).await;
            drop(teller);
            let is_unfinished = result.as_ref().is_ok_and(|report| report.is_unfinished);
            let said = result.map(|report| {
                let rest = if report.is_unfinished { "; it ended early, and the next push does the rest" } else { "" };
                let (tried, not_done) = (report.tried(), report.not_done);
                format!("{tried} tasks tried, {not_done} of them failed{rest}{}", open(report.open()))
            });
            self.ends(tenant, "push", said);
            if is_unfinished {
                self.end = Some(End::Unfinished);
            }
        }
    }

    /// Notes how a job has ended.
    fn ends(&mut self, tenant: &TenantRecord, job: &'static str, result: Result<String, SyncError>) {
        match &result {
            // It is not this process's turn: no failure that anybody need hear of.
            Err(SyncError::Directory(DirectoryError::Locked { .. })) => {
                tracing::debug!(tenant = %tenant.name, job, "another process is working for the tenant");
                self.end = None;
                return;
            }
            // The application and its settings have nothing to do with it.
            Err(SyncError::Directory(DirectoryError::LeaseLost)) => self.end = None,
            Err(_) => self.end = self.end.map(|_| End::Failed),
            Ok(_) => {}
        }
        self.finished.push(Finished { tenant: tenant.name.clone(), job, result });
    }
}

/// Whether an import goes on with the tenant's next turn.
fn is_under_way(phase: ImportPhase) -> bool {
    matches!(phase, ImportPhase::Reading | ImportPhase::Settling)
}
