//! Recording.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::RecordingError;
use super::entry::{Answer, Entry, Failed, VERSION};
use crate::bindings::identity::provisioning::http::{Failure, Response};
use crate::http::Shown;
use crate::placeholders::Placeholders;
use crate::placement::Found;
use crate::secrets::Masks;

/// Writes the HTTP of jobs to a file. Cheap to clone; clones write to the same file.
#[derive(Clone, Debug)]
pub struct Recorder {
    path: Arc<PathBuf>,
    file: Arc<Mutex<File>>,
}

impl Recorder {
    /// Begins a recording at `path`, readable by its owner alone. What stood there is replaced.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(path: &Path) -> Result<Self, RecordingError> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let failed = |reason| RecordingError::Io { path: path.to_owned(), reason };
        let file = options.open(path).map_err(failed)?;
        // The mode above is that of a new file; one that was there keeps its own.
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).map_err(failed)?;
        Ok(Self { path: Arc::new(path.to_owned()), file: Arc::new(Mutex::new(file)) })
    }

    /// The tape of one job.
    pub(crate) fn tape(&self, tenant: &str, job: &str, masks: &Masks) -> Tape {
        Tape {
            recorder: self.clone(),
            tenant: tenant.to_owned(),
            job: job.to_owned(),
            state: Mutex::new(State { masks: masks.clone(), entries: Vec::new() }),
        }
    }

    fn write(&self, entries: &[Entry]) {
        let mut lines = Vec::new();
        for entry in entries {
            if let Err(error) = serde_json::to_writer(&mut lines, entry) {
                tracing::warn!(%error, "a request cannot be recorded");
                return;
            }
            lines.push(b'\n');
        }
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // One write, so that two processes that record into one file do not tear each other's lines.
        if let Err(error) = file.write_all(&lines) {
            tracing::warn!(%error, recording = %self.path.display(), "the requests of a job cannot be recorded");
        }
    }
}

/// The requests of one job, written when it ends. Until then they may hold what turns out to be a credential, so it implements no
/// `Debug`.
pub(crate) struct Tape {
    recorder: Recorder,
    tenant: String,
    job: String,
    state: Mutex<State>,
}

struct State {
    /// Everything that must not be written: the tenant's secrets, those of single requests, and what answers brought.
    masks: Masks,
    entries: Vec<Entry>,
}

impl Tape {
    /// Notes a request, the secrets that it carried, and what the component got of it.
    pub(crate) fn note(
        &self,
        request: Shown,
        found: &[Found],
        outcome: &Result<Response, Failure>,
        duration: Duration,
        placeholders: &Placeholders,
    ) {
        let entry = Entry {
            version: VERSION,
            tenant: self.tenant.clone(),
            job: self.job.clone(),
            method: request.method,
            url: request.url,
            headers: request.headers,
            body: request.body.map(|body| body.as_slice().into()),
            duration_ms: duration.as_millis() as u64,
            answer: outcome.as_ref().ok().map(|response| Answer {
                status: response.status,
                headers: response
                    .headers
                    .iter()
                    .map(|(name, value)| (name.clone(), placeholders.named_text(value).into_owned()))
                    .collect(),
                body: placeholders.named(&response.body).as_ref().into(),
            }),
            failure: outcome.as_ref().err().map(Failed::from),
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let carried = found.iter().map(|found| found.held.as_ref());
        for held in carried.chain(placeholders.taken()) {
            state.masks.add(&held.value, &format!("{{{{{}}}}}", held.name));
        }
        state.entries.push(entry);
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        for entry in &mut state.entries {
            entry.mask(&state.masks);
        }
        self.recorder.write(&state.entries);
    }
}
