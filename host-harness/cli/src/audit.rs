//! `audit`: who did what to whom.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::context::open_directory;
use super::failure::{DONE, Failure, SOME_FAILED};
use super::global::Global;
use super::output::{Output, complain, lines, listed, printable};
use provisioning_directory::{AuditCheck, AuditEntry, AuditFilter, Difference};

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// Of this tenant only.
    #[arg(long)]
    tenant: Option<String>,
    /// Of this person only, by key.
    #[arg(long)]
    person: Option<String>,
    /// Done by this actor only, as the trail names it.
    #[arg(long, value_name = "ACTOR")]
    by: Option<String>,
    /// Of this action only, such as person.edit, or of all of a noun, such as person.
    #[arg(long)]
    action: Option<String>,
    /// Rows to show. Without it, a table has 50, and JSON and CSV have all.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Older than this row, by its number.
    #[arg(long, value_name = "NUMBER")]
    before: Option<i64>,
}

/// Rows that a table shows, unless more or fewer are wanted.
const ROWS: u32 = 50;

#[derive(Serialize)]
struct RowView<'a> {
    #[serde(flatten)]
    entry: &'a AuditEntry,
    sentence: String,
}

#[derive(Subcommand)]
enum Command {
    /// Checks that the trail is as it was written: no row changed, removed, added or moved. Names the first one that isn't.
    Verify(VerifyOptions),
}

#[derive(Args)]
struct VerifyOptions {
    /// The rows of this tenant only.
    tenant: Option<String>,
}

pub(crate) fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    if let Some(Command::Verify(options)) = &options.command {
        return verify(global, options, output);
    }
    let limit = output.rows(options.limit, ROWS);
    let filter = AuditFilter {
        tenant: options.tenant.clone(),
        person: options.person.clone(),
        actor: options.by.clone(),
        action: options.action.clone(),
        before: options.before,
        limit: Some(limit),
        ..AuditFilter::default()
    };
    let rows = open_directory(global)?.read(|view| view.audit(&filter))?;
    if output.json() {
        let mut list = output.list()?;
        for entry in &rows {
            list.add(&RowView { entry, sentence: entry.sentence() })?;
        }
        list.end()?;
        return Ok(DONE);
    }
    if rows.is_empty() {
        output.line("No row of the trail is like that.")?;
        return Ok(DONE);
    }
    let mut table = output.table(&["No.", "When", "Who", "What was done", "Before and after", "Result"]);
    for row in &rows {
        table.add_row(vec![
            row.id.to_string().into(),
            row.at.to_string().into(),
            row.actor.clone().into(),
            row.what().into(),
            listed(first_differences(&row.differences())),
            lines(super::report::refusal_text(&row.result, row.upstream.as_ref(), None)),
        ]);
    }
    output.print_table(&table)?;
    if let Some(last) = rows.last().filter(|_| rows.len() == limit as usize) {
        output.line(&format!("Go on with --before {}", last.id))?;
    }
    Ok(DONE)
}

/// Differences that a table shows of a row: a person that an import has added has dozens.
const DIFFERENCES: usize = 6;

fn first_differences(all: &[Difference]) -> Vec<String> {
    let mut shown: Vec<String> = all.iter().take(DIFFERENCES).map(difference).collect();
    if all.len() > DIFFERENCES {
        shown.push(format!("… and {} more (--json has all)", all.len() - DIFFERENCES));
    }
    shown
}

fn difference(one: &Difference) -> String {
    let name = if one.name.is_empty() { String::new() } else { format!("{}: ", one.name) };
    match (&one.old, &one.new) {
        (Some(old), Some(new)) => format!("{name}{old} → {new}"),
        (None, Some(new)) => format!("{name}{new}"),
        (Some(old), None) => format!("{name}{old} → nothing"),
        (None, None) => name,
    }
}

fn verify(global: &Global, options: &VerifyOptions, output: &mut Output) -> Result<u8, Failure> {
    let check = open_directory(global)?.read(|view| view.verify_audit(options.tenant.as_deref()))?;
    if output.json() {
        output.document(&check)?;
    }
    let mut table = output.table(&["Of", "Rows", "Erased", "Pruned before", "Last", "Its link"]);
    for chain in &check.chains {
        table.add_row([
            chain.tenant.clone().unwrap_or_else(|| "all".to_owned()),
            chain.rows.to_string(),
            chain.erased.to_string(),
            chain.pruned.to_string(),
            chain.last.to_string(),
            chain.link.clone(),
        ]);
    }
    output.print_table(&table)?;
    report_faults(&check);
    if !check.intact {
        return Ok(SOME_FAILED);
    }
    output.line("The audit trail is as it was written.")?;
    Ok(DONE)
}

/// Says what isn't as it was written: of each chain the first.
fn report_faults(check: &AuditCheck) {
    let of_chains = check.chains.iter().filter_map(|chain| {
        let of = chain.tenant.as_deref().map_or("of what concerns all".to_owned(), |tenant| format!("of {tenant}"));
        Some(format!("the audit trail {of}: {}", chain.fault.as_ref()?.message))
    });
    for fault in of_chains.chain(check.faults.iter().map(|fault| format!("the audit trail: {}", fault.message))) {
        complain(&format!("error: {}", printable(&fault)));
    }
    if !check.intact {
        complain(
            "  what to do: find out who could write to the database, and compare with a backup (`audit verify` on a copy of it)",
        );
    }
}
