//! Who is found to be there already, and who is left alone.

use super::*;

#[test]
fn a_contact_without_a_user_is_adopted_and_kept_in_step() {
    let script = Script::new();
    let session = session(&script);
    find_new(&script, &[]);
    find_contacts(&script, &[&contact(CONTACT)]);
    find_users_of_contact(&script, &[]);
    fits(&script);
    post(&script, "push/create-user-of-contact.json", &made(USER));
    patch(&script, &format!(r#"{{"attributes":{{"type":"Contact"}},"Id":"{CONTACT}","LastName":"King"}}"#));
    let outcome = push_one(&session, ada(), &PushMode::Apply).unwrap();
    assert_eq!(outcome.action, Action::Created);
    assert!(outcome.side_effects[0].contains("Ada Byron"), "{outcome:?}");
}

#[test]
fn a_contact_never_gets_a_second_user() {
    let script = Script::new();
    let session = session(&script);
    find_new(&script, &[]);
    find_contacts(&script, &[&contact(CONTACT)]);
    find_users_of_contact(
        &script,
        &[&format!(r#"{{"Id":"{OTHER_USER}","Username":"byron@x.example","ContactId":"{CONTACT}"}}"#)],
    );
    let error = push_one(&session, ada(), &PushMode::Apply).unwrap_err();
    assert_eq!(error.kind, ErrorKind::AmbiguousMatch);
    assert!(error.message.contains("byron@x.example"), "{error}");
}

#[test]
fn several_contacts_of_one_address_stop_the_push_with_their_names() {
    let script = Script::new();
    let session = session(&script);
    find_new(&script, &[]);
    find_contacts(&script, &[&contact(CONTACT), &contact(OTHER_CONTACT)]);
    script.query(
        &format!("SELECT Id,Username,IsActive,ContactId FROM User WHERE ContactId IN ('{CONTACT}','{OTHER_CONTACT}')"),
        200,
        records(&[]),
    );
    let error = push_one(&session, ada(), &PushMode::Apply).unwrap_err();
    assert_eq!(error.kind, ErrorKind::AmbiguousMatch);
    assert!(error.message.contains(CONTACT) && error.message.contains(OTHER_CONTACT), "{error}");
}

#[test]
fn username_and_federation_id_of_two_users_stop_the_push() {
    let script = Script::new();
    let session = session(&script);
    let other = row_of(OTHER_USER, "x@x.example", "CspLitePortal", "")
        .replace(r#""FederationIdentifier":null"#, r#""FederationIdentifier":"fed-ada""#);
    find_new(&script, &[&row(""), &other]);
    let error = push_one(&session, ada(), &PushMode::Apply).unwrap_err();
    assert_eq!(error.kind, ErrorKind::AmbiguousMatch);
    assert!(error.message.contains(USER) && error.message.contains(OTHER_USER), "{error}");
}

#[test]
fn an_internal_user_with_the_username_is_never_touched() {
    let script = Script::new();
    let session = session(&script);
    find_new(&script, &[&row_of(USER, "ADA@portal.example", "Standard", "")]);
    let error = push_one(&session, ada(), &PushMode::Apply).unwrap_err();
    assert_eq!(error.kind, ErrorKind::UsernameTaken);
}

#[test]
fn a_stored_id_that_is_gone_is_matched_anew_or_told() {
    let script = Script::new();
    let session = session(&script);
    find_known(&script, ",Division", &[&row_of(OTHER_USER, "ada@portal.example", "CspLitePortal", "")]);
    find_frozen(&script, OTHER_USER, &[]);
    let outcome = push_one(&session, known_ada("division", None), &PushMode::Plan).unwrap();
    assert_eq!(outcome.id.as_deref(), Some(OTHER_USER));
    assert!(outcome.side_effects[0].contains(USER));
    find_known(&script, ",Division", &[]);
    let error = push_one(&session, known_ada("division", None), &PushMode::Plan).unwrap_err();
    assert_eq!(error.kind, ErrorKind::StaleReference);
}

#[test]
fn a_username_of_somebody_else_is_not_taken_over() {
    let script = Script::new();
    let session = session(&script);
    let mine = row_of(USER, "countess@portal.example", "CspLitePortal", "");
    find_known(&script, ",Division", &[&mine, &row_of(OTHER_USER, "ada@portal.example", "CspLitePortal", "")]);
    let error = push_one(&session, known_ada("division", None), &PushMode::Apply).unwrap_err();
    assert_eq!(error.kind, ErrorKind::UsernameTaken);
}

#[test]
fn a_query_that_is_too_long_for_a_url_is_asked_in_parts_of_one_call() {
    let script = Script::new();
    let session = session(&script);
    let users: Vec<DesiredUser> = (0..200)
        .map(|at| DesiredUser {
            key: at.to_string(),
            username: format!("{at:03}{}@portal.example", "é".repeat(30)),
            changes: vec![],
            ..ada()
        })
        .collect();
    let queries: Vec<String> = users
        .chunks(67)
        .map(|part| {
            let names: Vec<String> = part.iter().map(|user| format!("'{}'", user.username)).collect();
            format!("SELECT {USER_FIELDS} FROM User WHERE Username IN ({})", names.join(","))
        })
        .collect();
    let nobody = records(&[]);
    let parts: Vec<(&str, u16, &str)> = queries.iter().map(|query| (query.as_str(), 200, nobody.as_str())).collect();
    script.composite(&parts);
    let results = session.push_users(&users, &PushMode::Plan).unwrap();
    assert!(results.iter().all(|result| result.as_ref().unwrap_err().kind == ErrorKind::MissingValue));
}

#[test]
fn a_stored_id_of_an_internal_user_is_never_written() {
    for kind in ["Standard", "PowerSupport", ""] {
        let script = Script::new();
        let session = session(&script);
        find_known(&script, ",Division", &[&row_of(USER, "ada@portal.example", kind, "")]);
        let error = push_one(&session, known_ada("division", Some("South")), &PushMode::Apply).unwrap_err();
        assert_eq!((&error.kind, error.retry), (&ErrorKind::InvalidValue, Retry::AfterRemedy), "{kind}");
        assert!(error.message.contains(USER) && error.message.contains("is no portal user"), "{error}");
        assert_eq!(script.events(), Vec::<String>::new());
    }
}

/// Ada's user after it was deactivated and gave her name up.
fn retired(active: bool) -> String {
    let name = format!("{}.ada@portal.example", USER.to_ascii_lowercase());
    row_of(USER, &name, "CspLitePortal", "").replace(r#""IsActive":true"#, &format!(r#""IsActive":{active}"#))
}

#[test]
fn a_retired_user_keeps_the_name_that_it_took_until_it_is_active_again() {
    let script = Script::new();
    let session = session(&script);
    find_known(&script, "", &[&retired(false)]);
    let mut user = known_ada("title", None);
    user.changes.clear();
    let outcome = push_one(&session, user.clone(), &PushMode::Apply).unwrap();
    assert_eq!((outcome.action, outcome.changes), (Action::Unchanged, Vec::new()));
    assert_eq!(outcome.side_effects, ["The user is inactive and stays so until it is reactivated."]);

    find_known(&script, "", &[&retired(true)]);
    find_frozen(&script, USER, &[]);
    patch(&script, &format!(r#"{{"attributes":{{"type":"User"}},"Id":"{USER}","Username":"ada@portal.example"}}"#));
    let outcome = push_one(&session, user, &PushMode::Apply).unwrap();
    assert_eq!(outcome.action, Action::Updated);
}

#[test]
fn an_inactive_user_that_has_not_given_its_name_up_is_renamed() {
    let script = Script::new();
    let session = session(&script);
    let row = row_of(USER, "byron@portal.example", "CspLitePortal", "");
    find_known(&script, "", &[&row.replace(r#""IsActive":true"#, r#""IsActive":false"#)]);
    patch(&script, &format!(r#"{{"attributes":{{"type":"User"}},"Id":"{USER}","Username":"ada@portal.example"}}"#));
    let mut user = known_ada("title", None);
    user.changes.clear();
    assert_eq!(push_one(&session, user, &PushMode::Apply).unwrap().action, Action::Updated);
}

#[test]
fn a_federation_id_is_compared_as_it_is_and_a_username_without_case() {
    // Another letter's case is another federation id, so nobody is found by it.
    for (federation, username, found) in
        [("fed-ada", "x@x.example", true), ("FED-ADA", "x@x.example", false), ("fed-ada", "ADA@Portal.example", true)]
    {
        let script = Script::new();
        let session = session(&script);
        let row = row_of(USER, username, "CspLitePortal", "")
            .replace(r#""FederationIdentifier":null"#, &format!(r#""FederationIdentifier":"{federation}""#));
        find_new(&script, &[&row]);
        if found {
            find_frozen(&script, USER, &[]);
        } else {
            find_contacts(&script, &[]);
            fits(&script);
        }
        let outcome = push_one(&session, ada(), &PushMode::Plan).unwrap();
        assert_eq!(outcome.id.as_deref(), found.then_some(USER), "{federation} {username}");
    }
}

#[test]
fn a_user_that_the_directory_has_as_somebody_elses_is_not_written_and_both_are_named() {
    for (linked, words) in [
        (true, r#"against it: the directory has it as the user of the person "person-9""#),
        (false, r#"against it: it was the user of the person "person-9""#),
    ] {
        let script = Script::new();
        script.owner(USER, "person-9", linked, false);
        let session = session(&script);
        find_new(&script, &[&row("")]);
        let error = push_one(&session, ada(), &PushMode::Apply).unwrap_err();
        assert_eq!((&error.kind, error.retry), (&ErrorKind::AmbiguousMatch, Retry::AfterRemedy));
        assert!(error.message.contains(words) && error.message.contains("for which speaks: the username"), "{error}");
        let told = script.events();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with(&format!("undecided person-1: {USER} Active")), "{told:?}");
    }
}

#[test]
fn a_user_that_was_this_persons_before_is_taken_again_and_another_federation_id_does_not_count() {
    let other = row("").replace(r#""FederationIdentifier":null"#, r#""FederationIdentifier":"fed-old""#);
    for (owner, taken) in [(Some("person-1"), true), (None, false)] {
        let script = Script::new();
        if let Some(owner) = owner {
            script.owner(USER, owner, false, false);
        }
        let session = session(&script);
        find_new(&script, &[&other]);
        if taken {
            find_frozen(&script, USER, &[]);
        }
        match push_one(&session, ada(), &PushMode::Plan) {
            Ok(outcome) => assert!(taken && outcome.id.as_deref() == Some(USER), "{outcome:?}"),
            Err(error) => {
                assert!(!taken && error.kind == ErrorKind::AmbiguousMatch, "{error:?}");
                assert!(
                    error.message.contains(r#"its federation id is "fed-old" and the person's is "fed-ada""#),
                    "{error}"
                );
            }
        }
    }
}

#[test]
fn a_link_to_a_user_that_the_directory_has_as_somebody_elses_is_not_followed() {
    let script = Script::new();
    script.owner(USER, "person-9", true, false);
    let session = session(&script);
    find_known(&script, ",Division", &[&row("")]);
    let error = push_one(&session, known_ada("division", Some("South")), &PushMode::Apply).unwrap_err();
    assert_eq!(error.kind, ErrorKind::AmbiguousMatch);
    assert!(error.message.contains("person-9"), "{error}");
}

#[test]
fn a_federation_id_of_another_user_than_the_linked_one_stops_the_push() {
    let script = Script::new();
    let session = session(&script);
    let mine = row_of(USER, "ada@portal.example", "CspLitePortal", "");
    let other = row_of(OTHER_USER, "eve@portal.example", "CspLitePortal", "")
        .replace(r#""FederationIdentifier":null"#, r#""FederationIdentifier":"fed-ada""#);
    script.query(
        &format!(
            "SELECT {USER_FIELDS} FROM User WHERE Id IN ('{USER}') OR Username IN ('ada@portal.example') \
             OR FederationIdentifier IN ('fed-ada')"
        ),
        200,
        records(&[&mine, &other]),
    );
    let error = push_one(&session, known_ada("federationId", Some("fed-ada")), &PushMode::Apply).unwrap_err();
    assert_eq!((&error.kind, error.retry), (&ErrorKind::AmbiguousMatch, Retry::AfterRemedy));
    let words = format!(
        "the federation id of the user ada@portal.example belongs to another user, eve@portal.example ({OTHER_USER})"
    );
    assert_eq!(error.message, words);
}

#[test]
fn a_user_that_carries_the_persons_key_is_taken_and_one_with_another_key_is_not() {
    for (key, taken) in [("person-1", true), ("person-9", false)] {
        let script = Script::new();
        let session = session_with(&script, &[("user-key-field", "IdP_Key__c")]);
        // The federation id is another one, which counts only where the key doesn't say who it is.
        let row = row(&format!(r#","IdP_Key__c":"{key}""#))
            .replace(r#""FederationIdentifier":null"#, r#""FederationIdentifier":"fed-old""#);
        script.query(
            &format!(
                "SELECT {USER_FIELDS},IdP_Key__c,Email,Contact.Email,FirstName,Contact.FirstName,LastName,Contact.LastName \
                 FROM User WHERE IdP_Key__c IN ('person-1') OR Username IN ('ada@portal.example') \
                 OR FederationIdentifier IN ('fed-ada')"
            ),
            200,
            records(&[&row]),
        );
        if taken {
            find_frozen(&script, USER, &[]);
        }
        match push_one(&session, ada(), &PushMode::Plan) {
            Ok(outcome) => assert!(taken && outcome.id.as_deref() == Some(USER), "{outcome:?}"),
            Err(error) => {
                assert!(!taken && error.kind == ErrorKind::AmbiguousMatch, "{error:?}");
                let against = r#"against it: it carries the key "person-9", its federation id is "fed-old""#;
                assert!(error.message.contains(against), "{error}");
            }
        }
    }
}
