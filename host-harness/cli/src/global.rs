//! Options of every command.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser};

use super::failure::Failure;
use super::output::ColorChoice;
use provisioning_directory::LeaseTimes;

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
    /// A command line of a shell that prints the key of the data folder in base64, such as one that asks a key management service.
    /// By default the key is in PROVISIONING_KEY, or in the data folder.
    #[arg(long, global = true, env = "PROVISIONING_KEY_COMMAND", value_name = "COMMAND")]
    pub(crate) key_command: Option<String>,
    #[command(flatten)]
    pub(crate) database: DatabaseChoice,
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

/// A database that hosts share, in the place of the file in the data folder.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Many hosts")]
pub(crate) struct DatabaseChoice {
    /// A PostgreSQL database for all that the data folder would hold but the key, so that many hosts share it. The key has to be
    /// the same one on each.
    #[arg(long = "database", global = true, env = "PROVISIONING_DATABASE", value_name = "URL", hide_env_values = true)]
    pub(crate) url: Option<String>,
    /// Seconds between two words of a host that it still works for its tenants.
    #[arg(long, global = true, env = "PROVISIONING_HEARTBEAT", value_name = "SECONDS", default_value_t = 15)]
    heartbeat: u64,
    /// Seconds without such a word after which another host takes over.
    #[arg(long, global = true, env = "PROVISIONING_LEASE", value_name = "SECONDS", default_value_t = 60)]
    lease: u64,
}

impl DatabaseChoice {
    /// How long a tenant is this host's without a word of it.
    ///
    /// # Errors
    /// Where a lease would end between two words.
    pub(crate) fn leases(&self) -> Result<LeaseTimes, Failure> {
        if self.heartbeat == 0 || self.lease < self.heartbeat.saturating_mul(2) {
            return Err(Failure::usage(format!(
                "--lease is {} and --heartbeat {}; a lease has to last for two heartbeats at least",
                self.lease, self.heartbeat
            )));
        }
        Ok(LeaseTimes { heartbeat: Duration::from_secs(self.heartbeat), expiry: Duration::from_secs(self.lease) })
    }
}
