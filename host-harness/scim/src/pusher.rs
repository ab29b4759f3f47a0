//! From tasks to their ends, for requests that wait for them.
//!
//! A call to an application costs much, and a record in it little. So requests of one tenant that wait at the same time are gathered
//! for a moment and go into one push. Each is woken once its own tasks have ended, not when the push has. Where another host works
//! for the tenant, its transactions wake them.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{Notify, Semaphore, watch};

use crate::protocol::error::ScimError;
use crate::refusal;
use provisioning_directory::sync::push::{PushTerms, push_with};
use provisioning_directory::sync::{Applications, SyncError, WindDown, refresh_entitlements};
use provisioning_directory::{Actor, Directory, DirectoryError, Task, TaskId, TaskState, TenantId, TenantRecord, Word};

/// How long requests are gathered: long enough for those of one page of a platform, and short beside a call to an application.
const GATHER: Duration = Duration::from_millis(75);
/// How long to wait for another process that works for the tenant before asking again.
const BUSY: Duration = Duration::from_millis(200);
/// Tenants that are pushed at once.
const JOBS: u32 = 8;

/// What the service needs of applications, whatever they are.
pub(crate) trait Work: Send + Sync {
    /// Carries out a tenant's tasks, until it is asked to wind down; `ended` is told of each.
    fn push<'a>(
        &'a self,
        tenant: &'a TenantRecord,
        wind_down: &'a WindDown,
        ended: &'a mut (dyn FnMut(TaskId) + Send),
    ) -> BoxFuture<'a, Result<(), SyncError>>;

    /// Lists anew what the application has to assign, and its attributes.
    fn refresh<'a>(&'a self, tenant: &'a TenantRecord) -> BoxFuture<'a, Result<(), SyncError>>;

    /// What the application is called.
    fn application<'a>(&'a self, tenant: &'a TenantRecord) -> BoxFuture<'a, Result<String, SyncError>>;
}

/// Applications that are worked with through their connectors.
pub(crate) struct Applied<A> {
    pub(crate) directory: Directory,
    pub(crate) applications: Arc<A>,
}

/// Whoever pushes for requests that wait: what they want is in their own names already.
fn actor() -> Actor {
    Actor::new("scim")
}

impl<A: Applications + 'static> Work for Applied<A> {
    fn push<'a>(
        &'a self,
        tenant: &'a TenantRecord,
        wind_down: &'a WindDown,
        ended: &'a mut (dyn FnMut(TaskId) + Send),
    ) -> BoxFuture<'a, Result<(), SyncError>> {
        async move {
            let mut watcher = |entry: &provisioning_directory::sync::push::PushEntry| ended(entry.task);
            let (directory, actor) = (&self.directory, actor());
            let terms = PushTerms { gather: GATHER, wind_down: wind_down.clone() };
            push_with(directory, &*self.applications, tenant, &actor, &|_| {}, &mut watcher, &terms).await?;
            Ok(())
        }
        .boxed()
    }

    fn refresh<'a>(&'a self, tenant: &'a TenantRecord) -> BoxFuture<'a, Result<(), SyncError>> {
        async move { refresh_entitlements(&self.directory, &*self.applications, tenant, &actor()).await }.boxed()
    }

    fn application<'a>(&'a self, tenant: &'a TenantRecord) -> BoxFuture<'a, Result<String, SyncError>> {
        async move {
            let declared = self.applications.declared(&tenant.config.component()).await?;
            Ok(declared.declaration.application.clone())
        }
        .boxed()
    }
}

/// How a wait ended.
#[derive(Clone, Debug)]
pub(crate) enum Ended {
    /// Every task ended well, or became pointless.
    Done,
    /// A task failed, and somebody has to act.
    Failed(Box<Task>),
    /// The push came to nothing as a whole.
    Stopped(ScimError),
    /// Something waits by itself: its time isn't over, or a feature is off.
    Waits,
}

/// What a wait is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    /// The end of all tasks, or the first that fails: then the answer is known.
    Answer,
    /// The end of all tasks, whatever becomes of each.
    All,
}

/// Pushes for requests that wait.
pub(crate) struct Pusher {
    inner: Arc<Inner>,
}

struct Inner {
    directory: Directory,
    work: Arc<dyn Work>,
    jobs: Semaphore,
    lanes: Mutex<HashMap<TenantId, Arc<Lane>>>,
    waiters: Mutex<HashMap<TaskId, Vec<Arc<Notify>>>>,
    wind_down: WindDown,
}

/// A tenant's pushes.
struct Lane {
    /// How many were asked for, and whether one is under way.
    asked: Mutex<(u64, bool)>,
    /// Up to which number they have ended, and how the last of them did.
    ended: watch::Sender<(u64, RunEnd)>,
    /// Whether another process is working for the tenant, so that tasks may end without a push of this one.
    is_elsewhere: AtomicBool,
    /// Changes when another host may have ended some of them.
    elsewhere: watch::Sender<()>,
}

