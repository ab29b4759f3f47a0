//! Users of which a push could not tell whose they are, and users that come back to somebody else.

use super::*;

/// An application that asks whose its users are, with a user of E1, who has been removed since. Gives the user's id.
async fn left_by_e1(settings: &str) -> (Fixture, String) {
    let fixture = Fixture::new(settings);
    fixture.application.world().asks_ledger = true;
    fixture.add("E1", &[("familyName", "King")]);
    fixture.assign("E1");
    push_all(&fixture).await;
    let id = fixture.link("E1").unwrap();
    let (tenant, person) = (fixture.tenant(), fixture.person("E1"));
    fixture.write(|change| intents::unassign(change, &tenant, &person)).unwrap();
    push_all(&fixture).await;
    assert!(matches!(fixture.write(|change| remove_person(change, "E1", false)).unwrap(), Removal::Removed { .. }));
    assert_eq!(fixture.application.world().users[&id].status, Status::Inactive);
    (fixture, id)
}

/// Pushes, by a plan where pushes are approved.
async fn push_all(fixture: &Fixture) -> PushReport {
    let tenant = fixture.tenant();
    if !tenant.config.to_app.approval {
        return fixture.push().await;
    }
    let planned = plan(&fixture.directory, &fixture.application, &tenant, &fixture.actor).await.unwrap();
    let id = Some(planned.id);
    apply(&fixture.directory, &fixture.application, &tenant, &fixture.actor, id).await.unwrap().1
}

/// Somebody new with the address that E1 had.
fn successor(fixture: &Fixture, key: &str) {
    let new = NewPerson::new(key, "e1@x.example").with("familyName", "Bell");
    fixture.write(|change| change.add_person(&new)).unwrap();
    fixture.assign(key);
}

fn claims(fixture: &Fixture) -> Vec<OpenClaim> {
    let tenant = fixture.tenant();
    let found = fixture.directory.read(|view| {
        let claims = view.claims(tenant.id, &ClaimFilter::default())?.into_iter();
        claims.map(|claim| OpenClaim::of(view, &tenant, claim)).collect::<Result<Vec<_>, DirectoryError>>()
    });
    found.unwrap()
}

fn decide(fixture: &Fixture, user: &str, decision: &Decision) -> Result<Decided, DirectoryError> {
    let tenant = fixture.tenant();
    fixture.write(|change| confirm(change, &tenant, user, decision))
}

fn is(key: &str) -> Decision {
    Decision::Person(key.to_owned())
}

#[tokio::test]
async fn a_recycled_address_never_takes_over_its_former_owners_user() {
    let (fixture, id) = left_by_e1("").await;
    successor(&fixture, "E2");
    let seen = || format!("{:?}", fixture.application.world().users[&id]);
    let before = seen();
    let report = fixture.push().await;
    let failure = report.entries[0].result.as_ref().unwrap_err();
    let remedy = format!(
        "If the user {id} is this person's, `confirm acme {id} --person E2`; otherwise give the person another username and federation id"
    );
    assert_eq!((&failure.kind, failure.remedy.as_deref()), (&FailureKind::AmbiguousMatch, Some(remedy.as_str())));
    assert_eq!(fixture.tasks()[0].remedy.as_deref(), Some(remedy.as_str()));
    assert_eq!(seen(), before);
    let found = claims(&fixture);
    assert_eq!((found.len(), found[0].claim.person.as_str(), &found[0].claim.remote_id), (1, "E2", &id));
    assert_eq!(found[0].claim.status, RemoteStatus::Inactive);
    assert_eq!(found[0].claim.evidence, ["the username is the same"]);
    assert_eq!(found[0].claim.objections, ["it was the user of the person E1"]);

    let decided = decide(&fixture, &id, &is("E2")).unwrap();
    assert!(matches!(decided, Decided::Linked { person, off } if person.key == "E2" && off.is_empty()));
    assert!(claims(&fixture).is_empty());
    assert_eq!(fixture.push().await.failed, 0);
    let user = fixture.application.world().users[&id].clone();
    assert_eq!(user.status, Status::Active);
    assert_eq!(fixture.application.world().attribute(&id, "familyName").as_deref(), Some("Bell"));
}

#[tokio::test]
async fn where_pushes_are_approved_a_plan_keeps_what_it_could_not_tell() {
    let (fixture, id) = left_by_e1("[to-app]\napproval = true").await;
    successor(&fixture, "E2");
    assert!(push_all(&fixture).await.entries[0].result.is_err());
    let task = &fixture.tasks()[0];
    assert!(task.remedy.as_ref().unwrap().contains(&format!("`confirm acme {id} --person E2`")), "{task:?}");
    assert_eq!(claims(&fixture).len(), 1);
    decide(&fixture, &id, &is("E2")).unwrap();
    // Once it is back in use, it is brought up to date by another plan.
    push_all(&fixture).await;
    push_all(&fixture).await;
    assert_eq!(fixture.application.world().attribute(&id, "familyName").as_deref(), Some("Bell"));
}

