//! Assignments of permission sets that have ended: the user holds them no longer, though Salesforce keeps their rows.

use std::time::Duration;

use salesforce_portal_connector::model::{Action, DesiredUser, ImportQuery, ImportScope, PushMode};
use salesforce_portal_connector::operations::Session;

use crate::lifecycle::ada;
use crate::support::{Native, Org, writes};

const YEARS: Duration = Duration::from_secs(200 * 365 * 24 * 3600);

/// Ada with two permission sets, of which one ends in 2099; and the row of that one.
fn ending(org: &Org) -> (DesiredUser, String) {
    let mut user = ada(org);
    user.id = org.push(&user).unwrap().id;
    let set = org.id("PermissionSet", "Name = 'Portal_Case_Access'");
    let id = user.id.clone().unwrap();
    let row = org.id("PermissionSetAssignment", &format!("AssigneeId = '{id}' AND PermissionSetId = '{set}'"));
    org.write(
        "PATCH",
        &format!("sobjects/PermissionSetAssignment/{row}"),
        r#"{"ExpirationDate":"2099-01-31T12:00:00Z"}"#,
    );
    (user, row)
}

fn sets(org: &Org, host: &Native, user: &DesiredUser) -> usize {
    let session = Session::open(host.clone(), org.settings()).unwrap();
    let query = ImportQuery { scope: ImportScope::Full, page_size: 100, attributes: Vec::new(), grants: true };
    let page = session.import_users(&query).unwrap();
    let imported = page.users.iter().find(|one| Some(&one.id) == user.id.as_ref()).unwrap();
    imported.grants.iter().filter(|grant| grant.kind == "permission-set").count()
}

#[test]
fn an_assignment_is_imported_until_it_ends() {
    let org = Org::start(3, 2601);
    let (user, _) = ending(&org);
    let host = Native::new();
    assert_eq!(sets(&org, &host, &user), 2);
    host.wait(YEARS);
    assert_eq!(sets(&org, &host, &user), 1);
}

#[test]
fn an_assignment_that_has_ended_is_given_again_once() {
    let org = Org::start(3, 2602);
    let (user, row) = ending(&org);
    let host = Native::new();
    let push = || {
        let session = Session::open(host.clone(), org.settings()).unwrap();
        org.observe(|| session.push_users(std::slice::from_ref(&user), &PushMode::Apply).unwrap().remove(0).unwrap())
    };
    assert_eq!(push().0.action, Action::Unchanged, "it still holds");
    host.wait(YEARS);
    let (outcome, _) = push();
    assert_eq!(outcome.changes.len(), 1, "{outcome:?}");
    assert!(outcome.side_effects.iter().any(|effect| effect.contains("had ended")), "{outcome:?}");
    assert_eq!(org.count(&format!("PermissionSetAssignment WHERE Id = '{row}'")), 0);
    let (again, journal) = push();
    assert_eq!((again.action, writes(&journal)), (Action::Unchanged, Vec::new()));
    assert_eq!(sets(&org, &host, &user), 2);
}

#[test]
fn an_assignment_that_has_ended_and_is_not_wanted_is_left_alone() {
    let org = Org::start(3, 2603);
    let (mut user, row) = ending(&org);
    let ended = org.id("PermissionSet", "Name = 'Portal_Case_Access'");
    user.grants.retain(|grant| grant.id != ended);
    user.exact_grants = true;
    let host = Native::new();
    host.wait(YEARS);
    let session = Session::open(host, org.settings()).unwrap();
    let outcome = session.push_users(&[user], &PushMode::Apply).unwrap().remove(0).unwrap();
    assert_eq!(outcome.action, Action::Unchanged, "{outcome:?}");
    assert_eq!(org.count(&format!("PermissionSetAssignment WHERE Id = '{row}'")), 1);
}