/// How a push ended.
#[derive(Clone)]
enum RunEnd {
    /// Every task that was due was tried.
    Well,
    /// The tenant is paused, or wants pushes approved: what was asked for waits for an admin.
    Held,
    /// It came to nothing as a whole.
    Stopped(ScimError),
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pusher {
    pub(crate) fn new(directory: Directory, work: Arc<dyn Work>) -> Self {
        let (jobs, lanes, waiters) = (Semaphore::new(JOBS as usize), Mutex::default(), Mutex::default());
        Self { inner: Arc::new(Inner { directory, work, jobs, lanes, waiters, wind_down: WindDown::default() }) }
    }

    /// Begins no more pushes, and has those that are under way end at their next checkpoint.
    pub(crate) fn wind_down(&self) {
        self.inner.wind_down.begin();
    }

    /// Completes once no push is under way. Wind down first.
    pub(crate) async fn idle(&self) {
        // The semaphore is never closed.
        let _ = self.inner.jobs.acquire_many(JOBS).await;
    }

    /// Wakes those whose tasks may have ended on another host.
    pub(crate) fn hear(&self, word: Word) {
        let lanes = locked(&self.inner.lanes);
        let wake = |lane: &Lane| {
            if lane.is_elsewhere.load(Ordering::Acquire) {
                lane.elsewhere.send_replace(());
            }
        };
        match word {
            Word::Ended(tenant) => lanes.get(&tenant).into_iter().for_each(|lane| wake(lane)),
            Word::Missed => lanes.values().for_each(|lane| wake(lane)),
            Word::Due => {}
        }
    }

    /// Has tasks carried out, and waits for their ends until this moment at the latest.
    pub(crate) async fn wait(
        &self,
        tenant: &TenantRecord,
        tasks: &BTreeSet<TaskId>,
        until: Instant,
    ) -> Result<Ended, DirectoryError> {
        self.wait_for(For::Answer, tenant, tasks, until).await
    }

    /// As [`Pusher::wait`], for tasks of several operations: waits until none of them waits any more. Returns why the push came to
    /// nothing as a whole, if it did; [`Pusher::ended`] says how the tasks of each operation have ended.
    pub(crate) async fn wait_for_all(
        &self,
        tenant: &TenantRecord,
        tasks: &BTreeSet<TaskId>,
        until: Instant,
    ) -> Result<Option<ScimError>, DirectoryError> {
        Ok(match self.wait_for(For::All, tenant, tasks, until).await? {
            Ended::Stopped(error) => Some(error),
            Ended::Done | Ended::Failed(_) | Ended::Waits => None,
        })
    }

    /// How tasks have ended by now.
    pub(crate) fn ended(&self, tasks: &BTreeSet<TaskId>) -> Result<Ended, DirectoryError> {
        Ok(self.look(For::Answer, tasks)?.0)
    }

    async fn wait_for(
        &self,
        what: For,
        tenant: &TenantRecord,
        tasks: &BTreeSet<TaskId>,
        until: Instant,
    ) -> Result<Ended, DirectoryError> {
        if tasks.is_empty() {
            return Ok(Ended::Done);
        }
        let notify = Arc::new(Notify::new());
        let _registered = Registered::new(&self.inner, tasks, &notify);
        let lane = self.inner.lane(tenant.id);
        loop {
            // Whoever is woken between the question and the wait keeps its permit.
            let number = self.inner.ask(&lane, tenant);
            if Instant::now() >= until {
                return Ok(Ended::Waits);
            }
            let (mut ended, mut elsewhere) = (lane.ended.subscribe(), lane.elsewhere.subscribe());
            let mut over = None;
            loop {
                tokio::select! {
                    () = notify.notified() => {}
                    // The lane lives as long as this.
                    _ = elsewhere.changed() => {}
                    changed = ended.wait_for(|(upto, _)| *upto >= number) => {
                        over = Some(changed.map_or(RunEnd::Held, |changed| changed.1.clone()));
                    }
                    () = tokio::time::sleep_until(until.into()) => return Ok(self.look(what, tasks)?.0),
                }
                let (state, _) = self.look(what, tasks)?;
                if !matches!(state, Ended::Waits) {
                    return Ok(state);
                }
                if over.is_some() {
                    break;
                }
            }
            match over {
                Some(RunEnd::Stopped(error)) => return Ok(Ended::Stopped(error)),
                Some(RunEnd::Held) => return Ok(Ended::Waits),
                Some(RunEnd::Well) | None => {}
            }
            // What is left waits for its time, or for something that no wait brings about.
            let (state, next) = self.look(what, tasks)?;
            let Some(next) = next.filter(|_| matches!(state, Ended::Waits)) else { return Ok(state) };
            let next = Instant::now() + next;
            if next >= until {
                return Ok(Ended::Waits);
            }
            tokio::time::sleep_until(next.into()).await;
        }
    }

    /// How tasks stand, and after which time those that wait may be tried again; `None` if that isn't a matter of time.
    fn look(&self, what: For, tasks: &BTreeSet<TaskId>) -> Result<(Ended, Option<Duration>), DirectoryError> {
        let (mut waits, mut failed) = (false, None);
        let mut next = Some(Duration::ZERO);
        let now = provisioning_directory::Timestamp::now();
        for id in tasks {
            let task = match self.inner.directory.read(|view| view.task(*id)) {
                Ok(task) => task,
                Err(DirectoryError::NotFound { .. }) => continue,
                Err(error) => return Err(error),
            };
            match task.state {
                TaskState::Done | TaskState::Cancelled => {}
                TaskState::Failed if what == For::Answer => return Ok((Ended::Failed(Box::new(task)), None)),
                TaskState::Failed => failed = Some(task),
                TaskState::Waiting => {
                    waits = true;
                    // What is due, was not tried and says why, waits for something else than time: a feature, another task.
                    if task.cause.is_some() && task.next_attempt_at <= now {
                        next = None;
                    }
                    // Asked for again meanwhile: in a moment, not at once and for ever.
                    let time = task.next_attempt_at.since(now).max(Duration::from_millis(50));
                    next = next.map(|next| next.max(time));
                }
            }
        }
        let ended = match failed {
            _ if waits => Ended::Waits,
            Some(task) => Ended::Failed(Box::new(task)),
            None => Ended::Done,
        };
        Ok((ended, next))
    }
}

/// A request that is woken when one of its tasks has ended, for as long as this lives.
struct Registered<'a> {
    inner: &'a Inner,
    tasks: Vec<TaskId>,
    notify: Arc<Notify>,
}

