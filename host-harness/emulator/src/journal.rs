//! What came in: every request with its status and duration, for tests that count calls.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};

/// How many requests are remembered; the oldest make room for new ones, so that a long run does not eat the memory.
const CAPACITY: usize = 100_000;

/// One request. Headers, bodies and query parameters other than the SOQL are never kept, so no secret can be here.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JournalEntry {
    /// When it came in, by the machine's clock and not by the org's. In JSON in milliseconds since 1970.
    #[serde(serialize_with = "since_1970")]
    pub at: SystemTime,
    /// The id of the user whose session it showed; `None` for a request without one, such as a login.
    pub user: Option<String>,
    /// The number of that session, counted from 1 since the start.
    pub session: Option<u64>,
    /// HTTP method.
    pub method: String,
    /// Path, without its query.
    pub path: String,
    /// The query's text, for requests that carry one: `query`, `queryAll` and Bulk query jobs; of a composite request each on
    /// a line of its own.
    pub soql: Option<String>,
    /// HTTP status of the answer; 0 where the connection was dropped before there was one.
    pub status: u16,
    /// From the request's head to the answer's, a fault's latency included. In JSON `durationMs`, in milliseconds.
    #[serde(rename = "durationMs", serialize_with = "milliseconds")]
    pub duration: Duration,
    /// Bytes of the request's body.
    pub request_bytes: u64,
    /// Bytes of the answer's body.
    pub response_bytes: u64,
    /// The id of the request, which its answer has as `X-SFDC-Request-Id`.
    pub request_id: String,
    /// The number of the fault that the request met, as [`Emulator::inject`](crate::Emulator::inject) gave it.
    pub fault: Option<u64>,
    /// Ids of the records that the request made, whatever became of its answer; those of Bulk ingest jobs are left out.
    pub created: Vec<String>,
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64() * 1000.0)
}

fn since_1970<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    serializer.serialize_u64(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// The journal.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    total: u64,
    entries: VecDeque<JournalEntry>,
}

impl Journal {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn record(&self, entry: JournalEntry) {
        let mut kept = self.lock();
        kept.total += 1;
        if kept.entries.len() == CAPACITY {
            kept.entries.pop_front();
        }
        kept.entries.push_back(entry);
    }

    /// How many requests there were, and those that are remembered, oldest first.
    pub(crate) fn read(&self) -> (u64, Vec<JournalEntry>) {
        let kept = self.lock();
        (kept.total, kept.entries.iter().cloned().collect())
    }

    /// How many requests there were.
    pub(crate) fn total(&self) -> u64 {
        self.lock().total
    }

    pub(crate) fn clear(&self) {
        *self.lock() = Kept::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_requests_make_room_and_still_count() {
        let journal = Journal::default();
        for index in 0..CAPACITY + 3 {
            journal.record(JournalEntry {
                at: UNIX_EPOCH,
                user: None,
                session: None,
                method: "GET".into(),
                path: index.to_string(),
                soql: None,
                status: 200,
                duration: Duration::ZERO,
                request_bytes: 0,
                response_bytes: 0,
                request_id: format!("{index:032x}"),
                fault: None,
                created: Vec::new(),
            });
        }
        let (total, entries) = journal.read();
        assert_eq!((total, entries.len(), entries[0].path.as_str()), (100_003, CAPACITY, "3"));
        journal.clear();
        assert_eq!(journal.total(), 0);
    }
}
