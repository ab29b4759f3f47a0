//! `emulator`: a Salesforce org on this machine.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use salesforce_emulator::{Connection, Emulator, Switches};
use serde::Serialize;

use super::emulated_tenant::TenantFiles;
use super::failure::{Failure, SOME_FAILED};
use super::interrupt::interrupted;
use super::output::Output;
use super::view::ErrorView;

#[derive(Args)]
pub(crate) struct Options {
    /// Where to listen; port 0 takes a free one. Loopback only: the org's passwords protect nothing real.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// Where the control API listens: faults on demand, the journal of requests, seats, the clock. It is served only if this is
    /// given.
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
    /// Keep the org in this file; by default it is in memory.
    #[arg(long, value_name = "FILE")]
    org: Option<PathBuf>,
    /// Write the settings of a tenant `emulator` to this file, and its secrets to two files beside it: the other commands take
    /// it as --tenants FILE.
    #[arg(long, value_name = "FILE")]
    tenants_file: Option<PathBuf>,
    /// Let each request wait so many milliseconds.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=600_000))]
    latency_ms: u32,
    /// Let pages of rows take as long as they do if so many rows leave the org per second. By default nothing holds them back.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    rows_per_second: Option<u32>,
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
    if let Some(file) = &options.tenants_file {
        check_tenants_file(file)?;
    }
    let switches = Switches {
        latency_milliseconds: options.latency_ms,
        rows_per_second: options.rows_per_second,
        ..Switches::default()
    };
    let mut builder = Emulator::builder()
        .users(options.users)
        .seed(options.seed)
        .plain_password()
        .switches(switches)
        .listen(options.listen);
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
    let stop = interrupted();
    let connection = emulator.credentials();
    if let Some(file) = &options.tenants_file {
        write_tenants_file(file, &connection)?;
    }
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
        if let Some(file) = &options.tenants_file {
            output.line(&format!("Try: host-harness test-credentials {TENANT} --tenants {}", file.display()))?;
        }
        output.line("Ctrl-C ends it.")?;
    }
    emulator.serve_until(stop).await;
    Ok(())
}

/// The tenant that a tenants file names.
const TENANT: &str = "emulator";

/// What a tenants file of this command begins with.
const TENANTS_FILE: &str = "# Written by `host-harness emulator --tenants-file` for the org that it serves.\n";

/// Refuses a file that somebody else wrote, which would be lost.
fn check_tenants_file(file: &Path) -> Result<(), Failure> {
    match std::fs::read_to_string(file) {
        Ok(text) if text.starts_with(TENANTS_FILE) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Ok(_) => Err(Failure::usage(format!(
            "--tenants-file {} is there already, and the emulator did not write it; name another",
            file.display()
        ))),
        Err(error) => Err(Failure::usage(format!("--tenants-file {} cannot be read: {error}", file.display()))),
    }
}

/// Writes the tenant's settings, and its secrets beside them for their owner only.
fn write_tenants_file(file: &Path, connection: &Connection) -> Result<(), Failure> {
    let beside = |name: &str| {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        format!("{stem}-{name}")
    };
    let (password, token) = (beside("password"), beside("security-token"));
    let files = TenantFiles { file, header: TENANTS_FILE, tenant: TENANT, password: &password, security_token: &token };
    files
        .write(connection)
        .map_err(|error| Failure::usage(format!("--tenants-file {} cannot be written: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser};

    use super::*;

    #[derive(Parser)]
    struct CommandLine {
        #[command(flatten)]
        options: Options,
    }

    fn connection() -> Connection {
        Connection {
            url: "http://127.0.0.1:1".to_owned(),
            username: "admin@example.com".to_owned(),
            password: "p%+w".to_owned(),
            security_token: "token".to_owned(),
            organization_id: "00D000000000001AAA".to_owned(),
            portal_id: "060000000000001AAA".to_owned(),
            account_id: "001000000000001AAA".to_owned(),
            client_id: "id".to_owned(),
            client_secret: "secret".to_owned(),
        }
    }

    #[test]
    fn a_tenants_file_names_its_secrets_and_holds_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("try.toml");
        check_tenants_file(&file).unwrap();
        write_tenants_file(&file, &connection()).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        let tenant = text.parse::<toml::Table>().unwrap()["tenants"]["emulator"].clone();
        assert_eq!(tenant["settings"]["my-domain"].as_str(), Some("http://127.0.0.1:1"));
        for (secret, file) in [("password", "try-password"), ("security-token", "try-security-token")] {
            assert_eq!(tenant["secrets"][secret]["file"].as_str(), Some(file));
        }
        assert!(!text.contains("p%+w") && !text.contains("= \"token\""), "{text}");
        assert_eq!(std::fs::read_to_string(folder.path().join("try-password")).unwrap(), "p%+w");
        // The next org may have the file; one of somebody else's stays.
        check_tenants_file(&file).unwrap();
        std::fs::write(&file, "[tenants.acme.settings]\n").unwrap();
        let refused = check_tenants_file(&file).unwrap_err();
        assert!(refused.error.message.ends_with("the emulator did not write it; name another"), "{refused:?}");
    }

    #[test]
    fn bad_options_are_refused() {
        for arguments in [["--latency-ms", "-1"], ["--rows-per-second", "0"], ["--users", "5000001"]] {
            assert!(CommandLine::try_parse_from(["emulator"].iter().chain(&arguments)).is_err(), "{arguments:?}");
        }
        // The data folder of the other commands must not become an option of this one.
        let options = CommandLine::command().get_arguments().any(|argument| argument.get_env().is_some());
        assert!(!options);
    }
}
