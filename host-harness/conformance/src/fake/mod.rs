//! A connector that keeps to its interface, or breaks it in one way.

mod application;
mod defect;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(super) use self::defect::Defect;
use self::world::{World, text};
use super::target::{Target, Watched};
use provisioning_runtime::wit::{Error, ErrorKind, Retry};
use provisioning_runtime::{ImportedUser, JobError, SandboxFault, Secret, Tenant};

/// The fake application, and the connector to it.
#[derive(Clone)]
pub(super) struct Fake {
    world: Arc<Mutex<World>>,
    defect: Option<Defect>,
    tenant: Tenant,
}

pub(super) struct FakeJob {
    fake: Fake,
    tenant: Tenant,
    requests: u64,
}

pub(super) const SAMPLES: &str = r#"
unknown-id = "U99999"
[user]
username = "check-{n}@example.com"
attributes = { familyName = "Check {n}", title = "Clerk" }
grants = { profile = "Portal" }
[refused]
attributes = { familyName = "" }
[change]
attribute = "nickName"
values = ["One", "Two"]
[passwords]
accepted = "Correct-horse-{n}"
refused = "short-but-long-enough-to-find"
[unreachable]
host = "nowhere"
"#;

const ATTRIBUTES: [&str; 3] = ["familyName", "title", "nickName"];
const SECRET: &str = "sound-secret-value";

fn refusal(kind: ErrorKind, message: impl Into<String>) -> Error {
    Error {
        kind,
        message: message.into(),
        remedy: Some("Mend it".to_owned()),
        retry: Retry::AfterRemedy,
        upstream: None,
    }
}

fn none<T>(kind: ErrorKind, message: impl Into<String>) -> Result<T, JobError> {
    Err(refusal(kind, message).into())
}

impl Fake {
    pub(super) fn new(defect: Option<Defect>) -> Self {
        let world = Arc::<Mutex<World>>::default();
        let mut tenant = Tenant {
            name: "acme".to_owned(),
            settings: [("host", "here"), ("realm", "one")].map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            secrets: [("password".to_owned(), Secret::new(SECRET.to_owned()))].into(),
            egress: provisioning_runtime::EgressPolicy { allow: Vec::new(), loopback: vec![8080] },
            ..Tenant::default()
        };
        if defect == Some(Defect::NeedsNothing) {
            tenant.settings.clear();
            tenant.secrets.clear();
        }
        let fake = Self { world, defect, tenant };
        for n in 0..30 {
            let id = fake.world().new_id();
            let mut user = ImportedUser::new(&id, &format!("user-{n}@example.com"));
            user.modified = "2026-01-01T00:00:00Z".to_owned();
            user.attributes = [text("familyName", &format!("Number {n}")), text("title", "Clerk")].into();
            fake.world().users.insert(id, user);
        }
        fake
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }
}

impl Target for Fake {
    type Subject = FakeJob;

    fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    async fn start(&self, tenant: &Tenant) -> Result<FakeJob, JobError> {
        Ok(FakeJob { fake: self.clone(), tenant: tenant.clone(), requests: 0 })
    }

    fn lateness(&self) -> Duration {
        // Short only where it is to be overrun: what a job without this defect computes must never count as late.
        Duration::from_millis(if self.has(Defect::NoDeadline) { 50 } else { 5_000 })
    }

    async fn watch(&self) -> Result<Option<Watched<FakeJob>>, JobError> {
        let subject = self.start(&self.tenant).await?;
        let fake = self.clone();
        Ok(Some(Watched { subject, find: Box::new(move |text| fake.world().memory.matches(text).count()) }))
    }
}

impl FakeJob {
    fn has(&self, defect: Defect) -> bool {
        self.fake.has(defect)
    }

    /// What a request takes: some time, which the deadline of the call may end.
    async fn request(&mut self) -> Result<(), JobError> {
        self.requests += 1;
        let (deadline, time) = match self.tenant.limits.call {
            Duration::ZERO if self.has(Defect::NoDeadline) => (Duration::MAX, 2 * self.fake.lateness()),
            limit => (limit, Duration::from_millis(2)),
        };
        let waited = tokio::time::timeout(deadline, tokio::time::sleep(time)).await;
        waited.map_err(|_| JobError::Stopped {
            tenant: self.tenant.name.clone(),
            call: "open",
            fault: SandboxFault::Deadline(deadline),
        })
    }

    fn missing(&self) -> Vec<&'static str> {
        if self.has(Defect::NeedsNothing) {
            return Vec::new();
        }
        let settings = ["host", "realm"].into_iter().filter(|name| !self.tenant.settings.contains_key(*name));
        settings.chain((!self.tenant.secrets.contains_key("password")).then_some("password")).collect()
    }

    async fn signed_in(&mut self) -> Result<(), JobError> {
        if self.has(Defect::NeedsNothing) {
            return Ok(());
        }
        if self.has(Defect::SendsBeforeItChecks) {
            self.request().await?;
        }
        let mut missing = self.missing();
        if self.has(Defect::NamesOneMissingSetting) {
            missing.truncate(1);
        }
        if !missing.is_empty() {
            return none(ErrorKind::InvalidSettings, format!("{} are missing", missing.join(", ")));
        }
        if self.tenant.egress.loopback.is_empty() || self.tenant.settings["host"] == "nowhere" {
            let internal = self.has(Defect::UnreachableIsInternal) && !self.tenant.egress.loopback.is_empty();
            let kind = if internal { ErrorKind::Other("internal".to_owned()) } else { ErrorKind::Unreachable };
            return none(kind, "no connection");
        }
        self.request().await?;
        let password = self.tenant.secrets["password"].expose();
        if self.has(Defect::SecretInMemory) {
            self.fake.world().memory.push_str(password);
        }
        match password {
            SECRET if self.has(Defect::NobodySignsIn) => none(ErrorKind::Transient, "the application is out of order"),
            SECRET => Ok(()),
            _ if self.has(Defect::WrongSecretIsTransient) => none(ErrorKind::Transient, "try again"),
            _ => none(ErrorKind::InvalidCredentials, "the password is not accepted"),
        }
    }
}
