//! What came in: every request with its status and duration, for tests that count calls.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// One request. Headers, bodies and query parameters other than the SOQL are never kept, so no secret can be here.
#[derive(Clone, Debug, serde::Serialize)]
pub struct JournalEntry {
    /// HTTP method.
    pub method: String,
    /// Path, without its query.
    pub path: String,
    /// The query's text, for requests that carry one.
    pub soql: Option<String>,
    /// HTTP status of the answer.
    pub status: u16,
    /// From the request's head to the answer's.
    pub duration: Duration,
}

/// The journal.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: Mutex<Vec<JournalEntry>>,
}

impl Journal {
    fn lock(&self) -> MutexGuard<'_, Vec<JournalEntry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn record(&self, method: String, path: String, soql: Option<String>, status: u16, duration: Duration) {
        self.lock().push(JournalEntry { method, path, soql, status, duration });
    }

    pub(crate) fn entries(&self) -> Vec<JournalEntry> {
        self.lock().clone()
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }
}
