//! The directory and the sync, with the component in the host: from the application's users to people, and back.

use std::sync::OnceLock;
use std::time::Instant;

use provisioning_host::config::{TenantConfig, ToApp};
use provisioning_host::directory::{
    Actor, Change, Directory, DirectoryError, GrantName, ImportPhase, NewAssignment, NewPerson, PersonEdit,
    PersonStatus, TaskFilter, TaskState, TenantRecord, View,
};
use provisioning_host::runtime::Secret;
use provisioning_host::runtime::wit::{Action, DesiredUser, PushMode, Status};
use provisioning_host::sync::import::{ImportOptions, ImportReport, import};
use provisioning_host::sync::push::{PushReport, push};
use provisioning_host::sync::{ComponentApplications, intents};

use crate::support::{Org, host, import_all, journey, set};

static APPLICATIONS: OnceLock<ComponentApplications> = OnceLock::new();

fn applications() -> &'static ComponentApplications {
    APPLICATIONS.get_or_init(|| ComponentApplications::new(host().0.clone(), "."))
}

/// A directory with a tenant for an org.
struct Kept {
    org: Org,
    directory: Directory,
    actor: Actor,
    _folder: tempfile::TempDir,
}

impl Kept {
    async fn new(users: u32, seed: u64, settings: impl FnOnce(&mut TenantConfig)) -> Self {
        let org = Org::start(users, seed).await;
        let folder = tempfile::tempdir().unwrap();
        let kept = Self {
            directory: Directory::open(folder.path()).unwrap(),
            actor: Actor::new("journey"),
            org,
            _folder: folder,
        };
        let mut config: TenantConfig = serde_json::from_value(
            serde_json::json!({ "settings": kept.org.tenant.settings, "egress": { "loopback": true } }),
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

    fn write<T>(&self, work: impl FnOnce(&Change<'_>) -> Result<T, DirectoryError>) -> T {
        self.directory.write(&self.actor, work).unwrap()
    }

    fn read<T>(&self, work: impl FnOnce(&View<'_>) -> Result<T, DirectoryError>) -> T {
        self.directory.read(work).unwrap()
    }

    fn tenant(&self) -> TenantRecord {
        self.read(|view| view.tenant("acme"))
    }

    async fn import(&self, options: ImportOptions) -> ImportReport {
        import(&self.directory, applications(), &self.tenant(), &self.actor, options, &|_| {}).await.unwrap()
    }

    async fn push(&self) -> PushReport {
        push(&self.directory, applications(), &self.tenant(), &self.actor, &|_| {}).await.unwrap()
    }

    /// Adds people and assigns them the profile of customers.
    fn hire(&self, keys: &[String]) {
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

fn count(report: &PushReport, action: Action) -> usize {
    let is = |outcome: &Option<provisioning_host::runtime::wit::Outcome>| {
        outcome.as_ref().is_some_and(|outcome| outcome.action == action)
    };
    report.entries.iter().filter(|entry| entry.result.as_ref().is_ok_and(is)).count()
}

#[test]
fn users_become_people_and_a_second_import_changes_nothing() {
    journey(async {
        let kept = Kept::new(1200, 81, |config| config.to_idp.page_size = 300).await;
        let (users, _) = import_all(&mut kept.org.job().await, 2000, false).await;
        let active = users.iter().filter(|user| user.status != Status::Inactive).count() as u64;
        let start = Instant::now();
        let report = kept.import(ImportOptions::default()).await;
        println!("{} users imported in {:.1?}", report.run.users, start.elapsed());
        let counts = report.run.counts;
        assert_eq!(report.run.users, users.len() as u64);
        let tenant = kept.tenant();
        let links = kept.read(|view| view.count_links(tenant.id));
        assert_eq!(counts.created + counts.queued + counts.linked, links + counts.queued);
        assert!(counts.created + counts.queued + counts.skipped == users.len() as u64, "{counts:?}");
        assert!(counts.created > active * 9 / 10, "{counts:?}");
        for user in users.iter().filter(|user| user.status == Status::Active).take(20) {
            let tenant = kept.tenant();
            if let Some(link) = kept.read(|view| view.link_of_user(tenant.id, &user.id)) {
                let person = kept.read(|view| view.person_by_id(link.person));
                assert_eq!(person.username, user.username);
                assert_eq!(
                    person.attributes.get("familyName").and_then(|value| value.as_text()),
                    crate::support::text(user, "familyName")
                );
            }
        }
        let again = kept.import(ImportOptions { full: true, ..ImportOptions::default() }).await;
        assert_eq!(again.run.counts, Default::default());
        assert_eq!(kept.org.writes(), Vec::<String>::new());
    });
}

#[test]
fn an_increment_brings_what_changed_to_its_source_and_nothing_more() {
    journey(async {
        let kept = Kept::new(150, 82, |config| {
            config.to_idp.mastering.profile = true;
            config.to_idp.mastering.lifecycle = true;
        })
        .await;
        let first = kept.import(ImportOptions::default()).await;
        assert!(kept.tenant().watermark.is_some(), "the connector gives one");
        let (users, _) = import_all(&mut kept.org.job().await, 2000, false).await;
        let mut active = users.iter().filter(|user| user.status == Status::Active);
        let (changed, gone) = (active.next().unwrap(), active.next().unwrap());
        kept.org.emulator.advance_clock(3600);
        let mut job = kept.org.job().await;
        let wanted = DesiredUser {
            key: "somebody".to_owned(),
            id: Some(changed.id.clone()),
            username: changed.username.clone(),
            changes: vec![set("title", "Harbour Master")],
            grants: Vec::new(),
            exact_grants: false,
        };
        job.push_users(&[wanted], &PushMode::Apply).await.unwrap()[0].as_ref().unwrap();
        let how = provisioning_host::runtime::wit::Deactivation::Deactivate;
        job.deactivate_users(std::slice::from_ref(&gone.id), how, &PushMode::Apply).await.unwrap()[0].as_ref().unwrap();
        let report = kept.import(ImportOptions::default()).await;
        assert!(report.run.users < first.run.users / 2, "{:?}", report.run);
        assert_eq!((report.run.counts.updated, report.run.counts.deactivated), (2, 1), "{:?}", report.run.counts);
        let tenant = kept.tenant();
        let person = |id: &str| {
            kept.read(|view| {
                let link = view.link_of_user(tenant.id, id)?.unwrap();
                view.person_by_id(link.person)
            })
        };
        assert_eq!(person(&changed.id).attributes["title"], "Harbour Master".into());
        assert_eq!(person(&gone.id).status, PersonStatus::Deactivated);
    });
}

#[test]
fn people_are_pushed_changed_given_passwords_and_taken_out_of_use() {
    journey(async {
        let kept = Kept::new(20, 83, |_| {}).await;
        assert!(kept.org.emulator.set_licence_seats("Customer Community", 2000).unwrap());
        let keys: Vec<String> = (0..230).map(|n| format!("Hopper{n}")).collect();
        kept.hire(&keys);
        kept.org.emulator.clear_journal();
        let start = Instant::now();
        let report = kept.push().await;
        println!(
            "{} people pushed in {:.1?} with {} requests",
            report.entries.len(),
            start.elapsed(),
            kept.org.emulator.journal().len()
        );
        assert_eq!(count(&report, Action::Created), 230, "{:?}", report.entries.iter().find(|one| one.result.is_err()));
        // Nobody's profile was changed, so nothing is asked of the application.
        kept.org.emulator.clear_journal();
        assert!(kept.push().await.entries.is_empty());
        assert!(kept.org.emulator.journal().is_empty());
        let tenant = kept.tenant();
        kept.write(|change| intents::push_everybody(change, &tenant));
        let again = kept.push().await;
        assert_eq!(count(&again, Action::Unchanged), 230);
        assert_eq!(kept.org.writes(), Vec::<String>::new());
        kept.write(|change| {
            let edit = PersonEdit {
                attributes: [("title".to_owned(), Some("Admiral".into()))].into(),
                ..PersonEdit::default()
            };
            intents::edit_person(change, "Hopper1", &edit)?;
            let person = change.person("Hopper2")?;
            intents::set_password(change, &person, &Secret::new("Lantern-4711-harbour".to_owned()))?;
            let person = change.person("Hopper3")?;
            intents::unassign(change, &tenant, &person)?;
            let edit = PersonEdit { status: Some(PersonStatus::Suspended), ..PersonEdit::default() };
            intents::edit_person(change, "Hopper4", &edit)
        });
        let report = kept.push().await;
        assert_eq!((count(&report, Action::Deactivated), count(&report, Action::Updated)), (2, 1));
        assert!(kept.org.emulator.check_password("hopper2@new.example", "Lantern-4711-harbour"));
        let active = kept.org.query("SELECT Username FROM User WHERE IsActive = false AND Username LIKE 'hopper%'");
        assert_eq!(active.len(), 2);
        kept.write(|change| {
            let edit = PersonEdit { status: Some(PersonStatus::Active), ..PersonEdit::default() };
            intents::edit_person(change, "Hopper4", &edit)
        });
        assert_eq!(count(&kept.push().await, Action::Reactivated), 1);
        // What was made here is known when it is imported.
        let users = kept.org.count("User");
        let imported = kept.import(ImportOptions::default()).await;
        assert_eq!(imported.run.phase, ImportPhase::Done);
        let links = kept.read(|view| view.count_links(tenant.id));
        assert!(links >= 230 && kept.org.count("User") == users);
        assert_eq!(kept.read(|view| view.person("Hopper1")).attributes["title"], "Admiral".into());
    });
}

#[test]
fn seats_that_run_out_leave_tasks_with_a_remedy_that_works() {
    journey(async {
        let kept = Kept::new(20, 84, |_| {}).await;
        let licence = "Customer Community";
        let used = kept.org.query("SELECT UsedLicenses FROM UserLicense WHERE Name = 'Customer Community'");
        let used = used[0]["UsedLicenses"].as_u64().unwrap() as u32;
        assert!(kept.org.emulator.set_licence_seats(licence, used + 3).unwrap());
        let keys: Vec<String> = (0..5).map(|n| format!("Late{n}")).collect();
        kept.hire(&keys);
        let report = kept.push().await;
        assert_eq!((count(&report, Action::Created), report.failed), (3, 2));
        let failed =
            kept.read(|view| view.tasks(&TaskFilter { state: Some(TaskState::Failed), ..TaskFilter::default() }));
        assert!(
            failed.iter().all(|task| task.remedy.is_some() && task.error_kind.as_deref() == Some("license-exhausted")),
            "{failed:?}"
        );
        assert!(kept.org.emulator.set_licence_seats(licence, used + 5).unwrap());
        kept.write(|change| failed.iter().try_for_each(|task| change.retry_task(task)));
        assert_eq!(count(&kept.push().await, Action::Created), 2);
    });
}
