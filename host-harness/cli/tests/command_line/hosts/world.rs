//! The database, the organizations with a user for each tenant, and what is wanted there.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use provisioning_directory::sync::intents;
use provisioning_directory::{
    Actor, Directory, DirectoryError, GrantName, LeaseTimes, NewAssignment, NewPerson, PersonEdit, TaskFilter,
    TenantRecord, WriteTransaction,
};
use salesforce_emulator::Emulator;
use serde_json::{Value as Json, json};

use super::Size;
use super::process::Host;
use super::proxy::Proxy;
use crate::support::Fixture;

const PROFILE: &str = "Customer Community User";
const PASSWORD: &str = "Lantern4711harbour";
/// What each request takes there, so that jobs take a while.
const LATENCY_MILLIS: u32 = 120;

/// An organization.
pub(super) struct Org {
    pub(super) emulator: Emulator,
    /// The users that tenants sign in as, by the tenants' names.
    pub(super) users: BTreeMap<String, String>,
}

/// A tenant's lease that is somebody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lease {
    tenant: i64,
    pub(super) holder: String,
    epoch: i64,
    until: i64,
}

pub(super) struct World {
    fixture: Fixture,
    pub(super) orgs: Vec<Org>,
    url: String,
    directory: Directory,
    /// The names under which hosts have had leases.
    holders: Vec<String>,
    /// The family name that each person is to have, by key.
    wanted: BTreeMap<String, String>,
    executor: tokio::runtime::Runtime,
}

fn username(key: &str) -> String {
    format!("{}@new.example", key.to_lowercase())
}

impl World {
    pub(super) fn new(size: &Size) -> Self {
        // Whoever comes first installs the process-wide provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let executor = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let fixture = Fixture::new(10, 81);
        let url = test_database::of(fixture.folder.path()).unwrap();
        let mut orgs = Vec::new();
        let mut tenants = String::new();
        for org in 0..2_usize {
            let emulator = executor.block_on(Emulator::builder().users(10).seed(82 + org as u64).start()).unwrap();
            let names: Vec<String> = (org..size.tenants).step_by(2).map(|number| format!("t{number}")).collect();
            let users = executor.block_on(add_users(&emulator, &names));
            for name in &names {
                tenants.push_str(&settings(&emulator, &fixture, name));
            }
            emulator.set_switches(|switches| switches.latency_milliseconds = LATENCY_MILLIS);
            orgs.push(Org { emulator, users });
        }
        fixture.write("tenants.toml", &tenants);
        let times = LeaseTimes { heartbeat: size.heartbeat, expiry: size.lease };
        std::fs::create_dir_all(fixture.path("data")).unwrap();
        let directory = open(&fixture.path("data"), &url, times);
        let world = Self { fixture, orgs, url, directory, holders: Vec::new(), wanted: BTreeMap::new(), executor };
        let added =
            world.fixture.run(&["tenant", "import-toml", "tenants.toml", "--data", "data", "--database", &world.url]);
        assert_eq!(added.code, 0, "{}", added.stderr);
        world
    }

