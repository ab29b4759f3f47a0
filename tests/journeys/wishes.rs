//! What is wanted of somebody either comes about or leaves a task that says why not, and whatever was written is in the audit
//! trail: also where a job was cut off in the middle, or the organization's own admin had a hand in it.

use provisioning_directory::sync::{Removal, intents, remove_person};
use provisioning_directory::{
    AttributeValue, AuditFilter, FailureKind, GrantName, NewAssignment, PersonEdit, PersonStatus, Task, TaskFilter,
    TaskKind,
};
use provisioning_runtime::Secret;
use provisioning_runtime::wit::{Deactivation, PushMode};
use salesforce_emulator::{Effect, Fault, When};

use crate::kept::Kept;
use crate::support::journey;

const PROFILE: &str = "customer community user";

/// Somebody who has a user, and the user's id.
async fn hired(kept: &Kept, key: &str) -> String {
    kept.hire(&[key.to_owned()]);
    kept.push().await;
    user_of(kept, key).unwrap()
}

fn user_of(kept: &Kept, key: &str) -> Option<String> {
    let tenant = kept.tenant();
    kept.read(|view| view.link(tenant.id, view.person(key)?.id)).map(|link| link.remote_id)
}

fn is_active(kept: &Kept, user: &str) -> bool {
    kept.org.count(&format!("User WHERE Id = '{user}' AND IsActive = true")) == 1
}

fn is_frozen(kept: &Kept, user: &str) -> bool {
    kept.org.count(&format!("UserLogin WHERE UserId = '{user}' AND IsFrozen = true")) == 1
}

fn tasks(kept: &Kept) -> Vec<Task> {
    kept.read(|view| view.tasks(&TaskFilter::default()))
}

fn unassign(kept: &Kept, key: &str) {
    let tenant = kept.tenant();
    kept.write(|change| intents::unassign(change, &tenant, &change.person(key)?));
}

fn assign_with(kept: &Kept, key: &str, grants: &[(&str, &str)]) {
    let tenant = kept.tenant();
    let grants = grants.iter().map(|(kind, name)| GrantName { kind: (*kind).to_owned(), name: (*name).to_owned() });
    let new = NewAssignment { grants: grants.collect(), ..NewAssignment::default() };
    kept.write(|change| intents::assign(change, &tenant, &change.person(key)?, &new));
}

fn set(kept: &Kept, key: &str, name: &str, value: Option<&str>) {
    let attributes = [(name.to_owned(), value.map(AttributeValue::from))].into();
    let edit = PersonEdit { attributes, ..PersonEdit::default() };
    kept.write(|change| intents::edit_person(change, key, &edit));
}

/// What the audit trail says of pushes of somebody: what each row has as new, and its result.
fn audited(kept: &Kept, key: &str) -> Vec<(serde_json::Value, String)> {
    let filter = AuditFilter { person: Some(key.to_owned()), ..AuditFilter::default() };
    let rows = kept.read(|view| view.audit(&filter));
    let pushes = rows.into_iter().filter(|row| row.action == "user.push");
    pushes.map(|row| (row.new.unwrap_or_default(), row.result)).collect()
}

#[test]
fn a_rejoiner_is_let_in_again() {
    journey(async {
        for comes_back_by in ["assignment", "removal", "unlinking"] {
            let kept = Kept::new(5, 701, |_| {}).await;
            let user = hired(&kept, "Grace").await;
            unassign(&kept, "Grace");
            kept.push().await;
            assert!(!is_active(&kept, &user));
            match comes_back_by {
                "removal" => {
                    let removed = kept.write(|change| remove_person(change, "Grace", true));
                    assert!(matches!(removed, Removal::Removed { .. }), "{removed:?}");
                    kept.hire(&["Grace".to_owned()]);
                }
                "unlinking" => {
                    let tenant = kept.tenant();
                    kept.write(|change| intents::unlink(change, &tenant, &change.person("Grace")?));
                    assign_with(&kept, "Grace", &[("profile", PROFILE)]);
                }
                _ => assign_with(&kept, "Grace", &[("profile", PROFILE)]),
            }
            kept.push().await;
            assert_eq!(user_of(&kept, "Grace").as_deref(), Some(user.as_str()), "{comes_back_by}");
            assert!(is_active(&kept, &user), "{comes_back_by}");
            assert_eq!(tasks(&kept), [], "{comes_back_by}");
        }
    });
}

