//! The native host carries what the component's host carries.

use salesforce_portal_connector::model::{Action, PushMode};

use crate::support::{Native, Org, person, unless_dropped, writes};

#[test]
fn a_push_makes_a_user_and_its_contact_in_two_writes() {
    let org = Org::start(5, 901);
    let session = org.session();
    let people = [person("Ada", &org.id("Profile", "Name = 'Customer Community User'"))];
    let (results, journal) = org.observe(|| session.push_users(&people, &PushMode::Apply).unwrap());
    let outcome = results[0].as_ref().unwrap();
    assert_eq!(outcome.action, Action::Created);
    assert_eq!(writes(&journal).len(), 2, "{:?}", writes(&journal));
    assert_eq!(org.count("User WHERE Username = 'ada@lighthouse.example'"), 1);
}

#[test]
fn a_host_that_drops_the_connector_sends_nothing_more() {
    let org = Org::start(5, 902);
    let host = Native::new();
    host.drop_after(0);
    let opened = unless_dropped(|| {
        salesforce_portal_connector::operations::Session::open(host, org.settings()).map(|session| session.usage())
    });
    assert!(opened.is_none());
    assert!(org.emulator.journal().is_empty());
}