#[tokio::test]
async fn a_user_that_is_not_the_persons_is_left_and_asked_about_again() {
    let (fixture, id) = left_by_e1("").await;
    successor(&fixture, "E2");
    fixture.push().await;
    assert!(decide(&fixture, &id, &Decision::New).unwrap_err().to_string().contains("somebody who is here already"));
    let people = vec!["E2".to_owned()];
    assert_eq!(decide(&fixture, &id, &Decision::Ignore).unwrap(), Decided::NotTheirs { people });
    assert!(claims(&fixture).is_empty());
    let rows = fixture.directory.read(|view| view.audit(&AuditFilter { limit: Some(1), ..AuditFilter::default() }));
    let row = rows.unwrap().remove(0);
    assert_eq!((row.action.as_str(), row.person.as_deref()), ("claim.reject", Some("E2")));
    let task = &fixture.tasks()[0];
    fixture.write(|change| change.retry_task(task)).unwrap();
    fixture.push().await;
    assert_eq!(claims(&fixture).len(), 1);
    // With another address it gets a user of its own.
    let edit = PersonEdit { username: Some("bell@x.example".to_owned()), ..PersonEdit::default() };
    fixture.write(|change| intents::edit_person(change, "E2", &edit)).unwrap();
    assert_eq!(actions(&fixture.push().await), [("E2", Some(Action::Created))]);
    assert!(claims(&fixture).is_empty());
}

#[tokio::test]
async fn a_user_of_somebody_else_is_unlinked_before_it_is_given_away() {
    let fixture = Fixture::new("");
    fixture.application.world().asks_ledger = true;
    for key in ["E1", "E2"] {
        fixture.add(key, &[("federationId", "F1")]);
    }
    fixture.assign("E1");
    fixture.push().await;
    let id = fixture.link("E1").unwrap();
    fixture.assign("E2");
    let report = fixture.push().await;
    let remedy = report.entries[0].result.as_ref().unwrap_err().remedy.clone().unwrap();
    let steps = format!("and not the person E1's, `unlink acme E1` and then `confirm acme {id} --person E2`;");
    assert!(remedy.contains(&steps), "{remedy}");
    let commands = ["unlink acme E1".to_owned(), format!("confirm acme {id} --person E2")];
    assert_eq!(claims(&fixture)[0].commands, commands);
    let refused = decide(&fixture, &id, &is("E2")).unwrap_err().to_string();
    assert!(refused.contains("is linked to the person E1 already, not to E2") && refused.contains("`unlink acme E1`"));
    let (tenant, first) = (fixture.tenant(), fixture.person("E1"));
    fixture.write(|change| intents::unlink(change, &tenant, &first)).unwrap();
    decide(&fixture, &id, &is("E2")).unwrap();
    assert_eq!(fixture.link("E2").as_ref(), Some(&id));
}

#[tokio::test]
async fn several_users_that_may_be_somebodys_are_all_named() {
    let fixture = Fixture::new("");
    {
        let mut world = fixture.application.world();
        world.asks_ledger = true;
        world.user("U1", "e1@x.example", &[]);
        for id in ["U2", "U3", "U4"] {
            world.user(id, &format!("{id}@app.example"), &[("federationId", "F1")]);
        }
    }
    fixture.add("E1", &[("federationId", "F1")]);
    fixture.assign("E1");
    let report = fixture.push().await;
    let remedy = report.entries[0].result.as_ref().unwrap_err().remedy.clone().unwrap();
    assert_eq!(
        remedy,
        "Say which of them is this person's with `confirm acme U1 --person E1`, or `confirm acme U2 --person E1`, or `confirm acme U3 --person E1`, or another that `confirm acme` lists; or give the person another username and federation id"
    );
    assert_eq!(claims(&fixture).len(), 4);
    let tenant = fixture.tenant();
    let page = |after: Option<(&str, &str)>, contains: Option<&str>| {
        let after = after.map(|(user, person)| (user.to_owned(), person.to_owned()));
        let filter = ClaimFilter { contains: contains.map(str::to_owned), after, limit: Some(2) };
        let found = fixture.directory.read(|view| view.claims(tenant.id, &filter)).unwrap();
        found.into_iter().map(|claim| claim.remote_id).collect::<Vec<_>>()
    };
    assert_eq!(page(None, None), ["U1", "U2"]);
    assert_eq!(page(Some(("U2", "E1")), None), ["U3", "U4"]);
    assert_eq!(page(None, Some("u3@APP")), ["U3"]);
    // One decision is enough for the person.
    decide(&fixture, "U3", &is("E1")).unwrap();
    assert!(claims(&fixture).is_empty());
}

