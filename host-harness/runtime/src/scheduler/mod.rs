//! Whose turn it is: jobs of one tenant one after another, jobs of different tenants side by side.
//!
//! A [`Scheduler`] takes work by the name of a tenant and runs it when three things hold: no other work of that tenant is
//! running, one of a bounded number of workers is free, and no other tenant has waited longer for its turn. Tenants take turns,
//! and each turn is one job, so a tenant that floods the queue waits for its own flood and nobody else does.
//!
//! ```
//! # let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
//! # executor.block_on(async {
//! use provisioning_runtime::{Scheduler, SchedulerLimits, Terms};
//!
//! let scheduler = Scheduler::new(SchedulerLimits::default());
//! let import = scheduler.submit("acme", Terms::default(), async { 6 * 7 }).unwrap();
//! let push = scheduler.submit("acme", Terms::default(), async { "after the import" }).unwrap();
//! assert_eq!(import.await, Ok(42));
//! assert_eq!(push.await, Ok("after the import"));
//! # });
//! ```
//!
//! The work is a future; [`Runtime::start`](super::Runtime::start) and the calls of a [`Job`](super::Job) belong inside it,
//! so that a job that waits for its turn holds no sandbox.
//!
//! # Cancellation
//! Work ends early when it is cancelled by its [`CancelHandle`], when its deadline passes, or when the scheduler is shut down.
//! Its future is dropped where it stands; a sandbox inside is discarded with it (see [`Job`](super::Job)). Dropping a
//! [`Ticket`] does not cancel: whoever does not want the result any more may still want the work done.

mod ticket;
mod turns;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep_until};

pub use self::ticket::{CancelHandle, Ticket};
use self::turns::{Turn, Turns};

/// How much a [`Scheduler`] takes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchedulerLimits {
    /// Jobs that run at once. Default 64: they wait on the network for most of their time.
    pub workers: usize,
    /// Jobs of one tenant that may wait. Default 1,000; further ones are refused.
    pub waiting_per_tenant: usize,
    /// Jobs of all tenants that may wait. Default 100,000; further ones are refused.
    pub waiting: usize,
}

impl Default for SchedulerLimits {
    fn default() -> Self {
        Self { workers: 64, waiting_per_tenant: 1_000, waiting: 100_000 }
    }
}

/// On what terms a job is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The job ends when this much time has passed since it was submitted, waiting for its turn included. None: no deadline.
    pub deadline: Option<Duration>,
}

/// Why a job was not taken on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The tenant has as many waiting jobs as it may have.
    #[error("tenant {tenant} has {limit} jobs waiting already; submit again when some of them are done")]
    TenantQueueFull {
        /// Whose job it was.
        tenant: String,
        /// How many may wait.
        limit: usize,
    },
    /// All tenants together have as many waiting jobs as there may be.
    #[error(
        "{0} jobs are waiting already; submit again when some of them are done, or give the scheduler more workers"
    )]
    QueueFull(usize),
    /// The scheduler takes no more jobs.
    #[error("the scheduler is shutting down; submit the job to its successor")]
    ShutDown,
}

/// Why a job that was taken on gave no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobEnd {
    /// Somebody cancelled it.
    #[error("the job was cancelled")]
    Cancelled,
    /// Its deadline passed.
    #[error("the job did not end within {:.1} s of being submitted; give it a later deadline, or look at what holds up the tenant's queue", .0.as_secs_f64())]
    DeadlinePassed(Duration),
    /// The scheduler was shut down before it ended.
    #[error("the scheduler was shut down before the job was done; submit it to its successor")]
    ShutDown,
    /// The work panicked; in its own words.
    #[error("the job panicked: {0}; this is a defect of the host")]
    Panicked(String),
}

/// How much is going on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Jobs that are running.
    pub running: usize,
    /// Jobs that wait for their turn.
    pub waiting: usize,
    /// Tenants that have either.
    pub tenants: usize,
}

/// How a shutdown went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shutdown {
    /// Jobs that were running and had to be ended, because the grace was over.
    pub cut_short: usize,
}

/// What the jobs are told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// Nothing new starts; what runs may end.
    Draining,
    /// Everything ends.
    Over,
}

