//! Ending jobs where nothing is lost by it.

use tokio::sync::watch;

/// Asks jobs to end at their next checkpoint: an import once its page or piece is stored, a push once what it has begun is answered
/// and stored. Clones are one. What is left is for the next job, which repeats nothing.
///
/// A job that is cut off loses nothing either, but of what was under way nobody knows whether it was done: it is looked for, and the
/// audit trail says so.
#[derive(Clone, Debug)]
pub struct WindDown(watch::Sender<bool>);

impl Default for WindDown {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl WindDown {
    /// Asks the jobs, for good.
    pub fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Whether jobs were asked.
    pub fn has_begun(&self) -> bool {
        *self.0.borrow()
    }

    /// Completes once jobs were asked.
    pub async fn begun(&self) {
        // This is a sender itself, so the channel stays open.
        let _ = self.0.subscribe().wait_for(|begun| *begun).await;
    }
}