#[tokio::test]
async fn what_a_push_could_not_tell_is_decided_neither_in_bulk_nor_by_an_import() {
    let (fixture, id) = left_by_e1("[to-idp.matching]\nauto-confirm = false").await;
    successor(&fixture, "E2");
    let tenant = fixture.tenant();
    // Nobody knows here whose the user was, so the import proposes its person; the push is told by the application.
    fixture.write(|change| change.forget_former_owners(tenant.id, &id)).unwrap();
    fixture.import().await;
    assert_eq!(fixture.queue()[0].reason, QueueReason::Matched);
    fixture.write(|change| change.keep_former_owner(tenant.id, &id, "E1")).unwrap();
    fixture.push().await;
    let decided = fixture.write(|change| confirm_all(change, &tenant, &QueueFilter::default(), true)).unwrap();
    assert_eq!((decided.linked, decided.looked, fixture.link("E2")), (0, 1, None));
    // By now no more is known than that the push could not tell.
    fixture.write(|change| change.forget_former_owners(tenant.id, &id)).unwrap();
    fixture.edit(|config| config.to_idp.matching.auto_confirm = true);
    fixture.import().await;
    assert_eq!(fixture.link("E2"), None);
    let queued = fixture.queue().remove(0);
    assert_eq!(queued.reason, QueueReason::Ambiguous);
    assert_eq!(
        queued.candidates[0].2,
        "username, but a push could not tell whether it is the person E2: it was the user of the person E1"
    );
    // One decision settles both.
    assert_eq!(decide(&fixture, &id, &Decision::Ignore).unwrap(), Decided::LeftAlone);
    assert!(claims(&fixture).is_empty() && fixture.queue().is_empty());
}

#[tokio::test]
async fn an_import_does_not_take_over_the_user_of_a_former_owner() {
    let (fixture, id) = left_by_e1("").await;
    successor(&fixture, "E2");
    fixture.import().await;
    assert_eq!(fixture.link("E2"), None);
    let queued = fixture.queue().remove(0);
    assert_eq!((queued.user.remote_id.as_str(), queued.reason), (id.as_str(), QueueReason::Ambiguous));
    let why = "username, but it was the user of the person E1".to_owned();
    assert_eq!(queued.candidates, [("E2".to_owned(), "e1@x.example".to_owned(), why)]);
}

#[tokio::test]
async fn an_import_does_not_take_a_user_of_another_federation_id_for_the_person() {
    let fixture = Fixture::new("");
    fixture.add("E1", &[("federationId", "F1"), ("email", "e1@x.example")]);
    fixture.application.world().user("U1", "e1@x.example", &[("federationId", "F9"), ("email", "e1@x.example")]);
    fixture.import().await;
    assert_eq!(fixture.link("E1"), None);
    let queued = fixture.queue().remove(0);
    assert_eq!(queued.reason, QueueReason::Ambiguous);
    assert_eq!(queued.candidates[0].2, "username and email, but its federation id is F9 and the person's is F1");
}

#[tokio::test]
async fn nobody_is_asked_about_somebody_who_is_unassigned() {
    let (fixture, _) = left_by_e1("").await;
    successor(&fixture, "E2");
    fixture.push().await;
    assert_eq!(claims(&fixture).len(), 1);
    let (tenant, person) = (fixture.tenant(), fixture.person("E2"));
    fixture.write(|change| intents::unassign(change, &tenant, &person)).unwrap();
    assert!(claims(&fixture).is_empty());
}

#[tokio::test]
async fn nobody_is_asked_about_a_user_that_is_gone() {
    let (fixture, id) = left_by_e1("").await;
    successor(&fixture, "E2");
    fixture.import().await;
    fixture.push().await;
    assert_eq!(claims(&fixture).len(), 1);
    fixture.application.world().users.remove(&id);
    fixture.import().await;
    assert!(claims(&fixture).is_empty());
}

#[tokio::test]
async fn what_does_not_follow_from_a_decision_is_told() {
    let (fixture, id) = left_by_e1("").await;
    successor(&fixture, "E2");
    fixture.push().await;
    fixture.edit(|config| {
        (config.to_app.push_profile_updates, config.to_app.push_user_deactivation) = (false, false);
    });
    let Decided::Linked { off, .. } = decide(&fixture, &id, &is("E2")).unwrap() else { panic!("it is linked") };
    assert!(off.len() == 2 && off.iter().any(|sentence| sentence.contains("Push Profile Updates is off")), "{off:?}");
}
