//! The report of a command without a directory: a table or JSON, a summary, and the exit code.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::failure::{DONE, Failure, SOME_FAILED};
use crate::output::{Output, Tone, complain, lines, printable};
use crate::report::{counted, listed, outcome_text, refusal_text};
use crate::view::{ErrorView, OutcomeView, UsageView, action_name};
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
    summary: BTreeMap<&'static str, u64>,
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
    fn summary(&self) -> BTreeMap<&'static str, u64> {
        counted(self.entries.iter().map(|entry| match &entry.result {
            Ok(outcome) => action_name(outcome.action),
            Err(_) => "failed",
        }))
    }

    /// Prints it. Returns the exit code: that of the failure that ended the command, which is reported on standard error, or
    /// whether some records failed.
    pub(crate) fn print(&self, output: &mut Output) -> Result<u8, Failure> {
        self.print_records(output)?;
        Ok(match &self.ended {
            Some(failure) => {
                complain(&failure.text());
                failure.exit
            }
            None if self.entries.iter().any(|entry| entry.result.is_err()) => SOME_FAILED,
            None => DONE,
        })
    }

    fn print_records(&self, output: &mut Output) -> Result<(), Failure> {
        if output.json() {
            let results = self.entries.iter().map(|entry| EntryView {
                record: &entry.label,
                outcome: entry.result.as_ref().ok().map(OutcomeView::from),
                error: entry.result.as_ref().err(),
            });
            output.document(&ReportDocument {
                tenant: self.tenant,
                command: self.command,
                plan: self.plan,
                summary: self.summary(),
                results: results.collect(),
                error: self.ended.as_ref().map(|failure| &failure.error),
                usage: self.usage.into(),
            })?;
            return Ok(());
        }
        let mut table = output.table(&["Record", "Result", "What changed, or why not"]);
        for entry in &self.entries {
            let (result, tone, detail) = match &entry.result {
                Ok(outcome) => {
                    let tone = if outcome.action == Action::Unchanged { Tone::Quiet } else { Tone::Good };
                    (action_name(outcome.action).to_owned(), tone, outcome_text(outcome))
                }
                Err(error) => (format!("failed\n{}", printable(&error.kind)), Tone::Bad, error_text(error)),
            };
            table.add_row(vec![entry.label.clone().into(), output.cell(lines(result), tone), lines(detail)]);
        }
        if !self.entries.is_empty() {
            output.print_table(&table)?;
        }
        let counts = listed(&self.summary(), "nothing done");
        let prefix = if self.plan { "Planned, nothing written: " } else { "" };
        output.line(&format!("{prefix}{counts}; {} requests.", self.usage.requests))?;
        Ok(())
    }
}

fn error_text(error: &ErrorView) -> String {
    refusal_text(&error.message, error.upstream.as_ref(), error.remedy.as_deref())
}
