//! The clocks of WASI that the world names: time of day, and waiting.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;
use wasmtime::component::Resource;

use super::bindings::wasi::clocks::monotonic_clock;
use super::bindings::wasi::clocks::wall_clock::{self, Datetime};
use super::bindings::wasi::io::poll;
use super::job::JobState;

/// What a `pollable` stands for in the host: a point in time.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Deadline(Instant);

/// Tokio's timers end at about this distance; a longer wait is cut short by the deadline of the call anyway.
const LONGEST_WAIT: Duration = Duration::from_secs(365 * 24 * 3600);

impl wall_clock::Host for JobState {
    async fn now(&mut self) -> wasmtime::Result<Datetime> {
        // A clock before 1970 reads as 1970: WASI's type has no earlier time.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Datetime { seconds: now.as_secs(), nanoseconds: now.subsec_nanos() })
    }
}

impl monotonic_clock::Host for JobState {
    async fn subscribe_duration(&mut self, when: u64) -> wasmtime::Result<Resource<Deadline>> {
        let wait = Duration::from_nanos(when).min(LONGEST_WAIT);
        Ok(self.table.push(Deadline(Instant::now() + wait))?)
    }
}

impl poll::Host for JobState {}

impl poll::HostPollable for JobState {
    async fn block(&mut self, pollable: Resource<Deadline>) -> wasmtime::Result<()> {
        let Deadline(when) = *self.table.get(&pollable)?;
        tokio::time::sleep_until(when).await;
        Ok(())
    }

    async fn drop(&mut self, pollable: Resource<Deadline>) -> wasmtime::Result<()> {
        self.table.delete(pollable)?;
        Ok(())
    }
}
