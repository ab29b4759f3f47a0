//! Options of every command.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgAction, Args, Parser, ValueEnum};

use super::failure::Failure;
use super::output::{ColorChoice, Format, Wishes};
use provisioning_directory::{Actor, LeaseTimes};

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
    /// What standard output has.
    #[arg(short, long, global = true, value_enum, default_value_t, value_name = "FORMAT", help_heading = OUTPUT)]
    output: Format,
    /// Print one JSON document on standard output, and everything else on standard error: --output json.
    #[arg(long, global = true, conflicts_with = "output", help_heading = OUTPUT)]
    json: bool,
    /// Columns of a table, by how their headers begin, separated by commas.
    #[arg(long, global = true, value_delimiter = ',', value_name = "NAMES", conflicts_with = "json", help_heading = OUTPUT)]
    columns: Vec<String>,
    /// Let nothing page what is longer than the terminal. PAGER names another program than less.
    #[arg(long, global = true, help_heading = OUTPUT)]
    no_pager: bool,
    /// Who does this, for the audit trail. By default the user of the operating system.
    #[arg(long, global = true, env = "PROVISIONING_ACTOR", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    actor: Option<String>,
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
    #[arg(long, global = true, value_enum, default_value_t, help_heading = OUTPUT)]
    color: ColorChoice,
    /// Say more on standard error: once what is done, twice each request. RUST_LOG picks in detail.
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = OUTPUT)]
    pub(crate) verbose: u8,
    /// How lines of the log are written on standard error, with their times.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT", help_heading = OUTPUT)]
    pub(crate) log: LogFormat,
}

/// Where options about what is printed stand in the help.
const OUTPUT: &str = "Output";

/// How lines of the log are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    #[default]
    Text,
    /// One object per line.
    Json,
}

impl Global {
    /// Whoever runs the command, for the audit trail.
    pub(crate) fn actor(&self) -> Actor {
        let user = || ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
        let named = self.actor.clone().or_else(user).filter(|name| !name.is_empty());
        Actor::new(named.map_or_else(|| "command line".to_owned(), |name| format!("{name} (command line)")))
    }

    /// How the command's words are wanted.
    pub(crate) fn wishes(&self) -> Wishes {
        Wishes {
            format: if self.json { Format::Json } else { self.output },
            color: self.color,
            columns: self.columns.clone(),
            paged: !self.no_pager,
        }
    }
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
