//! `tenant show`.

use clap::Args;

use super::super::context::open_tenant;
use super::super::failure::{DONE, Failure};
use super::super::global::Global;
use super::super::output::{Output, TableCell, lines, listed, printable};
use super::super::report::refusal_text;
use super::list::look;
use provisioning_directory::Timestamp;

#[derive(Args)]
pub(crate) struct Options {
    /// The tenant's name.
    tenant: String,
}

pub(super) fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let (directory, tenant) = open_tenant(global, &options.tenant)?;
    let schedule = tenant.config.schedule.clone();
    let view = directory.read(|view| look(view, tenant))?;
    if output.json() {
        output.document(&view)?;
        return Ok(DONE);
    }
    let time = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| at.to_string());
    let mut table = output.table(&["What", "Of this tenant"]);
    let mut row = |what: &str, cell: TableCell| table.add_row([TableCell::from(what), cell]);
    row("Tenant", view.name.clone().into());
    row("Component", view.component.clone().into());
    row("Features", listed(&view.features));
    row("Source of", listed(&view.source_of));
    row("Secrets", listed(&view.secrets));
    row("Users", format!("{}, of whom {} are linked", view.users, view.links).into());
    row("Assigned", view.assigned.to_string().into());
    row("To confirm", view.waiting_to_be_confirmed.to_string().into());
    row("Tasks", format!("{} wait, {} need an admin", view.tasks_waiting, view.tasks_failed).into());
    row("Imported", time(view.imported_at).into());
    if let Some(run) = &view.import_under_way {
        row("Import now", format!("{:?}, {} users read", run.phase, run.users).into());
    }
    let every =
        schedule.import_minutes.map_or_else(|| "by hand".to_owned(), |minutes| format!("every {minutes} minutes"));
    row("Imports", every.into());
    row("Pushed", time(view.pushed_at).into());
    if let Some(calls) = &view.api_calls {
        let left = format!("{} of {}, at {}", calls.left(), calls.limit, calls.seen_at);
        row("API calls left", left.into());
    }
    if let Some(last) = &view.last_failure {
        let said = refusal_text(&last.message, last.upstream.as_ref(), last.remedy.as_deref());
        row("Last failure", lines(format!("{}: {said}", printable(&last.at.to_string()))));
    }
    output.print_table(&table)?;
    Ok(DONE)
}
