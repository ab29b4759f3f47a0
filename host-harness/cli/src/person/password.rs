//! `person set-password`.

use std::path::Path;

use clap::Args;

use super::super::context::open_directory;
use super::super::failure::Failure;
use super::super::global::Global;
use super::super::output::Output;
use super::super::sync_password::PasswordSource;
use super::edit::report_change;
use provisioning_directory::config::StandardInput;
use provisioning_directory::sync::intents::set_password;
use provisioning_directory::{DirectoryError, WriteTransaction};

#[derive(Args)]
pub(crate) struct Options {
    /// The person, by key or username.
    person: String,
    #[command(flatten)]
    password: PasswordSource,
}

pub(super) fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let password = options.password.source().read("new password", Path::new(""), &mut StandardInput::process())?;
    let followed = open_directory(global)?.write(
        &global.actor(),
        |change: &WriteTransaction<'_>| -> Result<_, DirectoryError> {
            let person = change.person(&options.person)?;
            set_password(change, &person, &password)
        },
    )?;
    report_change(&options.person, &followed, output)
}
