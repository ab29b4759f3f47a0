//! The sync against a scripted application.

use std::time::Duration;

use super::import::{ImportOptions, ImportProgress, ImportReport, discard, import};
use super::intents::{self, Followed};
use super::plans::{apply, plan};
use super::push::{PushReport, push};
use super::scripted::{Scripted, refusal, stopped};
use super::*;
use crate::config::{LifecycleRule, TenantConfig};
use crate::directory::*;
use provisioning_runtime::wit::{Action, ErrorKind, Retry, Status};
use provisioning_runtime::{JobError, Secret};

struct Fixture {
    _folder: tempfile::TempDir,
    directory: Directory,
    actor: Actor,
    application: Scripted,
}

impl Fixture {
    /// A tenant `acme` with these settings, as TOML, and everything that writes switched on.
    fn new(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let directory = testing::open(folder.path());
        let fixture =
            Self { _folder: folder, directory, actor: Actor::new("tester"), application: Scripted::default() };
        fixture.add_tenant("acme", settings);
        fixture
    }

    /// As [`Fixture::new`], with as many users, and changes that can be imported since this watermark.
    async fn imported(settings: &str, users: u32, watermark: &str) -> Self {
        let fixture = Self::new(settings);
        fixture.seed(users);
        fixture.application.world().watermark = Some(watermark.to_owned());
        fixture.import().await;
        fixture
    }

    /// Users `U0000` and on in the application.
    fn seed(&self, users: u32) {
        let mut world = self.application.world();
        for n in 0..users {
            let (id, username) = (format!("U{n:04}"), format!("user{n}@x.example"));
            world.user(
                &id,
                &username,
                &[("email", &username), ("givenName", "Given"), ("familyName", &format!("F{n}"))],
            );
        }
    }

    fn add_tenant(&self, name: &str, settings: &str) {
        let mut config: TenantConfig = toml::from_str(settings).unwrap();
        let on = &mut config.to_app;
        (on.push_new_users, on.push_profile_updates, on.push_user_deactivation, on.sync_password) =
            (true, true, true, true);
        self.write(|change| change.add_tenant(name, &config)).unwrap();
    }

    fn write<T>(&self, work: impl Fn(&WriteTransaction<'_>) -> Result<T, DirectoryError>) -> Result<T, DirectoryError> {
        self.directory.write(&self.actor, work)
    }

    fn tenant(&self) -> TenantRecord {
        self.directory.read(|view| view.tenant("acme")).unwrap()
    }

    fn edit(&self, settings: impl FnOnce(&mut TenantConfig)) -> Followed {
        let tenant = self.tenant();
        let mut config = tenant.config.clone();
        settings(&mut config);
        self.write(|change| intents::edit_tenant(change, &tenant, &config)).unwrap()
    }

    fn person(&self, key: &str) -> Person {
        self.directory.read(|view| view.person(key)).unwrap()
    }

    fn add(&self, key: &str, attributes: &[(&str, &str)]) -> Person {
        let mut new = NewPerson::new(key, format!("{}@x.example", key.to_lowercase()));
        for (name, value) in attributes {
            new = new.with(name, *value);
        }
        self.write(|change| change.add_person(&new)).unwrap()
    }

    fn assign(&self, key: &str) -> Followed {
        let (tenant, person) = (self.tenant(), self.person(key));
        let grants = vec![GrantName { kind: "profile".to_owned(), name: "portal".to_owned() }];
        let new = NewAssignment { grants, ..NewAssignment::default() };
        self.write(|change| intents::assign(change, &tenant, &person, &new)).unwrap()
    }

    fn set(&self, key: &str, name: &str, value: Option<&str>) -> Result<Followed, DirectoryError> {
        let edit = PersonEdit {
            attributes: [(name.to_owned(), value.map(AttributeValue::from))].into(),
            ..PersonEdit::default()
        };
        self.write(|change| intents::edit_person(change, key, &edit))
    }

    fn set_status(&self, key: &str, status: PersonStatus) -> Result<Followed, DirectoryError> {
        let edit = PersonEdit { status: Some(status), ..PersonEdit::default() };
        self.write(|change| intents::edit_person(change, key, &edit))
    }

    async fn import_with(&self, options: ImportOptions) -> Result<ImportReport, SyncError> {
        import(&self.directory, &self.application, &self.tenant(), &self.actor, options, &|_| {}).await
    }

    /// As [`Fixture::import_with`], of what has changed.
    async fn import_changes(&self) -> ImportReport {
        self.import_with(ImportOptions::default()).await.unwrap()
    }

    async fn import(&self) -> ImportReport {
        self.import_with(ImportOptions { full: true, ..ImportOptions::default() }).await.unwrap()
    }

    async fn push(&self) -> PushReport {
        push(&self.directory, &self.application, &self.tenant(), &self.actor, &|_| {}).await.unwrap()
    }

    fn tasks(&self) -> Vec<Task> {
        self.directory.read(|view| view.tasks(&TaskFilter::default())).unwrap()
    }

    fn queue(&self) -> Vec<Queued> {
        let tenant = self.tenant();
        self.directory.read(|view| view.queue(tenant.id, &QueueFilter::default())).unwrap()
    }

    fn link(&self, key: &str) -> Option<String> {
        let (tenant, person) = (self.tenant(), self.person(key));
        self.directory.read(|view| view.link(tenant.id, person.id)).unwrap().map(|link| link.remote_id)
    }

    fn remote(&self, id: &str, work: impl FnOnce(&mut provisioning_runtime::ImportedUser)) {
        work(self.application.world().users.get_mut(id).unwrap());
    }
}

fn actions(report: &PushReport) -> Vec<(&str, Option<Action>)> {
    report
        .entries
        .iter()
        .map(|entry| (entry.person.as_str(), entry.result.as_ref().ok().and_then(|o| o.as_ref().map(|o| o.action))))
        .collect()
}

mod approvals;
mod batches;
mod chores;
mod claims;
mod cut_off;
mod departures;
mod endless;
mod entitlements;
mod imports;
mod mastering;
mod people;
mod previews;
mod pushes;
mod removal;
mod runs;
mod schedules;
mod scim;
mod unsettling;
mod usage;
mod winding_down;
mod words;
