//! What whoever submits a job holds of it.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::{oneshot, watch};

use super::JobEnd;

/// The result of a job that was submitted: a future. Dropping it does not cancel the job.
#[must_use = "the ticket gives the job's result; drop it knowingly to let the job run on its own"]
#[derive(Debug)]
pub struct Ticket<T> {
    result: oneshot::Receiver<Result<T, JobEnd>>,
    cancel: CancelHandle,
}

/// Cancels a job. Cheap to clone.
#[derive(Clone, Debug)]
pub struct CancelHandle(watch::Sender<bool>);

impl CancelHandle {
    /// Ends the job: one that waits leaves the queue, one that runs is dropped where it stands. Nothing happens to a job that
    /// has ended already.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }
}

impl<T> Ticket<T> {
    /// A ticket, and what resolves when its job is cancelled.
    pub(super) fn new(result: oneshot::Receiver<Result<T, JobEnd>>) -> (Self, impl Future<Output = ()>) {
        let cancel = watch::Sender::new(false);
        let mut asked = cancel.subscribe();
        let cancelled = async move {
            if asked.wait_for(|cancelled| *cancelled).await.is_err() {
                // All handles are gone, so nobody can ask any more.
                std::future::pending::<()>().await;
            }
        };
        (Self { result, cancel: CancelHandle(cancel) }, cancelled)
    }

    /// What cancels the job, to be kept apart from its result.
    pub fn cancel_handle(&self) -> CancelHandle {
        self.cancel.clone()
    }

    /// Cancels the job; as [`CancelHandle::cancel`].
    pub fn cancel(&self) {
        self.cancel.cancel();
    }
}

impl<T> Future for Ticket<T> {
    type Output = Result<T, JobEnd>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // The sender goes unused only when the executor itself ends.
        Pin::new(&mut self.result).poll(context).map(|result| result.unwrap_or(Err(JobEnd::ShutDown)))
    }
}
