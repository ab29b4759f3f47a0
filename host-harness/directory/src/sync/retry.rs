//! When what failed is tried again.

use std::time::Duration;

use ring::rand::{SecureRandom as _, SystemRandom};

use crate::directory::{FailureKind, Task, TaskFailure, Upstream, Waiting};
use provisioning_runtime::wit::{Error, ErrorKind, Retry};
use provisioning_runtime::{JobError, SandboxFault};

/// Attempts after which an admin is asked.
const ATTEMPTS: u32 = 8;
/// Attempts in which a refusal may be the work of a lost push, which goes on in the application when its sender is gone. With
/// the waits between them they span 9 to 15 seconds.
pub(super) const OWN_WORK: u32 = 3;
/// The wait after the first attempt; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// A wait that doubles with each attempt, up to an hour, and varies by a quarter either way: what failed together should
/// not come back together.
pub(super) fn backoff(attempts: u32) -> Duration {
    let wait = FIRST_WAIT.saturating_mul(1 << attempts.min(16)).min(LONGEST_WAIT);
    let mut byte = [128];
    // Without randomness it only comes at its plain time.
    let _ = SystemRandom::new().fill(&mut byte);
    wait.mul_f64(0.75 + f64::from(byte[0]) / 512.0)
}

/// When a task that has been tried `attempts` times before is tried again after this error.
pub(super) fn waiting(retry: &Retry, attempts: u32) -> Waiting {
    if attempts + 1 >= ATTEMPTS {
        return Waiting::ForAdmin;
    }
    match retry {
        Retry::Never | Retry::AfterRemedy => Waiting::ForAdmin,
        // The first time really at once.
        Retry::AtOnce if attempts == 0 => Waiting::For(Duration::ZERO),
        Retry::AtOnce => Waiting::For(backoff(attempts)),
        Retry::After(seconds) => Waiting::For(backoff(attempts).max(Duration::from_secs((*seconds).into()))),
    }
}

/// When a task is tried again that this error ended. One that was under way when its process ended, or when its answer was
/// lost, may meet what it has done itself, or what the application is still doing of it: then the next try finds that.
pub(super) fn waiting_of(task: &Task, error: &Error) -> Waiting {
    let waiting = waiting(&error.retry, task.attempts);
    if waiting == Waiting::ForAdmin && task.under_way && task.attempts < OWN_WORK && may_be_own_work(&error.kind) {
        return Waiting::For(if task.attempts == 0 { Duration::ZERO } else { backoff(task.attempts) });
    }
    waiting
}

/// Whether a record that is there already, or is just being made, is refused so: over its name, over another value that must
/// be unique, by a rule against duplicates, or over the seat that it has taken.
fn may_be_own_work(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UsernameTaken
            | ErrorKind::AmbiguousMatch
            | ErrorKind::InvalidValue
            | ErrorKind::RejectedByRule
            | ErrorKind::LicenseExhausted
    )
}

/// The class of retry in a word.
pub(super) fn retry_name(retry: &Retry) -> &'static str {
    match retry {
        Retry::Never => "never",
        Retry::AtOnce => "at-once",
        Retry::After(_) => "after",
        Retry::AfterRemedy => "after-remedy",
    }
}

/// What is kept of an error with its task.
pub fn failure(error: &Error) -> TaskFailure {
    TaskFailure {
        kind: (&error.kind).into(),
        cause: error.message.clone(),
        remedy: error.remedy.clone(),
        retry: retry_name(&error.retry).to_owned(),
        upstream: error.upstream.as_ref().map(Upstream::from),
    }
}

/// What is kept of a call that came to nothing as a whole.
pub fn failure_of_job(error: &JobError) -> TaskFailure {
    match error {
        JobError::Refused(error) => failure(error),
        JobError::Stopped { .. } => TaskFailure::new(FailureKind::Stopped, error.to_string()),
    }
}

/// What is kept of a sandbox's end with the one task that brought it about.
pub(super) fn fault(fault: &SandboxFault) -> TaskFailure {
    TaskFailure::new(FailureKind::Stopped, format!("the connector was stopped over this record: {fault}"))
}

