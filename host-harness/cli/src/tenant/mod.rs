//! `tenant`: tenants of the data folder.

pub(crate) mod edit;
mod list;
mod show;
mod toml;

use clap::Subcommand;

use super::context::{data_folder, open_directory, open_tenant};
use super::failure::{DONE, Failure};
use super::global::Global;
use super::output::Output;
use provisioning_directory::Directory;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Adds a tenant.
    Add(edit::AddOptions),
    /// Changes a tenant's settings, switches, mapping, rules, limits or secrets.
    Edit(edit::EditOptions),
    /// Lists the tenants, with what is open for each.
    List,
    /// Shows a tenant: what it does, what is open, how its last job ended.
    Show(show::Options),
    /// Removes a tenant with its secrets, links, assignments and tasks; people stay, and so do users in the application.
    Remove(RemoveOptions),
    /// Prints tenants as TOML, without their secrets.
    Export(toml::ExportOptions),
    /// Adds or replaces tenants as a TOML file says, and takes their secrets from where it says.
    ImportToml(toml::ImportOptions),
}

#[derive(clap::Args)]
pub(crate) struct RemoveOptions {
    /// The tenant's name.
    tenant: String,
    /// Remove it without another word; the command says first what would go.
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(global: &Global, command: &Command, output: &mut Output) -> Result<u8, Failure> {
    if Directory::exists(&data_folder(global)) {
        // Should a removal have been cut off, what it has left goes now.
        open_directory(global)?.delete_removed(&global.actor())?;
    }
    match command {
        Command::Add(options) => edit::add(global, options, output).await,
        Command::Edit(options) => edit::edit(global, options, output).await,
        Command::List => list::run(global, output),
        Command::Show(options) => show::run(global, options, output),
        Command::Remove(options) => remove(global, options, output),
        Command::Export(options) => toml::export(global, options, output),
        Command::ImportToml(options) => toml::import(global, options, output).await,
    }
}

fn remove(global: &Global, options: &RemoveOptions, output: &mut Output) -> Result<u8, Failure> {
    let (directory, tenant) = open_tenant(global, &options.tenant)?;
    if !options.yes {
        let (links, tasks) = directory.read(|view| -> Result<_, provisioning_directory::DirectoryError> {
            Ok((view.count_links(tenant.id)?, view.count_open_tasks(tenant.id)?))
        })?;
        return Err(Failure::usage(format!(
            "removing {} forgets {links} links, {} open tasks and its secrets for good; repeat the command with --yes",
            tenant.name,
            tasks.0 + tasks.1
        )));
    }
    let _lock = directory.lock_tenant(&tenant)?;
    directory.remove_tenant(&global.actor(), &tenant)?;
    output.line(&format!("{} was removed.", tenant.name))?;
    if output.json() {
        output.document(&serde_json::json!({ "removed": tenant.name }))?;
    }
    Ok(DONE)
}
