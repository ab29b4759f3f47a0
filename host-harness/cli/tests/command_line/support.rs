//! An emulated org, a folder with a tenants file for it, and the program.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use provisioning_directory::{Directory, LeaseTimes};
use salesforce_emulator::{Connection, Emulator};
use serde_json::Value as Json;
use tempfile::TempDir;

/// Leases of hosts that share a test's database: a host that was killed leaves its tenants to the next after a moment.
const LEASES: LeaseTimes = LeaseTimes { heartbeat: Duration::from_secs(1), expiry: Duration::from_secs(4) };

/// Everything that one test needs.
pub(crate) struct Fixture {
    pub(crate) emulator: Emulator,
    pub(crate) org: Connection,
    pub(crate) folder: TempDir,
    /// Whether each data folder has its directory on PostgreSQL, if `PROVISIONING_TEST_POSTGRES` names a server.
    is_on_test_database: bool,
    /// The emulator serves on it.
    executor: Option<tokio::runtime::Runtime>,
}

/// What a run of the program left.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Standard output, which must be one JSON document and nothing else.
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Fixture {
    pub(crate) fn new(users: u32, seed: u64) -> Self {
        let executor = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let emulator = executor.block_on(Emulator::builder().users(users).seed(seed).start()).unwrap();
        let org = emulator.credentials();
        let folder = tempfile::tempdir().unwrap();
        let fixture = Self { emulator, org, folder, is_on_test_database: false, executor: Some(executor) };
        fixture.write("password", &fixture.org.password);
        fixture.write("token", &fixture.org.security_token);
        fixture.write_tenants(&fixture.tenants());
        fixture
    }

    /// As [`Fixture::new`], with the directory on PostgreSQL if `PROVISIONING_TEST_POSTGRES` names a server.
    pub(crate) fn on_test_database(users: u32, seed: u64) -> Self {
        Self { is_on_test_database: true, ..Self::new(users, seed) }
    }

    /// The database of a data folder, if it isn't in it.
    fn database(&self, data: &str) -> Option<String> {
        if self.is_on_test_database { test_database::of(&self.path(data)) } else { None }
    }

    /// The directory of the folder `data`.
    pub(crate) fn directory(&self) -> Directory {
        self.directory_of("data")
    }

    /// The directory of a data folder: in it, or on PostgreSQL.
    pub(crate) fn directory_of(&self, data: &str) -> Directory {
        let folder = self.path(data);
        match self.database(data) {
            Some(url) => Directory::open_postgres(&folder, &url, LEASES).unwrap(),
            None => Directory::open(&folder).unwrap(),
        }
    }

    /// Waits until nobody works for the tenant `acme` of a data folder: on PostgreSQL, a process that was killed has its lease until
    /// that is over.
    pub(crate) fn wait_until_free(&self, data: &str) {
        let directory = self.directory_of(data);
        let tenant = directory.read(|view| view.tenant("acme")).unwrap();
        let began = Instant::now();
        while directory.lock_tenant(&tenant).is_err() {
            assert!(began.elapsed() < Duration::from_secs(60), "the tenant isn't free");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Takes the org away.
    pub(crate) fn stop(&mut self) {
        if let Some(executor) = self.executor.take() {
            executor.shutdown_background();
        }
    }

    /// The port of the org.
    pub(crate) fn port(&self) -> &str {
        self.org.url.rsplit(':').next().unwrap()
    }

    /// The line of the tenants file that lets the tenant reach it.
    pub(crate) fn loopback(&self) -> String {
        format!("loopback = [{}]", self.port())
    }

    /// The tenants file of a sound tenant `acme`.
    pub(crate) fn tenants(&self) -> String {
        let org = &self.org;
        format!(
            r#"
[tenants.acme.settings]
instance-type = "my-domain"
my-domain = "{}"
username = "{}"
organization-id = "{}"
portal-id = "{}"
account-id = "{}"
[tenants.acme.secrets]
password = {{ file = "password" }}
security-token = {{ file = "token" }}
[tenants.acme.egress]
loopback = [{}]
"#,
            org.url,
            org.username,
            org.organization_id,
            org.portal_id,
            org.account_id,
            self.port()
        )
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn write_tenants(&self, text: &str) {
        self.write("tenants.toml", text);
    }

    /// Changes the tenants file.
    pub(crate) fn edit_tenants(&self, from: &str, to: &str) {
        let text = self.tenants();
        assert!(text.contains(from), "{from}");
        self.write_tenants(&text.replace(from, to));
    }

    /// The program, to be run in the folder and without what the tester's own environment says.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_host-harness"));
        command.args(arguments).current_dir(self.folder.path());
        for variable in [
            "PROVISIONING_TENANTS",
            "PROVISIONING_DATA",
            "PROVISIONING_DATABASE",
            "PROVISIONING_KEY",
            "PROVISIONING_KEY_COMMAND",
            "RUST_LOG",
        ] {
            command.env_remove(variable);
        }
        let data = arguments.windows(2).find(|pair| pair[0] == "--data").map_or("data", |pair| pair[1]);
        if let Some(url) = self.database(data) {
            command.env("PROVISIONING_DATABASE", url);
            command.env("PROVISIONING_HEARTBEAT", LEASES.heartbeat.as_secs().to_string());
            command.env("PROVISIONING_LEASE", LEASES.expiry.as_secs().to_string());
        }
        // One for all tests: compiling the component would be most of their time.
        command.env("PROVISIONING_CACHE", concat!(env!("CARGO_TARGET_TMPDIR"), "/compiled"));
        command
    }

    /// Starts the program in the folder; its output is kept until its end.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// Runs the program in the folder, with `input` on standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str, environment: &[(&str, &str)]) -> Run {
        let mut process = self
            .command(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that does not read its input may have closed it.
        let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
        let output = process.wait_with_output().unwrap();
        Run {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, "", &[])
    }

    /// The id of an active portal user.
    pub(crate) fn active_user(&self) -> (String, String) {
        let found = self
            .emulator
            .query("SELECT Id, Username FROM User WHERE IsActive = true AND UserType = 'CspLitePortal' ORDER BY Id LIMIT 1")
            .unwrap();
        (found[0]["Id"].as_str().unwrap().to_owned(), found[0]["Username"].as_str().unwrap().to_owned())
    }

    pub(crate) fn count(&self, object: &str) -> usize {
        self.emulator.query(&format!("SELECT Id FROM {object}")).unwrap().as_array().unwrap().len()
    }

    /// A CSV file of people with a profile that has seats.
    pub(crate) fn people(&self, rows: &str) {
        let profile = self.emulator.query("SELECT Id FROM Profile WHERE Name = 'Customer Community User'").unwrap();
        let profile = profile[0]["Id"].as_str().unwrap();
        let mut text = String::from("username,givenName,familyName,email,grant:profile\n");
        for row in rows.lines() {
            text.push_str(&format!("{row},{profile}\n"));
        }
        self.write("people.csv", &text);
    }
}