#[test]
fn a_user_that_the_organizations_admin_took_out_of_use_is_put_back_or_a_task_says_why_not() {
    journey(async {
        for how in [Deactivation::Deactivate, Deactivation::Freeze] {
            let kept = Kept::new(5, 702, |_| {}).await;
            let user = hired(&kept, "Grace").await;
            let ids = [user.clone()];
            kept.org.job().await.deactivate_users(&ids, how, &PushMode::Apply).await.unwrap();
            kept.push_everybody(&kept.tenant());
            kept.push().await;
            assert!(is_active(&kept, &user) && !is_frozen(&kept, &user), "{how:?}");
            assert_eq!(tasks(&kept), []);
        }
        // What an import sees of it comes to the same.
        let kept = Kept::new(5, 703, |config| config.to_idp.import_profile_updates = true).await;
        let user = hired(&kept, "Grace").await;
        kept.import(provisioning_directory::sync::import::ImportOptions::default()).await;
        let ids = [user.clone()];
        kept.org.job().await.deactivate_users(&ids, Deactivation::Deactivate, &PushMode::Apply).await.unwrap();
        let everybody =
            provisioning_directory::sync::import::ImportOptions { full: true, accept: true, dry_run: false };
        kept.import(everybody).await;
        assert_eq!(tasks(&kept).len(), 1);
        kept.push().await;
        assert!(is_active(&kept, &user));
    });
}

#[test]
fn a_user_that_may_not_be_put_back_into_use_leaves_a_task_with_the_cause() {
    journey(async {
        // No seat is left.
        let kept = Kept::new(5, 704, |_| {}).await;
        let user = hired(&kept, "Grace").await;
        let ids = [user.clone()];
        kept.org.job().await.deactivate_users(&ids, Deactivation::Deactivate, &PushMode::Apply).await.unwrap();
        let licence = "Customer Community";
        let used = kept.org.query("SELECT UsedLicenses FROM UserLicense WHERE Name = 'Customer Community'");
        let used = used[0]["UsedLicenses"].as_u64().unwrap() as u32;
        assert!(kept.org.emulator.set_licence_seats(licence, used).unwrap());
        kept.push_everybody(&kept.tenant());
        kept.push().await;
        let open = tasks(&kept);
        assert!(
            open.iter().any(
                |task| task.kind == TaskKind::Reactivate && task.error_kind == Some(FailureKind::LicenseExhausted)
            ),
            "{open:?}"
        );
        assert!(kept.org.emulator.set_licence_seats(licence, used + 1).unwrap());
        kept.write(|change| change.retry_task(&open[0]));
        kept.push().await;
        assert!(is_active(&kept, &user));
        // The feature is off.
        let kept = Kept::new(5, 705, |config| config.to_app.push_user_deactivation = false).await;
        let user = hired(&kept, "Grace").await;
        let ids = [user.clone()];
        kept.org.job().await.deactivate_users(&ids, Deactivation::Deactivate, &PushMode::Apply).await.unwrap();
        kept.push_everybody(&kept.tenant());
        kept.push().await;
        let open = tasks(&kept);
        assert!(open[0].cause.as_ref().unwrap().contains("Push User Deactivation is off"), "{open:?}");
        // The organization itself decides who is in use.
        let kept = Kept::new(5, 706, |config| {
            config.to_idp.mastering.lifecycle = true;
            config.to_idp.mastering.on_deactivated = provisioning_directory::config::LifecycleRule::Keep;
        })
        .await;
        let user = hired(&kept, "Grace").await;
        let ids = [user.clone()];
        kept.org.job().await.deactivate_users(&ids, Deactivation::Deactivate, &PushMode::Apply).await.unwrap();
        kept.push_everybody(&kept.tenant());
        kept.push().await;
        let open = tasks(&kept);
        assert_eq!(open[0].error_kind, Some(FailureKind::OutOfUse), "{open:?}");
        assert!(!is_active(&kept, &user));
        // Its user was parted from its contact for good.
        let kept = Kept::new(5, 707, |_| {}).await;
        let ids = [hired(&kept, "Grace").await];
        kept.org.job().await.deactivate_users(&ids, Deactivation::Unlink, &PushMode::Apply).await.unwrap();
        kept.push_everybody(&kept.tenant());
        kept.push().await;
        let open = tasks(&kept);
        assert!(open.iter().any(|task| task.cause.as_ref().is_some_and(|cause| cause.contains("parted"))), "{open:?}");
    });
}

