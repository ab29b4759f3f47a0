use super::*;
use crate::host::Failure;
use crate::scripted::{Script, golden, placeholder, records, session, session_with};

const A: &str = "0055e000001UsrAAAS";
const B: &str = "0055e000001UsrBAAS";

fn find_soql(ids: &[&str]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
    format!("SELECT Id,Username,UserType FROM User WHERE Id IN ({})", ids.join(","))
}

fn row(id: &str, kind: &str) -> String {
    format!(r#"{{"Id":"{id}","Username":"{id}@x.example","UserType":"{kind}"}}"#)
}

fn password(script: &Script, id: &str, name: &str, status: u16, answer: &str) {
    let body = golden("password/request.json").trim_end().replace("{secret}", &format!("{{{name}}}"));
    script.rest("POST", &format!("sobjects/User/{id}/password"), &body, status, answer);
}

#[test]
fn each_password_is_one_request_with_the_secret_put_in_by_the_host() {
    let script = Script::new();
    let session = session(&script);
    script.query(&find_soql(&[A, B]), 200, records(&[&row(A, "CspLitePortal"), &row(B, "PowerPartner")]));
    password(&script, A, "first", 204, "");
    password(&script, B, "second", 204, "");
    let pairs = [(A.to_owned(), placeholder("first")), (B[..15].to_owned(), placeholder("second"))];
    assert_eq!(session.sync_passwords(&pairs), Ok(vec![Ok(()), Ok(())]));
}

#[test]
fn policy_reuse_and_missing_right_are_told_apart() {
    for (status, answer, kind, words) in [
        (400, golden("password/policy.json"), ErrorKind::PasswordRejected, "policy"),
        (500, golden("password/reuse.json"), ErrorKind::Other("password-reused".into()), "used before"),
        (403, golden("password/denied.json"), ErrorKind::PermissionDenied, "lacks the right"),
        (
            400,
            r#"[{"message":"Cannot set password for self","errorCode":"UNKNOWN"}]"#.to_owned(),
            ErrorKind::RejectedByRule,
            "admin user",
        ),
    ] {
        let script = Script::new();
        let session = session(&script);
        script.query(&find_soql(&[A]), 200, records(&[&row(A, "CspLitePortal")]));
        password(&script, A, "p", status, &answer);
        let results = session.sync_passwords(&[(A.to_owned(), placeholder("p"))]).unwrap();
        let error = results.into_iter().next().unwrap().unwrap_err();
        assert_eq!(error.kind, kind, "{answer}");
        assert!(error.message.contains(words), "{error}");
    }
}

#[test]
fn a_bad_pair_does_not_fail_its_neighbours() {
    let script = Script::new();
    let session = session(&script);
    let internal = "0055e000001AdmnAAC";
    script.query(&find_soql(&[internal, B, A]), 200, records(&[&row(internal, "Standard"), &row(A, "CspLitePortal")]));
    password(&script, A, "p", 204, "");
    let pairs = ["nonsense", internal, B, A, A].map(|id| (id.to_owned(), placeholder("p")));
    let results = session.sync_passwords(&pairs).unwrap();
    let kinds: Vec<Option<ErrorKind>> =
        results.into_iter().map(|result| result.err().map(|error| error.kind.clone())).collect();
    assert_eq!(
        kinds,
        [
            Some(ErrorKind::InvalidValue),
            Some(ErrorKind::InvalidValue),
            Some(ErrorKind::NotFound),
            None,
            Some(ErrorKind::InvalidValue)
        ]
    );
}

#[test]
fn a_password_that_may_have_been_set_is_not_sent_again() {
    let script = Script::new();
    let session = session(&script);
    script.query(&find_soql(&[A]), 200, records(&[&row(A, "CspLitePortal")]));
    let body = golden("password/request.json").trim_end().replace("{secret}", "{p}");
    script.unanswered("POST", &format!("sobjects/User/{A}/password"), &body, Failure::TimedOut);
    let error = session.sync_passwords(&[(A.to_owned(), placeholder("p"))]).unwrap().remove(0).unwrap_err();
    assert!(error.message.contains("may have been set"), "{error}");
}

#[test]
fn an_empty_batch_asks_nothing() {
    let script = Script::new();
    assert_eq!(session(&script).sync_passwords(&[]), Ok(vec![]));
}

/// The sign-in of a user of the portal's.
fn portal_login(id: &str, secret: &str) -> String {
    let request = golden("password/portal-login.txt").replace("{username}", &format!("{id}@x.example"));
    request.replace("{secret", &format!("{{{secret}"))
}

#[test]
fn a_portal_that_is_down_says_nothing_against_the_password() {
    let script = Script::new();
    let session = session_with(&script, &[("verify-passwords", "true")]);
    script.query(&find_soql(&[A, B]), 200, records(&[&row(A, "CspLitePortal"), &row(B, "PowerPartner")]));
    password(&script, A, "first", 204, "");
    password(&script, B, "second", 204, "");
    script.answer(&portal_login(A, "first"), 502, "<html><title>Bad Gateway</title></html>");
    script.fail(&portal_login(B, "second"), Failure::TimedOut);
    let pairs = [(A.to_owned(), placeholder("first")), (B.to_owned(), placeholder("second"))];
    for (result, status) in session.sync_passwords(&pairs).unwrap().into_iter().zip([Some(502), None]) {
        let error = result.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Other("password-not-verified".into()));
        assert_eq!((error.retry, error.remedy.as_deref()), (Retry::After(30), None));
        assert_eq!(error.upstream.as_ref().map(|upstream| upstream.status), status);
    }
}

#[test]
fn a_password_that_was_used_before_is_set_if_it_lets_its_user_in() {
    let reused = r#"[{"message":"invalid repeated password","errorCode":"INVALID_NEW_PASSWORD"}]"#;
    let script = Script::new();
    let session = session_with(&script, &[("verify-passwords", "true")]);
    script.query(&find_soql(&[A, B]), 200, records(&[&row(A, "CspLitePortal"), &row(B, "PowerPartner")]));
    password(&script, A, "first", 400, reused);
    password(&script, B, "second", 400, reused);
    script.answer(&portal_login(A, "first"), 200, golden("login/success.xml"));
    script.answer(&portal_login(B, "second"), 500, golden("login/fault.xml"));
    let pairs = [(A.to_owned(), placeholder("first")), (B.to_owned(), placeholder("second"))];
    let results = session.sync_passwords(&pairs).unwrap();
    assert_eq!(results[0], Ok(()));
    let error = results[1].as_ref().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Other("password-reused".into()), "{error:?}");
}

#[test]
fn a_password_is_tried_at_the_portal_where_the_settings_want_it() {
    let script = Script::new();
    let session = session_with(&script, &[("verify-passwords", "true")]);
    script.query(&find_soql(&[A, B]), 200, records(&[&row(A, "CspLitePortal"), &row(B, "PowerPartner")]));
    password(&script, A, "first", 204, "");
    password(&script, B, "second", 204, "");
    script.answer(&portal_login(A, "first"), 200, golden("login/success.xml"));
    script.answer(&portal_login(B, "second"), 500, golden("login/fault.xml"));
    let pairs = [(A.to_owned(), placeholder("first")), (B.to_owned(), placeholder("second"))];
    let results = session.sync_passwords(&pairs).unwrap();
    assert_eq!(results[0], Ok(()));
    let error = results[1].as_ref().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Other("password-not-verified".into()));
    assert!(error.message.contains("has been set") && error.upstream.as_ref().unwrap().code == "INVALID_LOGIN");
}
