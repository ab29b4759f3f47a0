//! `unlink`: takes the link between a person and its user away.

use clap::Args;

use super::context::open_tenant;
use super::failure::{DONE, Failure};
use super::global::Global;
use super::output::Output;
use provisioning_directory::WriteTransaction;
use provisioning_directory::sync::intents::unlink;

#[derive(Args)]
pub(crate) struct Options {
    /// The tenant's name in the data folder.
    tenant: String,
    /// The person, by key or username.
    person: String,
}

pub(crate) fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let (directory, tenant) = open_tenant(global, &options.tenant)?;
    let id = directory.write(&global.actor(), |change: &WriteTransaction<'_>| {
        unlink(change, &tenant, &change.person(&options.person)?)
    })?;
    output
        .line(&format!("{} and the user {id} of {} are linked no longer; both stay.", options.person, tenant.name))?;
    if output.json() {
        output.document(&serde_json::json!({ "tenant": tenant.name, "person": options.person, "user": id }))?;
    }
    Ok(DONE)
}
