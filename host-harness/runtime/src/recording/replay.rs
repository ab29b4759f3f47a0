//! Replaying.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::RecordingError;
use super::entry::{Body, Entry, VERSION, without_credentials};
use crate::bindings::identity::provisioning::http::{Failure, Response};
use crate::http::Shown;

/// Answers the requests of jobs from a recording. Cheap to clone; clones answer from the same lines.
#[derive(Clone)]
pub struct Replay(Arc<Mutex<Vec<Entry>>>);

impl std::fmt::Debug for Replay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Replay({} left)", self.left())
    }
}

/// Reads a line of a recording.
fn entry(line: &str) -> Result<Entry, String> {
    // serde_json's message may quote a value, and says no more that helps.
    let entry: Entry = serde_json::from_str(line)
        .map_err(|error| format!("{:?} error in column {}", error.classify(), error.column()))?;
    if entry.version != VERSION {
        return Err(format!("its version is {}, and {VERSION} is known", entry.version));
    }
    if entry.outcome().is_none() {
        return Err("it has neither an answer nor a failure".to_owned());
    }
    Ok(entry)
}

/// Why a line is of no recording.
pub(crate) fn check_line(line: &str) -> Result<(), String> {
    entry(line).map(drop)
}

impl Replay {
    /// Reads a recording.
    ///
    /// # Errors
    /// When it cannot be read, or a line is not of the documented form.
    pub fn read(path: &Path) -> Result<Self, RecordingError> {
        let text =
            std::fs::read_to_string(path).map_err(|reason| RecordingError::Io { path: path.to_owned(), reason })?;
        let mut entries = Vec::new();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let malformed =
                |reason: String| RecordingError::Malformed { path: path.to_owned(), line: number + 1, reason };
            entries.push(entry(line).map_err(malformed)?);
        }
        Ok(Self(Arc::new(Mutex::new(entries))))
    }

    /// Recorded requests that no job has sent so far.
    pub fn left(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// What came of this request when it was recorded.
    pub(crate) fn answer(&self, request: &Shown) -> Result<Response, Failure> {
        let url = without_credentials(&request.url);
        let body = request.body.as_ref().map(|body| match Body::from(body.as_slice()) {
            Body::Text(text) => Body::Text(without_credentials(&text)),
            other => other,
        });
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |entry: &Entry| entry.method == request.method && entry.url == url && entry.body == body;
        let Some(at) = entries.iter().position(fits) else {
            let at = url.split('?').next().unwrap_or_default();
            return Err(Failure::Other(format!(
                "the recording that is replayed has no further answer to {} {at} with this query and body; record anew with this connector and these settings",
                request.method
            )));
        };
        entries.remove(at).outcome().unwrap_or(Err(Failure::Cancelled))
    }
}
