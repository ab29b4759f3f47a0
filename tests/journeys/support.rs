//! What every journey starts from: one compiled component, and an org of its own.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use host_harness::embedded;
use provisioning_runtime::wit::{Change, DesiredUser, Grant, ImportQuery, ImportScope, Outcome, Value};
use provisioning_runtime::{Approval, Connector, EgressPolicy, ImportedUser, Job, JobError, Runtime, Secret, Tenant};
use salesforce_emulator::{Emulator, Fault};
use serde_json::Value as Json;

/// One for all tests: compiling the component takes longer than most of them.
static HOST: OnceLock<(Runtime, Connector)> = OnceLock::new();

/// Connections of the runtime's HTTP client live on the executor that opened them, so all journeys share one.
static EXECUTOR: OnceLock<tokio::runtime::Runtime> = OnceLock::new();

/// Runs a journey to its end.
pub(crate) fn journey(work: impl Future<Output = ()>) {
    let executor = EXECUTOR
        .get_or_init(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());
    executor.block_on(work);
}

/// Does `work` with everything that this thread logs going to `subscriber`.
pub(crate) fn observed<T>(subscriber: impl Into<tracing::Dispatch>, work: impl FnOnce() -> T) -> T {
    // What is logged at all is decided once for each place in the code, by the thread that comes by first. A subscriber for
    // all threads that wants everything keeps the tests beside this one from deciding against it.
    static EVERYTHING: std::sync::Once = std::sync::Once::new();
    EVERYTHING.call_once(|| tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap());
    tracing::dispatcher::with_default(&subscriber.into(), work)
}

/// What the connector declares, approved as the host that it's built into does. It is asked on a thread of its own, since journeys run
/// within an executor.
pub(crate) fn approval() -> Approval {
    static APPROVAL: OnceLock<Approval> = OnceLock::new();
    let ask = || {
        let (runtime, connector) = host();
        let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        executor.block_on(runtime.approve(connector)).unwrap()
    };
    APPROVAL.get_or_init(|| std::thread::spawn(ask).join().unwrap()).clone()
}

pub(crate) fn host() -> &'static (Runtime, Connector) {
    HOST.get_or_init(|| {
        let runtime = Runtime::builder().jobs(64).build().unwrap();
        let connector = runtime.load(embedded::CONNECTOR).unwrap();
        (runtime, connector)
    })
}

/// A request that the organization has got and not worked at yet.
#[derive(Clone, Copy)]
pub(crate) struct OnItsWay {
    /// The number of the latency that it meets, by which the journal tells it from the others.
    fault: u64,
}

/// An emulated org and a tenant for it.
pub(crate) struct Org {
    pub(crate) emulator: Emulator,
    pub(crate) tenant: Tenant,
}

impl Org {
    /// An org with `users` portal users; each `seed` another org.
    pub(crate) async fn start(users: u32, seed: u64) -> Self {
        let emulator = Emulator::builder().users(users).seed(seed).start().await.unwrap();
        // The stricter of the two answers that are told of: who gets along with it gets along with both.
        emulator.set_switches(|switches| switches.boolean_texts = false);
        let tenant = tenant(&emulator);
        Self { emulator, tenant }
    }

    /// A job that has not signed in yet.
    pub(crate) async fn job(&self) -> Job {
        let (runtime, connector) = host();
        runtime.start(connector, &self.tenant).await.unwrap()
    }

    /// The records that a query finds, looked at from behind the API.
    pub(crate) fn query(&self, soql: &str) -> Vec<Json> {
        self.emulator.query(soql).unwrap().as_array().unwrap().clone()
    }

    /// How many records a query finds.
    pub(crate) fn count(&self, object: &str) -> usize {
        self.query(&format!("SELECT Id FROM {object}")).len()
    }

    /// Goes on with some work until its request of this number is on its way, where it waits for a moment. Returns `None` if
    /// there was no such request; the work is then done.
    pub(crate) async fn reaches<T>(
        &self,
        request: u32,
        work: &mut (impl Future<Output = T> + Unpin),
    ) -> Option<OnItsWay> {
        let fault = self.emulator.inject(Fault::latency(Duration::from_millis(40)).skip(request));
        loop {
            tokio::select! {
                biased;
                _ = &mut *work => {
                    self.emulator.clear_faults();
                    return None;
                }
                () = tokio::time::sleep(Duration::from_millis(1)) => {
                    if self.emulator.faults().is_empty() {
                        return Some(OnItsWay { fault });
                    }
                }
            }
        }
    }

