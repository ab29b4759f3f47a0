//! `emulator`: a Salesforce org on this machine.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use salesforce_emulator::Emulator;

use super::failure::{Failure, SOME_FAILED};
use super::output::Output;
use super::view::ErrorView;

#[derive(Args)]
pub(crate) struct Options {
    /// Where to listen; port 0 takes a free one. Loopback only: the org's passwords protect nothing real.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// Users in the org.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(..=5_000_000))]
    users: u32,
    /// The same seed gives the same org.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Keep the org in this file; in memory where there is none.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
}

pub(crate) async fn run(options: &Options, output: &mut Output) -> Result<(), Failure> {
    if !options.listen.ip().is_loopback() {
        return Err(Failure::usage(format!(
            "--listen {} is not this machine; the emulator listens on 127.0.0.1 or [::1] only",
            options.listen
        )));
    }
    let mut builder = Emulator::builder().users(options.users).seed(options.seed).listen(options.listen);
    if let Some(data) = &options.data {
        builder = builder.data(data);
    }
    let emulator = builder
        .start()
        .await
        .map_err(|error| Failure { exit: SOME_FAILED, error: ErrorView::local("emulator", error.to_string()) })?;
    let connection = emulator.credentials();
    if output.json() {
        // One line, so that a program which starts this process can read it while the process goes on.
        let line = serde_json::to_string(&connection).map_err(std::io::Error::from)?;
        output.raw().write_all(line.as_bytes())?;
        output.raw().write_all(b"\n")?;
        output.raw().flush()?;
    } else {
        output.line(&format!("A Salesforce org with {} users is at {}", options.users, connection.url))?;
        output.line(&format!("  username        {}", connection.username))?;
        output.line(&format!("  password        {}", connection.password))?;
        output.line(&format!("  security token  {}", connection.security_token))?;
        output.line(&format!("  organization id {}", connection.organization_id))?;
        output.line(&format!("  portal id       {}", connection.portal_id))?;
        output.line(&format!("  account id      {}", connection.account_id))?;
        output.line("Ctrl-C ends it.")?;
    }
    emulator.serve_until(interrupted()).await;
    Ok(())
}

/// Ctrl-C, or the signal by which a supervisor ends a process.
async fn interrupted() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        return;
    }
    // Without signals the emulator serves until its process is killed.
    let _ = tokio::signal::ctrl_c().await;
}
