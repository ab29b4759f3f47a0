//! `console`: the admin's pages.

mod password;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use tokio::net::TcpListener;

use super::context::{open_directory, runtime_for};
use super::demo;
use super::failure::{Failure, SOME_FAILED};
use super::global::Global;
use super::interrupt::interrupted;
use super::output::Output;
use super::view::ErrorView;
use crate::embedded;
use provisioning_console::{Console, ConsoleError};
use provisioning_directory::sync::ComponentApplications;

/// Jobs at once: one a tenant, and as many tenants as an admin works on side by side.
const JOBS: u32 = 16;

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// Where to listen; port 0 takes a free one. Elsewhere than on this machine it needs an admin password.
    #[arg(long, default_value = "127.0.0.1:8720", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// A name by which browsers reach it, besides the addresses of this machine. Can be repeated.
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    #[cfg(feature = "emulator")]
    /// Open it on what `demo` has left in this folder (by default .demo), with the emulated org started again beside it.
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, default_missing_value = demo::FOLDER)]
    demo: Option<PathBuf>,
    /// A proxy before it speaks TLS with browsers: cookies are for https only.
    #[arg(long)]
    behind_tls: bool,
    /// The address of a proxy before it: where requests come from is what it says in X-Forwarded-For. Can be repeated.
    #[arg(long = "trusted-proxy", value_name = "IP")]
    trusted_proxies: Vec<IpAddr>,
}

#[derive(Subcommand)]
enum Command {
    /// Sets an admin's password, read from standard input or PROVISIONING_CONSOLE_PASSWORD.
    SetPassword(password::SetOptions),
    /// Takes an admin away. Without admins the console serves this machine only, and asks for the token that it prints.
    RemoveAdmin(password::RemoveOptions),
}

impl Options {
    /// The folder of the demo, where it is to be opened on that.
    fn demo(&self) -> Option<&PathBuf> {
        #[cfg(feature = "emulator")]
        return self.demo.as_ref();
        #[cfg(not(feature = "emulator"))]
        None
    }
}

pub(crate) async fn run(global: &Global, options: &Options, output: &mut Output) -> Result<(), Failure> {
    match &options.command {
        Some(Command::SetPassword(options)) => return password::set(global, options, output),
        Some(Command::RemoveAdmin(options)) => return password::remove(global, options, output),
        None => {}
    }
    let (mut org, directory) = match options.demo() {
        Some(_) if global.data.is_some() => {
            return Err(Failure::usage(
                "--demo brings a data folder of its own; leave out --data or PROVISIONING_DATA",
            ));
        }
        Some(folder) => {
            let (org, directory) = demo::open(folder, &global.actor()).await?;
            (Some(org), directory)
        }
        None => (None, open_directory(global)?),
    };
    let folder = directory.folder().to_owned();
    let applications = Arc::new(
        ComponentApplications::new(runtime_for(global, JOBS)?, embedded::CONNECTOR, &folder).kept_in(directory.clone()),
    );
    let mut builder = Console::builder(directory, applications)
        .behind_tls(options.behind_tls)
        .trusted_proxies(options.trusted_proxies.iter().copied());
    for host in &options.hosts {
        builder = builder.host(host)?;
    }
    let listener = TcpListener::bind(options.listen).await.map_err(|error| {
        Failure::usage(format!(
            "the console cannot listen on {}: {error}; name another address with --listen",
            options.listen
        ))
    })?;
    let console = builder.build();
    let stop = interrupted();
    let url = format!("http://{}", listener.local_addr()?);
    let open = console.address(&url).map_err(ConsoleError::from)?;
    if output.json() {
        // One line, so that a program which starts this process can read it while the process goes on.
        let line = serde_json::json!({ "url": url, "open": open }).to_string();
        output.raw().write_all(line.as_bytes())?;
        output.raw().write_all(b"\n")?;
        output.raw().flush()?;
    } else {
        output.line(&format!("The console of {} is at {open} (Ctrl-C ends it)", folder.display()))?;
    }
    let served = console.serve(listener, stop).await;
    if let Some(org) = &mut org {
        org.stop().await;
    }
    Ok(served?)
}

impl From<ConsoleError> for Failure {
    fn from(error: ConsoleError) -> Self {
        match error {
            ConsoleError::Listen(_) | ConsoleError::Random => {
                Self { exit: SOME_FAILED, error: ErrorView::local("console", error.to_string()) }
            }
            _ => Self::usage(error.to_string()),
        }
    }
}
