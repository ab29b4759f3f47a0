//! What the host is told, and when; and that what it no longer wants is not written.

use super::*;

fn patch(script: &Script, records: &[(&str, &str, &str)], answer: &str) {
    let records: Vec<String> = records
        .iter()
        .map(|(object, id, field)| format!(r#"{{"attributes":{{"type":"{object}"}},"Id":"{id}",{field}}}"#))
        .collect();
    let body = format!(r#"{{"allOrNone":false,"records":[{}]}}"#, records.join(","));
    script.rest("PATCH", "composite/sobjects", &body, 200, answer);
}

const DONE: &str = r#"{"id":"005","success":true,"errors":[]}"#;
const REFUSED: &str =
    r#"{"success":false,"errors":[{"statusCode":"SOME_CODE","message":"This user is a default owner.","fields":[]}]}"#;

fn deactivate(session: &Session<Script>, ids: &[&str], how: Deactivation, mode: &PushMode) -> Vec<Result<Outcome>> {
    let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    session.deactivate_users(&ids, how, mode).unwrap()
}

fn renaming(script: &Script) -> Session<Script> {
    session_with(script, &[("rename-on-deactivation", "true")])
}

#[test]
fn each_round_is_told_once_it_is_written() {
    let script = Script::new();
    let session = renaming(&script);
    leaving(&script, &[A], &[&user(A, true, "CspLitePortal")]);
    patch(&script, &[("User", A, r#""IsActive":false"#)], &format!("[{DONE}]"));
    patch(&script, &[("User", A, r#""Username":"0055e000001usraaas.ada@x.example""#)], &format!("[{DONE}]"));
    deactivate(&session, &[A], Deactivation::Deactivate, &PushMode::Apply).remove(0).unwrap();
    assert_eq!(
        script.events(),
        [
            format!("begin {A} {A}: User.IsActive User.Username"),
            "PATCH".to_owned(),
            format!("written {A} {A}: User.IsActive"),
            "PATCH".to_owned(),
            format!("written {A} {A}: User.Username"),
        ]
    );
}

#[test]
fn what_salesforce_does_by_itself_is_told_with_what_brought_it_about() {
    let script = Script::new();
    let session = session(&script);
    leaving(&script, &[A], &[&user(A, true, "CspLitePortal")]);
    patch(&script, &[("User", A, r#""IsPortalEnabled":false"#)], &format!("[{DONE}]"));
    deactivate(&session, &[A], Deactivation::Unlink, &PushMode::Apply).remove(0).unwrap();
    let fields = "User.IsPortalEnabled User.IsActive User.ContactId";
    assert_eq!(
        script.events(),
        [format!("begin {A} {A}: {fields}"), "PATCH".to_owned(), format!("written {A} {A}: {fields}")]
    );
}

#[test]
fn a_freeze_in_place_of_a_refused_deactivation_is_not_told_as_the_deactivation() {
    let script = Script::new();
    let session = renaming(&script);
    leaving_or_freezing(&script, &[&user(A, true, "CspLitePortal")], &[&login(false)]);
    patch(&script, &[("User", A, r#""IsActive":false"#)], &format!("[{REFUSED}]"));
    patch(&script, &[("UserLogin", LOGIN, r#""IsFrozen":true"#)], &format!("[{DONE}]"));
    let outcome = deactivate(&session, &[A], Deactivation::DeactivateOrFreeze, &PushMode::Apply).remove(0).unwrap();
    assert_eq!(outcome.action, Action::Frozen);
    assert_eq!(
        script.events(),
        [
            format!("begin {A} {A}: User.IsActive User.Username UserLogin.IsFrozen"),
            "PATCH".to_owned(),
            "PATCH".to_owned(),
            format!("written {A} {A}: UserLogin.IsFrozen"),
        ]
    );
}

#[test]
fn of_two_users_only_the_one_that_was_written_is_told() {
    let script = Script::new();
    let session = session(&script);
    let rows = [user(A, true, "CspLitePortal"), named(B, "eve@x.example", true, "CspLitePortal")];
    leaving(&script, &[A, B], &[&rows[0], &rows[1]]);
    let both = [("User", A, r#""IsActive":false"#), ("User", B, r#""IsActive":false"#)];
    patch(&script, &both, &format!("[{REFUSED},{DONE}]"));
    let results = deactivate(&session, &[A, B], Deactivation::Deactivate, &PushMode::Apply);
    assert!(results[0].is_err() && results[1].is_ok(), "{results:?}");
    assert_eq!(script.events()[2..], ["PATCH".to_owned(), format!("written {B} {B}: User.IsActive")]);
}

#[test]
fn whom_the_host_wants_in_use_again_is_left_and_its_neighbour_goes() {
    let script = Script::new();
    let session = session(&script);
    script.give_up(A);
    let rows = [user(A, true, "CspLitePortal"), named(B, "eve@x.example", true, "CspLitePortal")];
    leaving(&script, &[A, B], &[&rows[0], &rows[1]]);
    patch(&script, &[("User", B, r#""IsActive":false"#)], &format!("[{DONE}]"));
    let results = deactivate(&session, &[A, B], Deactivation::Deactivate, &PushMode::Apply);
    let error = results[0].as_ref().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Drifted);
    assert!(error.message.contains("ada@x.example"), "{error}");
    assert_eq!(results[1].as_ref().unwrap().action, Action::Deactivated);
}

#[test]
fn a_host_that_answers_less_than_it_was_asked_wants_none_of_the_rest() {
    let script = Script::new();
    let session = session(&script);
    script.answer_at_most(1);
    let rows = [user(A, true, "CspLitePortal"), named(B, "eve@x.example", true, "CspLitePortal")];
    leaving(&script, &[A, B], &[&rows[0], &rows[1]]);
    patch(&script, &[("User", A, r#""IsActive":false"#)], &format!("[{DONE}]"));
    let results = deactivate(&session, &[A, B], Deactivation::Deactivate, &PushMode::Apply);
    assert!(results[0].is_ok() && results[1].as_ref().unwrap_err().kind == ErrorKind::Drifted, "{results:?}");
}

#[test]
fn nothing_is_begun_for_a_plan_or_for_who_is_out_of_use_already() {
    let script = Script::new();
    let session = session(&script);
    leaving(&script, &[A], &[&user(A, true, "CspLitePortal")]);
    deactivate(&session, &[A], Deactivation::Deactivate, &PushMode::Plan).remove(0).unwrap();
    leaving(&script, &[A], &[&user(A, false, "CspLitePortal")]);
    deactivate(&session, &[A], Deactivation::Deactivate, &PushMode::Apply).remove(0).unwrap();
    assert_eq!(script.events(), Vec::<String>::new());
}

#[test]
fn a_reactivation_is_begun_and_each_of_its_records_told() {
    let script = Script::new();
    let session = session(&script);
    returning(&script, &[A], &[&user(A, false, "CspLitePortal")], &[&login(true)], 1);
    patch(&script, &[("User", A, r#""IsActive":true"#)], &format!("[{DONE}]"));
    patch(&script, &[("UserLogin", LOGIN, r#""IsFrozen":false"#)], &format!("[{DONE}]"));
    one(session.reactivate_users(&[A.to_owned()], &PushMode::Apply)).unwrap();
    assert_eq!(
        script.events(),
        [
            format!("begin {A} {A}: User.IsActive UserLogin.IsFrozen"),
            "PATCH".to_owned(),
            format!("written {A} {A}: User.IsActive"),
            "PATCH".to_owned(),
            format!("written {A} {A}: UserLogin.IsFrozen"),
        ]
    );
}
