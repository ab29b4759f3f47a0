//! The clocks of WASI that the world names: time of day, and waiting.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use super::bindings::wasi::clocks::wall_clock::Datetime;

/// What the clocks are told to be good for, in nanoseconds.
pub(crate) const RESOLUTION: u32 = 1_000;

/// What a `pollable` stands for in the host: a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Deadline(Instant);

/// Tokio's timers end at about this distance; a longer wait is cut short by the deadline of the call anyway.
const LONGEST_WAIT: Duration = Duration::from_secs(365 * 24 * 3600);

impl Deadline {
    /// So many nanoseconds from now.
    pub(crate) fn after(nanoseconds: u64) -> Self {
        Self(Instant::now() + Duration::from_nanos(nanoseconds).min(LONGEST_WAIT))
    }

    /// Whether it has passed.
    pub(crate) fn has_passed(self) -> bool {
        self.0 <= Instant::now()
    }

    /// Waits until then.
    pub(crate) async fn wait(self) {
        tokio::time::sleep_until(self.0).await;
    }
}

/// The monotonic clock of a job. It begins with the job, so that it tells nothing of the machine.
#[derive(Debug)]
pub(crate) struct Monotonic(Instant);

impl Monotonic {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Nanoseconds since the job began.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// When the clock shows this.
    pub(crate) fn at(&self, nanoseconds: u64) -> Deadline {
        Deadline(self.0 + Duration::from_nanos(nanoseconds).min(LONGEST_WAIT))
    }
}

/// The time of day. A clock before 1970 reads as 1970: WASI's type has no earlier time.
pub(crate) fn now() -> Datetime {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Datetime { seconds: now.as_secs(), nanoseconds: now.subsec_nanos() }
}
