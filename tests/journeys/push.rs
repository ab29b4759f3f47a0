//! Pushing people: a contact under the account, a user on it, and changes.

use provisioning_runtime::wit::{Action, Change, DesiredUser, ErrorKind, PushMode};

use crate::support::{Org, journey, only, person, set};

const PROFILE: &str = "Customer Community User";

async fn push(
    org: &Org,
    users: &[DesiredUser],
) -> Vec<Result<provisioning_runtime::wit::Outcome, provisioning_runtime::wit::Error>> {
    org.job().await.push_users(users, &PushMode::Apply).await.unwrap()
}

#[test]
fn a_new_person_becomes_a_contact_under_the_account_and_a_user_on_it() {
    journey(async {
        let org = Org::start(10, 21).await;
        let profile = org.profile(PROFILE);
        let outcome = only(push(&org, &[person("Ada", &profile)]).await).unwrap();
        assert_eq!(outcome.action, Action::Created);
        let user = &org.query("SELECT Id, ContactId, ProfileId, FederationIdentifier, IsActive, LastName, Email, Contact.AccountId, Contact.LastName, Contact.Email FROM User WHERE Username = 'ada@lighthouse.example'")[0];
        assert_eq!(outcome.id.as_deref(), user["Id"].as_str());
        assert_eq!(user["ProfileId"], profile.as_str());
        assert_eq!(user["FederationIdentifier"], "F-Ada");
        assert_eq!(user["IsActive"], true);
        assert_eq!(user["Contact"]["AccountId"], org.tenant.settings["account-id"].as_str());
        assert_eq!(user["Contact"]["LastName"], "Tester");
        assert_eq!(user["Contact"]["Email"], "ada@lighthouse.example");
    });
}

#[test]
fn a_plan_writes_nothing_and_says_what_would_be_written() {
    journey(async {
        let org = Org::start(10, 22).await;
        let person = person("Ada", &org.profile(PROFILE));
        let (users, contacts) = (org.count("User"), org.count("Contact"));
        let planned =
            only(org.job().await.push_users(std::slice::from_ref(&person), &PushMode::Plan).await.unwrap()).unwrap();
        assert_eq!((planned.action, planned.id), (Action::Created, None));
        assert_eq!(org.writes(), Vec::<String>::new());
        assert_eq!((org.count("User"), org.count("Contact")), (users, contacts));
        let made = only(push(&org, &[person]).await).unwrap();
        for change in &planned.changes {
            // Ids exist only once the record does.
            if change.field != "ContactId" {
                let same = made
                    .changes
                    .iter()
                    .any(|made| made.object == change.object && made.field == change.field && made.new == change.new);
                assert!(same, "{}.{} was planned as {:?}", change.object, change.field, change.new);
            }
        }
    });
}

#[test]
fn the_same_push_again_changes_nothing_and_writes_nothing() {
    journey(async {
        let org = Org::start(10, 23).await;
        let profile = org.profile(PROFILE);
        let people: Vec<DesiredUser> = ["Ada", "Bruno", "Chiara"].iter().map(|name| person(name, &profile)).collect();
        assert!(
            push(&org, &people)
                .await
                .iter()
                .all(|result| result.as_ref().is_ok_and(|outcome| outcome.action == Action::Created))
        );
        let counts = (org.count("User"), org.count("Contact"));
        org.emulator.clear_journal();
        for result in push(&org, &people).await {
            assert_eq!(result.unwrap().action, Action::Unchanged);
        }
        assert_eq!(org.writes(), Vec::<String>::new());
        assert_eq!((org.count("User"), org.count("Contact")), counts);
    });
}

#[test]
fn an_update_sends_only_what_changed_and_keeps_the_contact_in_step() {
    journey(async {
        let org = Org::start(10, 24).await;
        let mut ada = person("Ada", &org.profile(PROFILE));
        ada.id = only(push(&org, &[ada.clone()]).await).unwrap().id;
        ada.changes.retain(|change| change.name != "familyName");
        ada.changes.push(set("familyName", "Lovelace"));
        ada.changes.push(set("title", "Countess"));
        let outcome = only(push(&org, &[ada.clone()]).await).unwrap();
        assert_eq!(outcome.action, Action::Updated);
        let mut changed: Vec<String> =
            outcome.changes.iter().map(|change| format!("{}.{}", change.object, change.field)).collect();
        changed.sort();
        assert_eq!(changed, ["Contact.LastName", "Contact.Title", "User.LastName", "User.Title"]);
        let user = &org.query("SELECT LastName, Title, Contact.LastName, Contact.Title FROM User WHERE Username = 'ada@lighthouse.example'")[0];
        assert_eq!((&user["LastName"], &user["Contact"]["LastName"]), (&"Lovelace".into(), &"Lovelace".into()));

        ada.changes = vec![Change { name: "title".to_owned(), value: None }];
        let cleared = only(push(&org, &[ada]).await).unwrap();
        assert!(
            cleared.changes.iter().all(|change| change.field == "Title" && change.new.is_none()),
            "{:?}",
            cleared.changes
        );
        let user =
            &org.query("SELECT LastName, Title, Contact.Title FROM User WHERE Username = 'ada@lighthouse.example'")[0];
        assert_eq!((&user["Title"], &user["LastName"]), (&serde_json::Value::Null, &"Lovelace".into()));
    });
}