/// Runs work by tenants; see the [module's documentation](self). Cheap to clone; clones share queue and workers.
#[derive(Clone)]
pub struct Scheduler {
    turns: Arc<Turns>,
    phase: Arc<watch::Sender<Phase>>,
}

impl Scheduler {
    /// A scheduler without jobs.
    pub fn new(limits: SchedulerLimits) -> Self {
        Self { turns: Arc::new(Turns::new(limits)), phase: Arc::new(watch::Sender::new(Phase::Open)) }
    }

    /// Takes `work` on as a job of `tenant`. It is first polled when its turn has come; the [`Ticket`] gives its result.
    ///
    /// # Errors
    /// When the queue is full, or the scheduler is shutting down. The work is dropped unstarted.
    ///
    /// # Panics
    /// When it is called outside a Tokio runtime.
    ///
    /// # Cancellation
    /// See [the module](self#cancellation).
    pub fn submit<T: Send + 'static>(
        &self,
        tenant: &str,
        terms: Terms,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<Ticket<T>, SubmitError> {
        let mut phase = self.phase.subscribe();
        if *phase.borrow_and_update() != Phase::Open {
            return Err(SubmitError::ShutDown);
        }
        let place = self.turns.queue(tenant)?;
        let (result, receiver) = oneshot::channel();
        let (ticket, cancelled) = Ticket::new(receiver);
        let submitted = Instant::now();
        tokio::spawn(async move {
            let end = async {
                let deadline = async {
                    match terms.deadline {
                        Some(deadline) => {
                            sleep_until(submitted + deadline).await;
                            JobEnd::DeadlinePassed(deadline)
                        }
                        None => std::future::pending().await,
                    }
                };
                let shut_down = async {
                    // While it runs, only the end of the grace ends it; the sender lives as long as the scheduler's clones.
                    let _ = phase.wait_for(|phase| *phase == Phase::Over).await;
                    JobEnd::ShutDown
                };
                tokio::select! {
                    biased;
                    () = cancelled => JobEnd::Cancelled,
                    end = deadline => end,
                    end = shut_down => end,
                }
            };
            // The turn is given back before the result is given out: who has the result may count on the worker.
            let outcome = {
                tokio::pin!(end);
                tokio::select! {
                    biased;
                    end = &mut end => Err(end),
                    turn = place.turn() => match turn {
                        Some(turn) => run(turn, work, end).await,
                        None => Err(JobEnd::ShutDown),
                    },
                }
            };
            // Nobody may be waiting for it any more.
            let _ = result.send(outcome);
        });
        Ok(ticket)
    }

    /// How many jobs run at once.
    pub fn workers(&self) -> usize {
        self.turns.workers()
    }

    /// How much is going on at this moment.
    pub fn load(&self) -> Load {
        self.turns.load()
    }

    /// Takes no more jobs, ends those that wait, and gives those that run `grace` to end by themselves before they are ended
    /// too. Returns when none is left. Calling it again, also from a clone, waits for the same end.
    ///
    /// # Cancellation
    /// Dropping the future leaves the scheduler closed to new jobs; the running ones are then not cut short.
    pub async fn shutdown(&self, grace: Duration) -> Shutdown {
        self.phase.send_if_modified(|phase| {
            let open = *phase == Phase::Open;
            if open {
                *phase = Phase::Draining;
            }
            open
        });
        self.turns.close();
        if tokio::time::timeout(grace, self.turns.idle()).await.is_ok() {
            return Shutdown { cut_short: 0 };
        }
        let cut_short = self.turns.load().running;
        let _ = self.phase.send_replace(Phase::Over);
        self.turns.idle().await;
        Shutdown { cut_short }
    }
}

/// Runs `work` to its end, or to the end that something outside makes of it.
async fn run<T>(turn: Turn, work: impl Future<Output = T>, end: impl Future<Output = JobEnd>) -> Result<T, JobEnd> {
    let outcome = tokio::select! {
        biased;
        end = end => Err(end),
        result = AssertUnwindSafe(work).catch_unwind() => result.map_err(|panic| JobEnd::Panicked(words(&*panic))),
    };
    drop(turn);
    outcome
}

/// What a panic says.
fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a text").to_owned()
}

#[cfg(test)]
mod tests;