#[test]
fn what_was_written_before_a_later_step_was_refused_is_audited_and_its_user_linked() {
    journey(async {
        let kept = Kept::new(5, 708, |_| {}).await;
        let set_name = kept
            .org
            .query("SELECT Label FROM PermissionSet WHERE IsOwnedByProfile = false AND LicenseId = null LIMIT 1");
        let set_name = set_name[0]["Label"].as_str().unwrap().to_owned();
        kept.hire(&["Grace".to_owned()]);
        assign_with(&kept, "Grace", &[("profile", PROFILE), ("permission-set", &set_name)]);
        // The fourth request that writes: contact, user, permission sets.
        let effect = Effect::Refuse {
            status_code: "FIELD_CUSTOM_VALIDATION_EXCEPTION".to_owned(),
            message: "Not on a Friday".to_owned(),
            fields: Vec::new(),
            records: Vec::new(),
        };
        kept.org.emulator.inject(Fault::new(effect).method("POST").path("*/composite/sobjects").skip(2));
        kept.push().await;
        let user = user_of(&kept, "Grace").expect("the user that was made is linked");
        let rows = audited(&kept, "Grace");
        let (new, result) = &rows[0];
        assert_eq!(new["User.Username"], "grace@new.example", "{rows:?}");
        assert_eq!(new["Contact.LastName"], "Grace", "{rows:?}");
        assert!(new.get("PermissionSetAssignment.PermissionSetId").is_none(), "{rows:?}");
        assert!(result.contains("Not on a Friday") || result.contains("rule"), "{rows:?}");
        unassign(&kept, "Grace");
        kept.push().await;
        assert!(!is_active(&kept, &user));
        assert_eq!(tasks(&kept), []);
    });
}

#[test]
fn a_removal_during_a_push_costs_its_neighbours_nothing() {
    journey(async {
        for request in 0..12 {
            let kept = Kept::new(5, 709, |_| {}).await;
            assert!(kept.org.emulator.set_licence_seats("Customer Community", 1000).unwrap());
            let keys: Vec<String> = (0..30).map(|n| format!("Many{n}")).collect();
            kept.hire(&keys);
            kept.push_while(request, || {
                kept.write(|change| remove_person(change, "Many7", true));
            })
            .await;
            // What they are to have, they have by this very push.
            for key in keys.iter().filter(|key| *key != "Many7") {
                let user = user_of(&kept, key).unwrap_or_else(|| panic!("{key} has no link; request {request}"));
                assert!(is_active(&kept, &user));
                assert!(audited(&kept, key).iter().any(|(new, _)| new["Contact.LastName"] == key.as_str()), "{key}");
            }
            kept.push().await;
            let removed = kept.org.count("User WHERE Username = 'many7@new.example' AND IsActive = true");
            assert_eq!(removed, 0, "request {request}");
        }
    });
}

#[test]
fn a_value_that_a_cut_off_push_has_written_is_cleared_once_it_is_empty() {
    journey(async {
        for is_new in [true, false] {
            for request in 0..12 {
                let kept = Kept::new(5, 710, |_| {}).await;
                if is_new {
                    kept.hire(&["Grace".to_owned()]);
                } else {
                    hired(&kept, "Grace").await;
                }
                set(&kept, "Grace", "title", Some("Admiral"));
                let late = kept.push_until(request).await;
                set(&kept, "Grace", "title", None);
                kept.push().await;
                // The request that was on its way may come as late as this.
                kept.org.has_worked(late).await;
                kept.push_everybody(&kept.tenant());
                kept.push().await;
                let user = user_of(&kept, "Grace").unwrap();
                let title = kept.org.query(&format!("SELECT Title FROM User WHERE Id = '{user}'"))[0]["Title"].clone();
                assert!(title.is_null(), "new: {is_new}, request {request}: {title}");
            }
        }
    });
}

