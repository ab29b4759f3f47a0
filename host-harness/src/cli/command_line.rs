//! What can be typed, and the way from there to a command.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgAction, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use super::context::default_tenants_file;
use super::failure::{DONE, Failure, SOME_FAILED};
use super::output::{ColorChoice, Output, complain};
use super::{deactivate, demo, describe, emulator, entitlements, import, push, sync_password, test_credentials};

/// Runs provisioning connectors, sandboxed per tenant.
///
/// Exit codes: 0 done; 1 some records failed, or the connector was stopped; 2 bad usage or settings; 3 the application could
/// not be reached or did not let us in.
#[derive(Parser)]
#[command(name = "host-harness", version, max_term_width = 110)]
struct CommandLine {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Parser)]
pub(crate) struct Global {
    /// The file that names the tenants, their settings, and where their secrets come from.
    #[arg(long, global = true, env = "PROVISIONING_TENANTS", value_name = "FILE", default_value_os_t = default_tenants_file())]
    pub(crate) tenants: PathBuf,
    /// Print one JSON document on standard output, and everything else on standard error.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Where compiled components are kept; `off` compiles each time. By default a folder in the user's cache folder.
    #[arg(long, global = true, env = "PROVISIONING_CACHE", value_name = "FOLDER")]
    pub(crate) cache: Option<PathBuf>,
    /// When to use colour; NO_COLOR is heeded.
    #[arg(long, global = true, value_enum, default_value_t)]
    color: ColorChoice,
    /// Say more on standard error: once what is done, twice each request. RUST_LOG picks in detail.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the main job against an emulated Salesforce org: test, import, push, update, deactivate, set a password.
    Demo(demo::Options),
    /// Serves an emulated Salesforce org on this machine until it is interrupted.
    Emulator(emulator::Options),
    /// Says what a connector is, what settings it needs, and what it can do.
    Describe(describe::Options),
    /// Tries a tenant's settings and says of each point whether it holds.
    TestCredentials(test_credentials::Options),
    /// Lists what can be assigned to users: profiles, roles and whatever kinds the connector has.
    Entitlements(entitlements::Options),
    /// Reads the application's users.
    Import(import::Options),
    /// Makes and changes users as a CSV file says.
    Push(push::Options),
    /// Takes users out of use.
    Deactivate(deactivate::Options),
    /// Sets a user's password.
    SyncPassword(sync_password::Options),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let CommandLine { global, command } = CommandLine::parse();
    log_to_standard_error(global.verbose);
    let mut output = Output::new(global.json, global.color);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("error: no threads for the command: {error}"));
            return ExitCode::from(SOME_FAILED);
        }
    };
    let result = runtime.block_on(run(&global, command, &mut output));
    // Reading standard input cannot be cancelled; a thread that waits there must not hold up the exit.
    runtime.shutdown_background();
    match result {
        Ok(exit) => ExitCode::from(exit),
        Err(failure) => {
            complain(&failure.text());
            if global.json && output.document(&failure.document()).is_err() {
                return ExitCode::from(SOME_FAILED);
            }
            failure.exit_code()
        }
    }
}

async fn run(global: &Global, command: Command, output: &mut Output) -> Result<u8, Failure> {
    match command {
        Command::Demo(options) => demo::run(global, &options, output).await,
        Command::Emulator(options) => emulator::run(&options, output).await.map(|()| DONE),
        Command::Describe(options) => describe::run(global, &options, output).await.map(|()| DONE),
        Command::TestCredentials(options) => test_credentials::run(global, &options, output).await,
        Command::Entitlements(options) => entitlements::run(global, &options, output).await.map(|()| DONE),
        Command::Import(options) => import::run(global, &options, output).await,
        Command::Push(options) => push::run(global, &options, output).await,
        Command::Deactivate(options) => deactivate::run(global, &options, output).await,
        Command::SyncPassword(options) => sync_password::run(global, &options, output).await,
    }
}

fn log_to_standard_error(verbose: u8) {
    let level = match verbose {
        0 => "error",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    // Only what is ours follows -v; a library's own traces come by RUST_LOG.
    let ours = format!("warn,provisioning_host={level},salesforce_emulator={level},connector={level}");
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(if verbose == 0 { "error" } else { &ours }));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}
