use super::*;
use crate::host::Failure;
use crate::model::{Action, Change, Grant, Retry, Value};
use crate::operations::Session;
use crate::scripted::{Script, golden, records, session, session_with};

mod addresses;
mod assignments;
mod compatibility;
mod contacts;
mod kinds;
mod ledger;
mod listed;
mod matching;
mod references;
mod rounds;
mod wanted;

const USER: &str = "0055e000001UsrAAAS";
const OTHER_USER: &str = "0055e000001UsrBAAS";
const CONTACT: &str = "0035e000001ConAAAS";
const OTHER_CONTACT: &str = "0035e000001ConBAAS";
const PROFILE: &str = "00e5e000001PrtAAAS";
const USER_FIELDS: &str =
    "Id,Username,IsActive,UserType,ProfileId,UserRoleId,FederationIdentifier,ContactId,Contact.AccountId";

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
    let zone = |value: &str| format!(r#"{{"active":true,"value":"{value}"}}"#);
    let zones = [zone("GMT"), zone("Europe/London")].join(",");
    let field = format!(
        r#"{{"name":"TimeZoneSidKey","type":"picklist","restrictedPicklist":true,"createable":true,"picklistValues":[{zones}]}}"#
    );
    script.composite(&[
        ("sobjects/User/describe", 200, &format!(r#"{{"fields":[{field}]}}"#)),
        ("sobjects/Contact/describe", 200, r#"{"fields":[]}"#),
        ("sobjects/PermissionSetAssignment/describe", 200, r#"{"fields":[]}"#),
    ]);
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
    let request = golden("push/create-user.json");
    script.unanswered("POST", "composite/sobjects", request.trim_end(), Failure::TimedOut);
    let error = push_one(&session, ada(), &PushMode::Apply).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient);
    assert!(error.message.contains("may have been made"), "{error}");
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

// A field that a row lacks was taken for one that is empty: a plan said that it had been cleared, and each push wrote it again.
#[test]
fn a_field_that_a_row_lacks_is_not_compared_as_if_it_were_empty() {
    let account = r#""AccountId":"0015e00000AcmeAAAR""#;
    for (extra, field) in [
        (format!(r#","Contact":{{"Title":"Countess",{account}}}"#), "Title"),
        (format!(r#","Title":"Countess","Contact":{{{account}}}"#), "Contact.Title"),
        (r#","Title":"Countess","Contact":{"Title":"Countess"}"#.to_owned(), "Contact.AccountId"),
    ] {
        for wanted in [Some("Countess"), Some("Analyst"), None] {
            let script = Script::new();
            let session = session(&script);
            find_known(script.incomplete(), ",Title,Contact.Title", &[&row(&extra)]);
            // No write is expected.
            let error = session.push_users(&[known_ada("title", wanted)], &PushMode::Apply).unwrap_err();
            assert_eq!(error.kind, ErrorKind::PermissionDenied, "{error}");
            assert!(error.message.contains(&format!("lacks the field {field},")), "{error}");
        }
    }
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
    assert!(!script.pauses().is_empty());
}
