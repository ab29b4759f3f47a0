//! An emulated Salesforce org in a process of its own, so that its time is not counted.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use provisioning_runtime::{EgressPolicy, Secret, Tenant};
use salesforce_emulator::Emulator;
use serde_json::Value;

/// Set in the process that is the org, to the number of its users.
const USERS: &str = "BENCH_EMULATED_USERS";

/// An org. Dropping it ends its process.
pub(crate) struct Org {
    process: Child,
    connection: Value,
}

impl Drop for Org {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Org {
    /// Starts this program again as an org with `users` users.
    pub(crate) fn start(users: u32) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .env(USERS, users.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, connection: serde_json::from_str(&line).unwrap() }
    }

    /// The number of its process.
    pub(crate) fn process_id(&self) -> u32 {
        self.process.id()
    }

    fn text(&self, name: &str) -> String {
        self.connection[name].as_str().unwrap().to_owned()
    }

    /// The settings of a tenant for the org.
    pub(crate) fn settings(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("instance-type".to_owned(), "my-domain".to_owned()),
            ("my-domain".to_owned(), self.text("url")),
            ("username".to_owned(), self.text("username")),
            ("organization-id".to_owned(), self.text("organization_id")),
            ("portal-id".to_owned(), self.text("portal_id")),
            ("account-id".to_owned(), self.text("account_id")),
        ])
    }

    /// The administrator's secrets by the names of the connector's settings.
    pub(crate) fn secrets(&self) -> [(String, String); 2] {
        [("password".to_owned(), self.text("password")), ("security-token".to_owned(), self.text("security_token"))]
    }

    /// A tenant for the org.
    pub(crate) fn tenant(&self, name: &str) -> Tenant {
        Tenant {
            name: name.to_owned(),
            settings: self.settings(),
            secrets: self.secrets().into_iter().map(|(name, secret)| (name, Secret::new(secret))).collect(),
            egress: EgressPolicy::this_machine(&self.text("url")),
            ..Tenant::default()
        }
    }
}

/// Serves where this process is an org, and does not come back then. To be called first.
pub(crate) fn serve_if_asked() {
    let Ok(users) = std::env::var(USERS) else { return };
    let users = users.parse().unwrap();
    let executor = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    executor.block_on(async {
        let emulator = Emulator::builder().users(users).start().await.unwrap();
        println!("{}", serde_json::to_string(&emulator.credentials()).unwrap());
        emulator.serve_until(std::future::pending::<()>()).await;
    });
}
