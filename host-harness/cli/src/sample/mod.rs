//! `sample`: a small application for connectors that are being written.
//!
//! It is a JSON API with a key, users and groups, as many applications have one. The connectors that `new` makes provision it, so that an
//! author has something that works before the first line is changed. `conformance --sample` starts one for its checks.

mod application;
mod server;

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::failure::Failure;
use super::interrupt::interrupted;
use super::output::Output;
use provisioning_runtime::{EgressPolicy, Secret, Tenant};
use server::Server;

/// What the checks need to know of the sample application.
pub(crate) const SAMPLES: &str = include_str!("conformance.toml");

/// The key that the application takes. It protects nothing real.
const KEY: &str = "sample-key-4711-lighthouse";

/// The port for discarding what comes (RFC 863), where nobody listens: a check signs in there and has to be told so.
const NOBODY: u16 = 9;

#[derive(Args)]
pub(crate) struct Options {
    /// Users that it has at the start.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(..=100_000))]
    users: u32,
    /// Write a tenant `sample` to this file, which the other commands take as --tenants FILE.
    #[arg(long, value_name = "FILE")]
    tenants_file: Option<PathBuf>,
    /// The component that the tenant in that file uses.
    #[arg(long, value_name = "FILE", requires = "tenants_file")]
    component: Option<PathBuf>,
}

/// What a program that starts this one reads.
#[derive(Serialize)]
struct FirstLine<'a> {
    url: &'a str,
    key: &'a str,
}

/// A sample application that is served by this process.
pub(crate) struct Sample(Server);

impl Sample {
    /// Serves one on a free port.
    ///
    /// # Errors
    /// If this machine has no port for it.
    pub(crate) async fn start(users: u32) -> Result<Self, Failure> {
        let server = Server::start(KEY, users).await;
        server.map(Self).map_err(|error| Failure::usage(format!("the sample application can't be served: {error}")))
    }

    /// A tenant for it, which may reach this machine and nothing else.
    pub(crate) fn tenant(&self, name: &str) -> Tenant {
        let mut egress = EgressPolicy::this_machine(self.0.url());
        egress.loopback.push(NOBODY);
        Tenant {
            name: name.to_owned(),
            settings: [("address".to_owned(), self.0.url().to_owned())].into(),
            secrets: [("api-key".to_owned(), Secret::new(KEY.to_owned()))].into(),
            egress,
            ..Tenant::default()
        }
    }
}

pub(crate) async fn run(options: &Options, output: &mut Output) -> Result<(), Failure> {
    let stop = interrupted();
    let sample = Sample::start(options.users).await?;
    let url = sample.0.url();
    if let Some(file) = &options.tenants_file {
        let beside = file.with_extension("key");
        let text = tenants_file(url, options.component.as_deref(), &beside);
        std::fs::write(&beside, KEY)
            .and_then(|()| std::fs::write(file, text))
            .map_err(|error| Failure::usage(format!("--tenants-file {} can't be written: {error}", file.display())))?;
    }
    if output.json() {
        // One line, so that a program which starts this process can read it while the process goes on.
        let line = serde_json::to_string(&FirstLine { url, key: KEY }).map_err(std::io::Error::from)?;
        output.raw().write_all(line.as_bytes())?;
        output.raw().write_all(b"\n")?;
        output.raw().flush()?;
    } else {
        output.line(&format!("An application with {} users is at {url}", options.users))?;
        output.line(&format!("  api-key  {KEY}"))?;
        if let Some(file) = &options.tenants_file {
            output.line(&format!("Try: host-harness test-credentials sample --tenants {}", file.display()))?;
        }
        output.line("Ctrl-C ends it.")?;
    }
    stop.await;
    Ok(())
}

/// A tenant for the application, as a tenants file says it.
fn tenants_file(url: &str, component: Option<&std::path::Path>, key: &std::path::Path) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let component =
        component.map(|path| format!("component = {}\n", quoted(&path.display().to_string()))).unwrap_or_default();
    let key = key.file_name().unwrap_or_default().to_string_lossy();
    let ports = EgressPolicy::this_machine(url).loopback;
    format!(
        "# Written by `host-harness sample --tenants-file` for the application that it serves.\n\
         [tenants.sample]\n{component}\n[tenants.sample.settings]\naddress = {}\n\n\
         [tenants.sample.secrets]\napi-key = {{ file = {} }}\n\n[tenants.sample.egress]\nloopback = {ports:?}\n",
        quoted(url),
        quoted(&key),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenant_of_a_tenants_file_holds_no_key() {
        let text = tenants_file("http://127.0.0.1:81", Some("my.wasm".as_ref()), "somewhere/sample.key".as_ref());
        let tenant = text.parse::<toml::Table>().unwrap()["tenants"]["sample"].clone();
        assert_eq!(tenant["settings"]["address"].as_str(), Some("http://127.0.0.1:81"));
        assert_eq!(tenant["secrets"]["api-key"]["file"].as_str(), Some("sample.key"));
        assert_eq!(tenant["component"].as_str(), Some("my.wasm"));
        assert_eq!(tenant["egress"]["loopback"][0].as_integer(), Some(81));
        assert!(!text.contains(KEY), "{text}");
    }

    #[test]
    fn its_samples_can_be_read() {
        assert!(provisioning_conformance::Samples::parse(SAMPLES).unwrap().passwords.is_some());
    }
}
