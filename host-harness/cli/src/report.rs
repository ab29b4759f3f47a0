//! What became of the records of a batch: a table or JSON, a summary, and the exit code.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::failure::{DONE, Failure, SOME_FAILED};
use super::output::{Output, Tone, complain};
use super::view::{ErrorView, OutcomeView, UsageView, action_name};
use provisioning_directory::Upstream;
use provisioning_runtime::JobUsage;
use provisioning_runtime::wit::{Action, Outcome};

/// One record: what it is called, and how it fared.
pub(crate) struct Entry {
    pub(crate) label: String,
    pub(crate) result: Result<Outcome, ErrorView>,
}

/// All records of a command.
pub(crate) struct RecordsReport<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) command: &'static str,
    pub(crate) plan: bool,
    pub(crate) entries: Vec<Entry>,
    pub(crate) usage: JobUsage,
    /// Why the command ended before its last record, where it did.
    pub(crate) ended: Option<Failure>,
}

#[derive(Serialize)]
struct ReportDocument<'a> {
    tenant: &'a str,
    command: &'static str,
    plan: bool,
    summary: BTreeMap<&'static str, usize>,
    results: Vec<EntryView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a ErrorView>,
    usage: UsageView,
}

#[derive(Serialize)]
struct EntryView<'a> {
    record: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<OutcomeView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a ErrorView>,
}

impl RecordsReport<'_> {
    fn summary(&self) -> BTreeMap<&'static str, usize> {
        let mut summary = BTreeMap::new();
        for entry in &self.entries {
            let name = entry.result.as_ref().map_or("failed", |outcome| action_name(outcome.action));
            *summary.entry(name).or_insert(0) += 1;
        }
        summary
    }

    /// The exit code: that of the failure that ended the command, which is told on standard error, or whether some records
    /// failed.
    pub(crate) fn finish(&self) -> u8 {
        match &self.ended {
            Some(failure) => {
                complain(&failure.text());
                failure.exit
            }
            None if self.entries.iter().any(|entry| entry.result.is_err()) => SOME_FAILED,
            None => DONE,
        }
    }

    /// Prints it.
    pub(crate) fn print(&self, output: &mut Output) -> io::Result<()> {
        if output.json() {
            let results = self.entries.iter().map(|entry| EntryView {
                record: &entry.label,
                outcome: entry.result.as_ref().ok().map(OutcomeView::from),
                error: entry.result.as_ref().err(),
            });
            return output.document(&ReportDocument {
                tenant: self.tenant,
                command: self.command,
                plan: self.plan,
                summary: self.summary(),
                results: results.collect(),
                error: self.ended.as_ref().map(|failure| &failure.error),
                usage: self.usage.into(),
            });
        }
        let mut table = output.table(&["Record", "Result", "What changed, or why not"]);
        for entry in &self.entries {
            let (result, tone, detail) = match &entry.result {
                Ok(outcome) => {
                    let tone = if outcome.action == Action::Unchanged { Tone::Quiet } else { Tone::Good };
                    (action_name(outcome.action).to_owned(), tone, outcome_text(outcome))
                }
                Err(error) => (format!("failed\n{}", error.kind), Tone::Bad, error_text(error)),
            };
            table.add_row(vec![entry.label.clone().into(), output.cell(result, tone), detail.into()]);
        }
        if !self.entries.is_empty() {
            output.line(&table.to_string())?;
        }
        let counts: Vec<String> = self.summary().iter().map(|(name, count)| format!("{count} {name}")).collect();
        let counts = if counts.is_empty() { "nothing done".to_owned() } else { counts.join(", ") };
        let prefix = if self.plan { "Planned, nothing written: " } else { "" };
        output.line(&format!("{prefix}{counts}; {} requests.", self.usage.requests))
    }
}

pub(super) fn outcome_text(outcome: &Outcome) -> String {
    let mut lines: Vec<String> = outcome
        .changes
        .iter()
        .map(|change| {
            let old = change.old.as_deref().map_or(String::new(), |old| format!("{old} → "));
            let new = change.new.as_deref().unwrap_or("(cleared)");
            format!("{}.{}: {old}{new}", change.object, change.field)
        })
        .collect();
    lines.extend(outcome.side_effects.iter().cloned());
    lines.join("\n")
}

fn error_text(error: &ErrorView) -> String {
    refusal_text(error.message.clone(), error.upstream.as_ref(), error.remedy.as_deref())
}

/// What happened, what the application itself said, and what to do: a line each.
pub(super) fn refusal_text(mut text: String, upstream: Option<&Upstream>, remedy: Option<&str>) -> String {
    if let Some(upstream) = upstream {
        text.push_str(&format!("\nthe application said: {upstream}"));
    }
    if let Some(remedy) = remedy {
        text.push_str(&format!("\n→ {remedy}"));
    }
    text
}
