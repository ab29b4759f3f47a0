//! What is assigned to a user, through the component: all six kinds, merged and exact, and what does not fit.

use provisioning_host::runtime::wit::{Action, Deactivation, DesiredUser, ErrorKind, Grant, PushMode};

use crate::support::{Org, journey, only, person};

/// The id of the record that fulfils a condition.
fn id(org: &Org, object: &str, condition: &str) -> String {
    let found = org.query(&format!("SELECT Id FROM {object} WHERE {condition}"));
    assert_eq!(found.len(), 1, "{object} with {condition}");
    found[0]["Id"].as_str().unwrap().to_owned()
}

fn grant(kind: &str, id: String) -> Grant {
    Grant { kind: kind.to_owned(), id }
}

/// Ada, with a permission set, a feature licence and a public group.
fn ada(org: &Org) -> DesiredUser {
    let mut user = person("Ada", &org.profile("Customer Community Plus User"));
    user.grants.push(grant("permission-set", id(org, "PermissionSet", "Name = 'Portal_Case_Access'")));
    user.grants.push(grant("feature-license", "UserPermissionsSFContentUser".to_owned()));
    user.grants.push(grant("public-group", id(org, "Group", "DeveloperName = 'Priority_Customers'")));
    user
}

#[test]
fn grants_are_given_and_made_exact() {
    journey(async {
        let org = Org::start(10, 71).await;
        let mut job = org.job().await;
        let mut users = [ada(&org)];
        let made = only(job.push_users(&users, &PushMode::Apply).await.unwrap()).unwrap();
        let user = made.id.unwrap();
        let sets =
            format!("PermissionSetAssignment WHERE AssigneeId = '{user}' AND PermissionSet.IsOwnedByProfile = false");
        let groups = format!("GroupMember WHERE UserOrGroupId = '{user}'");
        let flags = format!("User WHERE Id = '{user}' AND UserPermissionsSFContentUser = true");
        for object in [&sets, &groups, &flags] {
            assert_eq!(org.count(object), 1, "{object}");
        }
        users[0].grants.truncate(1);
        users[0].exact_grants = true;
        let exact = only(job.push_users(&users, &PushMode::Apply).await.unwrap()).unwrap();
        assert_eq!(exact.action, Action::Updated);
        for object in [&sets, &groups, &flags] {
            assert_eq!(org.count(object), 0, "{object}");
        }
        let again = only(job.push_users(&users, &PushMode::Apply).await.unwrap()).unwrap();
        assert_eq!(again.action, Action::Unchanged);
    });
}

#[test]
fn a_grant_that_cannot_fit_is_refused_before_any_write() {
    journey(async {
        let org = Org::start(10, 72).await;
        let mut user = person("Ada", &org.profile("Customer Community User"));
        user.grants.push(grant("feature-license", "UserPermissionsLiveAgentUser".to_owned()));
        let error = only(org.job().await.push_users(&[user], &PushMode::Apply).await.unwrap()).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::IncompatibleGrants), "{error:?}");
        assert!(error.remedy.is_some());
        assert_eq!(org.writes(), Vec::<String>::new());
    });
}

#[test]
fn an_unlinked_user_is_parted_from_its_contact() {
    journey(async {
        let org = Org::start(10, 73).await;
        let mut job = org.job().await;
        let made = only(job.push_users(&[ada(&org)], &PushMode::Apply).await.unwrap()).unwrap();
        let ids = [made.id.unwrap()];
        let done = only(job.deactivate_users(&ids, Deactivation::Unlink, &PushMode::Apply).await.unwrap()).unwrap();
        assert_eq!(done.action, Action::Unlinked);
        assert!(done.side_effects.iter().any(|effect| effect.contains("cannot be undone")), "{done:?}");
        assert_eq!(org.count(&format!("User WHERE Id = '{}' AND IsActive = false AND ContactId = null", ids[0])), 1);
    });
}
