//! What can be typed, and the way from there to a command.

use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use provisioning_runtime::{Compiler, compile_for_parent};

use super::failure::{DONE, Failure, SOME_FAILED};
use super::global::{Global, LogFormat};
use super::help::with_help;
use super::interrupt::{Leaves, end_when_interrupted};
use super::output::{EscapedLog, Output, complain};
use super::{
    apply, assign, attributes, audit, backup, completion, component, confirm, conformance, console, core_dumps,
    database, deactivate, describe, doctor, entitlements, import, init, key, licenses, man, new, person, plan, prune,
    push, retry, runs, sample, scim, serve, sync_password, tasks, tenant, test_credentials, unassign, unlink, usage,
    worker,
};
#[cfg(feature = "emulator")]
use super::{demo, emulator};

/// Runs provisioning connectors, sandboxed per tenant.
///
/// Exit codes: 0 done; 1 some records failed, or the connector was stopped; 2 bad usage or settings; 3 the application could
/// not be reached or refused the sign-in.
#[derive(Parser)]
#[command(name = "host-harness", version, max_term_width = 110)]
struct CommandLine {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[cfg(feature = "emulator")]
    /// Runs the main job against an emulated Salesforce org: test, import, push, update, deactivate, set a password.
    Demo(demo::Options),
    #[cfg(feature = "emulator")]
    /// Serves an emulated Salesforce org on this machine until it is interrupted.
    Emulator(emulator::Options),
    /// Makes a first tenant: asks for its settings, tries them, and keeps them.
    Init(init::Options),
    /// Looks whether everything is here that it takes, and says what to do.
    Doctor(doctor::Options),
    /// Says what a connector is, what settings it needs, and what it can do.
    Describe(describe::Options),
    /// Says where components send secrets, and approves that.
    #[command(subcommand)]
    Component(component::Command),
    /// Checks what any connector must do: on a test tenant, on the sample application, or the built-in one on an emulated org.
    Conformance(conformance::Options),
    /// Makes a connector to begin with, in Rust, Python, JavaScript or Go.
    New(new::Options),
    /// Serves a small application for connectors that are being written, until it is interrupted.
    Sample(sample::Options),
    /// Tries a tenant's settings and says of each point whether it holds.
    TestCredentials(test_credentials::Options),
    /// Lists what can be assigned to users: profiles, roles and whatever kinds the connector has.
    Entitlements(entitlements::Options),
    /// Lists the application's attributes, with what they take and where they come from.
    Attributes(attributes::Options),
    /// Reads the application's users, into the data folder where the tenant is kept there.
    Import(import::Options),
    /// Makes and changes users: those of the data folder's tasks, or as a CSV file says.
    Push(push::Options),
    /// Takes users out of use.
    Deactivate(deactivate::Options),
    /// Sets a user's password.
    SyncPassword(sync_password::Options),
    /// Keeps tenants in the data folder.
    #[command(subcommand)]
    Tenant(tenant::Command),
    /// Keeps people in the data folder.
    #[command(subcommand)]
    Person(person::Command),
    /// Assigns people to a tenant, with what their users are to hold.
    Assign(assign::Options),
    /// Takes assignments away, or grants from them.
    Unassign(unassign::Options),
    /// Takes the link between a person and its user away.
    Unlink(unlink::Options),
    /// Lists users that wait for an admin, since an import or a push, and decides whose they are.
    Confirm(confirm::Options),
    /// Works out what a push would write, and keeps that to be approved.
    Plan(plan::Options),
    /// Writes exactly what a plan says.
    Apply(apply::Options),
    /// Lists what is still to be done in applications, and what could not be.
    Tasks(tasks::Options),
    /// Has failed tasks tried again with the next push.
    Retry(retry::Options),
    /// Lists imports and pushes with what they came to, the newest first.
    Runs(runs::Options),
    /// Shows who did what to whom, the newest first.
    Audit(audit::Options),
    /// Takes away old tasks, plans and imports that have ended, and old rows of the audit trail.
    Prune(prune::Options),
    /// Copies the data folder, consistent while others work.
    Backup(backup::Options),
    /// Replaces the key that secrets are sealed with.
    #[command(subcommand)]
    Key(key::Command),
    /// Shows what a tenant has asked of its application, by day, and what is left of the allowance.
    Usage(usage::Options),
    /// Serves the admin's pages until it is interrupted.
    Console(console::Options),
    /// Imports and pushes by the tenants' schedules until it is interrupted.
    Worker(worker::Options),
    /// Serves console, SCIM, metrics and health, and works by the tenants' schedules, until it is interrupted.
    Serve(serve::Options),
    /// Keeps clients that bring people by SCIM, their tokens, and what their groups give.
    #[command(subcommand)]
    Scim(scim::Command),
    /// Moves the directory from one database to another.
    #[command(subcommand)]
    Database(database::Command),
    /// Prints what a shell needs to complete the commands.
    Completion(completion::Options),
    /// Prints or writes the manual pages.
    Man(man::Options),
    /// Lists the software of others in this program, with its licences and their texts.
    Licenses,
}

impl Command {
    /// What the command leaves behind if it is interrupted; `None` for those that go on until they are, and end by themselves.
    fn leaves(&self) -> Option<Leaves> {
        match self {
            #[cfg(feature = "emulator")]
            Self::Emulator(_) => None,
            Self::Console(_) | Self::Worker(_) | Self::Serve(_) | Self::Sample(_) => None,
            Self::Import(options) => Some(options.leaves()),
            Self::Push(options) => Some(options.leaves()),
            Self::Apply(options) => Some(Leaves::Push(options.tenant().to_owned())),
            Self::Plan(_) => Some(Leaves::Unchanged),
            Self::Person(person::Command::Import(_)) | Self::Confirm(_) | Self::Prune(_) => Some(Leaves::Part),
            _ => Some(Leaves::Nothing),
        }
    }
}

