//! Why a command ended early, and the exit code that says so.

use std::process::ExitCode;

use serde::Serialize;

use super::output::{printable, printable_words};
use super::view::ErrorView;
use provisioning_directory::DirectoryError;
use provisioning_directory::config::ConfigError;
use provisioning_directory::sync::SyncError;
use provisioning_registry::{AddressError, PullError, SignatureError};
use provisioning_runtime::wit::{Error, ErrorKind};
use provisioning_runtime::{EngineError, JobError, LoadError};

/// Everything was done.
pub(crate) const DONE: u8 = 0;
/// Some records failed, or the connector was stopped.
pub(crate) const SOME_FAILED: u8 = 1;
/// Bad usage or settings.
pub(crate) const BAD_USAGE: u8 = 2;
/// The application could not be reached or refuses the sign-in.
pub(crate) const NO_ACCESS: u8 = 3;

/// The end of a command.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: u8,
    pub(crate) error: ErrorView,
}

/// The JSON document of a command that failed.
#[derive(Serialize)]
pub(crate) struct FailureDocument<'a> {
    error: &'a ErrorView,
}

impl Failure {
    /// Bad usage or settings, in one sentence.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: BAD_USAGE, error: ErrorView::local("invalid-settings", message.into()) }
    }

    /// A fault of this program, in one sentence.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self { exit: SOME_FAILED, error: ErrorView::local("internal", message.into()) }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit)
    }

    pub(crate) fn document(&self) -> FailureDocument<'_> {
        FailureDocument { error: &self.error }
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("error: {}", printable(&self.error.message));
        if let Some(remedy) = &self.error.remedy {
            text.push_str("\n  what to do: ");
            text.push_str(&printable(remedy));
        }
        if let Some(upstream) = &self.error.upstream {
            text.push_str(&format!("\n  the application said: {}", printable_words(upstream)));
        }
        text
    }
}

/// The exit code of an error that concerns the whole command.
pub(crate) fn exit_of(kind: &ErrorKind) -> u8 {
    match kind {
        ErrorKind::InvalidSettings
        | ErrorKind::InvalidValue
        | ErrorKind::MissingValue
        | ErrorKind::StaleReference
        | ErrorKind::NotFound
        | ErrorKind::Unsupported => BAD_USAGE,
        ErrorKind::InvalidCredentials
        | ErrorKind::PermissionDenied
        | ErrorKind::Unreachable
        | ErrorKind::RateLimited
        | ErrorKind::BudgetExhausted
        | ErrorKind::Transient => NO_ACCESS,
        ErrorKind::UsernameTaken
        | ErrorKind::AmbiguousMatch
        | ErrorKind::LicenseExhausted
        | ErrorKind::IncompatibleGrants
        | ErrorKind::RejectedByRule
        | ErrorKind::Drifted
        | ErrorKind::PasswordRejected
        | ErrorKind::Other(_) => SOME_FAILED,
    }
}

/// The exit code of an error of a job. What the application itself has answered was refused by it, even if a setting is to blame.
fn exit_of_error(error: &Error) -> u8 {
    match error.kind {
        ErrorKind::InvalidSettings if error.upstream.is_some() => NO_ACCESS,
        _ => exit_of(&error.kind),
    }
}

impl From<JobError> for Failure {
    fn from(error: JobError) -> Self {
        match error {
            JobError::Refused(error) => Self { exit: exit_of_error(&error), error: ErrorView::from(&*error) },
            stopped @ JobError::Stopped { .. } => {
                Self { exit: SOME_FAILED, error: ErrorView::local("stopped", stopped.to_string()) }
            }
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<DirectoryError> for Failure {
    fn from(error: DirectoryError) -> Self {
        let (exit, kind) = match &error {
            DirectoryError::Store(_) | DirectoryError::Damaged(_) => (SOME_FAILED, "directory"),
            DirectoryError::Locked { .. } => (SOME_FAILED, "locked"),
            DirectoryError::Busy { .. } => (SOME_FAILED, "busy"),
            DirectoryError::WrongKey { .. } => (BAD_USAGE, "wrong-key"),
            DirectoryError::NotFound { .. } => (BAD_USAGE, "not-found"),
            _ => (BAD_USAGE, "invalid-value"),
        };
        Self { exit, error: ErrorView::local(kind, error.to_string()) }
    }
}

impl From<SyncError> for Failure {
    fn from(error: SyncError) -> Self {
        let (exit, kind) = match error {
            SyncError::Directory(error) => return error.into(),
            SyncError::Job(error) => return error.into(),
            SyncError::Component { .. } | SyncError::Invalid(_) | SyncError::NotApproved { .. } => {
                (BAD_USAGE, "invalid-settings")
            }
            SyncError::Off(_) => (BAD_USAGE, "feature-off"),
            SyncError::Halted { .. } => (SOME_FAILED, "safeguard"),
            SyncError::ApprovalWanted { .. } => (BAD_USAGE, "approval-wanted"),
            SyncError::Misbehaved { .. } | SyncError::TooMuch { .. } => (SOME_FAILED, "misbehaved"),
        };
        Self { exit, error: ErrorView::local(kind, error.to_string()) }
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<AddressError> for Failure {
    fn from(error: AddressError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<PullError> for Failure {
    fn from(error: PullError) -> Self {
        let (exit, kind) = match &error {
            PullError::Unreachable { .. } | PullError::TooSlow { .. } | PullError::Failed { .. } => {
                (NO_ACCESS, "unreachable")
            }
            PullError::Refused { .. } => (NO_ACCESS, "invalid-credentials"),
            PullError::NotFound { .. } => (BAD_USAGE, "not-found"),
            PullError::NotAComponent { .. } | PullError::TooLarge { .. } => (BAD_USAGE, "invalid-value"),
            PullError::Changed { .. } => (BAD_USAGE, "untrusted"),
        };
        Self { exit, error: ErrorView::local(kind, error.to_string()) }
    }
}

impl From<SignatureError> for Failure {
    fn from(error: SignatureError) -> Self {
        let kind = if matches!(error, SignatureError::Key { .. }) { "invalid-settings" } else { "untrusted" };
        Self { exit: BAD_USAGE, error: ErrorView::local(kind, error.to_string()) }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self { exit: SOME_FAILED, error: ErrorView::local("engine", error.to_string()) }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self { exit: SOME_FAILED, error: ErrorView::local("output", format!("the result cannot be written: {error}")) }
    }
}
