//! The report of tasks: a table or JSON, a summary, and the exit code; and the texts that all reports share.

use std::collections::BTreeMap;

use serde::Serialize;

use super::failure::{DONE, Failure, SOME_FAILED};
use super::output::{Output, Tone, printable, printable_words};
use super::view::OutcomeView;
use provisioning_directory::sync::push::{PushEntry, PushReport};
use provisioning_directory::{OpenCause, PlanId, TaskFailure, Upstream};
use provisioning_runtime::wit::Outcome;

/// Rows that a table shows of those that went well.
const ROWS: usize = 25;

/// A push, a plan, or a plan that was applied.
pub(super) struct SyncReport<'a> {
    pub(super) tenant: &'a str,
    pub(super) command: &'static str,
    /// The plan, if there is one.
    pub(super) plan: Option<PlanId>,
    pub(super) report: &'a PushReport,
}

#[derive(Serialize)]
struct Document<'a> {
    tenant: &'a str,
    command: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<PlanId>,
    summary: BTreeMap<&'static str, usize>,
    results: Vec<EntryView<'a>>,
    off: &'a [String],
    waiting: u64,
    failed: u64,
    causes: &'a [OpenCause],
}

#[derive(Serialize)]
struct EntryView<'a> {
    task: String,
    kind: &'static str,
    person: &'a str,
    username: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<OutcomeView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<FailureView<'a>>,
}

#[derive(Serialize)]
struct FailureView<'a> {
    kind: &'a str,
    message: &'a str,
    remedy: Option<&'a str>,
    retry: &'a str,
    retried: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<&'a Upstream>,
}

impl SyncReport<'_> {
    fn summary(&self) -> BTreeMap<&'static str, usize> {
        counted(self.report.entries.iter().map(|entry| self.report.word(entry)))
    }

    /// Prints it and gives the exit code.
    pub(super) fn print(&self, output: &mut Output) -> Result<u8, Failure> {
        let exit = if self.report.entries.iter().any(|entry| entry.result.is_err()) { SOME_FAILED } else { DONE };
        if output.json() {
            output.document(&Document {
                tenant: self.tenant,
                command: self.command,
                plan: self.plan,
                summary: self.summary(),
                results: self.report.entries.iter().map(view).collect(),
                off: &self.report.off,
                waiting: self.report.waiting,
                failed: self.report.failed,
                causes: &self.report.causes,
            })?;
            return Ok(exit);
        }
        let mut table = output.table(&["Task", "Person", "Result", "What changed, or why not"]);
        let (bad, good): (Vec<_>, Vec<_>) = self.report.entries.iter().partition(|entry| entry.result.is_err());
        let shown = if self.plan.is_some() { good.len() } else { ROWS };
        for entry in bad.iter().chain(good.iter().take(shown)) {
            let (tone, detail) = match &entry.result {
                Ok(outcome) => (Tone::Good, outcome.as_ref().map(outcome_text).unwrap_or_default()),
                Err(failure) => (Tone::Bad, failure_text(failure, entry)),
            };
            table.add_row(vec![
                format!("{} {}", entry.task, entry.kind.name()).into(),
                format!("{}\n{}", printable(&entry.person), printable(&entry.username)).into(),
                output.cell(self.report.word(entry), tone),
                detail.into(),
            ]);
        }
        if !self.report.entries.is_empty() {
            output.print_table(&table)?;
        }
        if good.len() > shown {
            output.line(&format!("… and {} more that went well (--json gives them whole)", good.len() - shown))?;
        }
        for sentence in &self.report.off {
            output.line(sentence)?;
        }
        let counts = listed(&self.summary(), "nothing to do");
        output.line(&format!(
            "{counts}. {} tasks wait, {} need an admin (`tasks --tenant {}`).",
            self.report.waiting, self.report.failed, self.tenant
        ))?;
        for sentence in self.report.open() {
            output.line(&format!("  {sentence}"))?;
        }
        Ok(exit)
    }
}

fn view(entry: &PushEntry) -> EntryView<'_> {
    EntryView {
        task: entry.task.to_string(),
        kind: entry.kind.name(),
        person: &entry.person,
        username: &entry.username,
        outcome: entry.result.as_ref().ok().and_then(|outcome| outcome.as_ref().map(OutcomeView::from)),
        error: entry.result.as_ref().err().map(|failure| FailureView {
            kind: failure.kind.name(),
            message: &failure.cause,
            remedy: failure.remedy.as_deref(),
            retry: &failure.retry,
            retried: entry.retried,
            upstream: failure.upstream.as_ref(),
        }),
    }
}

fn failure_text(failure: &TaskFailure, entry: &PushEntry) -> String {
    let what = format!("{}: {}", failure.kind, failure.cause);
    let mut text = refusal_text(&what, failure.upstream.as_ref(), failure.remedy.as_deref());
    if !entry.retried {
        text.push_str(&format!("\n→ then `retry {}`", entry.task));
    }
    text
}

/// How often each word comes.
pub(super) fn counted(words: impl Iterator<Item = &'static str>) -> BTreeMap<&'static str, usize> {
    let mut summary = BTreeMap::new();
    for word in words {
        *summary.entry(word).or_insert(0) += 1;
    }
    summary
}

/// The counts of a summary in one line, or `nothing` if there are none.
pub(super) fn listed(summary: &BTreeMap<&'static str, usize>, nothing: &str) -> String {
    let counts: Vec<String> = summary.iter().map(|(name, count)| format!("{count} {name}")).collect();
    if counts.is_empty() { nothing.to_owned() } else { counts.join(", ") }
}

pub(super) fn outcome_text(outcome: &Outcome) -> String {
    let mut lines: Vec<String> = outcome
        .changes
        .iter()
        .map(|change| {
            let old = change.old.as_deref().map_or(String::new(), |old| format!("{} → ", printable(old)));
            let new = printable(change.new.as_deref().unwrap_or("(cleared)"));
            format!("{}.{}: {old}{new}", printable(&change.object), printable(&change.field))
        })
        .collect();
    lines.extend(outcome.side_effects.iter().map(|effect| printable(effect).into_owned()));
    lines.join("\n")
}

/// What happened, what the application itself said, and what to do: a line each.
pub(super) fn refusal_text(cause: &str, upstream: Option<&Upstream>, remedy: Option<&str>) -> String {
    let mut text = printable(cause).into_owned();
    if let Some(upstream) = upstream {
        text.push_str(&format!("\nthe application said: {}", printable_words(upstream)));
    }
    if let Some(remedy) = remedy {
        text.push_str(&format!("\n→ {}", printable(remedy)));
    }
    text
}
