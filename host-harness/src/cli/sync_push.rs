//! `push` of a tenant of the data folder.

use super::command_line::Global;
use super::context::{actor, applications};
use super::failure::Failure;
use super::output::Output;
use super::sync_report::Report;
use crate::directory::{Directory, TenantRecord};
use crate::sync::intents::push_everybody;
use crate::sync::push::push;

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
    Report { tenant: &tenant.name, command: "push", plan: None, report: &report }.print(output)
}
