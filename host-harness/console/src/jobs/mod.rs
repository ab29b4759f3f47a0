//! Work that outlives the request that started it: one job a tenant at a time, with its progress and what came of it.
//!
//! Each kind of job of each tenant is remembered once, in memory: what matters for good is in the directory. Jobs run off the
//! threads that serve pages, since they wait for SQLite as well as for the network. A job of another process is noticed by the
//! directory's lock and comes back as a conflict.

mod events;
mod panel;
mod report;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{oneshot, watch};

use super::problem::Problem;
use provisioning_directory::{TenantId, TenantRecord, Timestamp};
use provisioning_runtime::{Scheduler, SchedulerLimits, Shutdown, Terms};

pub(crate) use events::events;
pub(crate) use panel::Panel;
pub(crate) use report::{JobReport, Line, Tone};

/// How long a job may take to end by itself when the console ends. What it has done by then is kept, and the next goes on.
const GRACE: Duration = Duration::from_secs(10);

/// How long an answer waits for a job that is likely to be short, so that it needs no second look.
pub(crate) const PATIENCE: Duration = Duration::from_secs(8);

/// How far a job is, or what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Status {
    /// Grows with each job.
    pub(crate) number: u64,
    /// A few words, with a capital letter.
    pub(crate) title: String,
    /// Who started it.
    pub(crate) actor: String,
    pub(crate) started_at: Timestamp,
    pub(crate) progress: Progress,
    /// None while it runs.
    pub(crate) ended: Option<Ended>,
}

/// How far a job is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Progress {
    /// What is being done, in a few words.
    pub(crate) phase: String,
    /// Of the phase.
    pub(crate) done: u64,
    /// Of the phase; none where nobody knows.
    pub(crate) total: Option<u64>,
    /// When the phase began, in milliseconds since 1970.
    pub(crate) since: i64,
}

impl Progress {
    /// How many a second, once there is something to say.
    pub(crate) fn rate(&self, now: Timestamp) -> Option<f64> {
        let seconds = now.since(Timestamp::from_millis(self.since)).as_secs_f64();
        (self.done > 0 && seconds >= 0.5).then(|| self.done as f64 / seconds)
    }

    /// Seconds until the phase ends, where that can be told.
    pub(crate) fn left(&self, now: Timestamp) -> Option<u64> {
        let (rate, total) = (self.rate(now)?, self.total?);
        Some((total.saturating_sub(self.done) as f64 / rate).ceil() as u64)
    }
}

/// The end of a job.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) at: Timestamp,
    pub(crate) result: Result<Arc<JobReport>, Arc<Problem>>,
}

/// Where a job reports how far it is. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Reporter(Arc<watch::Sender<Status>>);

impl Reporter {
    /// Reports how far the job is. A phase of another name is a new one.
    pub(crate) fn report(&self, phase: &str, done: u64, total: Option<u64>) {
        self.0.send_modify(|status| {
            let progress = &mut status.progress;
            if progress.phase != phase {
                phase.clone_into(&mut progress.phase);
                progress.since = Timestamp::now().millis();
            }
            progress.done = done;
            progress.total = total;
        });
    }
}

type Latest = BTreeMap<TenantId, BTreeMap<&'static str, watch::Receiver<Status>>>;

/// The jobs of a console.
pub(crate) struct Jobs {
    scheduler: Scheduler,
    latest: Mutex<(u64, Latest)>,
}

impl Default for Jobs {
    fn default() -> Self {
        Self { scheduler: Scheduler::new(SchedulerLimits::default()), latest: Mutex::default() }
    }
}

