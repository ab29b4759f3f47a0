//! `demo`: the main job from end to end, against an emulated org in a process of its own.
//!
//! This is the one place of the host that knows Salesforce: the preset of the demo's tenant.

mod kept;
mod org;
mod story;

use std::path::{Path, PathBuf};

use clap::Args;

pub(super) use self::kept::open;
pub(super) use self::org::Org;
use super::failure::Failure;
use super::global::Global;
use super::output::Output;

/// The people that ship with the demo. Two rows are bad on purpose: one has no username, one no last name.
const PEOPLE: &str = include_str!("../../demo/people.csv");

/// What the conformance checks need to know of the emulated org.
pub(super) const SAMPLES: &str = include_str!("../../demo/conformance.toml");

/// Users of a demo's org.
const USERS: u32 = 1000;
/// What a demo's org is made from.
const SEED: u64 = 7;
/// Where a demo keeps its org, its tenant and its people.
pub(super) const FOLDER: &str = ".demo";

#[derive(Args)]
pub(crate) struct Options {
    /// Users that the org starts with.
    #[arg(long, default_value_t = USERS)]
    users: u32,
    /// The same seed gives the same org.
    #[arg(long, default_value_t = SEED)]
    seed: u64,
    /// Push the people of this CSV file instead of those that ship with the demo.
    #[arg(long, value_name = "PEOPLE.CSV")]
    people: Option<PathBuf>,
    /// Where the demo keeps its org, its tenants file and its secrets. What an earlier demo has left there is removed.
    #[arg(long, default_value = FOLDER, value_name = "FOLDER")]
    folder: PathBuf,
    /// Keep the org running afterwards, so that other commands can be tried on it.
    #[arg(long)]
    keep: bool,
}

pub(crate) async fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    kept::forget(&options.folder)?;
    std::fs::create_dir_all(&options.folder).map_err(|error| {
        Failure::usage(format!(
            "the folder {} cannot be made: {error}; name another with --folder",
            options.folder.display()
        ))
    })?;
    let mut org = Org::start(options.users, options.seed, Some(&kept::org_file(&options.folder))).await?;
    let tenants = org.write_tenant(&options.folder)?;
    let exit = story::play(global, options, &tenants, &org, output).await?;
    if options.keep {
        output.line(&format!(
            "\nThe org stays at {} until Ctrl-C. Try, in another terminal:\n  host-harness --tenants {} import demo",
            org.connection().url,
            tenants.display()
        ))?;
        tokio::signal::ctrl_c().await?;
    }
    org.stop().await;
    output.line(&format!(
        "\nNext: the admin's pages on this org, with the tenant `demo` and its people:\n  {}",
        console_command(&options.folder)
    ))?;
    Ok(exit)
}

/// How this very program is told to open the console on the demo in `folder`.
fn console_command(folder: &Path) -> String {
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("host-harness"));
    let here = std::env::current_dir().ok();
    let short = here.and_then(|here| program.strip_prefix(here).ok().map(Path::to_owned));
    let program = short.unwrap_or(program);
    let folder = if folder == Path::new(FOLDER) { String::new() } else { format!(" {}", folder.display()) };
    format!("{} console --demo{folder}", program.display())
}
