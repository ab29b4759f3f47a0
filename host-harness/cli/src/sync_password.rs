//! `sync-password`: sets a user's password.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::context::Context;
use super::failure::{DONE, Failure, SOME_FAILED};
use super::global::Global;
use super::output::{Output, complain};
use super::view::{ErrorView, UsageView};
use provisioning_directory::TaskKind;
use provisioning_directory::config::{SecretSource, StandardInput};
use provisioning_directory::sync::{failure, failure_of_job};

#[derive(Args)]
pub(crate) struct Options {
    /// The tenant's name, in the data folder or the tenants file.
    tenant: String,
    /// The user's id in the application, as `import` prints it.
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    password: PasswordSource,
}

/// Where the new password comes from; never an argument, which others on the machine can read.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct PasswordSource {
    /// Take the new password from this environment variable.
    #[arg(long, value_name = "NAME")]
    password_env: Option<String>,
    /// Take the new password from this file.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Take the new password from standard input, one line, after any secret of the tenant that comes from there.
    #[arg(long)]
    password_stdin: bool,
}

impl PasswordSource {
    pub(super) fn source(&self) -> SecretSource {
        match (&self.password_env, &self.password_file) {
            (Some(name), _) => SecretSource::Env(name.clone()),
            (None, Some(path)) => SecretSource::File(path.clone()),
            (None, None) => SecretSource::Stdin,
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    tenant: &'a str,
    id: &'a str,
    done: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a ErrorView>,
    usage: UsageView,
}

pub(crate) async fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let mut input = StandardInput::process();
    let mut context = Context::start(global, &options.tenant, &mut input).await?;
    let password = options.password.source().read("new password", Path::new(""), &mut input)?;
    drop(input);
    let results = context.job.sync_passwords(&[(options.id.clone(), password)]).await;
    context.keep_usage().await?;
    let failure = match &results {
        Ok(results) => results.first().and_then(|result| result.as_ref().err()).map(failure),
        Err(error) => Some(failure_of_job(error)),
    };
    context.note(TaskKind::Password, [(options.id.as_str(), failure.as_ref().map_or(Ok(None), Err))].into_iter())?;
    let results = results?;
    let error = match results.into_iter().next() {
        Some(Ok(())) => None,
        Some(Err(error)) => Some(ErrorView::from(&error)),
        None => Some(ErrorView::local("other", "the connector gave no result for the user".to_owned())),
    };
    if output.json() {
        output.document(&Document {
            tenant: &context.tenant.name,
            id: &options.id,
            done: error.is_none(),
            error: error.as_ref(),
            usage: context.job.usage().into(),
        })?;
    }
    match error {
        None => {
            output.line(&format!("The password of {} was set.", options.id))?;
            Ok(DONE)
        }
        Some(error) => {
            complain(&Failure { exit: SOME_FAILED, error }.text());
            Ok(SOME_FAILED)
        }
    }
}
