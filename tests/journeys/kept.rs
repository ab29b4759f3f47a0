//! A directory that keeps a tenant in step with an org of its own.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use host_harness::embedded;
use provisioning_directory::config::{TenantConfig, ToApp};
use provisioning_directory::sync::import::{ImportOptions, ImportReport, import};
use provisioning_directory::sync::push::{PushReport, push};
use provisioning_directory::sync::{ComponentApplications, SyncError, intents, plans};
use provisioning_directory::{
    Actor, Directory, DirectoryError, GrantName, LeaseTimes, NewAssignment, NewPerson, ReadTransaction, TenantRecord,
    WriteTransaction,
};
use provisioning_runtime::wit::Action;

use crate::support::{OnItsWay, Org, host};

static APPLICATIONS: OnceLock<ComponentApplications> = OnceLock::new();

fn applications() -> &'static ComponentApplications {
    APPLICATIONS.get_or_init(|| ComponentApplications::new(host().0.clone(), embedded::CONNECTOR, "."))
}

/// Opens the directory of a folder: in the folder, or, if `PROVISIONING_TEST_POSTGRES` names a server, in a schema of its own there.
fn open(folder: &Path) -> Directory {
    match test_database::of(folder) {
        Some(url) => Directory::open_postgres(folder, &url, LEASES).unwrap(),
        None => Directory::open(folder).unwrap(),
    }
}

/// Leases that are over soon, so that a journey that leaves one doesn't wait for a minute, and that a busy machine keeps all the same.
const LEASES: LeaseTimes = LeaseTimes { heartbeat: Duration::from_secs(1), expiry: Duration::from_secs(15) };

/// A directory with a tenant for an org.
pub(crate) struct Kept {
    pub(crate) org: Org,
    directory: Directory,
    actor: Actor,
    _folder: tempfile::TempDir,
}

impl Kept {
    /// With the features of a push switched on, and what else `settings` changes.
    pub(crate) async fn new(users: u32, seed: u64, settings: impl FnOnce(&mut TenantConfig)) -> Self {
        let org = Org::start(users, seed).await;
        let folder = tempfile::tempdir().unwrap();
        let kept = Self { directory: open(folder.path()), actor: Actor::new("journey"), org, _folder: folder };
        let mut config: TenantConfig = serde_json::from_value(
            serde_json::json!({ "settings": kept.org.tenant.settings, "egress": { "loopback": kept.org.tenant.egress.loopback } }),
        )
        .unwrap();
        config.to_app = ToApp {
            push_new_users: true,
            push_profile_updates: true,
            push_user_deactivation: true,
            sync_password: true,
            ..ToApp::default()
        };
        settings(&mut config);
        kept.write(|change| {
            let tenant = change.add_tenant("acme", &config)?;
            for (name, secret) in &kept.org.tenant.secrets {
                change.set_secret(&tenant, name, Some(secret))?;
            }
            Ok(())
        });
        kept
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    pub(crate) fn write<T>(&self, work: impl Fn(&WriteTransaction<'_>) -> Result<T, DirectoryError>) -> T {
        self.directory.write(&self.actor, work).unwrap()
    }

    pub(crate) fn push_everybody(&self, tenant: &TenantRecord) {
        intents::push_everybody(&self.directory, &self.actor, tenant).unwrap();
    }

    pub(crate) fn read<T>(&self, work: impl FnOnce(&ReadTransaction<'_>) -> Result<T, DirectoryError>) -> T {
        self.directory.read(work).unwrap()
    }

    pub(crate) fn tenant(&self) -> TenantRecord {
        self.read(|view| view.tenant("acme"))
    }

    pub(crate) async fn import(&self, options: ImportOptions) -> ImportReport {
        import(&self.directory, applications(), &self.tenant(), &self.actor, options, &|_| {}).await.unwrap()
    }

    /// As [`Kept::write`], where the directory may refuse.
    pub(crate) fn try_write<T>(
        &self,
        work: impl Fn(&WriteTransaction<'_>) -> Result<T, DirectoryError>,
    ) -> Result<T, DirectoryError> {
        self.directory.write(&self.actor, work)
    }

    pub(crate) async fn try_import(&self, options: ImportOptions) -> Result<ImportReport, SyncError> {
        import(&self.directory, applications(), &self.tenant(), &self.actor, options, &|_| {}).await
    }

    pub(crate) async fn try_push(&self) -> Result<PushReport, SyncError> {
        push(&self.directory, applications(), &self.tenant(), &self.actor, &|_| {}).await
    }

    /// Pushes, and does something while the request of this number is on its way; at the end where there is none.
    pub(crate) async fn push_while(&self, request: u32, meanwhile: impl FnOnce()) {
        let mut work = std::pin::pin!(self.try_push());
        if self.org.reaches(request, &mut work).await.is_some() {
            meanwhile();
            drop(work.await);
        } else {
            meanwhile();
        }
    }

    /// Pushes until the request of this number is on its way, and ends there as with its process. Returns `None` if the push
    /// ended before it.
    pub(crate) async fn push_until(&self, request: u32) -> Option<OnItsWay> {
        let mut work = std::pin::pin!(self.try_push());
        self.org.reaches(request, &mut work).await
    }

    /// Makes a plan and applies it, as far as that goes.
    pub(crate) async fn try_plan(&self) {
        let tenant = self.tenant();
        if let Ok(planned) = plans::plan(&self.directory, applications(), &tenant, &self.actor).await {
            _ = plans::apply(&self.directory, applications(), &tenant, &self.actor, Some(planned.id)).await;
        }
    }

    pub(crate) async fn push(&self) -> PushReport {
        push(&self.directory, applications(), &self.tenant(), &self.actor, &|_| {}).await.unwrap()
    }

    /// Adds people and assigns them the profile of customers.
    pub(crate) fn hire(&self, keys: &[String]) {
        let tenant = self.tenant();
        self.write(|change| {
            for key in keys {
                let username = format!("{}@new.example", key.to_lowercase());
                let new = NewPerson::new(key, &username)
                    .with("givenName", "Grace")
                    .with("familyName", key.as_str())
                    .with("email", username.as_str());
                let person = change.add_person(&new)?;
                let grants = vec![GrantName { kind: "profile".to_owned(), name: "customer community user".to_owned() }];
                intents::assign(change, &tenant, &person, &NewAssignment { grants, ..NewAssignment::default() })?;
            }
            Ok(())
        });
    }
}

/// How many records of a push were treated so.
pub(crate) fn count(report: &PushReport, action: Action) -> usize {
    let is = |outcome: &Option<provisioning_runtime::wit::Outcome>| {
        outcome.as_ref().is_some_and(|outcome| outcome.action == action)
    };
    report.entries.iter().filter(|entry| entry.result.as_ref().is_ok_and(is)).count()
}