impl Jobs {
    fn latest(&self) -> MutexGuard<'_, (u64, Latest)> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a job of a tenant. `work` is given where to report its progress, and runs off the threads that serve.
    ///
    /// # Errors
    /// When a job of the tenant is running, or the console is ending.
    pub(crate) fn start<W>(
        &self,
        tenant: &TenantRecord,
        kind: &'static str,
        title: &str,
        actor: &str,
        work: impl FnOnce(Reporter) -> W,
    ) -> Result<watch::Receiver<Status>, Problem>
    where
        W: Future<Output = Result<JobReport, Problem>> + Send + 'static,
    {
        let mut latest = self.latest();
        let (number, kinds) = &mut *latest;
        let kinds = kinds.entry(tenant.id).or_default();
        if let Some(running) = kinds.values().map(|one| one.borrow()).find(|one| one.ended.is_none()) {
            return Err(Problem::conflict(
                "busy",
                &format!(
                    "{} of {} is running since {}, started by {}.",
                    running.title, tenant.name, running.started_at, running.actor
                ),
                "Wait for its end; the application's pages show how far it is.",
            ));
        }
        *number += 1;
        let now = Timestamp::now();
        let (sender, receiver) = watch::channel(Status {
            number: *number,
            title: title.to_owned(),
            actor: actor.to_owned(),
            started_at: now,
            progress: Progress { phase: "Starting".to_owned(), since: now.millis(), ..Progress::default() },
            ended: None,
        });
        let sender = Arc::new(sender);
        let ticket = self
            .scheduler
            .submit(&tenant.name, Terms::default(), aside(work(Reporter(Arc::clone(&sender)))))
            .map_err(|error| Problem::conflict("busy", &error.to_string(), "Try again in a moment."))?;
        kinds.insert(kind, receiver.clone());
        drop(latest);
        tokio::spawn(async move {
            let result = match ticket.await {
                Ok(Some(result)) => result,
                Ok(None) => Err(Problem::internal(&"a job's thread ended early")),
                Err(end) => {
                    Err(Problem::conflict("stopped", &format!("The job has no result: {end}."), "Start it again."))
                }
            };
            let result = result.map(Arc::new).map_err(Arc::new);
            sender.send_modify(|status| status.ended = Some(Ended { at: Timestamp::now(), result }));
        });
        Ok(receiver)
    }

    /// The job of a tenant that is running, or else the one that ended last.
    pub(crate) fn last(&self, tenant: TenantId) -> Option<watch::Receiver<Status>> {
        let latest = self.latest();
        latest.1.get(&tenant)?.values().max_by_key(|one| one.borrow().number).cloned()
    }

    /// The latest job of a kind.
    pub(crate) fn last_of(&self, tenant: TenantId, kind: &str) -> Option<Status> {
        self.latest().1.get(&tenant)?.get(kind).map(|one| one.borrow().clone())
    }

    /// Whether a job of the tenant is running.
    pub(crate) fn is_running(&self, tenant: TenantId) -> bool {
        self.last(tenant).is_some_and(|one| one.borrow().ended.is_none())
    }

    /// Forgets the jobs of a tenant that is gone.
    pub(crate) fn forget(&self, tenant: TenantId) {
        self.latest().1.remove(&tenant);
    }

    /// Takes no more jobs, and lets those that run end.
    pub(crate) async fn shutdown(&self) -> Shutdown {
        self.scheduler.shutdown(GRACE).await
    }
}

/// Waits for a job's end, at most so long.
pub(crate) async fn wait(mut job: watch::Receiver<Status>, time: Duration) {
    // Whoever asked looks at how far it is afterwards, whichever way this ended.
    let _ = tokio::time::timeout(time, job.wait_for(|status| status.ended.is_some())).await;
}

/// Runs `work` on a thread where it may block. Dropping the future ends the work at its next step. None where its thread is gone.
async fn aside<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Option<T> {
    let (held, dropped) = oneshot::channel::<()>();
    let executor = tokio::runtime::Handle::current();
    let thread = tokio::task::spawn_blocking(move || {
        executor.block_on(async {
            tokio::select! {
                result = work => Some(result),
                _ = dropped => None,
            }
        })
    });
    let result = thread.await;
    drop(held);
    match result {
        Ok(result) => result,
        Err(error) => {
            tracing::error!(%error, "a job's thread ended early");
            None
        }
    }
}

#[cfg(test)]
mod tests;
