//! `key`: the key that secrets are sealed with.

use std::path::Path;

use clap::{Args, Subcommand};

use super::context::{open_directory, open_directory_after_loss};
use super::failure::{DONE, Failure, SOME_FAILED};
use super::global::Global;
use super::output::Output;
use provisioning_directory::config::{SecretSource, StandardInput};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Has another key take the place of the one in use, while work goes on. Continues where it was cut off.
    Rotate(RotateOptions),
    /// Has the key at hand take the place of one that is lost. Secrets then have to be set again, and rows of the audit trail from
    /// before can't be verified.
    Lost,
}

#[derive(Args)]
pub(crate) struct RotateOptions {
    /// A file that holds the new key: 32 bytes in base64. By default one is made; then the key in the data folder is replaced.
    #[arg(long = "new-key-file", value_name = "FILE")]
    file: Option<std::path::PathBuf>,
    /// A variable that holds the new key.
    #[arg(long = "new-key-env", value_name = "NAME", conflicts_with = "file")]
    variable: Option<String>,
}

pub(crate) fn run(global: &Global, command: &Command, output: &mut Output) -> Result<u8, Failure> {
    match command {
        Command::Rotate(options) => rotate(global, options, output),
        Command::Lost => lost(global, output),
    }
}

fn rotate(global: &Global, options: &RotateOptions, output: &mut Output) -> Result<u8, Failure> {
    let directory = open_directory(global)?;
    let source = match (&options.file, &options.variable) {
        (Some(path), _) => Some(SecretSource::File(path.clone())),
        (None, Some(name)) => Some(SecretSource::Env(name.clone())),
        (None, None) => None,
    };
    if source.is_none() && directory.keeps_key_elsewhere() {
        return Err(Failure::usage(
            "the key comes from PROVISIONING_KEY or --key-command, so a new one has to be kept there; make one with `head -c 32 /dev/urandom | base64` and name it with --new-key-file or --new-key-env",
        ));
    }
    let new = source.map(|source| source.read("new key", Path::new(""), &mut StandardInput::process())).transpose()?;
    let rotated = directory.rotate_key(&global.actor(), new.as_ref())?;
    if output.json() {
        output.document(&rotated)?;
    }
    output.line(&format!(
        "The key {} is in use: {} secrets and {} new passwords were sealed again{}.",
        rotated.key,
        rotated.secrets,
        rotated.passwords,
        if rotated.resumed { ", continuing a rotation that was cut off" } else { "" }
    ))?;
    if rotated.kept_elsewhere {
        output.line("Put the new key where the old one comes from before a host is started again.")?;
    }
    if rotated.unreadable > 0 {
        output.line(&format!(
            "{} opened with neither key and have to be set again; `test-credentials` names those that a tenant lacks.",
            rotated.unreadable
        ))?;
        return Ok(SOME_FAILED);
    }
    Ok(DONE)
}

fn lost(global: &Global, output: &mut Output) -> Result<u8, Failure> {
    open_directory_after_loss(global)?;
    output.line("The key at hand is in use. Set the tenants' secrets again with `tenant edit`.")?;
    if output.json() {
        output.document(&serde_json::json!({ "replaced": true }))?;
    }
    Ok(DONE)
}
