//! The bounds of a sandbox, and the part of them that Wasmtime asks about while a component runs.

use std::time::Duration;

use wasmtime::ResourceLimiter;

use super::survey::{MOST_INSTANCES, MOST_MEMORIES, MOST_TABLES};

/// How often the epoch advances. A component that computes is looked at this often; it yields to other jobs each time, so
/// this is also the longest time that one job can hold a thread: what a neighbour waits in each of its turns. A turn costs one
/// to two microseconds.
pub(crate) const EPOCH_TICK: Duration = Duration::from_millis(2);

/// What one job may use.
///
/// The defaults fit a connector that pages 2,000 records a call; none of them is reached by well-behaved work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory of the component, in bytes, of all its memories together. Default 64 MiB: a page of 2,000 users was seen to need under 16 MiB, and a push of
    /// 10,000 is reckoned to need 35 MiB.
    pub memory: usize,
    /// Elements in the component's tables. Default 20,000: a connector's function table has a few thousand.
    pub table_elements: usize,
    /// Time that one call may compute, waiting not counted. Default 10 s.
    pub compute: Duration,
    /// Time that one call may take in all, waiting included. Default 20 min: a batch of 10,000 new users is ten writes of 1,000
    /// contacts one after the other and ten of 1,000 users beside them, each of which may take up to two minutes.
    pub call: Duration,
    /// Time that one HTTP request may take, its answer included. Default 2 min.
    pub request: Duration,
    /// Length of one HTTP response after decoding, in bytes. Default 16 MiB: 2,000 users of 2 KiB are 4 MiB.
    pub response: usize,
    /// Bytes that all answers of one job may hold in the host at once, those of a `send-all` and those that were started and are not
    /// finished. Default 24 MiB: the component needs as much again to take them over, and both together stay below its memory.
    pub answers: usize,
    /// HTTP requests of one job that are under way at once. Default 25; a connector may stay below.
    pub requests_in_flight: usize,
    /// HTTP requests that one job may send. Default 10,000.
    pub requests: u64,
    /// Bytes that a component may hand to the host in one call, and that the bodies of its requests may hold in the host until they
    /// are sent. Default 32 MiB.
    pub transfer: usize,
    /// Timers, and placeholders of secrets, that a component may hold at once; of each so many. Default 4,096.
    pub handles: usize,
    /// Log events that a job may write. Default 10,000; what comes after is dropped and counted.
    pub log_events: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 64 << 20,
            table_elements: 20_000,
            compute: Duration::from_secs(10),
            call: Duration::from_secs(1200),
            request: Duration::from_secs(120),
            response: 16 << 20,
            answers: 24 << 20,
            requests_in_flight: 25,
            requests: 10_000,
            transfer: 32 << 20,
            handles: 4_096,
            log_events: 10_000,
        }
    }
}

/// Grants or refuses growth of a store. A refusal ends the job at once: were the growth merely denied, the component
/// would see a failed allocation and abort, which looks like a bug of its own.
#[derive(Debug)]
pub(crate) struct MemoryLimiter {
    memory: usize,
    table_elements: usize,
    /// Bytes of all memories together, and elements of all tables.
    has: (usize, usize),
}

impl MemoryLimiter {
    /// One of a store that has nothing yet.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { memory: limits.memory, table_elements: limits.table_elements, has: (0, 0) }
    }
}

/// Growth that was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GrowthRefused {
    #[error("its memory would have grown to {0} bytes")]
    Memory(usize),
    #[error("its tables would have grown to {0} elements")]
    Table(usize),
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let all = self.has.0.saturating_add(desired.saturating_sub(current));
        if all > self.memory {
            return Err(GrowthRefused::Memory(all).into());
        }
        self.has.0 = all;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let all = self.has.1.saturating_add(desired.saturating_sub(current));
        if all > self.table_elements {
            return Err(GrowthRefused::Table(all).into());
        }
        self.has.1 = all;
        Ok(true)
    }

    fn instances(&self) -> usize {
        MOST_INSTANCES as usize
    }

    fn memories(&self) -> usize {
        MOST_MEMORIES as usize
    }

    fn tables(&self) -> usize {
        MOST_TABLES as usize
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(error)
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_memories_share_one_limit() {
        let limits = Limits { memory: 300, table_elements: 30, ..Limits::default() };
        let mut limiter = MemoryLimiter::new(&limits);
        assert!(limiter.memory_growing(0, 100, None).unwrap());
        assert!(limiter.memory_growing(0, 100, None).unwrap());
        assert!(limiter.memory_growing(100, 200, None).unwrap());
        let refused = limiter.memory_growing(100, 101, None).unwrap_err();
        assert_eq!(refused.to_string(), GrowthRefused::Memory(301).to_string());
        assert!(limiter.table_growing(0, 20, None).unwrap());
        assert!(limiter.table_growing(0, 11, None).is_err());
    }
}
