//! The demo's org: the emulator as a process of its own, and a tenant for it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use salesforce_emulator::Connection;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::emulated_tenant::{TenantFiles, settings, write_private};
use crate::failure::{Failure, SOME_FAILED};
use crate::view::ErrorView;
use provisioning_runtime::{EgressPolicy, Secret, Tenant};

/// How long the emulator may take to say where it listens.
const START: Duration = Duration::from_secs(60);

/// A running emulator.
pub(crate) struct Org {
    process: Child,
    connection: Connection,
}

fn failed(reason: impl std::fmt::Display) -> Failure {
    Failure {
        exit: SOME_FAILED,
        error: ErrorView::local("emulator", format!("the emulated org did not start: {reason}")),
    }
}

impl Org {
    /// Starts this program a second time, as `emulator`, and waits for its first line. An org that is in `file` already is taken
    /// as it is; without a file it lives as long as the process.
    pub(crate) async fn start(users: u32, seed: u64, file: Option<&Path>) -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(failed)?;
        let mut command = Command::new(program);
        command.args(["emulator", "--listen", "127.0.0.1:0", "--json"]).args([
            "--users",
            &users.to_string(),
            "--seed",
            &seed.to_string(),
        ]);
        if let Some(file) = file {
            command.arg("--data").arg(file);
        }
        let mut process =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn().map_err(failed)?;
        let stdout = process.stdout.take().ok_or_else(|| failed("it has no output"))?;
        let mut lines = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(START, lines.next_line())
            .await
            .map_err(|_| failed(format!("it said nothing within {} s", START.as_secs())))?
            .map_err(failed)?
            .ok_or_else(|| failed("it ended at once; its error stands above"))?;
        let connection = serde_json::from_str(&line).map_err(failed)?;
        Ok(Self { process, connection })
    }

    /// Where it is, and what signs in to it.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// A tenant for the org, which may reach this machine and nothing else.
    pub(crate) fn tenant(&self, name: &str) -> Tenant {
        let org = &self.connection;
        let secret = |name: &str, value: &str| (name.to_owned(), Secret::new(value.to_owned()));
        Tenant {
            name: name.to_owned(),
            settings: settings(org).map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            secrets: [secret("password", &org.password), secret("security-token", &org.security_token)].into(),
            egress: EgressPolicy::this_machine(&org.url),
            ..Tenant::default()
        }
    }

    /// Writes a tenants file for the org, and its secrets into files that only the owner can read.
    pub(super) fn write_tenant(&self, folder: &Path) -> Result<PathBuf, Failure> {
        let org = &self.connection;
        let write = || -> std::io::Result<PathBuf> {
            std::fs::create_dir_all(folder)?;
            write_private(&folder.join("new-password"), "Lantern-4711-harbour")?;
            let path = folder.join("tenants.toml");
            let files = TenantFiles {
                file: &path,
                header: "# Written by the demo for its emulated org.\n",
                tenant: "demo",
                password: "password",
                security_token: "security-token",
            };
            files.write(org)?;
            Ok(path)
        };
        write().map_err(|error| {
            Failure::usage(format!(
                "the folder {} cannot be written: {error}; name another with --folder",
                folder.display()
            ))
        })
    }

    /// Ends the process and waits for its end.
    pub(crate) async fn stop(&mut self) {
        if let Err(error) = self.process.kill().await {
            tracing::warn!(%error, "the emulator could not be ended");
        }
    }
}
