//! What came of a job.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::super::problem::Problem;
use provisioning_directory::Upstream;

/// How one point of a report fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Tone {
    Good,
    Bad,
    /// Not tried, or of no weight.
    Quiet,
}

/// One point of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) verdict: Tone,
    /// The verdict in a word, so that it is not told by colour alone.
    pub(crate) word: Cow<'static, str>,
    /// One sentence.
    pub(crate) detail: String,
    /// What the application itself answered.
    pub(crate) said: Option<Upstream>,
    /// What to do, in a sentence.
    pub(crate) remedy: Option<String>,
}

/// What came of a job, in a sentence and points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JobReport {
    /// Whether all of it went well.
    pub(crate) good: bool,
    pub(crate) summary: String,
    pub(crate) lines: Vec<Line>,
}

impl JobReport {
    /// A report of one sentence.
    pub(crate) fn short(good: bool, summary: impl Into<String>) -> Self {
        Self { good, summary: summary.into(), lines: Vec::new() }
    }
}

impl Problem {
    /// What happened, what the application said, and what to do, in one text.
    pub(crate) fn sentence(&self) -> String {
        match &self.said {
            Some(said) => format!("{} The application said: {said}. {}", self.what, self.remedy),
            None => format!("{} {}", self.what, self.remedy),
        }
    }
}
