//! `plan`: works out what a push would write.

use clap::Args;

use super::context::{actor, applications, open_tenant};
use super::failure::Failure;
use super::global::Global;
use super::output::Output;
use super::report::SyncReport;
use provisioning_directory::sync::plans::plan;

#[derive(Args)]
pub(crate) struct Options {
    /// The tenant's name in the data folder.
    tenant: String,
}

pub(crate) async fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let (directory, tenant) = open_tenant(global, &options.tenant)?;
    let planned = plan(&directory, &applications(global)?, &tenant, &actor()).await?;
    let exit = SyncReport { tenant: &tenant.name, command: "plan", plan: Some(planned.id), report: &planned.report }
        .print(output)?;
    output.line(&format!(
        "Nothing was written. Plan {} is kept; `apply {} {}` writes exactly that.",
        planned.id, tenant.name, planned.id
    ))?;
    Ok(exit)
}
