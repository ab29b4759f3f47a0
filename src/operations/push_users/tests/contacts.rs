//! Contacts that are there already, for people who have no user yet.

use super::*;

const KEYS: [(&str, &str); 1] = [("contact-key-field", "IdP_Key__c")];

/// Two new people of one e-mail address.
fn twins() -> [DesiredUser; 2] {
    let twin = |key: &str, name: &str| DesiredUser {
        key: key.to_owned(),
        username: format!("{name}@portal.example"),
        changes: vec![change("email", "Ada@example.com"), change("familyName", "King")],
        ..ada()
    };
    [twin("person-1", "ada"), twin("person-2", "eve")]
}

fn contact(id: &str, key: &str) -> String {
    format!(r#"{{"Id":"{id}","Email":"ada@example.com","Name":"Ada King","IdP_Key__c":{key},"LastName":"King"}}"#)
}

/// The twins have no users; these are the contacts of their address or key.
fn find(script: &Script, people: &[DesiredUser], keyed: bool, contacts: &[&str]) {
    let names: Vec<String> = people.iter().map(|one| format!("'{}'", one.username)).collect();
    let (user_key, contact_key) = if keyed { (",Contact.IdP_Key__c", ",IdP_Key__c") } else { ("", "") };
    let soql = format!(
        "SELECT {USER_FIELDS}{user_key},Email,Contact.Email,LastName,Contact.LastName FROM User WHERE Username IN ({})",
        names.join(",")
    );
    script.query(&soql, 200, records(&[]));
    let emails = vec!["'Ada@example.com'"; people.len()].join(",");
    let keys: Vec<String> = people.iter().map(|one| format!("'{}'", one.key)).collect();
    let way = match keyed {
        true => format!("(Email IN ({emails}) OR IdP_Key__c IN ({}))", keys.join(",")),
        false => format!("Email IN ({emails})"),
    };
    let soql = format!(
        "SELECT Id,Email,Name{contact_key},LastName FROM Contact WHERE AccountId = '0015e00000AcmeAAAR' AND {way}"
    );
    script.query(&soql, 200, records(contacts));
}

/// The users of these contacts.
fn users_of(script: &Script, contacts: &[&str], users: &[&str]) {
    let ids: Vec<String> = contacts.iter().map(|id| format!("'{id}'")).collect();
    let soql = format!("SELECT Id,Username,IsActive,ContactId FROM User WHERE ContactId IN ({})", ids.join(","));
    script.query(&soql, 200, records(users));
}

/// What a plan does about the contact: the one that it takes, or none.
fn adopted(outcome: &Outcome) -> Option<&str> {
    outcome.changes.iter().find(|change| change.field == "ContactId").and_then(|change| change.new.as_deref())
}

#[test]
fn without_keys_the_second_of_one_address_is_refused_and_the_first_takes_the_contact() {
    let script = Script::new();
    let session = session(&script);
    let people = twins();
    find(&script, &people, false, &[&contact(CONTACT, "null")]);
    users_of(&script, &[CONTACT], &[]);
    fits(&script);
    let results = session.push_users(&people, &PushMode::Plan).unwrap();
    assert_eq!(adopted(results[0].as_ref().unwrap()), Some(CONTACT));
    let error = results[1].as_ref().unwrap_err();
    assert_eq!((&error.kind, error.retry), (&ErrorKind::AmbiguousMatch, Retry::AfterRemedy));
    assert!(error.message.contains("eve@portal.example shares the e-mail address Ada@example.com"), "{error}");
    assert!(error.remedy.as_ref().unwrap().contains("contact-key-field"), "{error:?}");
}

#[test]
fn with_keys_two_of_one_address_get_a_new_contact_each_and_no_strange_one() {
    let script = Script::new();
    let session = session_with(&script, &KEYS);
    let people = twins();
    find(&script, &people, true, &[&contact(CONTACT, "null")]);
    users_of(&script, &[CONTACT], &[]);
    fits(&script);
    for result in session.push_users(&people, &PushMode::Plan).unwrap() {
        let outcome = result.unwrap();
        assert_eq!(adopted(&outcome), None);
        assert!(outcome.changes.iter().any(|change| change.object == "Contact" && change.field == "IdP_Key__c"));
    }
}

#[test]
fn a_contact_is_found_by_the_key_first_and_one_with_another_key_is_left_alone() {
    for (contacts, expected) in [
        (vec![contact(CONTACT, "\"PERSON-1\""), contact(OTHER_CONTACT, "null")], Some(CONTACT)),
        (vec![contact(CONTACT, "\"person-9\""), contact(OTHER_CONTACT, "null")], Some(OTHER_CONTACT)),
        (vec![contact(CONTACT, "\"person-9\"")], None),
    ] {
        let script = Script::new();
        let session = session_with(&script, &KEYS);
        let [person, _] = twins();
        let rows: Vec<&str> = contacts.iter().map(String::as_str).collect();
        find(&script, std::slice::from_ref(&person), true, &rows);
        users_of(&script, &[CONTACT, OTHER_CONTACT][..rows.len()], &[]);
        fits(&script);
        let outcome = push_one(&session, person, &PushMode::Plan).unwrap();
        assert_eq!(adopted(&outcome), expected, "{contacts:?}");
        let taken = outcome.side_effects.iter().any(|effect| effect.contains("is taken for this person"));
        assert_eq!(taken, expected.is_some(), "{outcome:?}");
    }
}

#[test]
fn several_contacts_of_one_key_are_named_and_none_is_taken() {
    let script = Script::new();
    let session = session_with(&script, &KEYS);
    let [person, _] = twins();
    let rows = [CONTACT, OTHER_CONTACT].map(|id| contact(id, "\"person-1\""));
    find(&script, std::slice::from_ref(&person), true, &[&rows[0], &rows[1]]);
    users_of(&script, &[CONTACT, OTHER_CONTACT], &[]);
    let error = push_one(&session, person, &PushMode::Plan).unwrap_err();
    assert_eq!(error.kind, ErrorKind::AmbiguousMatch);
    let both = format!("none was touched: Ada King ({CONTACT}), Ada King ({OTHER_CONTACT})");
    assert!(error.message.contains("several contacts could be") && error.message.contains(&both), "{error}");
}

/// Whoever has the contact's user and gets another address in the same push, or not.
fn holder(new_email: &str) -> DesiredUser {
    DesiredUser {
        key: "person-9".to_owned(),
        id: Some(USER.to_owned()),
        username: "nina@portal.example".to_owned(),
        changes: vec![change("email", new_email)],
        grants: Vec::new(),
        exact_grants: false,
    }
}

#[test]
fn the_address_of_somebody_who_gets_another_one_comes_free_in_the_same_push() {
    for (new_email, kind, words) in [
        ("nina@example.com", ErrorKind::UsernameTaken, "is still that of another user"),
        ("ADA@example.com", ErrorKind::AmbiguousMatch, "it is the portal user of the contact"),
    ] {
        let script = Script::new();
        let session = session(&script);
        let [person, _] = twins();
        let people = [person, holder(new_email)];
        let nina = row_of(
            USER,
            "nina@portal.example",
            "CspLitePortal",
            r#","Email":"ada@example.com","Contact":{"Email":"ada@example.com","AccountId":"0015e00000AcmeAAAR"}"#,
        );
        script.query(
            &format!(
                "SELECT {USER_FIELDS},Email,Contact.Email,LastName,Contact.LastName FROM User \
                 WHERE Id IN ('{USER}') OR Username IN ('ada@portal.example','nina@portal.example')"
            ),
            200,
            records(&[&nina]),
        );
        script.query(
            "SELECT Id,Email,Name,LastName FROM Contact WHERE AccountId = '0015e00000AcmeAAAR' AND Email IN ('Ada@example.com')",
            200,
            records(&[&contact(CONTACT, "null")]),
        );
        find_frozen(&script, USER, &[]);
        let has =
            format!(r#"{{"Id":"{USER}","Username":"nina@portal.example","IsActive":true,"ContactId":"{CONTACT}"}}"#);
        users_of(&script, &[CONTACT], &[&has]);
        let results = session.push_users(&people, &PushMode::Plan).unwrap();
        let error = results[0].as_ref().unwrap_err();
        assert_eq!(error.kind, kind, "{error:?}");
        assert!(error.message.contains(words) && error.message.contains("nina@portal.example"), "{error}");
        assert!(results[1].is_ok(), "{results:?}");
    }
}