#[test]
fn a_bad_person_fails_alone_and_leaves_nothing_behind() {
    journey(async {
        let org = Org::start(10, 25).await;
        let profile = org.profile(PROFILE);
        let taken = org.emulator.usernames_taken_elsewhere().unwrap().remove(0);
        let mut nameless = person("Nameless", &profile);
        nameless.changes.retain(|change| change.name != "familyName");
        let mut elsewhere = person("Elsewhere", &profile);
        elsewhere.username.clone_from(&taken);
        let mut malformed = person("Malformed", &profile);
        malformed.username = "not-an-address".to_owned();
        let mut unprofiled = person("Unprofiled", &profile);
        unprofiled.grants.clear();
        let contacts = org.count("Contact");
        let results = push(
            &org,
            &[person("Ada", &profile), nameless, elsewhere, malformed, unprofiled, person("Bruno", &profile)],
        )
        .await;
        let kinds: Vec<String> = results
            .iter()
            .map(|result| {
                result
                    .as_ref()
                    .map_or_else(|error| format!("{:?}", error.kind), |outcome| format!("{:?}", outcome.action))
            })
            .collect();
        assert_eq!(kinds.len(), 6);
        assert!(kinds[0].contains("Created") && kinds[5].contains("Created"), "{kinds:?}");
        let error = |index: usize| results[index].as_ref().unwrap_err();
        assert!(matches!(error(1).kind, ErrorKind::MissingValue), "{:?}", error(1));
        assert!(
            error(1).message.contains("familyName") || error(1).message.contains("last name"),
            "{}",
            error(1).message
        );
        assert!(matches!(error(2).kind, ErrorKind::UsernameTaken), "{:?}", error(2));
        assert!(error(2).message.contains(&taken), "{}", error(2).message);
        assert!(matches!(error(3).kind, ErrorKind::InvalidValue), "{:?}", error(3));
        assert!(matches!(&error(4).kind, ErrorKind::Other(kind) if kind == "missing-grant"), "{:?}", error(4));
        for index in 1..5 {
            assert!(error(index).remedy.is_some(), "{:?}", error(index));
        }
        assert_eq!(org.count("Contact"), contacts + 2, "the contact of the refused user is gone again");
    });
}

#[test]
fn an_orphan_contact_of_the_account_is_adopted() {
    journey(async {
        let org = Org::start(10, 26).await;
        let profile = org.profile(PROFILE);
        let account = &org.tenant.settings["account-id"];
        let orphans = org.query(&format!(
            "SELECT Id, Email FROM Contact WHERE AccountId = '{account}' AND Email != null AND Id NOT IN (SELECT ContactId FROM User WHERE ContactId != null)"
        ));
        let orphan = orphans.first().expect("the seed leaves contacts without a user under the main account");
        let mut ada = person("Ada", &profile);
        ada.changes.retain(|change| change.name != "email");
        ada.changes.push(set("email", orphan["Email"].as_str().unwrap()));
        let contacts = org.count("Contact");
        let outcome = only(push(&org, &[ada]).await).unwrap();
        assert_eq!(outcome.action, Action::Created);
        assert!(
            outcome.side_effects.iter().any(|effect| effect.contains(orphan["Id"].as_str().unwrap())),
            "{:?}",
            outcome.side_effects
        );
        assert_eq!(org.count("Contact"), contacts);
        let user = &org.query("SELECT ContactId FROM User WHERE Username = 'ada@lighthouse.example'")[0];
        assert_eq!(user["ContactId"], orphan["Id"]);
    });
}

#[test]
fn a_plan_is_applied_as_approved_or_refused_when_the_org_moved_on() {
    journey(async {
        let org = Org::start(10, 27).await;
        let mut ada = person("Ada", &org.profile(PROFILE));
        ada.id = only(push(&org, &[ada.clone()]).await).unwrap().id;
        ada.changes = vec![set("title", "Countess")];
        let mut job = org.job().await;
        let users = [ada.clone()];
        let plan = only(job.push_users(&users, &PushMode::Plan).await.unwrap()).unwrap();
        // Somebody else changes the title in between.
        let mut other = ada.clone();
        other.changes = vec![set("title", "Analyst")];
        only(push(&org, &[other]).await).unwrap();
        let mode = PushMode::ApplyPlanned(vec![plan.digest.clone()]);
        let error = only(job.push_users(&users, &mode).await.unwrap()).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Drifted), "{error:?}");
        let fresh = only(job.push_users(&users, &PushMode::Plan).await.unwrap()).unwrap();
        assert_ne!(fresh.digest, plan.digest);
        let applied = only(job.push_users(&users, &PushMode::ApplyPlanned(vec![fresh.digest])).await.unwrap()).unwrap();
        assert_eq!(applied.action, Action::Updated);
    });
}

#[test]
fn two_hundred_people_take_few_calls() {
    journey(async {
        let org = Org::start(10, 28).await;
        assert!(org.emulator.set_licence_seats("Customer Community", 1000).unwrap());
        let profile = org.profile(PROFILE);
        let people: Vec<DesiredUser> = (0..200).map(|number| person(&format!("P{number}"), &profile)).collect();
        let mut job = org.job().await;
        job.open().await.unwrap();
        org.emulator.clear_journal();
        let results = job.push_users(&people, &PushMode::Apply).await.unwrap();
        let failed: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
        assert!(failed.is_empty(), "{:?}", failed[0]);
        let calls = org.emulator.journal().len();
        assert!(calls <= 8, "{calls} calls");
    });
}
