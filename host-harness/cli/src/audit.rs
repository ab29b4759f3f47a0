//! `audit`: who did what to whom.

use clap::Args;

use super::context::open_directory;
use super::failure::{DONE, Failure};
use super::global::Global;
use super::output::{Output, lines};
use provisioning_directory::AuditFilter;

#[derive(Args)]
pub(crate) struct Options {
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

pub(crate) fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
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
