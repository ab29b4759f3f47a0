//! Options of every command.

use std::path::PathBuf;

use clap::{ArgAction, Parser};

use super::output::ColorChoice;

/// Options of every command.
#[derive(Parser)]
pub(crate) struct Global {
    /// A file that names tenants, their settings, and where their secrets come from; it is only read. By default
    /// tenants.toml, for tenants that the data folder does not hold.
    #[arg(long, global = true, env = "PROVISIONING_TENANTS", value_name = "FILE")]
    pub(crate) tenants: Option<PathBuf>,
    /// The data folder: people, tenants with their secrets, and how far each is in step. By default provisioning-data.
    #[arg(long, global = true, env = "PROVISIONING_DATA", value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
    /// Print one JSON document on standard output, and everything else on standard error.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Where compiled components are kept; `off` compiles each time. By default a folder in the user's cache folder. One that
    /// other users could write to is not used.
    #[arg(long, global = true, env = "PROVISIONING_CACHE", value_name = "FOLDER")]
    pub(crate) cache: Option<PathBuf>,
    /// Write the command's HTTP to this file, without secrets, so that others can look into a problem.
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "replay")]
    pub(crate) record: Option<PathBuf>,
    /// Answer the command's HTTP from a file that --record wrote, and send nothing.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) replay: Option<PathBuf>,
    /// When to use colour; NO_COLOR is heeded.
    #[arg(long, global = true, value_enum, default_value_t)]
    pub(crate) color: ColorChoice,
    /// Say more on standard error: once what is done, twice each request. RUST_LOG picks in detail.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}
