//! No value of a person's gets out of its place in a query or a request.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use salesforce_portal_connector::model::{
    Action, Change, Deactivation, DesiredUser, ErrorKind, ImportQuery, ImportScope, PushMode, Value,
};
use salesforce_portal_connector::operations::Session;

use crate::support::{Native, Org, grant, person, set};

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

/// A query without what stands in its literals, however many there are in a list.
fn shape(query: &str) -> String {
    let (mut shape, mut letters) = (String::new(), query.chars());
    while let Some(letter) = letters.next() {
        shape.push(letter);
        if letter != '\'' {
            continue;
        }
        while let Some(inside) = letters.next().filter(|inside| *inside != '\'') {
            if inside == '\\' {
                letters.next();
            }
        }
        shape.push('\'');
    }
    while shape.contains("'',''") {
        shape = shape.replace("'',''", "''");
    }
    shape
}

/// Does whatever takes a text from outside, with this text in each place; gives the shapes of all queries behind their fields.
fn everywhere(session: &Session<Native>, host: &Native, profile: &str, text: &str) -> BTreeSet<String> {
    let base = |at: &str| person(&format!("Evil-{at}"), profile);
    let mut users = vec![
        DesiredUser { key: format!("{text} key"), ..base("key") },
        DesiredUser { username: format!("{text}@x.example"), ..base("username") },
        DesiredUser { id: Some(text.to_owned()), ..base("id") },
    ];
    let kinds = ["profile", "role", "permission-set", "permission-set-group", "feature-license", "public-group"];
    for kind in kinds {
        let mut user = base(kind);
        user.grants.push(grant(kind, text));
        users.push(user);
    }
    for attribute in session.list_attributes().unwrap() {
        let mut user = base(&attribute.name);
        user.changes.retain(|change| change.name != attribute.name);
        user.changes.push(Change { name: attribute.name, value: Some(Value::Text(text.to_owned())) });
        users.push(user);
    }
    let mut unknown = base("name");
    unknown.changes.push(set(&format!("{text}__c"), "x"));
    users.push(unknown);
    for result in session.push_users(&users, &PushMode::Plan).unwrap() {
        if let Err(error) = result {
            assert!(error.upstream.is_none(), "{text:?} reached Salesforce and was refused: {error}");
        }
    }
    let ids = [text.to_owned()];
    assert!(session.deactivate_users(&ids, Deactivation::Deactivate, &PushMode::Plan).unwrap()[0].is_err());
    for kind in kinds {
        assert_eq!(session.list_entitlements(kind, Some(text)).unwrap_err().kind, ErrorKind::StaleReference);
    }
    let import = |scope, attribute: &str| {
        let attributes = vec![attribute.to_owned()];
        session.import_users(&ImportQuery { scope, page_size: 5, attributes, grants: false }).map(|_| ())
    };
    for scope in [ImportScope::Resume(text.to_owned()), ImportScope::Since(text.to_owned())] {
        assert_eq!(import(scope, "email").unwrap_err().kind, ErrorKind::StaleReference);
    }
    assert_eq!(import(ImportScope::Full, text).unwrap_err().kind, ErrorKind::InvalidValue);
    let queries = host.queries();
    let shapes = queries.iter().map(|query| {
        // Which fields are selected hangs on which values are sound; that they are fields is seen by their letters.
        let (selected, rest) = query.split_once(" FROM ").unwrap();
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || "_., ()".contains(letter);
        assert!(selected.starts_with("SELECT ") && selected.chars().all(is_name), "{query}");
        shape(rest)
    });
    shapes.collect()
}

#[test]
fn no_text_changes_the_shape_of_any_query() {
    let org = Org::start(5, 63);
    let host = Native::new();
    let keys = [("user-key-field", "IdP_Key__c"), ("contact-key-field", "IdP_Key__c")];
    let session = Session::open(host.clone(), org.settings_with(&keys)).unwrap();
    let profile = org.profile("Customer Community User");
    let known = everywhere(&session, &host, &profile, "harmless");
    assert!(known.len() >= 3 && known.iter().any(|shape| shape.contains("FederationIdentifier IN ('')")), "{known:?}");
    let texts = prop_oneof![
        any::<String>(),
        "['\"\\\\%_(){}@&;,.\n\r\t a-zA-Z0-9-]{0,60}",
        "[a-z]{0,3}'\\) (OR|AND|LIMIT|UNION) [a-z]{1,5} (=|>|LIKE) '[a-z%]{0,3}",
    ];
    let mut runner = TestRunner::new(Config { cases: 96, failure_persistence: None, ..Config::default() });
    runner
        .run(&texts, |text| {
            for shape in everywhere(&session, &host, &profile, &text) {
                prop_assert!(known.contains(&shape), "{text:?} makes another query: {shape}");
            }
            Ok(())
        })
        .unwrap();
}
