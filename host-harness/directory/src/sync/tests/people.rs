//! People and their users, one at a time: what is refused, and what counts.

use super::*;

impl Fixture {
    fn rename(&self, key: &str, username: &str) -> Result<Followed, DirectoryError> {
        let edit = PersonEdit { username: Some(username.to_owned()), ..PersonEdit::default() };
        self.write(|change| intents::edit_person(change, key, &edit))
    }
}

#[test]
fn a_person_cannot_take_the_username_of_another_nor_one_that_is_no_name() {
    let fixture = Fixture::new("");
    fixture.add("E1", &[]);
    fixture.add("E2", &[]);
    let taken = fixture.rename("E2", "E1@X.example").unwrap_err().to_string();
    assert!(taken.contains("belongs to the person E1 already"), "{taken}");
    for username in ["", " e2@x.example", "e2@x.example ", "e2\n@x.example", &"x".repeat(513)] {
        assert!(matches!(fixture.rename("E2", username), Err(DirectoryError::Invalid(_))), "{username:?}");
    }
    assert_eq!(fixture.person("E2").username, "e2@x.example");
    let longest = "x".repeat(512);
    for username in ["E2@x.example", &longest] {
        assert!(fixture.rename("E2", username).unwrap().changed, "{username}");
    }
    assert!(!fixture.rename("E2", &longest).unwrap().changed);
}

#[test]
fn who_is_out_of_use_is_not_assigned_and_is_told_why() {
    let fixture = Fixture::new("");
    for (key, status) in [("E1", PersonStatus::Suspended), ("E2", PersonStatus::Deactivated)] {
        fixture.add(key, &[]);
        fixture.set_status(key, status).unwrap();
        let (tenant, person) = (fixture.tenant(), fixture.person(key));
        let refused = fixture.write(|change| intents::assign(change, &tenant, &person, &NewAssignment::default()));
        let said = format!("the person {key} is {status} and cannot be assigned to acme; make it active first with");
        assert!(refused.unwrap_err().to_string().starts_with(&said));
    }
    assert_eq!(
        (PersonStatus::Suspended.to_string(), PersonStatus::Active.to_string()),
        ("suspended".into(), "active".into())
    );
}

#[tokio::test]
async fn assigning_again_puts_a_user_back_into_use_only_where_it_is_out_of_use() {
    for (status, kinds) in [
        (Status::Active, vec![]),
        (Status::Frozen, vec![TaskKind::Reactivate, TaskKind::Push]),
        (Status::Inactive, vec![TaskKind::Reactivate, TaskKind::Push]),
    ] {
        let fixture = Fixture::imported("", 1, "2026-02-01").await;
        fixture.assign("acme:U0000");
        fixture.push().await;
        let tenant = fixture.tenant();
        fixture.remote("U0000", |user| user.status = status);
        fixture.import().await;
        // What the import asks for of itself is not what this is about.
        for task in fixture.tasks() {
            fixture.write(|change| change.cancel(tenant.id, task.kind, task.person_id)).unwrap();
        }
        fixture.assign("acme:U0000");
        assert_eq!(fixture.tasks().iter().map(|task| task.kind).collect::<Vec<_>>(), kinds, "{status:?}");
    }
}

#[tokio::test]
async fn only_a_user_that_goes_out_of_use_counts_as_deactivated() {
    let fixture = Fixture::new("");
    fixture.add("E1", &[]);
    fixture.application.world().user("U1", "e1@x.example", &[]);
    let set = |status| fixture.remote("U1", |user| user.status = status);
    set(Status::Inactive);
    let counts = fixture.import().await.run.counts;
    assert_eq!((counts.linked, counts.deactivated), (1, 0), "it was out of use before anybody knew it");
    for (status, deactivated) in
        [(Status::Frozen, 0), (Status::Active, 0), (Status::Frozen, 1), (Status::Inactive, 0), (Status::Active, 0)]
    {
        set(status);
        assert_eq!(fixture.import().await.run.counts.deactivated, deactivated, "{status:?}");
    }
}

