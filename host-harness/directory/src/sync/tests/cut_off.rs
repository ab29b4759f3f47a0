//! Pushes that were cut off, or whose result came to be unwanted while they ran.

use super::*;
use crate::sync::push::{Pushing, TaskResult, record};
use provisioning_runtime::wit::PushMode;

#[tokio::test]
async fn what_a_push_that_was_cut_off_sets_late_is_cleared_again_once_it_is_empty() {
    let fixture = Fixture::new("");
    fixture.application.world().asks_ledger = true;
    fixture.add("E1", &[("familyName", "King")]);
    fixture.assign("E1");
    fixture.push().await;
    let id = fixture.link("E1").unwrap();
    fixture.set("E1", "title", Some("Countess")).unwrap();
    fixture.application.world().lose_next_answer = true;
    let (directory, application, tenant) = (&fixture.directory, &fixture.application, fixture.tenant());
    push(directory, application, &tenant, &fixture.actor, &|_| {}).await.unwrap_err();
    fixture.set("E1", "title", None).unwrap();
    fixture.push().await;
    let title = || fixture.application.world().attribute(&id, "title");
    assert_eq!(title(), None);
    // The request that was on its way takes effect only now.
    let late = provisioning_runtime::wit::Value::Text("Countess".to_owned());
    fixture.remote(&id, |user| _ = user.attributes.insert("title".to_owned(), late));
    intents::push_everybody(directory, &fixture.actor, &tenant).unwrap();
    fixture.push().await;
    assert_eq!(title(), None);
}

/// Has the directory know of a push of somebody that was cut off when it was about to write this.
fn cut_off(fixture: &Fixture, person: &Person, object: &str, field: &str, new: &str) {
    let attempt = Attempt {
        person: person.id,
        kind: TaskKind::Push,
        remote_id: None,
        changes: vec![(object.to_owned(), field.to_owned(), None, Some(new.to_owned()))],
        earlier: Vec::new(),
        written: Vec::new(),
        names: Vec::new(),
        noted: false,
        begun_at: Timestamp::now(),
    };
    let tenant = fixture.tenant();
    fixture.write(|change| change.begin_attempt(tenant.id, &attempt)).unwrap();
}

#[tokio::test]
async fn what_a_push_that_was_cut_off_may_have_left_beside_the_user_is_looked_for_again_and_again() {
    let fixture = Fixture::new("");
    fixture.application.world().asks_ledger = true;
    let person = fixture.add("E1", &[]);
    fixture.assign("E1");
    cut_off(&fixture, &person, "Contact", "LastName", "King");
    fixture.push().await;
    assert!(fixture.link("E1").is_some());
    let looks = || fixture.application.count("take-back-users");
    assert_eq!(
        looks(),
        2,
        "for a user that it may have made, and for what it has left beside the one that there is now"
    );
    fixture.push().await;
    assert_eq!(looks(), 1, "it may come late");
}

#[tokio::test]
async fn what_cannot_be_kept_of_one_record_costs_its_neighbours_nothing() {
    let fixture = Fixture::new("");
    let (tenant, owner) = (fixture.tenant(), fixture.add("E1", &[]));
    for (id, username) in [("U1", "e1@x.example"), ("U3", "e3@x.example")] {
        fixture.application.world().user(id, username, &[]);
    }
    fixture.write(|change| change.add_link(&tenant, &owner, "U1", LinkReason::Confirmed)).unwrap();
    // By a fault of the connector, a user of somebody else is said to be what the push of E2 has made.
    for (key, made) in [("E2", "e1@x.example"), ("E3", "e3@x.example")] {
        let person = fixture.add(key, &[]);
        fixture.assign(key);
        cut_off(&fixture, &person, "User", "username", made);
        fixture.write(|change| intents::unassign(change, &tenant, &person)).unwrap();
    }
    let report = fixture.push().await;
    let of = |key: &str| &report.entries.iter().find(|entry| entry.person == key).unwrap().result;
    assert_eq!(of("E2").as_ref().unwrap_err().kind, FailureKind::Unkept);
    assert!(of("E3").is_ok(), "{:?}", of("E3"));
    assert_eq!((fixture.link("E2"), fixture.link("E3").as_deref()), (None, Some("U3")));
}

#[tokio::test]
async fn what_a_push_may_have_made_is_looked_for_a_few_times_once_nobody_wants_it_any_more() {
    let fixture = Fixture::new("");
    let (tenant, person) = (fixture.tenant(), fixture.add("E1", &[]));
    fixture.assign("E1");
    cut_off(&fixture, &person, "User", "username", "e1@x.example");
    fixture.write(|change| intents::unassign(change, &tenant, &person)).unwrap();
    let report = fixture.push().await;
    assert_eq!(report.entries[0].result.as_ref().unwrap_err().kind, FailureKind::NotFound);
    // The request of the push that was cut off takes effect only now.
    fixture.application.world().user("U1", "e1@x.example", &[]);
    fixture.write(|change| change.retry_task(&change.tasks(&TaskFilter::default())?[0])).unwrap();
    fixture.push().await;
    assert_eq!(fixture.application.world().users["U1"].status, Status::Inactive);
    assert_eq!((fixture.link("E1").as_deref(), fixture.tasks()), (Some("U1"), Vec::new()));
}

