//! `console set-password` and `console remove-admin`.

use clap::Args;

use super::super::context::open_directory;
use super::super::failure::Failure;
use super::super::global::Global;
use super::super::output::Output;
use provisioning_console::{Admins, AdminsError};
use provisioning_directory::config::{SecretSource, StandardInput};

/// The variable that may hold the password.
const VARIABLE: &str = "PROVISIONING_CONSOLE_PASSWORD";

#[derive(Args)]
pub(super) struct SetOptions {
    /// The admin's name; it stands in the audit trail.
    #[arg(default_value = "admin")]
    name: String,
}

#[derive(Args)]
pub(super) struct RemoveOptions {
    /// The admin's name.
    name: String,
}

pub(super) fn set(global: &Global, options: &SetOptions, output: &mut Output) -> Result<(), Failure> {
    let directory = open_directory(global)?;
    let folder = directory.folder().to_owned();
    let source = match std::env::var_os(VARIABLE) {
        Some(_) => SecretSource::Env(VARIABLE.to_owned()),
        None => SecretSource::Stdin,
    };
    let password = source.read("console password", &folder, &mut StandardInput::process())?;
    Admins::of(&directory)?.set_password(&global.actor(), &options.name, &password)?;
    output.line(&format!(
        "The password of {} was set. Sessions that were signed in with another one end.",
        options.name
    ))?;
    if output.json() {
        output.document(&serde_json::json!({ "admin": options.name, "set": true }))?;
    }
    Ok(())
}

pub(super) fn remove(global: &Global, options: &RemoveOptions, output: &mut Output) -> Result<(), Failure> {
    let directory = open_directory(global)?;
    Admins::of(&directory)?.remove(&global.actor(), &options.name)?;
    output.line(&format!("{} can no longer sign in to the console.", options.name))?;
    if output.json() {
        output.document(&serde_json::json!({ "admin": options.name, "removed": true }))?;
    }
    Ok(())
}

impl From<AdminsError> for Failure {
    fn from(error: AdminsError) -> Self {
        Self::usage(error.to_string())
    }
}
