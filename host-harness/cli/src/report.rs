//! The report of tasks: a table or JSON, a summary, and the exit code; and the texts that all reports share.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::failure::{DONE, Failure, SOME_FAILED};
use super::output::{
    Output, Tone, complain, json_text, lines, listed as listed_cell, printable, printable_words, write_json,
};
use super::view::OutcomeView;
use provisioning_directory::sync::push::{KEPT, PushEntry, PushReport};
use provisioning_directory::{OpenCause, PlanId, TaskFailure, Upstream};
use provisioning_runtime::wit::Outcome;

/// Rows that a table shows of those that went well.
const ROWS: usize = 25;

/// A push, a plan, or a plan that was applied, while it goes on: in JSON its results are written as they come, and none is held.
pub(super) struct SyncReport<'a> {
    tenant: &'a str,
    command: &'static str,
    output: &'a mut Output,
    /// Whether the document has begun.
    begun: bool,
    /// Whether what was written so far could be written.
    written: io::Result<()>,
}

/// What follows the results in a document.
#[derive(Serialize)]
struct Rest<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<PlanId>,
    summary: &'a BTreeMap<&'static str, u64>,
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

impl<'a> SyncReport<'a> {
    pub(super) fn new(tenant: &'a str, command: &'static str, output: &'a mut Output) -> Self {
        Self { tenant, command, output, begun: false, written: Ok(()) }
    }

    /// Takes note of what became of a task. What cannot be written is an error at the end: the work goes on.
    pub(super) fn note(&mut self, entry: &PushEntry) {
        if self.output.json() && self.written.is_ok() {
            self.written = self.write(&view(entry));
        }
    }

    fn write(&mut self, entry: &EntryView<'_>) -> io::Result<()> {
        let separator = if self.begun { ",\n    " } else { "\n    " };
        self.begin()?;
        self.output.raw().write_all(separator.as_bytes())?;
        Ok(write_json(self.output.raw(), entry)?)
    }

    /// Begins the document, unless it has begun.
    fn begin(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        let (tenant, command) = (json_text(&self.tenant)?, self.command);
        write!(self.output.raw(), "{{\n  \"tenant\": {tenant},\n  \"command\": \"{command}\",\n  \"results\": [")
    }

    /// Ends the document with the fields of `rest`.
    fn end(&mut self, rest: &impl Serialize) -> io::Result<()> {
        std::mem::replace(&mut self.written, Ok(()))?;
        self.begin()?;
        let rest = json_text(rest)?;
        let fields = rest.strip_prefix('{').unwrap_or(&rest);
        write!(self.output.raw(), "\n  ],\n  {fields}\n")?;
        self.output.raw().flush()
    }

    /// Ends a command that has failed. A document that has begun is ended with the error.
    pub(super) fn fail(mut self, failure: Failure) -> Result<u8, Failure> {
        if !self.begun {
            return Err(failure);
        }
        self.end(&failure.document())?;
        complain(&failure.text());
        Ok(failure.exit)
    }

    /// Prints what is left to print, and gives the exit code. With a plan, what it would write is printed with it.
    pub(super) fn print(mut self, plan: Option<PlanId>, report: &PushReport) -> Result<u8, Failure> {
        let exit = if report.not_done > 0 { SOME_FAILED } else { DONE };
        if self.output.json() {
            self.end(&Rest {
                plan,
                summary: &report.words,
                off: &report.off,
                waiting: report.waiting,
                failed: report.failed,
                causes: &report.causes,
            })?;
            return Ok(exit);
        }
        self.print_table(if self.command == "plan" { KEPT } else { ROWS }, report)?;
        for sentence in &report.off {
            self.output.line(sentence)?;
        }
        let counts = listed(&report.words, "nothing to do");
        self.output.line(&format!(
            "{counts}. {} tasks wait, {} need an admin (`tasks --tenant {}`).",
            report.waiting, report.failed, self.tenant
        ))?;
        for sentence in report.open() {
            self.output.line(&format!("  {sentence}"))?;
        }
        Ok(exit)
    }

    /// Prints what failed, and `shown` of what went well.
    fn print_table(&mut self, shown: usize, report: &PushReport) -> Result<(), Failure> {
        let output = &mut *self.output;
        let mut table = output.table(&["Task", "Person", "Result", "What changed, or why not"]);
        let (bad, good): (Vec<_>, Vec<_>) = report.entries.iter().partition(|entry| entry.result.is_err());
        for entry in bad.iter().chain(good.iter().take(shown)) {
            let (tone, detail) = match &entry.result {
                Ok(outcome) => (Tone::Good, outcome.as_ref().map(outcome_text).unwrap_or_default()),
                Err(failure) => (Tone::Bad, failure_text(failure, entry)),
            };
            table.add_row(vec![
                format!("{} {}", entry.task, entry.kind.name()).into(),
                listed_cell([&entry.person, &entry.username]),
                output.cell(report.word(entry), tone),
                lines(detail),
            ]);
        }
        if !report.entries.is_empty() {
            output.print_table(&table)?;
        }
        let more = report.not_done.saturating_sub(bad.len() as u64);
        if more > 0 {
            output.line(&format!(
                "… and {more} more that failed (`tasks --tenant {}` lists them, --json gives them whole)",
                self.tenant
            ))?;
        }
        let more = (report.tried() - report.not_done).saturating_sub(good.len().min(shown) as u64);
        if more > 0 {
            output.line(&format!("… and {more} more that went well (--json gives them whole)"))?;
        }
        Ok(())
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
pub(super) fn counted(words: impl Iterator<Item = &'static str>) -> BTreeMap<&'static str, u64> {
    let mut summary = BTreeMap::new();
    for word in words {
        *summary.entry(word).or_insert(0) += 1;
    }
    summary
}

/// The counts of a summary in one line, or `nothing` if there are none.
pub(super) fn listed(summary: &BTreeMap<&'static str, u64>, nothing: &str) -> String {
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
