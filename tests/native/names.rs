//! Usernames, federation ids and e-mail addresses that go from one person to another within a batch.

use std::cell::RefCell;
use std::rc::Rc;

use salesforce_portal_connector::model::{DesiredUser, ErrorKind, PushMode, Retry};
use salesforce_portal_connector::operations::Session;

use crate::ledger::{Kept, session};
use crate::support::{Native, Org, person, set, writes};

/// An org, what its host keeps, and a session.
fn start(seed: u64) -> (Org, Rc<RefCell<Kept>>, Session<Native>) {
    let org = Org::start(5, seed);
    let kept = Kept::new();
    let session = session(&org, &kept, &[]);
    (org, kept, session)
}

/// Makes users of these names, and gives the people with their ids.
fn made(org: &Org, session: &Session<Native>, names: &[&str]) -> Vec<DesiredUser> {
    let profile = org.profile("Customer Community Plus User");
    let people: Vec<DesiredUser> = names.iter().map(|name| person(name, &profile)).collect();
    let results = session.push_users(&people, &PushMode::Apply).unwrap();
    people.into_iter().zip(results).map(|(user, made)| DesiredUser { id: made.unwrap().id, ..user }).collect()
}

fn username(name: &str) -> String {
    format!("{}@lighthouse.example", name.to_lowercase())
}

/// Sets another value of an attribute.
fn other(user: &mut DesiredUser, name: &str, value: &str) {
    user.changes.retain(|change| change.name != name);
    user.changes.push(set(name, value));
}

fn push_all(session: &Session<Native>, people: &[DesiredUser]) {
    for result in session.push_users(people, &PushMode::Apply).unwrap() {
        result.unwrap();
    }
}

/// The id of the only user with this name.
fn user(org: &Org, name: &str) -> String {
    org.id("User", &format!("Username = '{}'", username(name)))
}

#[test]
fn somebody_new_gets_name_address_and_federation_id_that_another_gives_up_in_the_same_push() {
    let (org, _, session) = start(963);
    let mut countess = made(&org, &session, &["Ada"]).remove(0);
    let old = countess.id.clone().unwrap();
    countess.username = username("Countess");
    other(&mut countess, "email", &username("Countess"));
    other(&mut countess, "federationId", "F-Countess");
    let new = DesiredUser { key: "K2".to_owned(), ..person("Ada", &org.profile("Customer Community Plus User")) };
    // Whichever stands first.
    push_all(&session, &[new, countess]);
    assert_eq!(user(&org, "Countess"), old);
    assert_ne!(user(&org, "Ada"), old);
    for address in ["Ada", "Countess"].map(username) {
        assert_eq!(org.count(&format!("Contact WHERE Email = '{address}'")), 1, "{address}");
    }
}

#[test]
fn somebody_new_gets_the_address_alone_that_another_gives_up_in_the_same_push() {
    let (org, kept, session) = start(964);
    let mut ada = made(&org, &session, &["Ada"]).remove(0);
    other(&mut ada, "email", &username("Countess"));
    let mut new = person("Eve", &org.profile("Customer Community Plus User"));
    other(&mut new, "email", &username("Ada"));
    push_all(&session, &[new, ada]);
    assert!(kept.borrow().undecided.is_empty());
    assert_eq!(org.count(&format!("User WHERE Contact.Email = '{}'", username("Ada"))), 1);
    assert_eq!(org.id("User", &format!("Contact.Email = '{}'", username("Ada"))), user(&org, "Eve"));
}

#[test]
fn a_chain_of_five_renames_is_written_in_one_call() {
    let (org, _, session) = start(965);
    let names = ["One", "Two", "Three", "Four", "Five", "Six"];
    let mut people = made(&org, &session, &names[..5]);
    for (user, name) in people.iter_mut().zip(&names[1..]) {
        user.username = username(name);
    }
    push_all(&session, &people);
    for (person, name) in people.iter().zip(&names[1..]) {
        assert_eq!(Some(user(&org, name)), person.id, "{name}");
    }
}

#[test]
fn federation_ids_go_round_in_one_call() {
    let (org, _, session) = start(966);
    let mut people = made(&org, &session, &["One", "Two", "Three"]);
    let next = ["F-Two", "F-Three", "F-Four"];
    for (user, id) in people.iter_mut().zip(next) {
        other(user, "federationId", id);
    }
    push_all(&session, &people);
    for (person, id) in people.iter().zip(next) {
        assert_eq!(Some(org.id("User", &format!("FederationIdentifier = '{id}'"))), person.id);
    }
}

#[test]
fn a_swap_of_two_names_is_refused_for_both_and_whoever_waits_for_them_and_writes_nothing() {
    let (org, _, session) = start(967);
    let mut people = made(&org, &session, &["One", "Two", "Three"]);
    for (user, name) in people.iter_mut().zip(["Two", "One", "Three"]) {
        user.username = username(name);
    }
    other(&mut people[2], "federationId", "F-One");
    other(&mut people[0], "federationId", "F-Four");
    let (results, journal) = org.observe(|| session.push_users(&people, &PushMode::Apply).unwrap());
    for result in results {
        let error = result.unwrap_err();
        assert_eq!((&error.kind, error.retry), (&ErrorKind::UsernameTaken, Retry::AfterRemedy), "{error:?}");
        assert!(error.message.contains("circle"), "{error:?}");
    }
    assert_eq!(writes(&journal), Vec::<String>::new());
}

#[test]
fn a_user_whom_an_admin_has_renamed_to_a_new_persons_name_stays_its_owners() {
    let (org, kept, session) = start(968);
    let ada = made(&org, &session, &["Ada"]).remove(0);
    let id = ada.id.clone().unwrap();
    let body = format!(r#"{{"Username":"{}"}}"#, username("Eve"));
    org.write("PATCH", &format!("sobjects/User/{id}"), &body);
    let eve = person("Eve", &org.profile("Customer Community Plus User"));
    let (result, journal) =
        org.observe(|| session.push_users(std::slice::from_ref(&eve), &PushMode::Apply).unwrap().remove(0));
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AmbiguousMatch);
    assert_eq!(writes(&journal), Vec::<String>::new());
    let told = kept.borrow().undecided["Eve"].clone();
    assert_eq!((told.len(), &told[0].id), (1, &id));
    assert!(told[0].objections.iter().any(|one| one.contains("\"Ada\"")), "{told:?}");

    // In one push with its owner, which takes its own name back, both are right.
    push_all(&session, &[eve, ada]);
    assert_eq!(user(&org, "Ada"), id);
    assert_ne!(user(&org, "Eve"), id);
}
