//! No value of a person's gets out of its place in a query or a request.

use salesforce_portal_connector::model::{Action, PushMode};

use crate::support::{Org, person, set};

/// Ends of literals, comments, wildcards, other quotes, control characters, and what JSON and XML mind.
const EVIL: [&str; 14] = [
    "' OR Id != '",
    "\\' OR Name LIKE '%",
    "x\\",
    "'",
    "\"",
    "') LIMIT 1 --",
    "a' AND IsActive = true OR Username > '",
    "%_*?",
    "line\nbreak\tand\rreturn",
    "\u{8}\u{c}\u{1f}",
    "Zoë Ünïcødé 名前 \u{1f600}",
    "</urn:username><x>&amp;",
    "{\"a\":[1]},",
    "@{r0.records[0].Id}",
];

#[test]
fn values_stay_values_whatever_they_hold() {
    let org = Org::start(30, 61);
    let session = org.session();
    let profile = org.id("Profile", "Name = 'Customer Community User'");
    let before = org.count("User");
    for (at, evil) in EVIL.iter().enumerate() {
        let mut user = person(&format!("Evil{at}"), &profile);
        user.changes.push(set("federationId", evil));
        user.changes.retain(|change| change.name != "federationId" || change.value == set("", evil).value);
        user.changes.push(set("department", &evil.chars().take(80).collect::<String>()));
        user.key = format!("key {evil}");
        let results = session.push_users(&[user.clone()], &PushMode::Plan).unwrap();
        match &results[0] {
            // Nobody was found by it, so the plan is to make somebody.
            Ok(outcome) => assert_eq!((outcome.action, &outcome.id), (Action::Created, &None), "{evil:?}"),
            Err(error) => {
                let upstream = error.upstream.as_ref().map(|upstream| upstream.code.as_str());
                assert_eq!(upstream, None, "{evil:?} reached Salesforce and was refused: {error}");
            }
        }
        user.username = format!("{evil}@x.example");
        match &session.push_users(&[user], &PushMode::Plan).unwrap()[0] {
            Ok(outcome) => assert_eq!((outcome.action, &outcome.id), (Action::Created, &None), "{evil:?}"),
            Err(error) => assert!(error.upstream.is_none(), "{evil:?} reached Salesforce and was refused: {error}"),
        }
    }
    assert_eq!(org.count("User"), before);
}

#[test]
fn what_is_written_comes_back_as_it_was() {
    let org = Org::start(300, 62);
    let session = org.session();
    let profile = org.id("Profile", "Name = 'Customer Community User'");
    let mut users = Vec::new();
    for (at, evil) in EVIL.iter().enumerate().filter(|(_, evil)| !evil.contains(char::is_control)) {
        let mut user = person(&format!("Evil{at}"), &profile);
        user.changes.push(set("department", evil));
        users.push(user);
    }
    for (user, result) in users.iter().zip(session.push_users(&users, &PushMode::Apply).unwrap()) {
        let id = result.unwrap_or_else(|error| panic!("{}: {error}", user.username)).id.unwrap();
        let found = org.query(&format!("SELECT Department FROM User WHERE Id = '{id}'"));
        let wanted = user.changes.iter().find(|change| change.name == "department").unwrap();
        assert_eq!(Some(set("", found[0]["Department"].as_str().unwrap()).value), Some(wanted.value.clone()));
    }
    // Found again by the same values, nothing is left to write.
    for result in session.push_users(&users, &PushMode::Plan).unwrap() {
        assert_eq!(result.unwrap().action, Action::Unchanged);
    }
}
