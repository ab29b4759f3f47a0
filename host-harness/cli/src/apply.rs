//! `apply`: writes exactly what a plan says.

use clap::Args;

use super::context::{applications, open_tenant};
use super::failure::Failure;
use super::global::Global;
use super::output::Output;
use super::report::SyncReport;
use provisioning_directory::PlanId;
use provisioning_directory::sync::plans::apply_watched;
use provisioning_directory::sync::push::PushEntry;

#[derive(Args)]
pub(crate) struct Options {
    /// The tenant's name in the data folder.
    tenant: String,
    /// The plan's number; the tenant's open plan where there is none.
    plan: Option<i64>,
}

impl Options {
    pub(crate) fn tenant(&self) -> &str {
        &self.tenant
    }
}

pub(crate) async fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let (directory, tenant) = open_tenant(global, &options.tenant)?;
    let id = options.plan.map(PlanId::from_number);
    let applications = applications(global, &directory)?;
    let mut printed = SyncReport::new(&tenant.name, "apply", output);
    let mut note = |entry: &PushEntry| printed.note(entry);
    match apply_watched(&directory, &applications, &tenant, &global.actor(), id, &mut note).await {
        Ok((plan, report)) => printed.print(Some(plan.id), &report),
        Err(error) => printed.fail(error.into()),
    }
}
