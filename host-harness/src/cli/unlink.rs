//! `unlink`: takes the link between a person and its user away.

use clap::Args;

use super::command_line::Global;
use super::context::{actor, open_tenant};
use super::failure::{DONE, Failure};
use super::output::Output;
use crate::directory::{Change, DirectoryError};

#[derive(Args)]
pub(crate) struct Options {
    /// The tenant's name in the data folder.
    tenant: String,
    /// The person, by key or username.
    person: String,
}

pub(crate) fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let (directory, tenant) = open_tenant(global, &options.tenant)?;
    let id = directory.write(&actor(), |change: &Change<'_>| -> Result<String, DirectoryError> {
        let person = change.person(&options.person)?;
        let link = change.link(tenant.id, person.id)?.ok_or_else(|| {
            DirectoryError::Invalid(format!(
                "the person {} has no user in {}, so there is nothing to unlink",
                person.key, tenant.name
            ))
        })?;
        change.remove_link(&tenant, &person, &link, "an admin took it away")?;
        Ok(link.remote_id)
    })?;
    output
        .line(&format!("{} and the user {id} of {} are linked no longer; both stay.", options.person, tenant.name))?;
    if output.json() {
        output.document(&serde_json::json!({ "tenant": tenant.name, "person": options.person, "user": id }))?;
    }
    Ok(DONE)
}
