//! People who are found by the host's own key, and attributes that only this organisation has.

use salesforce_portal_connector::model::{Action, Change, DesiredUser, ErrorKind, PushMode, Value};

use crate::support::{Org, person, set};

const KEYS: [(&str, &str); 2] = [("user-key-field", "IdP_Key__c"), ("contact-key-field", "IdP_Key__c")];

fn ada(org: &Org) -> DesiredUser {
    person("Ada", &org.id("Profile", "Name = 'Customer Community Plus User'"))
}

#[test]
fn a_person_is_found_by_the_hosts_key_when_everything_else_has_changed() {
    let org = Org::start(5, 951);
    let session = org.session_with(&KEYS);
    let user = ada(&org);
    let made = session.push_users(std::slice::from_ref(&user), &PushMode::Apply).unwrap().remove(0).unwrap();
    for object in ["User", "Contact"] {
        assert_eq!(org.count(&format!("{object} WHERE IdP_Key__c = 'Ada'")), 1, "{object}");
    }
    let mut renamed = DesiredUser { username: "countess@lighthouse.example".to_owned(), ..user };
    renamed.changes = vec![set("email", "countess@lighthouse.example"), set("federationId", "F-Countess")];
    let outcome = session.push_users(&[renamed], &PushMode::Apply).unwrap().remove(0).unwrap();
    assert_eq!((outcome.action, outcome.id), (Action::Updated, made.id));
    assert_eq!(org.count("User WHERE Username = 'countess@lighthouse.example' AND IdP_Key__c = 'Ada'"), 1);
}

#[test]
fn keys_keep_two_new_people_of_one_address_apart() {
    let org = Org::start(5, 952);
    let session = org.session_with(&KEYS);
    let mut twin = person("Eve", &org.id("Profile", "Name = 'Customer Community Plus User'"));
    let users = |twin: &DesiredUser| [ada(&org), twin.clone()];
    twin.changes.retain(|change| change.name != "email");
    twin.changes.push(set("email", "ada@lighthouse.example"));
    let results = session.push_users(&users(&twin), &PushMode::Apply).unwrap();
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(org.count("Contact WHERE Email = 'ada@lighthouse.example'"), 2);
    // Without keys nobody could say later which contact is whose.
    let org = Org::start(5, 953);
    let results = org.session().push_users(&users(&twin), &PushMode::Apply).unwrap();
    assert_eq!(results[1].as_ref().unwrap_err().kind, ErrorKind::AmbiguousMatch);
}

#[test]
fn a_key_and_a_username_of_two_users_stop_the_push_with_both_named() {
    let org = Org::start(5, 954);
    let session = org.session_with(&KEYS);
    let eve = person("Eve", &org.id("Profile", "Name = 'Customer Community Plus User'"));
    session.push_users(&[ada(&org), eve], &PushMode::Apply).unwrap();
    let torn = DesiredUser { key: "Eve".to_owned(), ..ada(&org) };
    let error = session.push_users(&[torn], &PushMode::Apply).unwrap().remove(0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::AmbiguousMatch);
    for part in ["eve@lighthouse.example", "it carries the person's key", "ada@lighthouse.example"] {
        assert!(error.message.contains(part), "{part}: {error:?}");
    }
}

#[test]
fn custom_fields_of_users_and_contacts_are_set_kept_and_cleared() {
    let org = Org::start(5, 955);
    let session = org.session();
    let mut user = ada(&org);
    user.changes.push(set("Cost_Center__c", "CC-1"));
    user.changes.push(Change { name: "Contact.Newsletter__c".to_owned(), value: Some(Value::Boolean(true)) });
    let push = |user: &DesiredUser| session.push_users(std::slice::from_ref(user), &PushMode::Apply).unwrap().remove(0);
    push(&user).unwrap();
    let has =
        "User WHERE Username = 'ada@lighthouse.example' AND Cost_Center__c = 'CC-1' AND Contact.Newsletter__c = true";
    assert_eq!(org.count(has), 1);
    assert_eq!(push(&user).unwrap().action, Action::Unchanged);
    user.changes.retain(|change| change.name != "Cost_Center__c");
    user.changes.push(Change { name: "Cost_Center__c".to_owned(), value: None });
    assert_eq!(push(&user).unwrap().action, Action::Updated);
    assert_eq!(org.count("User WHERE Username = 'ada@lighthouse.example' AND Cost_Center__c = null"), 1);

    user.changes.push(set("Shoe_Size__c", "38"));
    let error = push(&user).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidValue);
    assert!(error.message.contains("Shoe_Size__c") && error.message.contains("does not exist"), "{error:?}");
}
