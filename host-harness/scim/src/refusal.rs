//! From the directory's and the application's failures to what a client is told.
//!
//! A client that hears 401 or 403 stops and tells its admin that its own token is wrong. So whatever is the matter between this host
//! and the application is never one of these.

use crate::protocol::error::{ScimError, ScimType};
use provisioning_directory::sync::SyncError;
use provisioning_directory::{DirectoryError, FailureKind, TaskId};
use provisioning_runtime::JobError;

/// Seconds after which a client may try again what passes by itself.
const SOON: u32 = 30;
/// Seconds after which an allowance may have grown, or somebody may have acted.
const LATER: u32 = 300;

/// What a client is told of a task that failed.
pub(crate) fn of_failure(kind: &FailureKind, cause: &str, remedy: Option<&str>, task: Option<TaskId>) -> ScimError {
    let mut detail = sentence(cause);
    if let Some(remedy) = remedy {
        detail.push(' ');
        detail.push_str(&sentence(remedy));
    }
    if let Some(task) = task {
        detail.push_str(&format!(" (Task {task})"));
    }
    of_kind(kind, detail)
}

fn of_kind(kind: &FailureKind, detail: String) -> ScimError {
    match kind {
        FailureKind::UsernameTaken | FailureKind::AmbiguousMatch => ScimError::taken(detail),
        FailureKind::InvalidValue
        | FailureKind::MissingValue
        | FailureKind::IncompatibleGrants
        | FailureKind::RejectedByRule
        | FailureKind::PasswordRejected
        | FailureKind::NotFound
        | FailureKind::OutOfUse => ScimError::value(detail),
        FailureKind::Drifted | FailureKind::StaleReference | FailureKind::NotInPlan => ScimError::new(412, detail),
        FailureKind::RateLimited => ScimError::new(429, detail).after(SOON),
        FailureKind::BudgetExhausted => ScimError::new(429, detail).after(LATER),
        FailureKind::Transient | FailureKind::Unreachable | FailureKind::Unkept => {
            ScimError::new(503, detail).after(SOON)
        }
        FailureKind::LicenseExhausted
        | FailureKind::InvalidCredentials
        | FailureKind::PermissionDenied
        | FailureKind::InvalidSettings
        | FailureKind::FeatureOff
        | FailureKind::Safeguard => ScimError::new(503, detail).after(LATER),
        FailureKind::Unsupported => ScimError::new(501, detail),
        FailureKind::Stopped | FailureKind::Misbehaved => ScimError::new(500, detail),
        // Kinds that connectors make up; the best known is a password that was used before.
        FailureKind::Other(_) => ScimError::value(detail),
    }
}

/// What a client is told of a push that came to nothing as a whole.
pub(crate) fn of_job(error: &SyncError) -> ScimError {
    let (kind, remedy) = match error {
        SyncError::Directory(error) => return of_directory(error),
        SyncError::Job(JobError::Refused(error)) => (FailureKind::from(&error.kind), error.remedy.clone()),
        SyncError::Job(JobError::Stopped { .. }) => (FailureKind::Stopped, None),
        SyncError::Component { .. } | SyncError::NotApproved { .. } | SyncError::Invalid(_) => {
            (FailureKind::InvalidSettings, None)
        }
        SyncError::Misbehaved { .. } | SyncError::TooMuch { .. } => (FailureKind::Misbehaved, None),
        SyncError::Off(_) | SyncError::Halted { .. } | SyncError::ApprovalWanted { .. } => {
            (FailureKind::FeatureOff, None)
        }
    };
    let refusal = of_failure(&kind, &error.to_string(), remedy.as_deref(), None);
    // Values are refused record by record; a whole call that is refused so has another cause.
    if refusal.status == 400 { ScimError::new(503, refusal.detail).after(LATER) } else { refusal }
}

/// What a client is told if the directory refuses.
pub(crate) fn of_directory(error: &DirectoryError) -> ScimError {
    let detail = sentence(&error.to_string());
    match error {
        DirectoryError::Exists { .. } => ScimError::taken(detail),
        DirectoryError::Invalid(_) => ScimError::value(detail),
        DirectoryError::Sourced { .. } | DirectoryError::OfClient { .. } => {
            ScimError::bad(ScimType::Mutability, detail)
        }
        DirectoryError::NotFound { .. } => ScimError::new(404, detail),
        DirectoryError::Locked { .. } | DirectoryError::Busy { .. } | DirectoryError::LeaseLost => {
            ScimError::new(503, detail).after(SOON)
        }
        // What is wrong with the host's own files is for its operator, not for a platform.
        _ => {
            tracing::error!(%error, "a SCIM request could not be carried out");
            ScimError::new(
                503,
                "The host's directory can't be used; its log says why. Try again later, or ask the host's operator.",
            )
            .after(LATER)
        }
    }
}

/// A text as a sentence.
fn sentence(text: &str) -> String {
    let mut letters = text.trim().chars();
    let mut sentence: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    sentence.push_str(letters.as_str());
    if !sentence.ends_with(['.', '!', '?', '`']) || sentence.ends_with('`') {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_failure_has_its_status_and_never_blames_the_clients_token() {
        let table = [
            ("username-taken", 409, Some("uniqueness")),
            ("ambiguous-match", 409, Some("uniqueness")),
            ("invalid-value", 400, Some("invalidValue")),
            ("missing-value", 400, Some("invalidValue")),
            ("incompatible-grants", 400, Some("invalidValue")),
            ("rejected-by-rule", 400, Some("invalidValue")),
            ("password-rejected", 400, Some("invalidValue")),
            ("password-reused", 400, Some("invalidValue")),
            ("drifted", 412, None),
            ("stale-reference", 412, None),
            ("rate-limited", 429, None),
            ("budget-exhausted", 429, None),
            ("transient", 503, None),
            ("unreachable", 503, None),
            ("license-exhausted", 503, None),
            ("invalid-credentials", 503, None),
            ("permission-denied", 503, None),
            ("invalid-settings", 503, None),
            ("unsupported", 501, None),
            ("stopped", 500, None),
        ];
        for (name, status, kind) in table {
            let refusal =
                of_failure(&FailureKind::parse(name), "it is so", Some("Do this"), Some(TaskId::from_number(7)));
            assert_eq!((refusal.status, refusal.kind.map(ScimType::name)), (status, kind), "{name}");
            assert_eq!(refusal.detail, "It is so. Do this. (Task 7)");
            assert_eq!(refusal.retry_after.is_some(), matches!(status, 429 | 503), "{name}");
        }
        for kind in FailureKind::NAMED {
            let status = of_failure(kind, "x", None, None).status;
            assert!(!matches!(status, 401 | 403), "{kind}: {status}");
        }
    }
}
