//! Names that come back: a company gives the address of somebody who left to somebody new.

use salesforce_portal_connector::model::{Action, DesiredUser, ErrorKind, Outcome, Owner, PushMode, Result};
use salesforce_portal_connector::operations::Session;

use crate::ledger::{Kept, session};
use crate::support::{Native, Org, person, set, writes};

const KEY: (&str, &str) = ("user-key-field", "IdP_Key__c");

fn ada(org: &Org) -> DesiredUser {
    person("Ada", &org.profile("Customer Community Plus User"))
}

/// The same names for somebody else.
fn successor(org: &Org) -> DesiredUser {
    DesiredUser { key: "Ada-2".to_owned(), ..ada(org) }
}

fn push(session: &Session<Native>, user: &DesiredUser) -> Result<Outcome> {
    session.push_users(std::slice::from_ref(user), &PushMode::Apply).unwrap().remove(0)
}

/// Pushes somebody who must not get the user that is there.
fn refused(org: &Org, session: &Session<Native>, user: &DesiredUser, words: &str) {
    let (result, journal) = org.observe(|| push(session, user));
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AmbiguousMatch, "{error:?}");
    assert!(error.message.contains(words), "{words}: {error:?}");
    assert_eq!(writes(&journal), Vec::<String>::new());
}

#[test]
fn a_recycled_address_does_not_take_over_a_user_that_the_host_knows_as_another_persons() {
    let org = Org::start(5, 971);
    let kept = Kept::new();
    let session = session(&org, &kept, &[]);
    let id = push(&session, &ada(&org)).unwrap().id.unwrap();
    refused(&org, &session, &successor(&org), "the directory has it as the user of the person \"Ada\"");
    // Also when that person has been removed.
    kept.borrow_mut().owners.get_mut(&id).unwrap().linked = false;
    refused(&org, &session, &successor(&org), "it was the user of the person \"Ada\"");
    assert_eq!(kept.borrow().undecided["Ada-2"][0].id, id);
}

#[test]
fn a_recycled_address_does_not_take_over_a_user_that_carries_another_key() {
    let org = Org::start(5, 972);
    push(&org.session_with(&[KEY]), &ada(&org)).unwrap();
    // The host knows nothing, as after its directory was lost.
    refused(&org, &session(&org, &Kept::new(), &[KEY]), &successor(&org), "it carries the key \"Ada\"");
}

#[test]
fn a_recycled_address_does_not_take_over_a_user_with_another_federation_id() {
    let org = Org::start(5, 973);
    push(&org.session(), &ada(&org)).unwrap();
    let mut new = successor(&org);
    new.changes.retain(|change| change.name != "federationId");
    new.changes.push(set("federationId", "F-New"));
    refused(&org, &session(&org, &Kept::new(), &[]), &new, "its federation id is \"F-Ada\"");
}

#[test]
fn a_stored_id_whose_user_carries_another_key_is_not_written_until_an_admin_confirms_it() {
    let org = Org::start(5, 974);
    let id = push(&org.session_with(&[KEY]), &ada(&org)).unwrap().id.unwrap();
    let kept = Kept::new();
    let session = session(&org, &kept, &[KEY]);
    let new = DesiredUser { id: Some(id.clone()), ..successor(&org) };
    kept.borrow_mut().link("Ada-2", &id);
    refused(&org, &session, &new, "it carries the key \"Ada\"");
    let confirmed = Owner { key: "Ada-2".to_owned(), linked: true, confirmed: true };
    kept.borrow_mut().owners.insert(id.clone(), confirmed);
    let outcome = push(&session, &new).unwrap();
    assert_eq!((outcome.action, outcome.id.as_ref()), (Action::Updated, Some(&id)));
    assert_eq!(org.count(&format!("User WHERE Id = '{id}' AND IdP_Key__c = 'Ada-2'")), 1);
}

#[test]
fn two_people_of_one_push_who_fit_the_same_user_get_it_neither_unless_it_is_known_to_be_ones() {
    let org = Org::start(5, 975);
    let id = push(&org.session(), &ada(&org)).unwrap().id.unwrap();
    // One has the federation id, the other the username.
    let mut countess = DesiredUser { username: "countess@lighthouse.example".to_owned(), ..ada(&org) };
    let mut new = successor(&org);
    for (user, gone) in [(&mut countess, "email"), (&mut new, "federationId")] {
        user.changes.retain(|change| change.name != gone);
    }
    let kept = Kept::new();
    let session = session(&org, &kept, &[]);
    let both = [countess.clone(), new.clone()];
    let (results, journal) = org.observe(|| session.push_users(&both, &PushMode::Apply).unwrap());
    for (result, other) in results.into_iter().zip(["ada@lighthouse.example", "countess@lighthouse.example"]) {
        let error = result.unwrap_err();
        assert_eq!(error.kind, ErrorKind::AmbiguousMatch);
        assert!(error.message.contains(&format!("the user {other} of this push is found to be it, too")), "{error:?}");
    }
    assert_eq!(kept.borrow().undecided.len(), 2);
    assert_eq!(writes(&journal), Vec::<String>::new());

    // A host that keeps no ledger names the user by its id, and its former name goes to the other in the same push.
    countess.id = Some(id.clone());
    countess.changes.push(set("email", "countess@lighthouse.example"));
    let results = org.session().push_users(&[new, countess], &PushMode::Apply).unwrap();
    let ids: Vec<_> = results.into_iter().map(|result| result.unwrap().id.unwrap()).collect();
    assert_eq!(ids[1], id);
    assert_ne!(ids[0], id);
}

#[test]
fn a_user_that_the_push_names_for_one_person_is_not_written_for_another() {
    let org = Org::start(5, 976);
    let id = push(&org.session(), &ada(&org)).unwrap().id.unwrap();
    // The host keeps no ledger, and Ada keeps her name.
    let mut new = successor(&org);
    new.username = "countess@lighthouse.example".to_owned();
    let known = DesiredUser { id: Some(id.clone()), ..ada(&org) };
    let results = org.session().push_users(&[new, known], &PushMode::Apply).unwrap();
    let error = results[0].as_ref().unwrap_err();
    assert_eq!(error.kind, ErrorKind::AmbiguousMatch);
    assert!(error.message.contains("in this push it is the user of the person \"Ada\""), "{error:?}");
    assert_eq!(results[1].as_ref().unwrap().action, Action::Unchanged);
}