/// Whether an error of a whole call concerns the tenant and not the records in it: then the records keep their chances.
pub(super) fn concerns_tenant(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::InvalidSettings
            | ErrorKind::InvalidCredentials
            | ErrorKind::PermissionDenied
            | ErrorKind::Unreachable
            | ErrorKind::RateLimited
            | ErrorKind::BudgetExhausted
            | ErrorKind::Unsupported
            | ErrorKind::Transient
    )
}

/// Whether the connector says of itself that it has no such function, or knows no such thing, as these kinds do. What the
/// application has answered is another matter, however the connector calls it: that has a cause to be told and cured.
pub fn is_of_the_connector(error: &Error, kinds: &[FailureKind]) -> bool {
    error.upstream.is_none() && kinds.contains(&FailureKind::from(&error.kind))
}

/// How long to wait before the same call is worth another try in this job; none where it is not.
pub(super) fn pause(error: &JobError, attempts: u32) -> Option<Duration> {
    const TRIES: u32 = 3;
    /// A job does not sit on its tenant's lock for longer; the next one comes soon enough.
    const PATIENCE: u32 = 10;
    let JobError::Refused(error) = error else { return None };
    if attempts + 1 >= TRIES {
        return None;
    }
    match error.retry {
        Retry::AtOnce => Some(backoff(attempts).min(Duration::from_secs(PATIENCE.into())) / 8),
        Retry::After(seconds) if seconds <= PATIENCE => Some(Duration::from_secs(seconds.into())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_end_with_an_admin() {
        for attempts in 0..30 {
            let plain = FIRST_WAIT.saturating_mul(1 << attempts.min(16)).min(LONGEST_WAIT);
            let wait = backoff(attempts);
            assert!(wait >= plain.mul_f64(0.75) && wait <= plain.mul_f64(1.25), "{attempts}: {wait:?}");
        }
        assert_eq!(waiting(&Retry::AtOnce, 0), Waiting::For(Duration::ZERO));
        assert!(matches!(waiting(&Retry::AtOnce, 3), Waiting::For(wait) if wait >= Duration::from_secs(12)));
        assert!(matches!(waiting(&Retry::After(600), 0), Waiting::For(wait) if wait >= Duration::from_secs(600)));
        assert_eq!(waiting(&Retry::After(1), ATTEMPTS - 1), Waiting::ForAdmin);
        assert_eq!(waiting(&Retry::Never, 0), Waiting::ForAdmin);
        assert_eq!(waiting(&Retry::AfterRemedy, 0), Waiting::ForAdmin);
    }

    #[test]
    fn each_class_of_retry_has_its_name() {
        let names = [
            (Retry::Never, "never"),
            (Retry::AtOnce, "at-once"),
            (Retry::After(7), "after"),
            (Retry::AfterRemedy, "after-remedy"),
        ];
        for (retry, name) in names {
            assert_eq!(retry_name(&retry), name);
        }
    }

    #[test]
    fn a_job_waits_a_little_for_an_application_that_asks_for_it_and_three_times_at_the_most() {
        let asks = |retry| {
            JobError::from(Error {
                kind: ErrorKind::RateLimited,
                message: String::new(),
                remedy: None,
                retry,
                upstream: None,
            })
        };
        for (retry, attempts, wait) in [
            (Retry::After(10), 0, Some(10)),
            (Retry::After(10), 1, Some(10)),
            (Retry::After(10), 2, None),
            (Retry::After(11), 0, None),
            (Retry::Never, 0, None),
            (Retry::AfterRemedy, 0, None),
            (Retry::AtOnce, 2, None),
        ] {
            assert_eq!(pause(&asks(retry), attempts), wait.map(Duration::from_secs), "{retry:?} {attempts}");
        }
        let at_once = pause(&asks(Retry::AtOnce), 0).unwrap();
        assert!(at_once >= Duration::from_millis(187) && at_once <= Duration::from_millis(313), "{at_once:?}");
        let stopped = JobError::Stopped { tenant: String::new(), call: "x", fault: SandboxFault::Stack };
        assert_eq!(pause(&stopped, 0), None);
    }
}
