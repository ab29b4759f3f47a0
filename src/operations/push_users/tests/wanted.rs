//! What is refused before anything is asked of Salesforce.

use super::*;

#[test]
fn mistakes_that_can_be_seen_from_here_are_refused_before_any_request() {
    let with = |edit: &dyn Fn(&mut DesiredUser)| {
        let mut user = ada();
        edit(&mut user);
        user
    };
    let set = |name: &'static str, value: &'static str| {
        move |user: &mut DesiredUser| {
            user.changes.retain(|change| change.name != name);
            user.changes.push(change(name, value));
        }
    };
    let long: &'static str = Box::leak("x".repeat(81).into_boxed_str());
    for (user, kind, words) in [
        (with(&|user| user.username = String::new()), ErrorKind::MissingValue, "no username"),
        (with(&|user| user.username = "ada".to_owned()), ErrorKind::InvalidValue, "form of an e-mail"),
        (with(&|user| user.id = Some(CONTACT.to_owned())), ErrorKind::InvalidValue, "does not start with 005"),
        (with(&set("email", "ada at home")), ErrorKind::InvalidValue, "attribute email"),
        (with(&set("familyName", long)), ErrorKind::InvalidValue, "81 characters"),
        (with(&set("familyName", " ")), ErrorKind::MissingValue, "familyName"),
        (with(&set("shoeSize", "38")), ErrorKind::InvalidValue, "does not exist"),
        (with(&set("userType", "Standard")), ErrorKind::InvalidValue, "cannot be written"),
        (with(&set("emailEncoding", "EBCDIC")), ErrorKind::InvalidValue, "among its choices"),
        (with(&set("username", "eve@portal.example")), ErrorKind::InvalidValue, "differs"),
        (with(&|user| user.changes.push(change("email", "b@example.com"))), ErrorKind::InvalidValue, "given twice"),
        (with(&|user| user.grants[0].id = "00E5e000001RolA".to_owned()), ErrorKind::InvalidValue, "profile"),
        (with(&|user| user.grants[0].kind = "permission-set".to_owned()), ErrorKind::InvalidValue, "start with 0PS"),
        (with(&|user| user.grants[0].kind = "badge".to_owned()), ErrorKind::Unsupported, "badge"),
        (
            with(&|user| user.grants.push(Grant { kind: "profile".to_owned(), id: "00e5e000001PrtB".to_owned() })),
            ErrorKind::InvalidValue,
            "only one",
        ),
    ] {
        let script = Script::new();
        let error = push_one(&session(&script), user, &PushMode::Apply).unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(words), "{error}");
        assert!(error.remedy.is_some() && error.retry == Retry::AfterRemedy, "{error:?}");
    }
}

#[test]
fn a_new_user_needs_a_last_name_an_address_and_a_profile() {
    for (missing, words) in [("familyName", "last name"), ("email", "e-mail"), ("profile", "profile")] {
        let script = Script::new();
        let session = session(&script);
        let mut user = ada();
        user.changes.retain(|change| change.name == "familyName" || change.name == "email");
        user.changes.retain(|change| change.name != missing);
        user.grants.retain(|_| missing != "profile");
        let fields: String = user
            .changes
            .iter()
            .map(|change| if change.name == "email" { ",Email,Contact.Email" } else { ",LastName,Contact.LastName" })
            .collect();
        let soql = format!("SELECT {USER_FIELDS}{fields} FROM User WHERE Username IN ('ada@portal.example')");
        script.query(&soql, 200, records(&[]));
        if missing != "email" {
            let name = if missing == "familyName" { "" } else { ",LastName" };
            let soql = format!(
                "SELECT Id,Email,Name{name} FROM Contact WHERE AccountId = '0015e00000AcmeAAAR' AND Email IN ('ada@example.com')"
            );
            script.query(&soql, 200, records(&[]));
        }
        let error = push_one(&session, user, &PushMode::Apply).unwrap_err();
        let kind = match missing {
            "profile" => ErrorKind::Other("missing-grant".into()),
            _ => ErrorKind::MissingValue,
        };
        assert_eq!(error.kind, kind);
        assert!(error.message.contains(words), "{error}");
    }
}

