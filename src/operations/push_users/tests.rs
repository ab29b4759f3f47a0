use super::*;
use crate::host::Failure;
use crate::model::{Action, Change, Grant, Retry, Value};
use crate::operations::Session;
use crate::scripted::{ROOT, SESSION, Script, golden, records, settings};

mod ledger;
mod rounds;

const USER: &str = "0055e000001UsrAAAS";
const OTHER_USER: &str = "0055e000001UsrBAAS";
const CONTACT: &str = "0035e000001ConAAAS";
const OTHER_CONTACT: &str = "0035e000001ConBAAS";
const PROFILE: &str = "00e5e000001PrtAAAS";
const USER_FIELDS: &str =
    "Id,Username,IsActive,UserType,ProfileId,UserRoleId,FederationIdentifier,ContactId,Contact.AccountId";

fn session(script: &Script) -> Session<Script> {
    script.sign_in();
    Session::open(script.clone(), settings()).unwrap_or_else(|error| panic!("{error}"))
}

fn change(name: &str, value: &str) -> Change {
    Change { name: name.to_owned(), value: Some(Value::Text(value.to_owned())) }
}

/// Ada, as a directory wants a new user.
fn ada() -> DesiredUser {
    DesiredUser {
        key: "person-1".to_owned(),
        id: None,
        username: "ada@portal.example".to_owned(),
        changes: vec![
            change("email", "ada@example.com"),
            change("givenName", "Ada"),
            change("familyName", "King"),
            change("federationId", "fed-ada"),
        ],
        grants: vec![Grant { kind: "profile".to_owned(), id: PROFILE[..15].to_owned() }],
        exact_grants: false,
    }
}

/// Ada as she is, with one attribute to set.
fn known_ada(name: &str, value: Option<&str>) -> DesiredUser {
    let value = value.map(|value| Value::Text(value.to_owned()));
    DesiredUser {
        id: Some(USER.to_owned()),
        changes: vec![Change { name: name.to_owned(), value }],
        grants: vec![],
        ..ada()
    }
}

fn row(extra: &str) -> String {
    row_of(USER, "ada@portal.example", "PowerCustomerSuccess", extra)
}

fn row_of(id: &str, username: &str, kind: &str, extra: &str) -> String {
    format!(
        r#"{{"Id":"{id}","Username":"{username}","IsActive":true,"UserType":"{kind}","ProfileId":"{PROFILE}","UserRoleId":null,"FederationIdentifier":null,"ContactId":"{CONTACT}"{extra}}}"#
    )
}

/// The query that finds a new Ada's user.
fn find_new(script: &Script, rows: &[&str]) {
    script.query(
        &format!(
            "SELECT {USER_FIELDS},Email,Contact.Email,FirstName,Contact.FirstName,LastName,Contact.LastName FROM User \
             WHERE Username IN ('ada@portal.example') OR FederationIdentifier IN ('fed-ada')"
        ),
        200,
        records(rows),
    );
}

/// The query that finds a known Ada's user.
fn find_known(script: &Script, fields: &str, rows: &[&str]) {
    script.query(
        &format!("SELECT {USER_FIELDS}{fields} FROM User WHERE Id IN ('{USER}') OR Username IN ('ada@portal.example')"),
        200,
        records(rows),
    );
}

/// The query for frozen users among those that were found.
fn find_frozen(script: &Script, user: &str, rows: &[&str]) {
    let soql = format!("SELECT UserId FROM UserLogin WHERE UserId IN ('{user}') AND IsFrozen = true");
    script.query(&soql, 200, records(rows));
}

fn find_contacts(script: &Script, rows: &[&str]) {
    script.query(
        "SELECT Id,Email,Name,FirstName,LastName FROM Contact \
         WHERE AccountId = '0015e00000AcmeAAAR' AND Email IN ('ada@example.com')",
        200,
        records(rows),
    );
}

fn find_users_of_contact(script: &Script, rows: &[&str]) {
    script.query(
        &format!("SELECT Id,Username,IsActive,ContactId FROM User WHERE ContactId IN ('{CONTACT}')"),
        200,
        records(rows),
    );
}

