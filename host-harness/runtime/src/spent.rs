//! What a job has asked of its application: requests by the connector's function that sent them, and the allowance of calls.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::metrics::Histogram;

/// The requests of one function of the connector.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OperationCalls {
    /// Requests that ended without an answer, or with a status of 400 or above.
    pub failures: u64,
    /// The time from each request to its complete answer; its count is that of the requests.
    pub times: Histogram,
}

/// What was asked of the application since it was last told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spent {
    /// By the name of the connector's function, such as `import-users`; signing in counts as `open`.
    pub operations: BTreeMap<&'static str, OperationCalls>,
    /// Calls that the organisation has used in the current period, as far as the application says.
    pub used: Option<u64>,
    /// Calls that the organisation may make in the period, as far as the application says.
    pub limit: Option<u64>,
}

impl Spent {
    /// Whether nothing was asked. What is known of the allowance comes with answers only, so then there is no news of it.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// How many requests were sent.
    pub fn requests(&self) -> u64 {
        self.operations.values().map(|calls| calls.times.count()).sum()
    }

    /// Adds what came later.
    pub fn merge(&mut self, later: Self) {
        for (operation, calls) in later.operations {
            let own = self.operations.entry(operation).or_default();
            own.failures += calls.failures;
            own.times.merge(&calls.times);
        }
        self.used = later.used.or(self.used);
        self.limit = later.limit.or(self.limit);
    }
}

/// Counts the requests of a job under the function that is under way.
#[derive(Debug, Default)]
pub(super) struct RequestLog(Mutex<Log>);

#[derive(Debug, Default)]
struct Log {
    operation: &'static str,
    operations: BTreeMap<&'static str, OperationCalls>,
}

impl RequestLog {
    /// Counts that change in steps which leave them whole.
    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of the function that is called now.
    pub(super) fn begin(&self, operation: &'static str) {
        self.log().operation = operation;
    }

    pub(super) fn request(&self, failed: bool, time: Duration) {
        let mut log = self.log();
        let operation = log.operation;
        let calls = log.operations.entry(operation).or_default();
        calls.failures += u64::from(failed);
        calls.times.observe(time);
    }

    /// What was counted since the last time.
    pub(super) fn take(&self) -> BTreeMap<&'static str, OperationCalls> {
        std::mem::take(&mut self.log().operations)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_count_under_the_function_that_sent_them() {
        let log = RequestLog::default();
        log.begin("open");
        log.request(false, Duration::from_millis(3));
        log.begin("push-users");
        log.request(true, Duration::from_millis(3));
        log.request(false, Duration::from_millis(3));
        let mut spent = Spent { operations: log.take(), used: Some(4), limit: Some(10) };
        assert!(log.take().is_empty());
        log.request(true, Duration::from_secs(1));
        spent.merge(Spent { operations: log.take(), used: Some(5), limit: None });
        assert_eq!(spent.operations["open"].times.count(), 1);
        let push = &spent.operations["push-users"];
        assert_eq!((push.times.count(), push.failures), (3, 2));
        assert_eq!((spent.used, spent.limit), (Some(5), Some(10)));
    }
}