#[test]
fn one_bad_user_never_fails_its_neighbours_and_twins_are_refused() {
    let script = Script::new();
    let session = session(&script);
    let mut bad = ada();
    bad.key = "person-2".to_owned();
    bad.username = "nonsense".to_owned();
    let mut twin = ada();
    twin.key = "person-3".to_owned();
    twin.username = "Ada@Portal.example".to_owned();
    find_new(
        &script,
        &[&row(
            r#","Email":"ada@example.com","FirstName":"Ada","LastName":"King","Contact":{"Email":"ada@example.com","FirstName":"Ada","LastName":"King","AccountId":"0015e00000AcmeAAAR"}"#,
        )],
    );
    find_frozen(&script, USER, &[]);
    patch(&script, &format!(r#"{{"attributes":{{"type":"User"}},"Id":"{USER}","FederationIdentifier":"fed-ada"}}"#));
    let results = session.push_users(&[bad, ada(), twin], &PushMode::Apply).unwrap();
    assert_eq!(results[0].as_ref().unwrap_err().kind, ErrorKind::InvalidValue);
    assert_eq!(results[1].as_ref().unwrap().action, Action::Updated);
    assert_eq!(results[2].as_ref().unwrap_err().kind, ErrorKind::AmbiguousMatch);
}

#[test]
fn each_of_key_username_and_id_is_given_once_in_a_push() {
    let script = Script::new();
    let session = session(&script);
    let person = |key: &str, name: &str, id: &str| DesiredUser {
        key: key.to_owned(),
        username: format!("{name}@portal.example"),
        id: Some(id.to_owned()),
        changes: Vec::new(),
        grants: Vec::new(),
        exact_grants: false,
    };
    let people = [
        person("person-1", "ada", USER),
        person("person-1", "eve", OTHER_USER),
        person("person-2", "ADA", OTHER_USER),
        person("person-3", "max", &USER[..15]),
    ];
    let soql = format!("SELECT {USER_FIELDS} FROM User WHERE Id IN ('{USER}') OR Username IN ('ada@portal.example')");
    script.query(&soql, 200, records(&[&row("")]));
    find_frozen(&script, USER, &[]);
    let results = session.push_users(&people, &PushMode::Apply).unwrap();
    assert_eq!(results[0].as_ref().unwrap().action, Action::Unchanged);
    for (result, what) in results[1..].iter().zip(["key", "username", "id"]) {
        let error = result.as_ref().unwrap_err();
        assert_eq!((&error.kind, error.retry), (&ErrorKind::AmbiguousMatch, Retry::AfterRemedy));
        assert!(error.message.starts_with(&format!("the {what} of the user ")), "{error}");
        assert!(error.message.ends_with("is given twice in this push"), "{error}");
    }
}

#[test]
fn values_may_be_as_long_as_their_field_and_no_longer() {
    let long = |length: usize| "é".repeat(length);
    let with = |name: &str, value: String| {
        let mut user = known_ada("title", None);
        user.changes = vec![change(name, &value)];
        user
    };
    let username = |length: usize| DesiredUser {
        username: format!("{}@portal.example", "x".repeat(length - 15)),
        changes: Vec::new(),
        ..known_ada("title", None)
    };
    let key = |length: usize| DesiredUser { key: long(length), changes: Vec::new(), ..known_ada("title", None) };
    for (user, refused) in [
        (with("title", long(80)), None),
        (with("title", long(81)), Some("has 81 characters, and Salesforce takes 80")),
        (with("alias", long(9)), Some("has 9 characters, and Salesforce takes 8")),
        (username(80), None),
        (username(81), Some("the attribute username of the user")),
        (key(255), None),
        (key(256), Some("is longer than 255 characters")),
    ] {
        let script = Script::new();
        let session = session(&script);
        let fields = if user.changes.is_empty() { "" } else { ",Title,Contact.Title" };
        if refused.is_none() {
            let soql = format!(
                "SELECT {USER_FIELDS}{fields} FROM User WHERE Id IN ('{USER}') OR Username IN ('{}')",
                user.username
            );
            script.query(&soql, 200, records(&[&row("")]));
            find_frozen(&script, USER, &[]);
        }
        match (push_one(&session, user, &PushMode::Plan), refused) {
            (Ok(_), None) => {}
            (Err(error), Some(words)) => {
                assert!(error.kind == ErrorKind::InvalidValue && error.message.contains(words), "{error}");
            }
            (result, _) => panic!("{result:?} and not {refused:?}"),
        }
    }
}

#[test]
fn values_are_taken_without_the_blanks_around_them_and_the_username_may_be_mapped_as_it_is() {
    let script = Script::new();
    let session = session(&script);
    let mut user = known_ada("title", Some(" Countess\t"));
    user.username = " ada@portal.example ".to_owned();
    user.id = Some(format!(" {USER} "));
    user.changes.push(change("username", "ADA@portal.example"));
    find_known(&script, ",Title,Contact.Title", &[&row(r#","Title":"Countess","Contact":{"Title":"Countess"}"#)]);
    find_frozen(&script, USER, &[]);
    assert_eq!(push_one(&session, user, &PushMode::Apply).unwrap().action, Action::Unchanged);
}

/// Describes an org without feature licences and permission set groups.
fn described(script: &Script) {
    script.composite(&[
        ("sobjects/User/describe", 200, r#"{"fields":[]}"#),
        ("sobjects/Contact/describe", 200, r#"{"fields":[]}"#),
        ("sobjects/PermissionSetAssignment/describe", 200, r#"{"fields":[{"name":"PermissionSetId"}]}"#),
    ]);
}

#[test]
fn what_the_organization_does_not_have_is_told_and_not_left_out() {
    for (kind, id, words) in [
        ("feature-license", "UserPermissionsKnowledgeUser", r#"the feature licence "UserPermissionsKnowledgeUser""#),
        ("permission-set-group", "0PG5e000001GrpAGAS", "a permission set group, which this organization"),
    ] {
        let script = Script::new();
        let session = session(&script);
        described(&script);
        let mut user = ada();
        user.grants.push(Grant { kind: kind.to_owned(), id: id.to_owned() });
        let error = push_one(&session, user, &PushMode::Apply).unwrap_err();
        assert_eq!((&error.kind, error.retry), (&ErrorKind::NotFound, Retry::AfterRemedy));
        assert!(error.message.contains(words), "{error}");
    }
}

#[test]
fn ids_of_grants_have_to_be_of_their_kind() {
    for (kind, id, words) in [
        ("profile", "00E5e000001RolA", "does not start with 00e"),
        ("role", "00e5e000001PrtA", "does not start with 00E"),
        ("permission-set", "0PG5e000001GrpA", "does not start with 0PS"),
        ("public-group", "0055e000001UsrA", "does not start with 00G"),
        ("role", "00E5", "the role of the user ada@portal.example"),
    ] {
        let script = Script::new();
        let session = session(&script);
        let user = DesiredUser { grants: vec![Grant { kind: kind.to_owned(), id: id.to_owned() }], ..ada() };
        let error = push_one(&session, user, &PushMode::Apply).unwrap_err();
        assert!(error.kind == ErrorKind::InvalidValue && error.message.contains(words), "{error}");
        assert!(error.message.contains(kind), "{error}");
    }
}

#[test]
fn a_grant_that_is_listed_twice_counts_once() {
    let script = Script::new();
    let session = session(&script);
    let mut user = ada();
    user.grants.push(Grant { kind: "profile".to_owned(), id: PROFILE.to_owned() });
    find_new(&script, &[]);
    find_contacts(&script, &[]);
    fits(&script);
    assert_eq!(push_one(&session, user, &PushMode::Plan).unwrap().action, Action::Created);
}
