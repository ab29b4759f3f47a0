//! `person`: people of the data folder.

mod edit;
mod export;
mod import;
mod list;
mod password;
mod remove;

use clap::Subcommand;

use super::failure::Failure;
use super::global::Global;
use super::output::Output;

pub(super) use edit::attribute;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Adds a person.
    Add(edit::AddOptions),
    /// Changes a person, and has the users it is assigned follow.
    Edit(edit::EditOptions),
    /// Removes a person for good; `edit --status deactivated` only takes it out of use.
    Remove(remove::Options),
    /// Lists people.
    List(list::ListOptions),
    /// Shows a person with its users, assignments and tasks.
    Show(list::ShowOptions),
    /// Prints all that is kept about a person, as a JSON document.
    Export(export::Options),
    /// Adds and changes people as a CSV file says.
    Import(import::Options),
    /// Has a person's new password set wherever it is assigned.
    SetPassword(password::Options),
}

pub(crate) async fn run(global: &Global, command: &Command, output: &mut Output) -> Result<u8, Failure> {
    match command {
        Command::Add(options) => edit::add(global, options, output),
        Command::Edit(options) => edit::edit(global, options, output),
        Command::Remove(options) => remove::run(global, options, output),
        Command::List(options) => list::list(global, options, output),
        Command::Show(options) => list::show(global, options, output),
        Command::Export(options) => export::run(global, options, output),
        Command::Import(options) => import::run(global, options, output).await,
        Command::SetPassword(options) => password::run(global, options, output),
    }
}
