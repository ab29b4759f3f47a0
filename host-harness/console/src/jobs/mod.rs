//! Work that outlives the request that started it: one job a tenant at a time, with its progress and what came of it.
//!
//! How far each is, and what came of the last of each kind, is told in the directory, so that any host's console shows it. Jobs run off
//! the threads that serve pages, since they wait for SQLite as well as for the network. A job of another process is noticed by the
//! directory's lock and comes back as a conflict.

mod events;
mod panel;
mod report;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{oneshot, watch};

use super::problem::Problem;
use provisioning_directory::sync::WindDown;
use provisioning_directory::{Actor, Directory, JobProgress, JobStatus, JobTeller, TenantId, TenantRecord, Timestamp};
use provisioning_runtime::{Scheduler, SchedulerLimits, Shutdown, Terms};

pub(crate) use events::events;
pub(crate) use panel::Panel;
pub(crate) use report::{JobReport, Line, Tone};

/// How long a job may take to reach a checkpoint when the console ends. What it has done by then is kept, and the next goes on.
const GRACE: Duration = Duration::from_secs(10);

/// How long an answer waits for a job that is likely to be short, so that it needs no second look.
pub(crate) const PATIENCE: Duration = Duration::from_secs(8);

/// How far a job is, or what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Status {
    /// A few words, with a capital letter.
    pub(crate) title: String,
    /// Who started it.
    pub(crate) actor: String,
    pub(crate) started_at: Timestamp,
    pub(crate) progress: JobProgress,
    /// None while it runs.
    pub(crate) ended: Option<Ended>,
}

/// The end of a job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) at: Timestamp,
    pub(crate) result: Result<JobReport, Problem>,
}

impl Status {
    /// A job that a host tells of. Returns `None` if what has come of it makes no sense here, as that of another version may.
    fn told(job: JobStatus) -> Option<Self> {
        let ended = job.result.map(serde_json::from_value).transpose().ok()?;
        Some(Self { title: job.title, actor: job.actor, started_at: job.started_at, progress: job.progress, ended })
    }
}

/// Where a job reports how far it is. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Reporter {
    status: Arc<watch::Sender<Status>>,
    teller: Arc<JobTeller>,
    wind_down: WindDown,
}

impl Reporter {
    /// Reports how far the job is. A phase of another name is a new one.
    pub(crate) fn report(&self, phase: &str, done: u64, total: Option<u64>) {
        self.status.send_modify(|status| status.progress.advance(phase, done, total));
        self.teller.progress(phase, done, total);
    }

    /// What asks the job to end, once the console does.
    pub(crate) fn wind_down(&self) -> &WindDown {
        &self.wind_down
    }
}

/// The jobs of a console, and what other processes tell of theirs.
pub(crate) struct Jobs {
    directory: Directory,
    scheduler: Scheduler,
    /// Those of this console that run, by their tenants.
    running: Mutex<BTreeMap<TenantId, watch::Receiver<Status>>>,
    wind_down: WindDown,
}

impl Jobs {
    pub(crate) fn of(directory: &Directory) -> Self {
        Self {
            directory: directory.clone(),
            scheduler: Scheduler::new(SchedulerLimits::default()),
            running: Mutex::default(),
            wind_down: WindDown::default(),
        }
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<TenantId, watch::Receiver<Status>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut all = self.running();
        all.retain(|_, one| one.borrow().ended.is_none());
        if let Some(running) = all.get(&tenant.id).map(|one| one.borrow()) {
            return Err(Problem::conflict(
                "busy",
                &format!(
                    "{} of {} is running since {}, started by {}.",
                    running.title, tenant.name, running.started_at, running.actor
                ),
                "Wait for its end; the application's pages show how far it is.",
            ));
        }
        let now = Timestamp::now();
        let (sender, receiver) = watch::channel(Status {
            title: title.to_owned(),
            actor: actor.to_owned(),
            started_at: now,
            progress: JobProgress { phase: "Starting".to_owned(), since: now, ..JobProgress::default() },
            ended: None,
        });
        let status = Arc::new(sender);
        let teller = Arc::new(self.directory.tell_job(tenant.id, kind, title, &Actor::new(actor)));
        let (own, wind_down) = (Arc::clone(&teller), self.wind_down.clone());
        let reporter = Reporter { status: Arc::clone(&status), teller: own, wind_down };
        let ticket = self
            .scheduler
            .submit(&tenant.name, Terms::default(), aside(work(reporter)))
            .map_err(|error| Problem::conflict("busy", &error.to_string(), "Try again in a moment."))?;
        teller.tell();
        all.insert(tenant.id, receiver.clone());
        drop(all);
        tokio::spawn(async move {
            let result = match ticket.await {
                Ok(Some(result)) => result,
                Ok(None) => Err(Problem::internal(&"a job's thread ended early")),
                Err(end) => {
                    Err(Problem::conflict("stopped", &format!("The job has no result: {end}."), "Start it again."))
                }
            };
            let ended = Ended { at: Timestamp::now(), result };
            // Told before whoever waits for the end looks for it.
            match serde_json::to_value(&ended) {
                Ok(told) => teller.ended(told),
                Err(error) => tracing::error!(%error, "what has come of a job can't be told"),
            }
            status.send_modify(|status| status.ended = Some(ended));
        });
        Ok(receiver)
    }

    /// The job of a tenant that runs on this console.
    pub(crate) fn running_here(&self, tenant: TenantId) -> Option<watch::Receiver<Status>> {
        self.running().get(&tenant).filter(|one| one.borrow().ended.is_none()).cloned()
    }

    /// The job of a tenant that is running, wherever that is, or else the one that began last; of one kind only if that is named and no
    /// job is running.
    ///
    /// # Errors
    /// The database's.
    pub(crate) fn last(&self, tenant: TenantId, kind: Option<&str>) -> Result<Option<Status>, Problem> {
        if let Some(running) = self.running_here(tenant) {
            return Ok(Some(running.borrow().clone()));
        }
        let told = self.directory.read(|view| view.job_statuses(tenant, Timestamp::now()))?;
        let (running, ended): (Vec<_>, Vec<_>) = told.into_iter().partition(|job| job.result.is_none());
        let is_wanted = |job: &JobStatus| kind.is_none_or(|kind| job.kind == kind);
        Ok(running.into_iter().chain(ended.into_iter().filter(is_wanted)).find_map(Status::told))
    }

    /// Whether a job of the tenant is running, here or elsewhere.
    ///
    /// # Errors
    /// The database's.
    pub(crate) fn is_running(&self, tenant: TenantId) -> Result<bool, Problem> {
        Ok(self.running_here(tenant).is_some()
            || self.directory.read(|view| view.has_running_job(tenant, Timestamp::now()))?)
    }

    /// Has jobs end at their next checkpoint.
    pub(crate) fn wind_down(&self) {
        self.wind_down.begin();
    }

    /// Takes no more jobs, and lets those that run end.
    pub(crate) async fn shutdown(&self) -> Shutdown {
        self.wind_down();
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