#[tokio::test]
async fn a_user_whom_several_people_may_be_is_offered_to_those_without_a_user() {
    let fixture = Fixture::new("");
    for key in ["E1", "E2", "E3"] {
        fixture.add(key, &[("email", "shared@x.example"), ("federationId", "F1")]);
    }
    let (tenant, first) = (fixture.tenant(), fixture.person("E1"));
    fixture.write(|change| change.add_link(&tenant, &first, "U0", LinkReason::Confirmed)).unwrap();
    fixture.application.world().user("U1", "u1@x.example", &[("email", "shared@x.example"), ("federationId", "F1")]);
    assert_eq!(fixture.import().await.run.counts.queued, 1);
    let queue = fixture.queue();
    let offered: Vec<&str> = queue[0].candidates.iter().map(|(key, ..)| key.as_str()).collect();
    assert_eq!((queue[0].reason, offered), (QueueReason::Ambiguous, vec!["E2", "E3"]));
}

#[tokio::test]
async fn a_link_keeps_why_it_was_made_and_whether_an_admin_has_confirmed_it() {
    let fixture = Fixture::new("");
    let tenant = fixture.tenant();
    for (key, reason) in [
        ("E1", LinkReason::Confirmed),
        ("E2", LinkReason::Matched),
        ("E3", LinkReason::Imported),
        ("E4", LinkReason::Pushed),
    ] {
        let person = fixture.add(key, &[]);
        fixture.write(|change| change.add_link(&tenant, &person, key, reason)).unwrap();
        let (link, owner) = fixture
            .directory
            .read(|view| -> Result<_, DirectoryError> {
                Ok((view.link(tenant.id, person.id)?.unwrap(), view.owner_of_user(tenant.id, key)?.unwrap()))
            })
            .unwrap();
        assert_eq!((link.reason, owner.key.as_str(), owner.linked), (reason, key, true));
        assert_eq!(owner.confirmed, reason == LinkReason::Confirmed, "{key}");
    }
}

#[tokio::test]
async fn a_connector_that_lists_no_attributes_is_imported_from_all_the_same() {
    let fixture = Fixture::new("");
    fixture.seed(1);
    let no_such_function = || refusal(ErrorKind::Unsupported, Retry::Never);
    fixture.application.world().faults = [Some(JobError::from(no_such_function()))].into();
    assert_eq!(fixture.import().await.run.counts.created, 1);
    let upstream = provisioning_runtime::wit::Upstream {
        status: 403,
        code: String::new(),
        message: String::new(),
        fields: Vec::new(),
        request_id: None,
    };
    let of_application = provisioning_runtime::wit::Error { upstream: Some(upstream), ..no_such_function() };
    fixture.application.world().faults = [Some(JobError::from(of_application))].into();
    assert!(
        fixture.import_with(ImportOptions::default()).await.is_err(),
        "what the application answers is another matter"
    );
}

#[tokio::test]
async fn no_import_brings_back_a_link_that_an_admin_took_away_while_nobody_wants_the_person_to_have_a_user() {
    let fixture = Fixture::new("");
    let person = fixture.add("E1", &[]);
    fixture.assign("E1");
    fixture.push().await;
    let (tenant, id) = (fixture.tenant(), fixture.link("E1").unwrap());
    fixture.write(|change| intents::unassign(change, &tenant, &person)).unwrap();
    fixture.push().await;
    fixture.write(|change| intents::unlink(change, &tenant, &person)).unwrap();
    fixture.import().await;
    assert_eq!(fixture.link("E1"), None);
    let queue = fixture.queue();
    assert_eq!((queue[0].user.remote_id.as_str(), queue[0].reason), (id.as_str(), QueueReason::Matched));
    // Somebody who is wanted again has the user again as soon as it is looked at.
    fixture.assign("E1");
    fixture.remote(&id, |user| user.status = Status::Active);
    fixture.import().await;
    assert_eq!(fixture.link("E1"), Some(id));
}

#[tokio::test]
async fn what_an_import_finds_out_of_use_waits_with_a_cause_while_the_feature_is_off() {
    let fixture = Fixture::imported("", 1, "2026-02-01").await;
    fixture.assign("acme:U0000");
    fixture.push().await;
    fixture.edit(|config| config.to_app.push_user_deactivation = false);
    fixture.remote("U0000", |user| user.status = Status::Frozen);
    fixture.import().await;
    let open = fixture.tasks();
    let [task] = &open[..] else { panic!("{open:?}") };
    assert_eq!((task.kind, &task.error_kind), (TaskKind::Reactivate, &Some(FailureKind::FeatureOff)));
    assert!(task.cause.as_ref().unwrap().contains("Push User Deactivation is off"), "{open:?}");
}
