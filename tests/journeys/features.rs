//! The seven features, each with the component in the host: what is read, what is written, and what is left alone.

use std::time::Instant;

use provisioning_directory::sync::import::ImportOptions;
use provisioning_directory::sync::intents;
use provisioning_directory::{ImportPhase, PersonEdit, PersonStatus, RemoteStatus};
use provisioning_runtime::wit::{Action, Deactivation, DesiredUser, PushMode, Status};
use provisioning_runtime::{ImportedUser, Secret};

use crate::kept::{Kept, count};
use crate::support::{import_all, journey, set};

#[test]
fn import_new_users_makes_people_of_users_and_again_changes_nothing() {
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
                    user.text("familyName")
                );
            }
        }
        let again = kept.import(ImportOptions { full: true, ..ImportOptions::default() }).await;
        assert_eq!(again.run.counts, Default::default());
        assert_eq!(kept.org.writes(), Vec::<String>::new());
    });
}

/// Two active users of the org.
async fn two_active(kept: &Kept) -> [ImportedUser; 2] {
    let (users, _) = import_all(&mut kept.org.job().await, 2000, false).await;
    let mut active = users.into_iter().filter(|user| user.status == Status::Active);
    [active.next().unwrap(), active.next().unwrap()]
}

/// Somebody else gives a user of the org a title, and takes another out of use.
async fn change_in_the_org(kept: &Kept, changed: &ImportedUser, gone: &ImportedUser) {
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
    let ids = std::slice::from_ref(&gone.id);
    job.deactivate_users(ids, Deactivation::Deactivate, &PushMode::Apply).await.unwrap()[0].as_ref().unwrap();
}

#[test]
fn import_profile_updates_reads_what_changed_and_leaves_people_of_other_sources_alone() {
    journey(async {
        let kept = Kept::new(150, 85, |_| {}).await;
        let first = kept.import(ImportOptions::default()).await;
        let [changed, gone] = two_active(&kept).await;
        let tenant = kept.tenant();
        let person = |id: &str| {
            kept.read(|view| {
                let link = view.link_of_user(tenant.id, id)?.unwrap();
                view.person_by_id(link.person)
            })
        };
        let before = [person(&changed.id), person(&gone.id)];
        change_in_the_org(&kept, &changed, &gone).await;
        let report = kept.import(ImportOptions::default()).await;
        assert!(report.run.users < first.run.users / 2, "{:?}", report.run);
        let known = kept.read(|view| view.remote_user(tenant.id, &changed.id)).unwrap();
        assert_eq!(known.attributes["title"], "Harbour Master".into());
        assert_eq!(kept.read(|view| view.remote_user(tenant.id, &gone.id)).unwrap().status, RemoteStatus::Inactive);
        assert_eq!(report.run.counts.updated, 0, "{:?}", report.run.counts);
        for (before, user) in before.iter().zip([&changed, &gone]) {
            let now = person(&user.id);
            assert_eq!((&now.attributes, now.status), (&before.attributes, before.status));
        }
    });
}

#[test]
fn profile_mastering_brings_profile_and_lifecycle_to_the_person() {
    journey(async {
        let kept = Kept::new(150, 82, |config| {
            config.to_idp.mastering.profile = true;
            config.to_idp.mastering.lifecycle = true;
        })
        .await;
        kept.import(ImportOptions::default()).await;
        assert!(kept.tenant().watermark.is_some(), "the connector gives one");
        let [changed, gone] = two_active(&kept).await;
        change_in_the_org(&kept, &changed, &gone).await;
        let report = kept.import(ImportOptions::default()).await;
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

/// A directory with one person, who has a user in the org.
async fn with_hopper(seed: u64) -> Kept {
    let kept = Kept::new(10, seed, |_| {}).await;
    kept.hire(&["Hopper".to_owned()]);
    assert_eq!(count(&kept.push().await, Action::Created), 1);
    kept.org.emulator.clear_journal();
    kept
}

const HOPPER: &str = "User WHERE Username = 'hopper@new.example'";

#[test]
fn push_new_users_makes_each_user_once() {
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
        kept.push_everybody(&tenant);
        assert_eq!(count(&kept.push().await, Action::Unchanged), 230);
        assert_eq!(kept.org.writes(), Vec::<String>::new());
        // What was made here is known when it is imported.
        let users = kept.org.count("User");
        let imported = kept.import(ImportOptions::default()).await;
        assert_eq!(imported.run.phase, ImportPhase::Done);
        let links = kept.read(|view| view.count_links(tenant.id));
        assert!(links >= 230 && kept.org.count("User") == users);
    });
}

#[test]
fn push_profile_updates_writes_what_changed() {
    journey(async {
        let kept = with_hopper(86).await;
        kept.write(|change| {
            let attributes = [("title".to_owned(), Some("Admiral".into()))].into();
            intents::edit_person(change, "Hopper", &PersonEdit { attributes, ..PersonEdit::default() })
        });
        let report = kept.push().await;
        assert_eq!(count(&report, Action::Updated), 1);
        let changes = report.entries[0].result.as_ref().unwrap().as_ref().unwrap().changes.clone();
        let mut changed: Vec<String> =
            changes.iter().map(|change| format!("{}.{}", change.object, change.field)).collect();
        changed.sort();
        assert_eq!(changed, ["Contact.Title", "User.Title"]);
        assert_eq!(kept.org.count(&format!("{HOPPER} AND Title = 'Admiral' AND Contact.Title = 'Admiral'")), 1);
    });
}

#[test]
fn push_user_deactivation_takes_users_out_of_use_and_brings_them_back() {
    journey(async {
        let kept = with_hopper(87).await;
        let status = |status| {
            kept.write(|change| {
                let edit = PersonEdit { status: Some(status), ..PersonEdit::default() };
                intents::edit_person(change, "Hopper", &edit)
            });
        };
        status(PersonStatus::Suspended);
        assert_eq!(count(&kept.push().await, Action::Deactivated), 1);
        assert_eq!(kept.org.count(&format!("{HOPPER} AND IsActive = false")), 1);
        status(PersonStatus::Active);
        assert_eq!(count(&kept.push().await, Action::Reactivated), 1);
        assert_eq!(kept.org.count(&format!("{HOPPER} AND IsActive = true")), 1);
        let tenant = kept.tenant();
        kept.write(|change| {
            let person = change.person("Hopper")?;
            intents::unassign(change, &tenant, &person)
        });
        assert_eq!(count(&kept.push().await, Action::Deactivated), 1);
        assert_eq!(kept.org.count(&format!("{HOPPER} AND IsActive = false")), 1);
    });
}

#[test]
fn sync_password_sets_the_password_of_the_user() {
    journey(async {
        let kept = with_hopper(88).await;
        let (username, password) = ("hopper@new.example", "Lantern-4711-harbour");
        assert!(!kept.org.emulator.check_password(username, password));
        kept.write(|change| {
            let person = change.person("Hopper")?;
            intents::set_password(change, &person, &Secret::new(password.to_owned()))
        });
        assert_eq!(kept.push().await.failed, 0);
        assert!(kept.org.emulator.check_password(username, password));
    });
}
