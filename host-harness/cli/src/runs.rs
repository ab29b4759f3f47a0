//! `runs`: what imports and pushes have come to.

use clap::Args;

use super::context::open_tenant;
use super::failure::{DONE, Failure};
use super::global::Global;
use super::output::{Output, Tone, lines, printable};
use super::report::refusal_text;
use provisioning_directory::{JobOutcome, JobRun, JobRunFilter};

#[derive(Args)]
pub(crate) struct Options {
    /// The tenant's name in the data folder.
    tenant: String,
    /// Runs to show. Without it, a table has 50, and JSON and CSV have all.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Older than this one, by its number.
    #[arg(long, value_name = "NUMBER")]
    before: Option<i64>,
}

/// Runs that a table shows, unless more or fewer are wanted.
const ROWS: u32 = 50;

pub(crate) fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let (directory, tenant) = open_tenant(global, &options.tenant)?;
    let filter = JobRunFilter { before: options.before, limit: output.rows(options.limit, ROWS) };
    let runs = directory.read(|view| view.job_runs(tenant.id, filter))?;
    if output.json() {
        output.document(&runs)?;
        return Ok(DONE);
    }
    if runs.is_empty() {
        output.line(&format!("No import or push of {} has done anything yet.", tenant.name))?;
        return Ok(DONE);
    }
    let mut table = output.table(&["Run", "Began", "Took", "What", "Who", "Result", "Requests", "What came of it"]);
    for run in &runs {
        let tone = match run.outcome {
            JobOutcome::Done => Tone::Good,
            JobOutcome::Paused => Tone::Quiet,
            JobOutcome::Partly | JobOutcome::Halted | JobOutcome::Failed => Tone::Bad,
        };
        table.add_row(vec![
            run.id.to_string().into(),
            run.started_at.to_string().into(),
            run.took().into(),
            run.kind.name().into(),
            run.actor.clone().into(),
            output.cell(run.outcome.name(), tone),
            run.requests.to_string().into(),
            lines(summary(run)),
        ]);
    }
    output.print_table(&table)?;
    if let Some(last) = runs.last().filter(|_| runs.len() == filter.limit as usize) {
        output.line(&format!("Go on with --before {}", last.id))?;
    }
    Ok(DONE)
}

/// What came of it, and what ended it.
fn summary(run: &JobRun) -> String {
    match &run.failure {
        Some(failure) => refusal_text(&failure.message, failure.upstream.as_ref(), failure.remedy.as_deref()),
        None => printable(&run.came_to()).into_owned(),
    }
}
