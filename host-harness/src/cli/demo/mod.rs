//! `demo`: the main job from end to end, against an emulated org in a process of its own.
//!
//! This is the one place of the host that knows Salesforce: the preset of the demo's tenant.

mod org;
mod story;

use std::path::PathBuf;

use clap::Args;

pub(super) use self::org::Org;
use super::command_line::Global;
use super::failure::Failure;
use super::output::Output;

/// The people that ship with the demo. Two rows are bad on purpose: one has no username, one no last name.
const PEOPLE: &str = include_str!("../../../demo/people.csv");

/// What the conformance checks need to know of the emulated org.
pub(super) const SAMPLES: &str = include_str!("../../../demo/conformance.toml");

#[derive(Args)]
pub(crate) struct Options {
    /// Users that the org starts with.
    #[arg(long, default_value_t = 1000)]
    users: u32,
    /// The same seed gives the same org.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Push the people of this CSV file instead of those that ship with the demo.
    #[arg(long, value_name = "PEOPLE.CSV")]
    people: Option<PathBuf>,
    /// Where the demo writes its tenants file and its secrets.
    #[arg(long, default_value = ".demo", value_name = "FOLDER")]
    folder: PathBuf,
    /// Keep the org running afterwards, so that other commands can be tried on it.
    #[arg(long)]
    keep: bool,
}

pub(crate) async fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let mut org = Org::start(options.users, options.seed).await?;
    let tenants = org.write_tenant(&options.folder)?;
    let exit = story::tell(global, options, &tenants, &org, output).await?;
    if options.keep {
        output.line(&format!(
            "\nThe org stays at {} until Ctrl-C. Try, in another terminal:\n  host-harness --tenants {} import demo",
            org.connection().url,
            tenants.display()
        ))?;
        tokio::signal::ctrl_c().await?;
    }
    org.stop().await;
    Ok(exit)
}