    /// Waits until the organization has done what this request asked for, if there was one.
    pub(crate) async fn has_worked(&self, request: Option<OnItsWay>) {
        let Some(OnItsWay { fault }) = request else { return };
        while !self.emulator.journal().iter().any(|entry| entry.fault == Some(fault)) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Requests since the last look that wrote something.
    pub(crate) fn writes(&self) -> Vec<String> {
        // The connector writes more than 200 records by `composite`, which no journey does, and reads by it.
        let reading = |method: &str, path: &str| {
            method == "GET" || path.contains("/services/Soap/") || path.ends_with("/composite")
        };
        self.emulator
            .journal()
            .iter()
            .filter(|entry| !reading(&entry.method, &entry.path))
            .map(|entry| format!("{} {}", entry.method, entry.path))
            .collect()
    }

    /// The id of a profile by its name.
    pub(crate) fn profile(&self, name: &str) -> String {
        let found = self.query(&format!("SELECT Id FROM Profile WHERE Name = '{name}'"));
        assert_eq!(found.len(), 1, "profiles named {name}");
        found[0]["Id"].as_str().unwrap().to_owned()
    }
}

/// A tenant for an emulated org.
pub(crate) fn tenant(emulator: &Emulator) -> Tenant {
    let org = emulator.credentials();
    let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Tenant {
        name: "acme".to_owned(),
        settings: BTreeMap::from([
            setting("instance-type", "my-domain"),
            setting("my-domain", &org.url),
            setting("username", &org.username),
            setting("organization-id", &org.organization_id),
            setting("portal-id", &org.portal_id),
            setting("account-id", &org.account_id),
        ]),
        secrets: BTreeMap::from([
            ("password".to_owned(), Secret::new(org.password)),
            ("security-token".to_owned(), Secret::new(org.security_token)),
        ]),
        egress: EgressPolicy::this_machine(&org.url),
        approval: Some(approval()),
        ..Tenant::default()
    }
}

/// Has a tenant look for its org at another address of this machine.
pub(crate) fn lead_to(tenant: &mut Tenant, url: &str) {
    tenant.settings.insert("my-domain".to_owned(), url.to_owned());
    tenant.egress = EgressPolicy::this_machine(url);
}

/// A person to be pushed, with a profile and the attributes that a new user needs.
pub(crate) fn person(name: &str, profile: &str) -> DesiredUser {
    let username = format!("{}@lighthouse.example", name.to_lowercase());
    DesiredUser {
        key: name.to_owned(),
        id: None,
        username: username.clone(),
        changes: vec![
            set("givenName", name),
            set("familyName", "Tester"),
            set("email", &username),
            set("federationId", &format!("F-{name}")),
        ],
        grants: vec![Grant { kind: "profile".to_owned(), id: profile.to_owned() }],
        exact_grants: false,
    }
}

/// A change that sets a text.
pub(crate) fn set(name: &str, value: &str) -> Change {
    Change { name: name.to_owned(), value: Some(Value::Text(value.to_owned())) }
}

/// The outcome of the only record of a batch.
pub(crate) fn only(
    results: Vec<Result<Outcome, provisioning_runtime::wit::Error>>,
) -> Result<Outcome, provisioning_runtime::wit::Error> {
    assert_eq!(results.len(), 1);
    results.into_iter().next().unwrap()
}

/// What a connector said when it refused.
pub(crate) fn refused(error: JobError) -> provisioning_runtime::wit::Error {
    match error {
        JobError::Refused(error) => *error,
        stopped @ JobError::Stopped { .. } => panic!("{stopped}"),
    }
}

/// All users of a full import.
pub(crate) async fn import_all(job: &mut Job, page_size: u32, grants: bool) -> (Vec<ImportedUser>, u32) {
    let mut query = ImportQuery { scope: ImportScope::Full, page_size, attributes: Vec::new(), grants };
    let (mut users, mut pages) = (Vec::new(), 0);
    loop {
        let page = job.import_users(&query).await.unwrap();
        users.extend(page.imported());
        pages += 1;
        match page.next {
            Some(next) => query.scope = ImportScope::Resume(next),
            None => return (users, pages),
        }
    }
}
