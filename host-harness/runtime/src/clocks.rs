//! The clocks of WASI that the world names: time of day, and waiting.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use super::bindings::wasi::clocks::wall_clock::Datetime;

/// What a `pollable` stands for in the host: a point in time.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Deadline(Instant);

/// Tokio's timers end at about this distance; a longer wait is cut short by the deadline of the call anyway.
const LONGEST_WAIT: Duration = Duration::from_secs(365 * 24 * 3600);

impl Deadline {
    /// So many nanoseconds from now.
    pub(crate) fn after(nanoseconds: u64) -> Self {
        Self(Instant::now() + Duration::from_nanos(nanoseconds).min(LONGEST_WAIT))
    }

    /// Waits until then.
    pub(crate) async fn wait(&self) {
        tokio::time::sleep_until(self.0).await;
    }
}

/// The time of day. A clock before 1970 reads as 1970: WASI's type has no earlier time.
pub(crate) fn now() -> Datetime {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Datetime { seconds: now.as_secs(), nanoseconds: now.subsec_nanos() }
}