    /// Starts a host, and waits until it works for a tenant.
    pub(super) fn start_host(&mut self, number: usize, size: &Size) -> Host {
        let server: url::Url = self.url.parse().unwrap();
        let to = format!("{}:{}", server.host_str().unwrap(), server.port().unwrap());
        let proxy = self.executor.block_on(Proxy::start(to));
        let mut through = server;
        through.set_port(Some(proxy.address.port())).unwrap();
        let seconds = |time: Duration| time.as_secs().to_string();
        let mut command = self.fixture.command(&[
            "worker",
            // Each claims as many again that wait, so that of twelve tenants each host gets some.
            "--jobs",
            "2",
            "--heartbeat",
            &seconds(size.heartbeat),
            "--lease",
            &seconds(size.lease),
            "--data",
            "data",
        ]);
        command.env("PROVISIONING_DATABASE", through.as_str());
        let errors = self.fixture.path(&format!("host-{number}-{}", self.wanted.len()));
        let known = [self.holders(), self.holders.clone()].concat();
        self.ask_for_imports();
        let host = Host::start(command, proxy, errors.clone(), |child| {
            let began = Instant::now();
            loop {
                if let Some(new) = self.holders().into_iter().find(|one| !known.contains(one)) {
                    return new;
                }
                let ended = child.try_wait().unwrap();
                let said = || std::fs::read_to_string(&errors).unwrap();
                assert!(ended.is_none(), "the host has ended: {}", said());
                assert!(began.elapsed() < Duration::from_secs(120), "the host does nothing: {}", said());
                if began.elapsed().as_millis() % 2_000 < 100 {
                    self.ask_for_imports();
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        self.holders.push(host.holder.clone());
        host
    }

    /// Everybody who has ever had a lease that nobody else has taken since.
    fn holders(&self) -> Vec<String> {
        self.rows("SELECT tenant_id, holder, epoch, until FROM tenant_lease")
            .into_iter()
            .map(|one| one.holder)
            .collect()
    }

    /// The leases that last.
    pub(super) fn leases(&self) -> Vec<Lease> {
        self.rows("SELECT tenant_id, holder, epoch, until FROM tenant_lease WHERE until > clock_millis()")
    }

    fn rows(&self, sql: &'static str) -> Vec<Lease> {
        let asked = test_database::with(&self.url, async move |client| client.query(sql, &[]).await);
        let lease = |row: &tokio_postgres::Row| Lease {
            tenant: row.get(0),
            holder: row.get(1),
            epoch: row.get(2),
            until: row.get(3),
        };
        asked.unwrap().iter().map(lease).collect()
    }

    fn run(&self, sql: &str) {
        test_database::run(&self.url, sql);
    }

    /// Has everybody imported who isn't in a transaction of somebody's. A host that is stopped may have left one open, and waiting for
    /// it would hold up the others, whose rows this has locked by then. Who is due already keeps its place among those who wait.
    fn ask_for_imports(&self) {
        self.run(
            "UPDATE tenant SET imported_at = NULL, due_at = least(due_at, clock_millis())
             WHERE id IN (SELECT id FROM tenant FOR UPDATE SKIP LOCKED)",
        );
    }

    /// Waits for something that has to happen while there is work.
    pub(super) fn wait(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            assert!(began.elapsed() < Duration::from_secs(120), "waited in vain for {what}: {}", self.found());
            if began.elapsed().as_millis() % 2_000 > 1_900 {
                self.ask_for_imports();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// How tenants and hosts stand, for a test that fails.
    fn found(&self) -> String {
        let stand = "SELECT string_agg(concat_ws(' ', name, 'due in', due_at - clock_millis(), 'rests for',
            rests_until - clock_millis(), 'failures', failures, last_failure), E'\n' ORDER BY id) FROM tenant";
        let tenants = test_database::with(&self.url, async move |client| client.query_one(stand, &[]).await).unwrap();
        let errors: Vec<String> = std::fs::read_dir(self.fixture.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("host-")))
            .map(|path| format!("{}:\n{}", path.display(), std::fs::read_to_string(&path).unwrap()))
            .collect();
        format!("{:?}\n{}\n{}", self.leases(), tenants.get::<_, String>(0), errors.join("\n"))
    }

    #[expect(clippy::redundant_closure_for_method_calls, reason = "the path is not general over the view's lifetime")]
    /// Gives each tenant new people, changes those that it had before, and has it imported.
    pub(super) fn ask_for_work(&mut self, round: usize, people: usize) {
        let actor = Actor::new("ada");
        let tenants = self.directory.read(|view| view.tenants()).unwrap();
        let family = format!("Family{round}");
        for tenant in &tenants {
            let is_own = |key: &&String| key.starts_with(&format!("{}-", tenant.name));
            let old: Vec<String> = self.wanted.keys().filter(is_own).cloned().collect();
            let new: Vec<String> = (0..people).map(|number| format!("{}-{round}-{number}", tenant.name)).collect();
            self.directory.write_in_turns(&actor, &new, |change, key| add(change, tenant, key, &family)).unwrap();
            let edit = PersonEdit {
                attributes: [("familyName".to_owned(), Some(family.as_str().into()))].into(),
                ..PersonEdit::default()
            };
            self.directory
                .write_in_turns(&actor, &old, |change, key| intents::edit_person(change, key, &edit))
                .unwrap();
            for key in new.into_iter().chain(old) {
                self.wanted.insert(key, family.clone());
            }
        }
        self.ask_for_imports();
    }

    /// Waits until each of these leases, as far as its host has neither given it back nor put it off since, is somebody else's.
    /// Returns how many there were, and how long the last of them took.
    pub(super) fn wait_for_heirs(
        &self,
        before: &[Lease],
        at: Instant,
        heartbeat: Duration,
        most: Duration,
    ) -> (usize, Duration) {
        // A host that still had a word to say has said it.
        std::thread::sleep(heartbeat);
        let now = self.rows("SELECT tenant_id, holder, epoch, until FROM tenant_lease WHERE until > 0");
        let is_left = |one: &&Lease| {
            before
                .iter()
                .any(|lease| (lease.tenant, lease.epoch) == (one.tenant, one.epoch) && one.until >= lease.until)
        };
        let mut left: Vec<Lease> = now.iter().filter(is_left).cloned().collect();
        let count = left.len();
        // So that there is something to do for them.
        self.ask_for_imports();
        let mut last = Duration::ZERO;
        while !left.is_empty() {
            let leases = self.rows("SELECT tenant_id, holder, epoch, until FROM tenant_lease");
            let is_taken =
                |one: &Lease| leases.iter().any(|lease| lease.tenant == one.tenant && lease.epoch > one.epoch);
            if left.iter().any(is_taken) {
                last = at.elapsed();
            }
            left.retain(|one| !is_taken(one));
            assert!(at.elapsed() < most, "nobody works for tenants of a host that has gone after {most:?}: {left:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
        (count, last)
    }

    /// Starts the server again, which ends all connections.
    pub(super) fn restart_database(&self) {
        let control = std::env::var("PROVISIONING_TEST_POSTGRES_CONTROL").unwrap();
        let done = std::process::Command::new("sh")
            .args(["-c", &format!("{control} -m fast restart >/dev/null")])
            .current_dir("/")
            .status()
            .unwrap();
        assert!(done.success(), "{done}");
    }

    /// Waits until nothing is left to do.
    pub(super) fn wait_for_the_end(&self, most: Duration) {
        let began = Instant::now();
        loop {
            let open = self.directory.read(|view| view.tasks(&TaskFilter::default()));
            let importing = self.directory.read(|view| -> Result<bool, DirectoryError> {
                let tenants = view.tenants()?;
                Ok(tenants.iter().any(|tenant| tenant.imported_at.is_none()))
            });
            match (open, importing) {
                (Ok(open), Ok(false)) if open.is_empty() => return,
                (open, _) => {
                    let said = format!("{open:?}");
                    assert!(
                        began.elapsed() < most,
                        "it doesn't end: {} {}",
                        said.chars().take(2_000).collect::<String>(),
                        self.found()
                    );
                }
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Checks that each person has one contact and one user, with what was wanted last, and that the organizations created no other.
    /// Returns their number.
    pub(super) fn people_once_and_as_wanted(&self) -> usize {
        for (number, org) in self.orgs.iter().enumerate() {
            let is_here = |key: &str| {
                let tenant: usize = key[1..key.find('-').unwrap()].parse().unwrap();
                tenant % 2 == number
            };
            let wanted: Vec<(String, String)> = self
                .wanted
                .iter()
                .filter(|(key, _)| is_here(key))
                .map(|(key, family)| (username(key), family.clone()))
                .collect();
            for (object, name) in [("User", "Username"), ("Contact", "Email")] {
                let soql = format!("SELECT {name}, LastName FROM {object} WHERE {name} LIKE '%@new.example'");
                let rows = org.emulator.query(&soql).unwrap();
                let text = |row: &Json, field: &str| row[field].as_str().unwrap().to_owned();
                let mut found: Vec<(String, String)> =
                    rows.as_array().unwrap().iter().map(|row| (text(row, name), text(row, "LastName"))).collect();
                found.sort();
                let mut wanted = wanted.clone();
                wanted.sort();
                assert_eq!(found, wanted, "{object} of organization {number}");
            }
            let journal = org.emulator.journal();
            let created = journal.iter().flat_map(|entry| &entry.created).filter(|id| id.starts_with("005")).count();
            assert_eq!(created, wanted.len() + org.users.len(), "users that organization {number} created");
        }
        self.wanted.len()
    }
}

fn add(change: &WriteTransaction<'_>, tenant: &TenantRecord, key: &str, family: &str) -> Result<(), DirectoryError> {
    let name = username(key);
    let person = NewPerson::new(key, name.as_str())
        .with("givenName", "Given")
        .with("familyName", family)
        .with("email", name.as_str());
    let person = change.add_person(&person)?;
    let grants = vec![GrantName { kind: "profile".to_owned(), name: PROFILE.to_owned() }];
    intents::assign(change, tenant, &person, &NewAssignment { grants, ..NewAssignment::default() }).map(drop)
}

fn open(folder: &Path, url: &str, times: LeaseTimes) -> Directory {
    Directory::open_postgres(folder, url, times).unwrap()
}

/// A tenant that signs in as a user of its own.
fn settings(emulator: &Emulator, fixture: &Fixture, name: &str) -> String {
    let org = emulator.credentials();
    let user = login_name(name);
    fixture.write(&format!("token-{name}"), &emulator.security_token(&user).unwrap());
    fixture.write("password", PASSWORD);
    format!(
        r#"
[tenants.{name}.settings]
instance-type = "my-domain"
my-domain = "{}"
username = "{user}"
organization-id = "{}"
portal-id = "{}"
account-id = "{}"
[tenants.{name}.secrets]
password = {{ file = "password" }}
security-token = {{ file = "token-{name}" }}
[tenants.{name}.egress]
loopback = [{}]
[tenants.{name}.schedule]
import-minutes = 60
push-seconds = 1
[tenants.{name}.to-idp.matching]
auto-create = false
auto-confirm = false
[tenants.{name}.to-app]
push-new-users = true
push-profile-updates = true
"#,
        org.url,
        org.organization_id,
        org.portal_id,
        org.account_id,
        org.url.rsplit(':').next().unwrap()
    )
}

fn login_name(tenant: &str) -> String {
    format!("{tenant}@api.example")
}

/// Has the administrator create a user for each tenant. Returns their ids by the tenants' names.
async fn add_users(emulator: &Emulator, tenants: &[String]) -> BTreeMap<String, String> {
    let org = emulator.credentials();
    assert!(emulator.set_licence_seats("Customer Community", 100_000).unwrap());
    assert!(emulator.set_licence_seats("Salesforce", 1_000).unwrap());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let form: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "password")
        .append_pair("client_id", &org.client_id)
        .append_pair("client_secret", &org.client_secret)
        .append_pair("username", &org.username)
        .append_pair("password", &format!("{}{}", org.password, org.security_token))
        .finish();
    let token = http.post(format!("{}/services/oauth2/token", org.url));
    let token = token.header("content-type", "application/x-www-form-urlencoded").body(form).send().await.unwrap();
    let token: Json = serde_json::from_str(&token.text().await.unwrap()).unwrap();
    let post = async |path: &str, body: Json| {
        let answer = http
            .post(format!("{}/services/data/v64.0/{path}", org.url))
            .bearer_auth(token["access_token"].as_str().unwrap())
            .header("content-type", "application/json")
            .body(body.to_string());
        let answer = answer.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str::<Json>(&text).unwrap_or_default()
    };
    let profile = emulator.query("SELECT Id FROM Profile WHERE Name = 'System Administrator'").unwrap();
    let mut users = BTreeMap::new();
    for tenant in tenants {
        let user = json!({
            "Username": login_name(tenant), "LastName": tenant, "Alias": tenant, "Email": login_name(tenant),
            "ProfileId": profile[0]["Id"], "TimeZoneSidKey": "Europe/London", "LocaleSidKey": "en_GB",
            "EmailEncodingKey": "UTF-8", "LanguageLocaleKey": "en_US",
        });
        let made = post("sobjects/User", user).await;
        let id = made["id"].as_str().unwrap().to_owned();
        post(&format!("sobjects/User/{id}/password"), json!({ "NewPassword": PASSWORD })).await;
        users.insert(tenant.clone(), id);
    }
    users
}