#[test]
fn a_contact_of_somebody_who_is_not_wanted_any_more_is_not_left_behind() {
    journey(async {
        for request in 0..12 {
            let kept = Kept::new(5, 711, |_| {}).await;
            kept.hire(&["Grace".to_owned()]);
            let late = kept.push_until(request).await;
            unassign(&kept, "Grace");
            kept.push().await;
            kept.org.has_worked(late).await;
            for _ in 0..4 {
                kept.push().await;
                kept.write(|change| {
                    change.tasks(&TaskFilter::default())?.iter().try_for_each(|task| change.retry_task(task))
                });
            }
            assert_eq!(tasks(&kept), [], "request {request}");
            assert_eq!(kept.org.count("User WHERE Username = 'grace@new.example' AND IsActive = true"), 0);
            let contacts = kept.org.query("SELECT Id FROM Contact WHERE Email = 'grace@new.example'");
            let has_user = kept.org.count("User WHERE Username = 'grace@new.example'") == 1;
            assert_eq!(contacts.len(), usize::from(has_user), "request {request}");
        }
    });
}

#[test]
fn a_password_whose_answer_was_lost_counts_as_set() {
    journey(async {
        let kept = Kept::new(5, 712, |_| {}).await;
        hired(&kept, "Grace").await;
        let password = Secret::new("Lantern-4711-harbour".to_owned());
        kept.write(|change| intents::set_password(change, &change.person("Grace")?, &password));
        let lost = Effect::DropConnection { when: When::AfterWork };
        kept.org.emulator.inject(Fault::new(lost).path("*/password"));
        kept.push().await;
        kept.write(|change| change.tasks(&TaskFilter::default())?.iter().try_for_each(|task| change.retry_task(task)));
        kept.push().await;
        assert_eq!(tasks(&kept), []);
        assert!(kept.org.emulator.check_password("grace@new.example", "Lantern-4711-harbour"));
        // One that is really an old one is refused as before.
        kept.write(|change| intents::set_password(change, &change.person("Grace")?, &password));
        kept.push().await;
        assert_eq!(tasks(&kept)[0].error_kind, Some(FailureKind::Other("password-reused".to_owned())));
    });
}

#[test]
fn a_password_of_somebody_whose_user_cannot_be_made_says_what_it_waits_for() {
    journey(async {
        let kept = Kept::new(5, 713, |_| {}).await;
        kept.hire(&["Grace".to_owned()]);
        assign_with(&kept, "Grace", &[("profile", "No such profile")]);
        let password = Secret::new("Lantern-4711-harbour".to_owned());
        kept.write(|change| intents::set_password(change, &change.person("Grace")?, &password));
        kept.push().await;
        let open = tasks(&kept);
        let task = open.iter().find(|task| task.kind == TaskKind::Password).unwrap();
        let cause = task.cause.as_deref().unwrap_or_default();
        assert!(cause.contains("No such profile"), "{open:?}");
    });
}

#[test]
fn names_that_go_round_are_all_right_after_one_push() {
    journey(async {
        let kept = Kept::new(5, 714, |_| {}).await;
        let keys: Vec<String> = (0..5).map(|n| format!("Round{n}")).collect();
        kept.hire(&keys);
        kept.push().await;
        let users: Vec<String> = keys.iter().map(|key| user_of(&kept, key).unwrap()).collect();
        let rename = |key: &str, username: &str| {
            let edit = PersonEdit { username: Some(username.to_owned()), ..PersonEdit::default() };
            kept.write(|change| intents::edit_person(change, key, &edit));
        };
        // Each gets the name of the one before; the first a new one.
        rename("Round0", "first@new.example");
        for (n, key) in keys.iter().enumerate().skip(1) {
            rename(key, &format!("round{}@new.example", n - 1));
        }
        let report = kept.push().await;
        assert_eq!(report.failed + report.waiting, 0, "{report:?}");
        for (n, user) in users.iter().enumerate() {
            let row = &kept.org.query(&format!("SELECT Username, LastName FROM User WHERE Id = '{user}'"))[0];
            let name = if n == 0 { "first@new.example".to_owned() } else { format!("round{}@new.example", n - 1) };
            assert_eq!((row["Username"].as_str(), row["LastName"].as_str()), (Some(&*name), Some(&*keys[n])));
        }
    });
}

#[test]
fn somebody_who_is_deactivated_can_lose_grants() {
    journey(async {
        let kept = Kept::new(5, 715, |_| {}).await;
        hired(&kept, "Grace").await;
        let edit = PersonEdit { status: Some(PersonStatus::Deactivated), ..PersonEdit::default() };
        kept.write(|change| intents::edit_person(change, "Grace", &edit));
        assign_with(&kept, "Grace", &[]);
        let tenant = kept.tenant();
        let left = kept.read(|view| view.assignment(tenant.id, view.person("Grace")?.id)).unwrap();
        assert_eq!(left.grants, []);
    });
}