/// The commands and their options, for whoever describes them.
pub(super) fn definition() -> clap::Command {
    with_help(CommandLine::command())
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    // How this program starts itself, and no command.
    if arguments.next().is_some_and(|first| first == Compiler::ARGUMENT) {
        return compile_for_parent(arguments);
    }
    let matches = definition().get_matches();
    let CommandLine { global, command } = match CommandLine::from_arg_matches(&matches) {
        Ok(parsed) => parsed,
        Err(error) => error.exit(),
    };
    log_to_standard_error(global.verbose, global.log);
    let mut output = Output::new(global.wishes());
    core_dumps::forbid();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("error: no threads for the command: {error}"));
            return ExitCode::from(SOME_FAILED);
        }
    };
    let global = Arc::new(global);
    if let Some(leaves) = command.leaves() {
        let global = Arc::clone(&global);
        runtime.spawn(async move { end_when_interrupted(&global, leaves).await });
    }
    let result = runtime.block_on(run(&global, command, &mut output));
    // Reading standard input cannot be cancelled; a thread that waits there must not hold up the exit.
    runtime.shutdown_background();
    let exit = match result {
        Ok(exit) => ExitCode::from(exit),
        Err(failure) => {
            complain(&failure.text());
            match output.json().then(|| output.document(&failure.document())) {
                Some(Err(_)) => ExitCode::from(SOME_FAILED),
                Some(Ok(())) | None => failure.exit_code(),
            }
        }
    };
    output.finish();
    exit
}

async fn run(global: &Global, command: Command, output: &mut Output) -> Result<u8, Failure> {
    match command {
        #[cfg(feature = "emulator")]
        Command::Demo(options) => demo::run(global, &options, output).await,
        #[cfg(feature = "emulator")]
        Command::Emulator(options) => emulator::run(&options, output).await.map(|()| DONE),
        Command::Init(options) => init::run(global, &options, output).await,
        Command::Doctor(options) => doctor::run(global, &options, output).await,
        Command::Attributes(options) => attributes::run(global, &options, output).await.map(|()| DONE),
        Command::Runs(options) => runs::run(global, &options, output),
        Command::Describe(options) => describe::run(global, &options, output).await.map(|()| DONE),
        Command::Component(command) => component::run(global, &command, output).await,
        Command::Conformance(options) => conformance::run(global, &options, output).await,
        Command::New(options) => new::run(&options, output).map(|()| DONE),
        Command::Sample(options) => sample::run(&options, output).await.map(|()| DONE),
        Command::TestCredentials(options) => test_credentials::run(global, &options, output).await,
        Command::Entitlements(options) => entitlements::run(global, &options, output).await.map(|()| DONE),
        Command::Import(options) => import::run(global, &options, output).await,
        Command::Push(options) => push::run(global, &options, output).await,
        Command::Deactivate(options) => deactivate::run(global, &options, output).await,
        Command::SyncPassword(options) => sync_password::run(global, &options, output).await,
        Command::Tenant(command) => tenant::run(global, &command, output).await,
        Command::Person(command) => person::run(global, &command, output).await,
        Command::Assign(options) => assign::run(global, &options, output).await,
        Command::Unassign(options) => unassign::run(global, &options, output),
        Command::Unlink(options) => unlink::run(global, &options, output),
        Command::Confirm(options) => confirm::run(global, &options, output),
        Command::Plan(options) => plan::run(global, &options, output).await,
        Command::Apply(options) => apply::run(global, &options, output).await,
        Command::Tasks(options) => tasks::run(global, &options, output),
        Command::Retry(options) => retry::run(global, &options, output),
        Command::Audit(options) => audit::run(global, &options, output),
        Command::Prune(options) => prune::run(global, &options, output),
        Command::Backup(options) => backup::run(global, &options, output),
        Command::Key(command) => key::run(global, &command, output),
        Command::Usage(options) => usage::run(global, &options, output),
        Command::Console(options) => console::run(global, &options, output).await.map(|()| DONE),
        Command::Worker(options) => worker::run(global, &options, output).await,
        Command::Serve(options) => serve::run(global, &options, output).await,
        Command::Scim(command) => scim::run(global, &command, output).await,
        Command::Database(command) => database::run(&command, output),
        Command::Completion(options) => completion::run(&options, output).map(|()| DONE),
        Command::Man(options) => man::run(&options, output).map(|()| DONE),
        Command::Licenses => licenses::run(output).map(|()| DONE),
    }
}

fn log_to_standard_error(verbose: u8, format: LogFormat) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    // Only what is ours follows -v; a library's own traces come by RUST_LOG.
    let ours = ["provisioning", "host_harness", "salesforce_emulator", "connector"];
    let by_verbosity = match verbose {
        0 => Targets::new().with_default(level),
        _ => Targets::new().with_default(LevelFilter::WARN).with_targets(ours.map(|target| (target, level))),
    };
    let filter = match std::env::var("RUST_LOG") {
        Ok(wish) if !wish.is_empty() => wish.parse().unwrap_or_else(|error| {
            complain(&format!("RUST_LOG is ignored: {error}"));
            by_verbosity
        }),
        _ => by_verbosity,
    };
    // Colours of its own could not be told from those of somebody else.
    let layer = tracing_subscriber::fmt::layer().with_writer(|| EscapedLog).with_ansi(false);
    let registry = tracing_subscriber::registry();
    match format {
        LogFormat::Text => registry.with(layer.with_filter(filter)).init(),
        LogFormat::Json => registry.with(layer.json().with_filter(filter)).init(),
    }
}

#[cfg(test)]
mod tests;