#[tokio::test]
async fn a_user_that_was_made_while_it_came_to_be_unwanted_is_taken_out_of_use() {
    for is_removed in [false, true] {
        // This connector does not ask who is still wanted.
        let fixture = Fixture::new("");
        let person = fixture.add("E1", &[]);
        fixture.assign("E1");
        let (tenant, tasks) = (fixture.tenant(), fixture.tasks());
        let mut pushing =
            Pushing::new(&fixture.directory, &fixture.application, &tenant, &fixture.actor, &WindDown::default())
                .unwrap();
        let mut report = PushReport::default();
        let batch = pushing.prepare(TaskKind::Push, tasks, &mut report).await.unwrap();
        if is_removed {
            fixture.write(|change| remove_person(change, "E1", true)).unwrap();
        } else {
            fixture.write(|change| intents::unassign(change, &tenant, &person)).unwrap();
        }
        let carried = pushing.carry_out(batch, &PushMode::Apply).await;
        pushing.keep(carried, &mut report).await.unwrap();
        drop(pushing);
        if is_removed {
            // There is nobody to take it from any more, but it is known whose it was, so no import makes a person of it.
            let id = fixture.application.world().users.keys().next().unwrap().clone();
            let owner = fixture.directory.read(|view| view.owner_of_user(tenant.id, &id)).unwrap().unwrap();
            assert_eq!((owner.key.as_str(), owner.linked), ("E1", false));
            continue;
        }
        assert_eq!(fixture.tasks().iter().map(|task| task.kind).collect::<Vec<_>>(), [TaskKind::Deactivate]);
        fixture.push().await;
        let id = fixture.link("E1").unwrap();
        assert_eq!(fixture.application.world().users[&id].status, Status::Inactive);
        assert_eq!(fixture.tasks(), []);
    }
}

#[tokio::test]
async fn what_a_failed_push_may_have_made_is_looked_for_once_nobody_wants_it_any_more() {
    for (kind, is_looked_for) in [(FailureKind::Unreachable, true), (FailureKind::InvalidValue, false)] {
        let fixture = Fixture::new("");
        let (tenant, person) = (fixture.tenant(), fixture.add("E1", &[]));
        fixture.assign("E1");
        cut_off(&fixture, &person, "User", "username", "e1@x.example");
        let verdict = TaskResult {
            task: fixture.tasks().remove(0),
            person: person.key.clone(),
            username: person.username.clone(),
            out_of_use: None,
            claims: Vec::new(),
            result: Err((TaskFailure::new(kind, "the user may have been made"), Waiting::ForAdmin)),
        };
        fixture.write(|change| record(change, &tenant, &verdict)).unwrap();
        fixture.write(|change| intents::unassign(change, &tenant, &person)).unwrap();
        let left: Vec<TaskKind> = fixture.tasks().iter().map(|task| task.kind).collect();
        assert_eq!(left == [TaskKind::Deactivate], is_looked_for, "{left:?}");
    }
}

/// What the audit trail says of pushes of somebody, the latest first: what was to be there then, and the result.
fn audited(fixture: &Fixture, key: &str) -> Vec<(serde_json::Value, String)> {
    let filter = AuditFilter { person: Some(key.to_owned()), ..AuditFilter::default() };
    let rows = fixture.directory.read(|view| view.audit(&filter)).unwrap();
    let pushes = rows.into_iter().filter(|row| row.action == "user.push");
    pushes.map(|row| (row.new.unwrap_or_default(), row.result)).collect()
}

#[tokio::test]
async fn what_was_written_when_a_job_was_cut_off_is_in_the_audit_trail() {
    let fixture = Fixture::new("");
    fixture.application.world().asks_ledger = true;
    fixture.add("E1", &[("familyName", "King")]);
    fixture.assign("E1");
    fixture.application.world().lose_next_answer = true;
    let tenant = fixture.tenant();
    push(&fixture.directory, &fixture.application, &tenant, &fixture.actor, &|_| {}).await.unwrap_err();
    let rows = audited(&fixture, "E1");
    assert_eq!((rows.len(), rows[0].1.as_str()), (1, "written; then the job was cut off"));
    assert_eq!(rows[0].0["User.familyName"], "King", "{rows:?}");
    assert_eq!(rows[0].0["user"].as_str(), fixture.link("E1").as_deref(), "{rows:?}");

    // A part of the same job that begins anew with somebody notes what it had begun before.
    let person = fixture.add("E2", &[("familyName", "Bell")]);
    fixture.assign("E2");
    let tasks = fixture.tasks().into_iter().filter(|task| task.person_id == Some(person.id)).collect();
    let mut pushing =
        Pushing::new(&fixture.directory, &fixture.application, &tenant, &fixture.actor, &WindDown::default()).unwrap();
    let batch = pushing.prepare(TaskKind::Push, tasks, &mut PushReport::default()).await.unwrap();
    cut_off(&fixture, &person, "Contact", "LastName", "Bell");
    pushing.carry_out(batch, &PushMode::Apply).await;
    let rows = audited(&fixture, "E2");
    assert_eq!((rows.len(), rows[0].1.as_str()), (1, "the job was cut off: all of it may have been written"));
    assert_eq!(rows[0].0["Contact.LastName"], "Bell", "{rows:?}");
}