/// What is asked about the profile before a user is made.
fn fits(script: &Script) {
    let licence = "1005e000000LicAAAS";
    let answer = |row: String| records(&[&row]);
    let profile = answer(format!(
        r#"{{"Id":"{PROFILE}","Name":"Customer","UserType":"PowerCustomerSuccess","UserLicenseId":"{licence}"}}"#
    ));
    let licences =
        answer(format!(r#"{{"Id":"{licence}","Name":"Customer Community Plus","TotalLicenses":10,"UsedLicenses":2}}"#));
    let account = answer(
        r#"{"Id":"0015e00000AcmeAAAR","Name":"Acme","Owner":{"Username":"o@acme.example","UserRoleId":"00E5e000001RolAEAS"}}"#
            .to_owned(),
    );
    script.composite(&[
        (&format!("SELECT Id,Name,UserType,UserLicenseId FROM Profile WHERE Id IN ('{PROFILE}')"), 200, &profile),
        ("SELECT Id,Name,TotalLicenses,UsedLicenses FROM UserLicense", 200, &licences),
        (
            "SELECT FIELDS(STANDARD),Owner.Username,Owner.UserRoleId FROM Account WHERE Id IN ('0015e00000AcmeAAAR')",
            200,
            &account,
        ),
    ]);
}

fn contact(id: &str) -> String {
    format!(r#"{{"Id":"{id}","Email":"Ada@Example.com","Name":"Ada Byron","FirstName":"Ada","LastName":"Byron"}}"#)
}

fn post(script: &Script, request: &str, response: &str) {
    script.rest("POST", "composite/sobjects", golden(request).trim_end(), 200, response);
}

fn patch(script: &Script, records: &str) {
    let body = format!(r#"{{"allOrNone":false,"records":[{records}]}}"#);
    script.rest(
        "PATCH",
        "composite/sobjects",
        &body,
        200,
        format!(r#"[{{"id":"{USER}","success":true,"errors":[]}}]"#),
    );
}

fn made(id: &str) -> String {
    format!(r#"[{{"id":"{id}","success":true,"errors":[]}}]"#)
}

fn refused(code: &str, message: &str) -> String {
    format!(r#"[{{"success":false,"errors":[{{"statusCode":"{code}","message":"{message}","fields":[]}}]}}]"#)
}

fn push_one(session: &Session<Script>, user: DesiredUser, mode: &PushMode) -> Result<Outcome> {
    let mut results = session.push_users(&[user], mode)?;
    assert_eq!(results.len(), 1);
    results.remove(0)
}

fn fields(outcome: &Outcome) -> Vec<(String, Option<&str>, Option<&str>)> {
    outcome
        .changes
        .iter()
        .map(|change| (format!("{}.{}", change.object, change.field), change.old.as_deref(), change.new.as_deref()))
        .collect()
}

#[test]
fn a_new_person_becomes_a_contact_and_then_a_user() {
    let script = Script::new();
    let session = session(&script);
    find_new(&script, &[]);
    find_contacts(&script, &[]);
    fits(&script);
    post(&script, "push/create-contact.json", &made(CONTACT));
    post(&script, "push/create-user.json", &made(USER));
    let outcome = push_one(&session, ada(), &PushMode::Apply).unwrap();
    assert_eq!(outcome.action, Action::Created);
    assert_eq!(outcome.id.as_deref(), Some(USER));
}

#[test]
fn a_plan_of_a_new_person_writes_nothing_and_lists_every_field() {
    let script = Script::new();
    let session = session(&script);
    find_new(&script, &[]);
    find_contacts(&script, &[]);
    fits(&script);
    let outcome = push_one(&session, ada(), &PushMode::Plan).unwrap();
    assert_eq!((outcome.action, outcome.id.as_deref()), (Action::Created, None));
    let listed: Vec<String> =
        outcome.changes.iter().map(|change| format!("{}.{}", change.object, change.field)).collect();
    assert_eq!(
        listed,
        [
            "Contact.AccountId",
            "Contact.Email",
            "Contact.FirstName",
            "Contact.LastName",
            "User.Username",
            "User.Email",
            "User.FirstName",
            "User.LastName",
            "User.FederationIdentifier",
            "User.Alias",
            "User.CommunityNickname",
            "User.TimeZoneSidKey",
            "User.LocaleSidKey",
            "User.EmailEncodingKey",
            "User.LanguageLocaleKey",
            "User.ProfileId",
        ]
    );
    let time_zone = outcome.changes.iter().find(|change| change.field == "TimeZoneSidKey").unwrap();
    assert_eq!(time_zone.new.as_deref(), Some("Europe/Berlin"));
}

#[test]
fn defaults_of_a_new_user_give_way_to_attributes() {
    let script = Script::new();
    let session = session(&script);
    let mut user = ada();
    user.changes = vec![
        change("email", "ada@example.com"),
        change("familyName", "Lovelace-Byron"),
        change("nickName", "enchantress"),
        change("timezone", "Europe/London"),
    ];
    script.query(
        &format!(
            "SELECT {USER_FIELDS},Email,Contact.Email,LastName,Contact.LastName,CommunityNickname,TimeZoneSidKey FROM User \
             WHERE Username IN ('ada@portal.example')"
        ),
        200,
        records(&[]),
    );
    script.query(
        "SELECT Id,Email,Name,LastName FROM Contact WHERE AccountId = '0015e00000AcmeAAAR' AND Email IN ('ada@example.com')",
        200,
        records(&[]),
    );
    fits(&script);
    let outcome = push_one(&session, user, &PushMode::Plan).unwrap();
    let new = |field: &str| {
        let mut found = outcome.changes.iter().filter(|change| change.object == "User" && change.field == field);
        let change = found.next().unwrap();
        assert!(found.next().is_none(), "{field} is set twice");
        change.new.clone().unwrap()
    };
    assert_eq!(new("CommunityNickname"), "enchantress");
    assert_eq!(new("TimeZoneSidKey"), "Europe/London");
    assert_eq!(new("Alias"), "lovelac");
}

#[test]
fn the_contact_of_a_refused_user_is_deleted_again() {
    let script = Script::new();
    let session = session(&script);
    find_new(&script, &[]);
    find_contacts(&script, &[]);
    fits(&script);
    post(&script, "push/create-contact.json", &made(CONTACT));
    post(&script, "push/create-user.json", &golden("push/license-exhausted.json"));
    let path = format!("composite/sobjects?ids={CONTACT}&allOrNone=false");
    script.rest("DELETE", &path, "", 200, made(CONTACT));
    let error = push_one(&session, ada(), &PushMode::Apply).unwrap_err();
    assert_eq!(error.kind, ErrorKind::LicenseExhausted);
    assert!(error.message.contains("deleted again"), "{error}");
    assert_eq!(error.upstream.as_ref().unwrap().code, "LICENSE_LIMIT_EXCEEDED");
}

#[test]
fn a_contact_that_cannot_be_deleted_again_is_named() {
    let script = Script::new();
    let session = session(&script);
    find_new(&script, &[]);
    find_contacts(&script, &[]);
    fits(&script);
    post(&script, "push/create-contact.json", &made(CONTACT));
    post(&script, "push/create-user.json", &refused("DUPLICATE_USERNAME", "Duplicate Username."));
    let path = format!("composite/sobjects?ids={CONTACT}&allOrNone=false");
    script.rest("DELETE", &path, "", 200, refused("DELETE_FAILED", "x"));
    let error = push_one(&session, ada(), &PushMode::Apply).unwrap_err();
    assert_eq!(error.kind, ErrorKind::UsernameTaken);
    assert!(error.message.contains(CONTACT), "{error}");
}

#[test]
fn after_a_cut_connection_the_contact_is_kept_for_the_user_that_may_exist() {
    let script = Script::new();
    let session = session(&script);
    find_new(&script, &[]);
    find_contacts(&script, &[]);
    fits(&script);
    post(&script, "push/create-contact.json", &made(CONTACT));
    let request = format!(
        "POST {ROOT}composite/sobjects\nauthorization: Bearer {SESSION}\naccept: application/json\n\
         content-type: application/json; charset=UTF-8\n\n{}",
        golden("push/create-user.json")
    );
    script.fail(&request, Failure::TimedOut);
    let error = push_one(&session, ada(), &PushMode::Apply).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient);
    assert!(error.message.contains("may have been made"), "{error}");
}

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
fn an_update_sends_only_what_changed_and_keeps_the_contact_in_step() {
    let script = Script::new();
    let session = session(&script);
    let extra = r#","Title":"Countess","Contact":{"Title":null,"AccountId":"0015e00000AcmeAAAR"}"#;
    find_known(&script, ",Title,Contact.Title", &[&row(extra)]);
    find_frozen(&script, USER, &[]);
    patch(&script, &format!(r#"{{"attributes":{{"type":"User"}},"Id":"{USER}","Title":"Analyst"}}"#));
    patch(&script, &format!(r#"{{"attributes":{{"type":"Contact"}},"Id":"{CONTACT}","Title":"Analyst"}}"#));
    let outcome = push_one(&session, known_ada("title", Some("Analyst")), &PushMode::Apply).unwrap();
    assert_eq!(outcome.action, Action::Updated);
    assert_eq!(
        fields(&outcome),
        [
            ("Contact.Title".to_owned(), None, Some("Analyst")),
            ("User.Title".to_owned(), Some("Countess"), Some("Analyst"))
        ]
    );
}

#[test]
fn an_attribute_can_be_cleared() {
    let script = Script::new();
    let session = session(&script);
    find_known(&script, ",Division", &[&row(r#","Division":"North""#)]);
    find_frozen(&script, USER, &[]);
    patch(&script, &format!(r#"{{"attributes":{{"type":"User"}},"Id":"{USER}","Division":null}}"#));
    let outcome = push_one(&session, known_ada("division", None), &PushMode::Apply).unwrap();
    assert_eq!(fields(&outcome), [("User.Division".to_owned(), Some("North"), None)]);
}

#[test]
fn nothing_changed_means_no_write() {
    let script = Script::new();
    let session = session(&script);
    let extra = r#","Email":"ADA@example.com","Contact":{"Email":"ada@example.com","AccountId":"0015e00000AcmeAAAR"}"#;
    find_known(&script, ",Email,Contact.Email", &[&row(extra)]);
    find_frozen(&script, USER, &[]);
    let outcome = push_one(&session, known_ada("email", Some("ada@example.com")), &PushMode::Apply).unwrap();
    assert_eq!((outcome.action, outcome.changes.len(), outcome.side_effects.len()), (Action::Unchanged, 0, 0));
    assert_eq!(outcome.id.as_deref(), Some(USER));
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
fn an_approved_plan_is_applied_while_it_holds_and_refused_with_the_difference_when_not() {
    let script = Script::new();
    let session = session(&script);
    find_known(&script, ",Division", &[&row(r#","Division":"North""#)]);
    find_frozen(&script, USER, &[]);
    let planned = push_one(&session, known_ada("division", Some("South")), &PushMode::Plan).unwrap();
    let approved = PushMode::ApplyPlanned(vec![planned.digest.clone()]);

    find_known(&script, ",Division", &[&row(r#","Division":"East""#)]);
    find_frozen(&script, USER, &[]);
    let error = push_one(&session, known_ada("division", Some("South")), &approved).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Drifted);
    assert!(error.message.contains("User.Division from \"East\" to \"South\""), "{error}");

    find_known(&script, ",Division", &[&row(r#","Division":"North""#)]);
    find_frozen(&script, USER, &[]);
    patch(&script, &format!(r#"{{"attributes":{{"type":"User"}},"Id":"{USER}","Division":"South"}}"#));
    assert_eq!(push_one(&session, known_ada("division", Some("South")), &approved).unwrap().digest, planned.digest);

    let error = session.push_users(&[], &approved).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidValue);
}

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
        assert_eq!(error.kind, ErrorKind::MissingValue);
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
fn a_record_that_was_locked_is_written_again_and_alone() {
    let script = Script::new();
    let session = session(&script);
    find_known(&script, ",Division", &[&row(r#","Division":"North""#)]);
    find_frozen(&script, USER, &[]);
    let body = format!(
        r#"{{"allOrNone":false,"records":[{{"attributes":{{"type":"User"}},"Id":"{USER}","Division":null}}]}}"#
    );
    script.rest("PATCH", "composite/sobjects", &body, 200, refused("UNABLE_TO_LOCK_ROW", "locked"));
    script.rest("PATCH", "composite/sobjects", &body, 200, made(USER));
    assert_eq!(
        push_one(&session, known_ada("division", None), &PushMode::Apply).map(|outcome| outcome.action),
        Ok(Action::Updated)
    );
    assert!(!script.slept().is_zero());
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
