//! `audit`: who did what to whom.

use clap::{Args, Subcommand};

use super::context::open_directory;
use super::failure::{DONE, Failure, SOME_FAILED};
use super::global::Global;
use super::output::{Output, complain, lines, printable};
use provisioning_directory::{AuditCheck, AuditFilter};

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
    /// By this actor only, as the trail names it.
    #[arg(long)]
    actor: Option<String>,
    /// Of this action only, such as person.edit, or of all of a noun, such as person.
    #[arg(long)]
    action: Option<String>,
    /// Rows to show.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Older than this row, by its number.
    #[arg(long, value_name = "NUMBER")]
    before: Option<i64>,
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
    let filter = AuditFilter {
        tenant: options.tenant.clone(),
        person: options.person.clone(),
        actor: options.actor.clone(),
        action: options.action.clone(),
        before: options.before,
        limit: Some(options.limit),
        ..AuditFilter::default()
    };
    let rows = open_directory(global)?.read(|view| view.audit(&filter))?;
    if output.json() {
        output.document(&rows)?;
        return Ok(DONE);
    }
    let last = rows.last().filter(|_| rows.len() == options.limit as usize).map(|row| row.id);
    let mut table = output.table(&["No.", "When", "Who", "Tenant", "Person", "What", "Before", "After", "Result"]);
    for row in rows {
        let json = |value: Option<serde_json::Value>| value.map(|value| value.to_string()).unwrap_or_default();
        table.add_row(vec![
            row.id.to_string().into(),
            row.at.to_string().into(),
            row.actor.into(),
            row.tenant.unwrap_or_default().into(),
            row.person.unwrap_or_default().into(),
            row.action.into(),
            json(row.old).into(),
            json(row.new).into(),
            lines(super::report::refusal_text(&row.result, row.upstream.as_ref(), None)),
        ]);
    }
    output.print_table(&table)?;
    if let Some(last) = last {
        output.line(&format!("Go on with --before {last}"))?;
    }
    Ok(DONE)
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
