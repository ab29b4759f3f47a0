//! Users that leave and come back, and what a push does to those that it knows.

use salesforce_portal_connector::model::{Action, Deactivation, DesiredUser, ErrorKind, PushMode};

use crate::support::{Org, grant, person, secret, writes};

/// Ada, with two permission sets and a group.
pub(crate) fn ada(org: &Org) -> DesiredUser {
    let mut user = person("Ada", &org.profile("Customer Community Plus User"));
    for set in ["Portal_Case_Access", "Portal_Knowledge_Reader"] {
        user.grants.push(grant("permission-set", &org.id("PermissionSet", &format!("Name = '{set}'"))));
    }
    user.grants.push(grant("public-group", &org.id("Group", "DeveloperName = 'Priority_Customers'")));
    user
}

/// How many permission sets and groups Ada has.
pub(crate) fn held(org: &Org) -> (usize, usize) {
    let sets = "PermissionSetAssignment WHERE PermissionSet.IsOwnedByProfile = false AND Assignee.Username = 'ada@lighthouse.example'";
    let id = org.id("User", "Username = 'ada@lighthouse.example'");
    (org.count(sets), org.count(&format!("GroupMember WHERE UserOrGroupId = '{id}'")))
}

#[test]
fn grants_are_merged_or_made_exact() {
    let org = Org::start(5, 941);
    let user = ada(&org);
    org.push(&user).unwrap();
    assert_eq!(held(&org), (2, 1));

    let mut fewer = DesiredUser { grants: user.grants[..2].to_vec(), ..user.clone() };
    assert_eq!(org.push(&fewer).unwrap().action, Action::Unchanged);
    assert_eq!(held(&org), (2, 1), "merged");

    fewer.exact_grants = true;
    let outcome = org.push(&fewer).unwrap();
    assert_eq!(held(&org), (1, 0), "exact");
    let taken: Vec<&str> =
        outcome.changes.iter().filter(|change| change.new.is_none()).map(|change| &*change.field).collect();
    assert_eq!(taken, ["PermissionSetId", "GroupId"]);
    assert_eq!(org.push(&fewer).unwrap().action, Action::Unchanged);
}

#[test]
fn a_feature_license_is_given_and_taken() {
    let org = Org::start(5, 942);
    let mut user = person("Ada", &org.profile("Customer Community Plus User"));
    user.grants.push(grant("feature-license", "UserPermissionsSFContentUser"));
    org.push(&user).unwrap();
    let has = "User WHERE Username = 'ada@lighthouse.example' AND UserPermissionsSFContentUser = true";
    assert_eq!(org.count(has), 1);
    user.grants.pop();
    user.exact_grants = true;
    org.push(&user).unwrap();
    assert_eq!(org.count(has), 0);
}

#[test]
fn an_unlinked_user_frees_its_contact_for_a_new_one_and_never_comes_back() {
    let org = Org::start(5, 944);
    let mut user = ada(&org);
    let outcome = org.push(&user).unwrap();
    let ids = [outcome.id.unwrap()];
    let session = org.session_with(&[("rename-on-deactivation", "true")]);
    let planned = session.deactivate_users(&ids, Deactivation::Unlink, &PushMode::Plan).unwrap().remove(0).unwrap();
    assert!(planned.side_effects.iter().any(|effect| effect.contains("cannot be undone")), "{planned:?}");
    let done = session.deactivate_users(&ids, Deactivation::Unlink, &PushMode::Apply).unwrap().remove(0).unwrap();
    assert_eq!((done.action, done.digest), (Action::Unlinked, planned.digest));
    let row = &org.query(&format!("SELECT IsActive, ContactId, Username FROM User WHERE Id = '{}'", ids[0]))[0];
    assert_eq!((row["IsActive"].as_bool(), row["ContactId"].is_null()), (Some(false), true));
    let again = session.deactivate_users(&ids, Deactivation::Unlink, &PushMode::Apply).unwrap().remove(0).unwrap();
    assert_eq!(again.action, Action::Unchanged);
    let error = session.reactivate_users(&ids, &PushMode::Apply).unwrap().remove(0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::StaleReference, "{error:?}");

    user.changes.retain(|change| change.name != "federationId");
    let outcome = org.push(&user).unwrap();
    assert_eq!(outcome.action, Action::Created);
    assert!(outcome.side_effects.iter().any(|effect| effect.contains("is taken for this person")), "{outcome:?}");
    assert_eq!(org.count("Contact WHERE Email = 'ada@lighthouse.example'"), 1);
}

#[test]
fn a_deactivated_user_gives_its_username_up_and_takes_it_back() {
    let org = Org::start(5, 945);
    let user = ada(&org);
    let ids = [org.push(&user).unwrap().id.unwrap()];
    let session = org.session_with(&[("rename-on-deactivation", "true")]);
    session.deactivate_users(&ids, Deactivation::Deactivate, &PushMode::Apply).unwrap().remove(0).unwrap();
    assert_eq!(org.count("User WHERE Username = 'ada@lighthouse.example'"), 0);
    let (results, journal) =
        org.observe(|| session.deactivate_users(&ids, Deactivation::Deactivate, &PushMode::Apply).unwrap());
    assert_eq!(results[0].as_ref().unwrap().action, Action::Unchanged);
    assert_eq!(writes(&journal), Vec::<String>::new());
    session.reactivate_users(&ids, &PushMode::Apply).unwrap().remove(0).unwrap();
    assert_eq!(org.id("User", "Username = 'ada@lighthouse.example'"), ids[0]);
}

#[test]
fn a_password_is_tried_at_the_portal_and_one_that_does_not_let_in_is_told() {
    let org = Org::start(5, 948);
    let ids = ["Ada", "Eve"].map(|name| {
        let user = person(name, &org.profile("Customer Community User"));
        org.push(&user).unwrap().id.unwrap()
    });
    org.session().deactivate_users(&ids[1..], Deactivation::Freeze, &PushMode::Apply).unwrap().remove(0).unwrap();
    let session = org.session_with(&[("verify-passwords", "true")]);
    let pairs = [(ids[0].clone(), secret("enigma&<1843>")), (ids[1].clone(), secret("enigma-1844-x"))];
    let results = session.sync_passwords(&pairs).unwrap();
    assert_eq!(results[0], Ok(()));
    assert!(org.emulator.check_password("ada@lighthouse.example", "enigma&<1843>"));
    let error = results[1].as_ref().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Other("password-not-verified".into()), "{error:?}");
    let results = session.sync_passwords(&[(ids[0].clone(), secret("short")), (ids[1].clone(), secret("x"))]).unwrap();
    assert!(results.iter().all(|result| result.as_ref().unwrap_err().kind == ErrorKind::PasswordRejected));
}