impl<'a> Registered<'a> {
    fn new(inner: &'a Inner, tasks: &BTreeSet<TaskId>, notify: &Arc<Notify>) -> Self {
        let mut waiters = locked(&inner.waiters);
        for task in tasks {
            waiters.entry(*task).or_default().push(Arc::clone(notify));
        }
        Self { inner, tasks: tasks.iter().copied().collect(), notify: Arc::clone(notify) }
    }
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        let mut waiters = locked(&self.inner.waiters);
        for task in &self.tasks {
            if let Some(waiting) = waiters.get_mut(task) {
                waiting.retain(|one| !Arc::ptr_eq(one, &self.notify));
                if waiting.is_empty() {
                    waiters.remove(task);
                }
            }
        }
    }
}

impl Inner {
    fn lane(&self, tenant: TenantId) -> Arc<Lane> {
        let new = || {
            Arc::new(Lane {
                asked: Mutex::new((0, false)),
                ended: watch::Sender::new((0, RunEnd::Well)),
                is_elsewhere: AtomicBool::new(false),
                elsewhere: watch::Sender::new(()),
            })
        };
        Arc::clone(locked(&self.lanes).entry(tenant).or_insert_with(new))
    }

    /// Asks for a push that begins from now on, and returns its number.
    fn ask(self: &Arc<Self>, lane: &Arc<Lane>, tenant: &TenantRecord) -> u64 {
        let mut asked = locked(&lane.asked);
        asked.0 += 1;
        if !asked.1 {
            asked.1 = true;
            tokio::spawn(Arc::clone(self).run(Arc::clone(lane), tenant.name.clone()));
        }
        asked.0
    }

    /// Pushes until nobody has asked for another.
    async fn run(self: Arc<Self>, lane: Arc<Lane>, tenant: String) {
        loop {
            tokio::time::sleep(GATHER).await;
            let number = locked(&lane.asked).0;
            let end = self.push(&lane, &tenant).await.unwrap_or_else(|error| RunEnd::Stopped(refusal::of_job(&error)));
            lane.ended.send_replace((number, end));
            let mut asked = locked(&lane.asked);
            if asked.0 == number {
                asked.1 = false;
                return;
            }
        }
    }

    async fn push(&self, lane: &Lane, name: &str) -> Result<RunEnd, SyncError> {
        let _permit = self.jobs.acquire().await;
        loop {
            if self.wind_down.has_begun() {
                return Ok(RunEnd::Held);
            }
            // What an admin has set since counts.
            let tenant = self.directory.read(|view| view.tenant(name))?;
            let mut ended = |task: TaskId| {
                for waiting in locked(&self.waiters).get(&task).into_iter().flatten() {
                    waiting.notify_one();
                }
            };
            let end = self.work.push(&tenant, &self.wind_down, &mut ended).await;
            let is_elsewhere = matches!(end, Err(SyncError::Directory(DirectoryError::Locked { .. })));
            lane.is_elsewhere.store(is_elsewhere, Ordering::Release);
            match end {
                Err(SyncError::Directory(DirectoryError::Locked { .. })) => tokio::time::sleep(BUSY).await,
                // Its tasks wait, which is reported with each of them.
                Err(SyncError::Off(_) | SyncError::ApprovalWanted { .. }) => return Ok(RunEnd::Held),
                Ok(()) => return Ok(RunEnd::Well),
                Err(error) => return Err(error),
            }
        }
    }
}
