//! `deactivate`: takes users out of use.

use clap::{Args, ValueEnum};

use super::context::Context;
use super::direct::{RecordsReport, in_batches};
use super::failure::Failure;
use super::global::Global;
use super::output::Output;
use provisioning_directory::config::StandardInput;
use provisioning_directory::sync::{failure, failure_of_job};
use provisioning_directory::{TaskFailure, TaskKind};
use provisioning_runtime::wit::{Deactivation, Outcome, PushMode};
use provisioning_runtime::{JobError, Results};

/// Users a call. A connector writes parts of a batch side by side: 10,000 users of Salesforce were measured at 18 requests and three
/// round trips in one call.
const BATCH: usize = 10_000;

#[derive(Args)]
pub(crate) struct Options {
    /// The tenant's name, in the data folder or the tenants file.
    tenant: String,
    /// The users' ids in the application, as `import` prints them.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// How.
    #[arg(long, value_enum, default_value_t)]
    how: How,
    /// Say what would change and write nothing.
    #[arg(long)]
    plan: bool,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum How {
    /// The user cannot sign in and gives back its licence.
    #[default]
    Deactivate,
    /// The user cannot sign in and keeps its licence.
    Freeze,
    /// Freeze where the application refuses to deactivate.
    DeactivateOrFreeze,
    /// Give up the user for good and release its contact; cannot be undone.
    Unlink,
}

impl From<How> for Deactivation {
    fn from(how: How) -> Self {
        match how {
            How::Deactivate => Self::Deactivate,
            How::Freeze => Self::Freeze,
            How::DeactivateOrFreeze => Self::DeactivateOrFreeze,
            How::Unlink => Self::Unlink,
        }
    }
}

pub(crate) async fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let mut context = Context::start(global, &options.tenant, &mut StandardInput::process()).await?;
    let opened = context.job.open().await;
    context.keep_usage().await?;
    if let Err(error) = opened {
        if !options.plan {
            note(&context, &options.ids, &Err(error.clone()))?;
        }
        return Err(error.into());
    }
    let mode = if options.plan { PushMode::Plan } else { PushMode::Apply };
    let progress = output.progress("users", Some(0));
    let records = options.ids.iter().map(|id| (id.clone(), Ok(id.clone()))).collect();
    let (entries, ended) = in_batches(&mut context, records, BATCH, &progress, async |context, ids: &[String]| {
        let result = context.job.deactivate_users(ids, options.how.into(), &mode).await;
        if !options.plan {
            note(context, ids, &result)?;
        }
        Ok(result?)
    })
    .await;
    context.keep_usage().await?;
    let (tenant, usage) = (&context.tenant.name, context.job.usage());
    RecordsReport { tenant, command: "deactivate", plan: options.plan, usage, entries, ended }.print(output)
}

/// Keeps a row of the audit trail for each user that a call was about, also where the call as a whole came to nothing.
fn note(context: &Context, ids: &[String], result: &Result<Results<Outcome>, JobError>) -> Result<(), Failure> {
    let failures: Vec<Option<TaskFailure>> = match result {
        Ok(results) => results.iter().map(|result| result.as_ref().err().map(failure)).collect(),
        Err(error) => vec![Some(failure_of_job(error)); ids.len()],
    };
    let tried = ids.iter().zip(&failures).enumerate().map(|(at, (id, failure))| {
        let outcome = result.as_ref().ok().and_then(|results| results.get(at)).and_then(|result| result.as_ref().ok());
        (id.as_str(), failure.as_ref().map_or(Ok(outcome), Err))
    });
    context.note(TaskKind::Deactivate, tried)
}
