//! The HTTP of jobs on file: recorded where a problem shows, replayed where it is looked into.
//!
//! # Format
//! JSON lines (UTF-8, one object a line), each a request and what came of it:
//!
//! | member | content |
//! |---|---|
//! | `version` | 1 |
//! | `tenant`, `job` | whose request it was |
//! | `method`, `url` | the request's, as sent |
//! | `headers` | pairs of name and value |
//! | `body` | `{"text": "…"}`, or `{"base64": "…"}` where it is not UTF-8; missing where there was none |
//! | `duration_ms` | how long the answer took |
//! | `answer` | `{"status": 200, "headers": […], "body": {…}}` |
//! | `failure` | instead of `answer`: `{"kind": "unreachable", "text": "…"}`, named as the cases of the WIT variant `failure` |
//!
//! The lines of a job stand together, in the order in which its requests were sent, and are written when the job ends: only
//! then is every session id known that must not be in them.
//!
//! # Secrets
//! `{{name}}` stands in the place of each secret and of each value that answers brought and the host keeps, such as a session id. What
//! is sent or returned beside that under a name that means a credential, such as `access_token`, is `***`. Names, addresses and other data
//! of people aren't masked; treat the file as the application's data. It is readable by its owner alone.
//!
//! # Replay
//! A replayed job is answered from the file and sends nothing. A request is answered by the first line not used yet that has
//! the same method, address and body; any other fails the job's call with an error that names it. Bodies are compared with the names of
//! secrets in them, so a token that is signed anew each time fits.

mod entry;
mod replay;
mod tape;

use std::path::PathBuf;

pub(crate) use self::entry::without_credentials;
pub use self::replay::Replay;
pub(crate) use self::replay::check_line;
pub use self::tape::Recorder;
pub(crate) use self::tape::Tape;

/// Why a recording cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The operating system refuses.
    #[error("the recording {path} cannot be used: {reason}; name a file that can be")]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        reason: std::io::Error,
    },
    /// A line is not of the documented form.
    #[error("{path}, line {line}: this is no recorded request ({reason}); replay a file as it was recorded")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

#[cfg(test)]
mod tests;
