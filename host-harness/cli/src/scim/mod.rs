//! `scim`: clients that bring people by SCIM, their tokens, and what their groups give.

mod client;
mod group;

use clap::Subcommand;

use super::failure::{DONE, Failure};
use super::global::Global;
use super::output::Output;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Adds a client of a tenant, and prints its address and its first token.
    Add(client::AddOptions),
    /// Changes which platform a client is, how often it may ask, and how long answers wait.
    Edit(client::EditOptions),
    /// Lists clients with their tokens.
    Clients(client::ListOptions),
    /// Makes another token for a client and prints it; it is readable this once.
    Token(client::TokenOptions),
    /// Ends a token.
    Revoke(client::RevokeOptions),
    /// Removes a client with its users and groups; its people stay, and can be edited here from then on.
    Remove(client::RemoveOptions),
    /// Shows a client's last requests with their answers, people's data masked.
    Requests(client::RequestsOptions),
    /// Lists a client's groups with what they give.
    Groups(group::ListOptions),
    /// Says what the members of a group hold in the application, in the place of what it was before.
    Map(group::MapOptions),
}

pub(crate) async fn run(global: &Global, command: &Command, output: &mut Output) -> Result<u8, Failure> {
    match command {
        Command::Add(options) => client::add(global, options, output)?,
        Command::Edit(options) => client::edit(global, options, output)?,
        Command::Clients(options) => client::list(global, options, output)?,
        Command::Token(options) => client::token(global, options, output)?,
        Command::Revoke(options) => client::revoke(global, options, output)?,
        Command::Remove(options) => client::remove(global, options, output)?,
        Command::Requests(options) => client::requests(global, options, output)?,
        Command::Groups(options) => group::list(global, options, output)?,
        Command::Map(options) => group::map(global, options, output).await?,
    }
    Ok(DONE)
}
