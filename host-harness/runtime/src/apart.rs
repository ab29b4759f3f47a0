//! Work that takes long, apart from the threads on which jobs and servers take turns.
//!
//! A component yields every 2 ms, and a host function that parses or signs doesn't. So what is long goes to threads of its own. A
//! job has one such piece of work at a time and the process a few, each job in its turn: whoever has a lot to do waits for itself.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::http::Gate;

/// From this length on, a body is long: taking it apart takes longer than going to another thread.
pub(crate) const LONG: usize = 8 << 10;

/// Turns for work of all jobs of a process.
pub(crate) fn turns() -> Arc<Semaphore> {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Arc::new(Semaphore::new(processors.max(2)))
}

/// The work panicked, which has been logged.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the host failed over this request; its log says more")]
pub(crate) struct Failed;

impl Gate {
    /// Does work that takes long, on the account of the call.
    ///
    /// # Errors
    /// When it panics.
    ///
    /// # Cancellation
    /// Work that has begun goes on to its end, and keeps its turn until then.
    pub(crate) async fn apart<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, Failed> {
        // Neither semaphore is ever closed.
        let own = Arc::clone(&self.own_turn).acquire_owned().await;
        let turn = Arc::clone(&self.apart_turns).acquire_owned().await;
        let gate = Arc::clone(self);
        let work = tokio::task::spawn_blocking(move || {
            let result = gate.meter.charge(|| work(&gate));
            drop((own, turn));
            result
        });
        work.await.map_err(|error| {
            tracing::error!(%error, "work for a job failed inside the host");
            Failed
        })
    }
}
