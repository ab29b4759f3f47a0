//! Fields that are no texts: what of them is taken, how it is compared, and that it is sent as JSON has it.

use super::*;

/// One custom field of each kind of the user's, and one of its contact.
const USER_FIELDS_DESCRIBED: [(&str, &str, &str); 9] = [
    ("Active__c", "boolean", ""),
    ("Born__c", "date", ""),
    ("Floor__c", "int", ""),
    ("Manager__c", "reference", ""),
    ("Score__c", "double", ""),
    ("Seen__c", "datetime", ""),
    (
        "Skills__c",
        "multipicklist",
        r#","restrictedPicklist":true,"picklistValues":[{"active":true,"value":"Rust"},{"active":true,"value":"SOQL"},{"active":false,"value":"VB"}]"#,
    ),
    ("Team__c", "string", r#","length":10"#),
    ("Secret__c", "string", r#","updateable":false"#),
];

fn described(script: &Script) {
    let field = |(name, kind, more): &(&str, &str, &str)| {
        let rights = if more.contains("updateable") { "" } else { r#","updateable":true"# };
        format!(r#"{{"name":"{name}","label":"x","type":"{kind}","custom":true,"nillable":true{rights}{more}}}"#)
    };
    let flag = r#"{"name":"UserPermissionsSFContentUser","label":"Content","type":"boolean","updateable":true}"#;
    let mut fields: Vec<String> = USER_FIELDS_DESCRIBED.iter().map(field).collect();
    fields.push(flag.to_owned());
    let contact = field(&("Newsletter__c", "boolean", ""));
    script.composite(&[
        ("sobjects/User/describe", 200, &format!(r#"{{"fields":[{}]}}"#, fields.join(","))),
        ("sobjects/Contact/describe", 200, &format!(r#"{{"fields":[{contact}]}}"#)),
        ("sobjects/PermissionSetAssignment/describe", 200, r#"{"fields":[]}"#),
    ]);
}

fn ada_with(changes: &[(&str, Value)]) -> DesiredUser {
    let changes = changes.iter().map(|(name, value)| Change { name: (*name).to_owned(), value: Some(value.clone()) });
    DesiredUser { changes: changes.collect(), ..known_ada("title", None) }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn many(values: &[&str]) -> Value {
    Value::Many(values.iter().map(|&value| value.to_owned()).collect())
}

/// Every kind, set to something.
fn all() -> DesiredUser {
    ada_with(&[
        ("Active__c", Value::Boolean(true)),
        ("Born__c", text("1815-12-10")),
        ("Floor__c", Value::Integer(7)),
        ("Manager__c", text(OTHER_USER)),
        ("Score__c", text("1234567890123456.78")),
        ("Seen__c", text("2022-03-17T18:21:26+02:00")),
        ("Skills__c", many(&["SOQL", "Rust"])),
        ("Team__c", text("true")),
        ("Contact.Newsletter__c", text("false")),
    ])
}

/// The query for Ada with those fields, as she is.
fn find_all(script: &Script, values: &str) {
    let paths = ",Active__c,Born__c,Floor__c,Manager__c,Score__c,Seen__c,Skills__c,Team__c,Contact.Newsletter__c";
    find_known(script, paths, &[&row(values)]);
    find_frozen(script, USER, &[]);
}

#[test]
fn every_kind_of_value_is_sent_as_json_has_it_and_never_as_a_text() {
    let script = Script::new();
    let session = session(&script);
    described(&script);
    let old = r#","Active__c":false,"Born__c":null,"Floor__c":6.0,"Score__c":null,"Contact":{"AccountId":"0015e00000AcmeAAAR","Newsletter__c":true}"#;
    find_all(&script, old);
    let (users, contacts) = (golden("push/kinds-of-user.json"), golden("push/kinds-of-contact.json"));
    script.rest("PATCH", "composite/sobjects", users.trim_end(), 200, made(USER));
    script.rest("PATCH", "composite/sobjects", contacts.trim_end(), 200, made(CONTACT));
    let outcome = push_one(&session, all(), &PushMode::Apply).unwrap();
    assert_eq!((outcome.action, outcome.changes.len()), (Action::Updated, 9));
}

#[test]
fn what_is_there_in_another_notation_is_no_change() {
    let script = Script::new();
    let session = session(&script);
    described(&script);
    let same = r#","Active__c":true,"Born__c":"1815-12-10","Floor__c":7.0,"Manager__c":"0055e000001UsrBAAS","Score__c":1.23456789012345678E15,"Seen__c":"2022-03-17T16:21:26.000+0000","Skills__c":"Rust;SOQL","Team__c":"true","Contact":{"AccountId":"0015e00000AcmeAAAR","Newsletter__c":false}"#;
    find_all(&script, same);
    let outcome = push_one(&session, all(), &PushMode::Apply).unwrap();
    assert_eq!((outcome.action, outcome.changes), (Action::Unchanged, Vec::new()));
}

#[test]
fn a_feature_licence_is_given_by_a_true_that_is_no_text() {
    let script = Script::new();
    let session = session(&script);
    described(&script);
    let feature = Grant { kind: "feature-license".to_owned(), id: "userpermissionssfcontentuser".to_owned() };
    let user = DesiredUser { grants: vec![feature.clone(), feature], changes: Vec::new(), ..known_ada("title", None) };
    find_known(&script, ",UserPermissionsSFContentUser", &[&row(r#","UserPermissionsSFContentUser":false"#)]);
    find_frozen(&script, USER, &[]);
    let licence = r#"{"Id":"1005e000000LicAAAS","Name":"Plus","TotalLicenses":1,"UsedLicenses":1}"#;
    let profile = format!(
        r#"{{"Id":"{PROFILE}","Name":"C","UserType":"PowerCustomerSuccess","UserLicenseId":"1005e000000LicAAAS"}}"#
    );
    script.composite(&[
        (
            &format!("SELECT Id,Name,UserType,UserLicenseId FROM Profile WHERE Id IN ('{PROFILE}')"),
            200,
            &records(&[&profile]),
        ),
        ("SELECT Id,Name,TotalLicenses,UsedLicenses FROM UserLicense", 200, &records(&[licence])),
    ]);
    patch(&script, &format!(r#"{{"attributes":{{"type":"User"}},"Id":"{USER}","UserPermissionsSFContentUser":true}}"#));
    let outcome = push_one(&session, user, &PushMode::Apply).unwrap();
    let change = ("User.UserPermissionsSFContentUser".to_owned(), Some("false"), Some("true"));
    assert_eq!(fields(&outcome), [change]);
}

#[test]
fn a_value_that_its_field_cannot_hold_is_refused_before_any_request() {
    let (set, missing) = (ErrorKind::InvalidValue, ErrorKind::MissingValue);
    for (name, value, kind, words) in [
        ("Active__c", text("yes"), &set, "is neither true nor false"),
        ("Active__c", text("TRUE"), &set, "is neither true nor false"),
        ("Active__c", Value::Integer(1), &set, "is neither true nor false"),
        ("Active__c", text(" "), &missing, "is empty, and Salesforce needs it"),
        ("Active__c", many(&["true"]), &set, "takes a single text"),
        ("Born__c", text("10.12.1815"), &set, "is not a date such as"),
        ("Born__c", text("1815-02-29"), &set, "is not a date such as"),
        ("Born__c", text("1815-12-10T00:00:00Z"), &set, "is not a date such as"),
        ("Floor__c", text("7.5"), &set, "is not a whole number"),
        ("Floor__c", text("seven"), &set, "is not a whole number"),
        ("Floor__c", Value::Boolean(true), &set, "takes a single text"),
        ("Score__c", text("1,5"), &set, "is not a number"),
        ("Score__c", many(&["1"]), &set, "takes a single text"),
        ("Seen__c", text("yesterday"), &set, "is not a date and time such as"),
        ("Seen__c", text("2022-03-17"), &set, "is not a date and time such as"),
        ("Seen__c", Value::Integer(1_647_534_086), &set, "is not a date and time such as"),
        ("Skills__c", many(&["Rust", "VB"]), &set, "is not among its choices"),
        ("Skills__c", text("Rust;COBOL"), &set, "is not among its choices"),
        ("Team__c", many(&["a", "b"]), &set, "takes a single text"),
        ("Team__c", Value::Boolean(true), &set, "takes a single text"),
        ("Team__c", text("Mathematics"), &set, "has 11 characters, and Salesforce takes 10"),
        ("Secret__c", text("x"), &set, "cannot be written"),
        ("Other__c", text("x"), &set, "does not exist"),
        // The contact's field is not the user's.
        ("Newsletter__c", text("true"), &set, "does not exist"),
        ("Contact.Team__c", text("x"), &set, "does not exist"),
    ] {
        let script = Script::new();
        let session = session(&script);
        described(&script);
        let error = push_one(&session, ada_with(&[(name, value.clone())]), &PushMode::Apply).unwrap_err();
        assert_eq!(error.kind, *kind, "{name} {value:?}: {error}");
        assert!(
            error.message.starts_with(&format!("the attribute {name} of the user ada@portal.example "))
                && error.message.contains(words),
            "{error}"
        );
        assert!(error.remedy.is_some(), "{error:?}");
    }
}

#[test]
fn no_choice_of_several_clears_them_as_an_empty_text_does() {
    for value in [Some(many(&[])), Some(text(" ")), None] {
        let script = Script::new();
        let session = session(&script);
        described(&script);
        let mut user = ada_with(&[]);
        user.changes.push(Change { name: "Skills__c".to_owned(), value: value.clone() });
        find_known(&script, ",Skills__c", &[&row(r#","Skills__c":"Rust""#)]);
        find_frozen(&script, USER, &[]);
        patch(&script, &format!(r#"{{"attributes":{{"type":"User"}},"Id":"{USER}","Skills__c":null}}"#));
        let outcome = push_one(&session, user, &PushMode::Apply).unwrap();
        assert_eq!(fields(&outcome), [("User.Skills__c".to_owned(), Some("Rust"), None)], "{value:?}");
    }
}
