//! What a check is, and how it ends.

use serde::Serialize;

use provisioning_runtime::wit::{ErrorKind, Features};
use provisioning_runtime::{JobError, error_kind_name};

/// One thing that is wanted of every connector.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// `group.name`, in kebab-case; never changes.
    pub name: &'static str,
    /// What is wanted, in a sentence.
    pub wants: &'static str,
    /// Whether it writes to the application.
    pub writes: bool,
    /// What the connector must offer for the check to make sense.
    pub needs: &'static [Features],
}

impl Check {
    /// A check that only reads.
    pub(super) const fn reading(name: &'static str, wants: &'static str) -> Self {
        Self { name, wants, writes: false, needs: &[] }
    }

    /// A check that makes or changes users.
    pub(super) const fn writing(name: &'static str, wants: &'static str) -> Self {
        Self { name, wants, writes: true, needs: &[] }
    }

    pub(super) const fn needing(self, needs: &'static [Features]) -> Self {
        Self { needs, ..self }
    }
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckVerdict {
    /// What is wanted was seen.
    Passed,
    /// Something else was seen.
    Failed,
    /// It was not tried.
    Skipped,
}

/// A check that was made.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    /// The check's name.
    pub name: &'static str,
    /// What it wants.
    pub wants: &'static str,
    /// How it ended.
    pub verdict: CheckVerdict,
    /// What was seen, or why it was not tried.
    pub detail: String,
}

/// Why a check did not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unmet {
    /// What was seen instead.
    Failed(String),
    /// Why it was not tried.
    Skipped(String),
}

/// What a check saw, where it saw what it wants.
pub(super) type Outcome = Result<String, Unmet>;

pub(super) fn failed<T>(seen: impl Into<String>) -> Result<T, Unmet> {
    Err(Unmet::Failed(seen.into()))
}

pub(super) fn skipped<T>(why: impl Into<String>) -> Result<T, Unmet> {
    Err(Unmet::Skipped(why.into()))
}

/// Fails with what was seen, unless `holds`.
pub(super) fn ensure(holds: bool, seen: impl FnOnce() -> String) -> Result<(), Unmet> {
    if holds { Ok(()) } else { failed(seen()) }
}

/// What was refused, as a check tells it.
pub(super) fn refusal(error: &provisioning_runtime::wit::Error) -> String {
    format!("{}: {}", error_kind_name(&error.kind), error.message)
}

/// Fails unless the error is of one of these kinds.
pub(super) fn ensure_kind(
    error: &provisioning_runtime::wit::Error,
    what: &str,
    fits: impl Fn(&ErrorKind) -> bool,
    wanted: &str,
) -> Result<(), Unmet> {
    ensure(fits(&error.kind), || format!("{what} was refused as {}; wanted is {wanted}", refusal(error)))
}

/// A refusal of a whole call. A call that was let through, or a sandbox that was ended, fails the check.
pub(super) fn refused<T>(what: &str, result: Result<T, JobError>) -> Result<provisioning_runtime::wit::Error, Unmet> {
    match result {
        Ok(_) => failed(format!("{what} was accepted")),
        Err(JobError::Refused(error)) => Ok(*error),
        Err(stopped @ JobError::Stopped { .. }) => failed(stopped.to_string()),
    }
}

impl From<JobError> for Unmet {
    fn from(error: JobError) -> Self {
        Self::Failed(match error {
            JobError::Refused(error) => format!("a call was refused as {}", refusal(&error)),
            stopped @ JobError::Stopped { .. } => stopped.to_string(),
        })
    }
}

/// Words of lower-case letters and digits, joined by hyphens.
pub(super) fn is_kebab_case(name: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    name.split('-').all(word)
}

/// The first text that stands a second time.
pub(super) fn repeated<'a>(texts: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = std::collections::HashSet::new();
    texts.into_iter().find(|text| !seen.insert(*text))
}
