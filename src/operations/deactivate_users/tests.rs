use super::*;
use crate::operations::Session;
use crate::scripted::{Script, golden, records, settings};

const A: &str = "0055e000001UsrAAAS";
const B: &str = "0055e000001UsrBAAS";
const LOGIN: &str = "0Yw5e000001LogACAS";

fn session(script: &Script) -> Session<Script> {
    script.sign_in();
    Session::open(script.clone(), settings()).unwrap_or_else(|error| panic!("{error}"))
}

fn users(script: &Script, ids: &[&str], rows: &[&str]) {
    let ids: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
    script.query(
        &format!("SELECT Id,Username,IsActive,UserType FROM User WHERE Id IN ({})", ids.join(",")),
        200,
        records(rows),
    );
}

fn logins(script: &Script, ids: &[&str], rows: &[&str]) {
    let ids: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
    script.query(
        &format!("SELECT Id,UserId,IsFrozen FROM UserLogin WHERE UserId IN ({})", ids.join(",")),
        200,
        records(rows),
    );
}

fn user(id: &str, active: bool, kind: &str) -> String {
    format!(r#"{{"Id":"{id}","Username":"ada@x.example","IsActive":{active},"UserType":"{kind}"}}"#)
}

fn login(frozen: bool) -> String {
    format!(r#"{{"Id":"{LOGIN}","UserId":"{A}","IsFrozen":{frozen}}}"#)
}

fn one(results: Result<Vec<Result<Outcome>>>) -> Result<Outcome> {
    let mut results = results?;
    assert_eq!(results.len(), 1);
    results.remove(0)
}

#[test]
fn a_deactivation_sends_is_active_alone() {
    let script = Script::new();
    let session = session(&script);
    users(&script, &[A], &[&user(A, true, "PowerCustomerSuccess")]);
    script.rest(
        "PATCH",
        "composite/sobjects",
        golden("deactivate/request.json").trim_end(),
        200,
        golden("deactivate/response.json"),
    );
    let outcome = one(session.deactivate_users(&[A.to_owned()], Deactivation::Deactivate, &PushMode::Apply)).unwrap();
    assert_eq!(outcome.action, Action::Deactivated);
    assert_eq!(outcome.id.as_deref(), Some(A));
    let change =
        FieldChange { object: "User", field: "IsActive".into(), old: Some("true".into()), new: Some("false".into()) };
    assert_eq!(outcome.changes, [change]);
    assert!(!outcome.side_effects.is_empty());
}

#[test]
fn who_is_inactive_already_is_left_alone() {
    let script = Script::new();
    let session = session(&script);
    users(&script, &[A], &[&user(A, false, "PowerCustomerSuccess")]);
    let outcome = one(session.deactivate_users(&[A.to_owned()], Deactivation::Deactivate, &PushMode::Apply)).unwrap();
    assert_eq!((outcome.action, outcome.changes.len()), (Action::Unchanged, 0));
}

#[test]
fn a_plan_writes_nothing_and_can_be_applied_until_the_user_changes() {
    let script = Script::new();
    let session = session(&script);
    users(&script, &[A], &[&user(A, true, "PowerCustomerSuccess")]);
    let planned = one(session.deactivate_users(&[A.to_owned()], Deactivation::Deactivate, &PushMode::Plan)).unwrap();
    assert_eq!(planned.action, Action::Deactivated);

    let approved = PushMode::ApplyPlanned(vec![planned.digest.clone()]);
    users(&script, &[A], &[&user(A, false, "PowerCustomerSuccess")]);
    let error = one(session.deactivate_users(&[A.to_owned()], Deactivation::Deactivate, &approved)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Drifted);

    users(&script, &[A], &[&user(A, true, "PowerCustomerSuccess")]);
    script.rest(
        "PATCH",
        "composite/sobjects",
        golden("deactivate/request.json").trim_end(),
        200,
        golden("deactivate/response.json"),
    );
    let outcome = one(session.deactivate_users(&[A.to_owned()], Deactivation::Deactivate, &approved)).unwrap();
    assert_eq!(outcome.digest, planned.digest);
}

#[test]
fn who_is_no_portal_user_of_this_organization_is_not_touched() {
    let script = Script::new();
    let session = session(&script);
    users(&script, &[A, B], &[&user(A, true, "Standard")]);
    let ids = ["003", A, B, B].map(str::to_owned);
    let results = session.deactivate_users(&ids, Deactivation::Deactivate, &PushMode::Apply).unwrap();
    let kinds: Vec<ErrorKind> = results.into_iter().map(|result| result.unwrap_err().kind.clone()).collect();
    assert_eq!(kinds, [ErrorKind::InvalidValue, ErrorKind::InvalidValue, ErrorKind::NotFound, ErrorKind::InvalidValue]);
}

#[test]
fn freezing_writes_the_users_sign_in_record() {
    let script = Script::new();
    let session = session(&script);
    users(&script, &[A], &[&user(A, true, "CspLitePortal")]);
    logins(&script, &[A], &[&login(false)]);
    script.rest(
        "PATCH",
        "composite/sobjects",
        golden("deactivate/freeze.json").trim_end(),
        200,
        format!(r#"[{{"id":"{LOGIN}","success":true,"errors":[]}}]"#),
    );
    let outcome = one(session.deactivate_users(&[A.to_owned()], Deactivation::Freeze, &PushMode::Apply)).unwrap();
    assert_eq!(outcome.action, Action::Frozen);
}

#[test]
fn who_is_frozen_already_is_left_alone_and_a_hidden_record_is_an_error() {
    let script = Script::new();
    let session = session(&script);
    users(&script, &[A], &[&user(A, true, "CspLitePortal")]);
    logins(&script, &[A], &[&login(true)]);
    let outcome = one(session.deactivate_users(&[A.to_owned()], Deactivation::Freeze, &PushMode::Apply)).unwrap();
    assert_eq!(outcome.action, Action::Unchanged);
    users(&script, &[A], &[&user(A, true, "CspLitePortal")]);
    logins(&script, &[A], &[]);
    let error = one(session.deactivate_users(&[A.to_owned()], Deactivation::Freeze, &PushMode::Apply)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::PermissionDenied);
}

#[test]
fn whom_salesforce_refuses_to_deactivate_is_frozen_where_that_is_asked() {
    let script = Script::new();
    let session = session(&script);
    users(&script, &[A], &[&user(A, true, "CspLitePortal")]);
    logins(&script, &[A], &[&login(false)]);
    let refusal = r#"[{"success":false,"errors":[{"statusCode":"SOME_CODE","message":"This user is a default owner.","fields":[]}]}]"#;
    script.rest("PATCH", "composite/sobjects", golden("deactivate/request.json").trim_end(), 200, refusal);
    script.rest(
        "PATCH",
        "composite/sobjects",
        golden("deactivate/freeze.json").trim_end(),
        200,
        format!(r#"[{{"id":"{LOGIN}","success":true,"errors":[]}}]"#),
    );
    let outcome =
        one(session.deactivate_users(&[A.to_owned()], Deactivation::DeactivateOrFreeze, &PushMode::Apply)).unwrap();
    assert_eq!(outcome.action, Action::Frozen);
    assert!(outcome.side_effects.iter().any(|effect| effect.contains("default owner")), "{outcome:?}");

    users(&script, &[A], &[&user(A, true, "CspLitePortal")]);
    logins(&script, &[A], &[&login(false)]);
    let planned =
        one(session.deactivate_users(&[A.to_owned()], Deactivation::DeactivateOrFreeze, &PushMode::Plan)).unwrap();
    assert_eq!(planned.action, Action::Deactivated);
    assert!(planned.side_effects.iter().any(|effect| effect.contains("frozen instead")), "{planned:?}");
}

#[test]
fn a_reactivation_also_thaws() {
    let script = Script::new();
    let session = session(&script);
    users(&script, &[A], &[&user(A, false, "CspLitePortal")]);
    logins(&script, &[A], &[&login(true)]);
    let active = golden("deactivate/request.json").replace("false}]", "true}]");
    let thawed = golden("deactivate/freeze.json").replace("\"IsFrozen\":true", "\"IsFrozen\":false");
    script.rest("PATCH", "composite/sobjects", active.trim_end(), 200, golden("deactivate/response.json"));
    script.rest(
        "PATCH",
        "composite/sobjects",
        thawed.trim_end(),
        200,
        format!(r#"[{{"id":"{LOGIN}","success":true,"errors":[]}}]"#),
    );
    let outcome = one(session.reactivate_users(&[A.to_owned()], &PushMode::Apply)).unwrap();
    assert_eq!((outcome.action, outcome.changes.len()), (Action::Reactivated, 2));
}

#[test]
fn unlinking_is_not_offered() {
    let script = Script::new();
    let error = session(&script).deactivate_users(&[A.to_owned()], Deactivation::Unlink, &PushMode::Plan).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
}
