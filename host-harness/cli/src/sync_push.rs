//! `push` of a tenant of the data folder.

use super::context::{actor, applications};
use super::failure::Failure;
use super::global::Global;
use super::output::Output;
use super::sync_report::SyncReport;
use provisioning_directory::sync::intents::push_everybody;
use provisioning_directory::sync::push::push;
use provisioning_directory::{Directory, TenantRecord};

pub(super) async fn run(
    global: &Global,
    directory: &Directory,
    tenant: &TenantRecord,
    everybody: bool,
    output: &mut Output,
) -> Result<u8, Failure> {
    let actor = actor();
    let mut off = Vec::new();
    if everybody {
        off = push_everybody(directory, &actor, tenant)?.off;
    }
    let applications = applications(global)?;
    let bar = output.progress("tasks", Some(0));
    let result = push(directory, &applications, tenant, &actor, &|progress| {
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    })
    .await;
    bar.finish_and_clear();
    let mut report = result?;
    for sentence in off {
        if !report.off.contains(&sentence) {
            report.off.push(sentence);
        }
    }
    SyncReport { tenant: &tenant.name, command: "push", plan: None, report: &report }.print(output)
}
