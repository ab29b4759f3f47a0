//! `plan`: works out what a push would write.

use clap::Args;

use super::context::{applications, open_tenant};
use super::failure::Failure;
use super::global::Global;
use super::output::Output;
use super::report::SyncReport;
use provisioning_directory::sync::plans::plan_watched;
use provisioning_directory::sync::push::PushEntry;

#[derive(Args)]
pub(crate) struct Options {
    /// The tenant's name in the data folder.
    tenant: String,
}

pub(crate) async fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let (directory, tenant) = open_tenant(global, &options.tenant)?;
    let applications = applications(global, &directory)?;
    let mut printed = SyncReport::new(&tenant.name, "plan", output);
    let mut note = |entry: &PushEntry| printed.note(entry);
    let planned = match plan_watched(&directory, &applications, &tenant, &global.actor(), &mut note).await {
        Ok(planned) => planned,
        Err(error) => return printed.fail(error.into()),
    };
    let exit = printed.print(Some(planned.id), &planned.report)?;
    output.line(&format!(
        "Nothing was written. Plan {} is kept; `apply {} {}` writes exactly that.",
        planned.id, tenant.name, planned.id
    ))?;
    Ok(exit)
}
