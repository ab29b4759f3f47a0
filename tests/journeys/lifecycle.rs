//! Taking users out of use.

use provisioning_runtime::wit::{Action, Deactivation, ErrorKind, PushMode, Status};

use crate::support::{Org, import_all, journey, only};

fn active(org: &Org, id: &str) -> bool {
    org.query(&format!("SELECT IsActive FROM User WHERE Id = '{id}'"))[0]["IsActive"] == true
}

async fn active_user(org: &Org) -> String {
    let (users, _) = import_all(&mut org.job().await, 2000, false).await;
    users.into_iter().find(|user| user.status == Status::Active).unwrap().user.id
}

#[test]
fn deactivating_sends_is_active_alone_and_only_once() {
    journey(async {
        let org = Org::start(20, 31).await;
        let ids = [active_user(&org).await];
        let mut job = org.job().await;
        let planned =
            only(job.deactivate_users(&ids, Deactivation::Deactivate, &PushMode::Plan).await.unwrap()).unwrap();
        assert!(active(&org, &ids[0]), "a plan writes nothing");
        let done = only(job.deactivate_users(&ids, Deactivation::Deactivate, &PushMode::Apply).await.unwrap()).unwrap();
        assert!(!active(&org, &ids[0]));
        assert_eq!(done.action, Action::Deactivated);
        for outcome in [&planned, &done] {
            let changes: Vec<_> = outcome
                .changes
                .iter()
                .map(|change| (change.object.as_str(), change.field.as_str(), change.new.as_deref()))
                .collect();
            assert_eq!(changes, [("User", "IsActive", Some("false"))]);
        }
        org.emulator.clear_journal();
        let again =
            only(job.deactivate_users(&ids, Deactivation::Deactivate, &PushMode::Apply).await.unwrap()).unwrap();
        assert_eq!(again.action, Action::Unchanged);
        assert_eq!(org.writes(), Vec::<String>::new());
    });
}

#[test]
fn freezing_leaves_the_user_active() {
    journey(async {
        let org = Org::start(20, 32).await;
        let ids = [active_user(&org).await];
        let mut job = org.job().await;
        let done = only(job.deactivate_users(&ids, Deactivation::Freeze, &PushMode::Apply).await.unwrap()).unwrap();
        assert_eq!(done.action, Action::Frozen);
        assert!(active(&org, &ids[0]));
        let frozen = &org.query(&format!("SELECT IsFrozen FROM UserLogin WHERE UserId = '{}'", ids[0]))[0];
        assert_eq!(frozen["IsFrozen"], true);
    });
}

#[test]
fn ids_that_are_wrong_fail_alone() {
    journey(async {
        let org = Org::start(20, 33).await;
        let good = active_user(&org).await;
        let admin =
            org.query("SELECT Id FROM User WHERE UserType = 'Standard' LIMIT 1")[0]["Id"].as_str().unwrap().to_owned();
        let ids = ["nonsense".to_owned(), "005000000000000AAA".to_owned(), good.clone(), admin];
        let results = org.job().await.deactivate_users(&ids, Deactivation::Deactivate, &PushMode::Apply).await.unwrap();
        assert!(matches!(results[0].as_ref().unwrap_err().kind, ErrorKind::InvalidValue), "{:?}", results[0]);
        assert!(
            matches!(results[1].as_ref().unwrap_err().kind, ErrorKind::NotFound | ErrorKind::StaleReference),
            "{:?}",
            results[1]
        );
        assert!(results[2].is_ok());
        assert!(results[3].is_err(), "an internal user is not the portal's");
        for (id, result) in ids.iter().zip(&results) {
            if let Err(error) = result {
                assert!(error.message.contains(id.as_str()), "{}", error.message);
            }
        }
        assert!(!active(&org, &good));
    });
}
