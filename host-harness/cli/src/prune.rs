//! `prune`: takes away old history.

use std::time::Duration;

use clap::Args;

use super::context::open_directory;
use super::failure::{DONE, Failure};
use super::global::Global;
use super::output::Output;
use provisioning_directory::Timestamp;

#[derive(Args)]
pub(crate) struct Options {
    /// Days since they last moved: tasks that are done or became pointless, plans that were applied, imports that have ended.
    /// What is open stays, however old.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    older_than: u32,
    /// Rows of the audit trail, too. That this was done stays in the trail.
    #[arg(long)]
    audit: bool,
}

pub(crate) fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let before = Timestamp::now().before(Duration::from_secs(u64::from(options.older_than) * 24 * 60 * 60));
    let pruned = open_directory(global)?.prune(&global.actor(), before, options.audit)?;
    if output.json() {
        output.document(&pruned)?;
        return Ok(DONE);
    }
    output.line(&format!(
        "Taken away from before {before}: {} tasks, {} plans, {} imports, {} runs, {} rows of the audit trail.",
        pruned.tasks, pruned.plans, pruned.imports, pruned.runs, pruned.audit
    ))?;
    Ok(DONE)
}
