//! `emulator`: a Salesforce org on this machine.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use salesforce_emulator::{Connection, Emulator};
use serde::Serialize;

use super::failure::{Failure, SOME_FAILED};
use super::interrupt::interrupted;
use super::output::Output;
use super::view::ErrorView;

#[derive(Args)]
pub(crate) struct Options {
    /// Where to listen; port 0 takes a free one. Loopback only: the org's passwords protect nothing real.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// Where the control API listens: faults on demand, the journal of requests, seats, the clock. None where it is left out.
    #[arg(long, value_name = "ADDRESS:PORT")]
    control: Option<SocketAddr>,
    /// The public key of the org's connected app, PEM, for OAuth by JWT bearer.
    #[arg(long, value_name = "FILE")]
    connected_app_key: Option<PathBuf>,
    /// Users in the org.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(..=5_000_000))]
    users: u32,
    /// The same seed gives the same org.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Keep the org in this file; in memory where there is none.
    #[arg(long, value_name = "FILE")]
    org: Option<PathBuf>,
}

/// What a program that starts this one reads.
#[derive(Serialize)]
struct FirstLine<'a> {
    #[serde(flatten)]
    connection: &'a Connection,
    #[serde(skip_serializing_if = "Option::is_none")]
    control_url: Option<String>,
}

pub(crate) async fn run(options: &Options, output: &mut Output) -> Result<(), Failure> {
    let addresses = [("--listen", Some(options.listen)), ("--control", options.control)];
    for (option, address) in addresses.into_iter().filter_map(|(option, address)| Some((option, address?))) {
        if !address.ip().is_loopback() {
            return Err(Failure::usage(format!(
                "{option} {address} is not this machine; the emulator listens on 127.0.0.1 or [::1] only"
            )));
        }
    }
    let mut builder = Emulator::builder().users(options.users).seed(options.seed).listen(options.listen);
    if let Some(file) = &options.org {
        builder = builder.data(file);
    }
    if let Some(address) = options.control {
        builder = builder.control(address);
    }
    if let Some(file) = &options.connected_app_key {
        let key = std::fs::read_to_string(file)
            .map_err(|error| Failure::usage(format!("the key {} cannot be read: {error}", file.display())))?;
        builder = builder.connected_app_key(key);
    }
    let emulator = builder
        .start()
        .await
        .map_err(|error| Failure { exit: SOME_FAILED, error: ErrorView::local("emulator", error.to_string()) })?;
    let connection = emulator.credentials();
    if output.json() {
        // One line, so that a program which starts this process can read it while the process goes on.
        let first = FirstLine { connection: &connection, control_url: emulator.control_url() };
        let line = serde_json::to_string(&first).map_err(std::io::Error::from)?;
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
        output.line(&format!("  client id       {}", connection.client_id))?;
        output.line(&format!("  client secret   {}", connection.client_secret))?;
        if let Some(url) = emulator.control_url() {
            output.line(&format!("  control API     {url}"))?;
        }
        output.line("Ctrl-C ends it.")?;
    }
    emulator.serve_until(interrupted()).await;
    Ok(())
}
