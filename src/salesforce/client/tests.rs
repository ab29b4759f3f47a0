use super::*;
use crate::scripted::{NOW, SECOND_SESSION, Script, client, golden, placeholder, records, settings};

mod beside;
mod repeats;
mod signing_in;

const EXPIRED: &str = r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#;
const LOCKED: &str =
    r#"[{"message":"unable to obtain exclusive access to this record","errorCode":"UNABLE_TO_LOCK_ROW","fields":[]}]"#;

fn create<'a>(body: &'static str) -> Call<'a> {
    Call {
        method: host::Method::Post,
        path: Cow::Borrowed("sobjects/Contact"),
        body: Some(Cow::Borrowed(body)),
        repeat: Repeat::Never,
    }
}

#[test]
fn the_first_number_of_the_limit_is_what_is_used() {
    assert_eq!(api_usage("api-usage=18/15000"), Some((18, 15000)));
    assert_eq!(api_usage("api-usage=25/5000; per-app-api-usage=17/250(appName=sample)"), Some((25, 5000)));
    assert_eq!(api_usage("per-app-api-usage=17/250(appName=sample); api-usage=25/5000"), Some((25, 5000)));
    assert_eq!(api_usage("per-app-api-usage=17/250(appName=sample)"), None);
    for junk in ["", "api-usage=", "api-usage=x/y", "api-usage=1", "api-usage=-1/5"] {
        assert_eq!(api_usage(junk), None, "{junk}");
    }
}

#[test]
fn usage_counts_requests_and_takes_the_organizations_own_count() {
    let script = Script::new();
    let client = client(&script);
    script.rest("GET", "limits", "", 200, "{}");
    client.call(&Call::get("limits".to_owned()), "the limits").unwrap();
    assert_eq!(client.usage(), Usage { calls: 2, used: Some(18), limit: Some(15000) });
}

#[test]
fn an_expired_session_signs_in_again_once_and_carries_on() {
    let script = Script::new();
    let client = client(&script);
    script.query("SELECT Id FROM User", 401, EXPIRED);
    script.answer(&golden("login/request.txt"), 200, golden("login/renewed.xml"));
    script.query_as(SECOND_SESSION, "SELECT Id FROM User", 200, records(&[]));
    let path = format!("query?q={}", crate::salesforce::url::encode_query("SELECT Id FROM User"));
    assert_eq!(client.call(&Call::get(path), "users").map(|response| response.status), Ok(200));
    assert_eq!(client.usage().calls, 4);
}

#[test]
fn a_session_that_ends_right_away_again_is_an_error_and_no_loop() {
    let script = Script::new();
    let client = client(&script);
    script.query("SELECT Id FROM User", 401, EXPIRED);
    script.answer(&golden("login/request.txt"), 200, golden("login/renewed.xml"));
    script.query_as(SECOND_SESSION, "SELECT Id FROM User", 401, EXPIRED);
    let path = format!("query?q={}", crate::salesforce::url::encode_query("SELECT Id FROM User"));
    let error = client.call(&Call::get(path), "users").map(|_| ()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient);
}

#[test]
fn a_session_that_may_not_use_rest_does_not_sign_in_again() {
    let script = Script::new();
    let client = client(&script);
    script.rest(
        "GET",
        "limits",
        "",
        401,
        r#"[{"message":"This session is not valid for use with the REST API","errorCode":"INVALID_SESSION_ID"}]"#,
    );
    let error = client.call(&Call::get("limits".to_owned()), "the limits").map(|_| ()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::PermissionDenied);
    assert!(error.remedy.as_ref().unwrap().contains("API Enabled"));
}

#[test]
fn a_refused_renewal_says_why() {
    let script = Script::new();
    let client = client(&script);
    script.rest("GET", "limits", "", 401, EXPIRED);
    script.answer(&golden("login/request.txt"), 500, golden("login/fault.xml"));
    let error = client.call(&Call::get("limits".to_owned()), "the limits").map(|_| ()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidCredentials);
}

#[test]
fn locks_are_waited_for_with_growing_pauses_and_not_for_ever() {
    let script = Script::new();
    let client = client(&script);
    for _ in 0..=RETRIES {
        script.rest("POST", "sobjects/Contact", "{}", 400, LOCKED);
    }
    let error = client.call(&create("{}"), "the contact").map(|_| ()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient);
    assert_eq!(script.pauses(), [250, 500, 1_000].map(Duration::from_millis));
}

#[test]
fn a_creation_is_not_repeated_when_it_may_have_been_acted_on() {
    for failure in [Failure::TimedOut, Failure::Unreachable("cut".to_owned())] {
        let script = Script::new();
        let client = client(&script);
        script.unanswered("POST", "sobjects/Contact", "{}", failure);
        assert!(client.attempt(&create("{}"), "the contact").map(|_| ()).unwrap_err().uncertain);
    }
}

#[test]
fn a_creation_that_a_gateway_fails_is_not_repeated_but_a_read_is() {
    let script = Script::new();
    let client = client(&script);
    script.rest("POST", "sobjects/Contact", "{}", 502, "<html><title>Bad Gateway</title></html>");
    let failed = client.attempt(&create("{}"), "the contact").map(|_| ()).unwrap_err();
    assert!(failed.uncertain);
    assert!(failed.error.message.contains("Bad Gateway"), "{}", failed.error);
    script.rest("GET", "limits", "", 502, "").rest("GET", "limits", "", 200, "{}");
    assert!(client.call(&Call::get("limits".to_owned()), "the limits").is_ok());
}

#[test]
fn a_job_stops_before_it_uses_what_is_kept_for_others() {
    // The script's organization has used 18 of 15000.
    for (reserve, sent) in [(14_981, true), (14_982, false)] {
        let script = Script::new();
        let client = client(&script).with_reserve(Reserve::Calls(reserve));
        script.rest("GET", "limits", "", 200, "{}");
        client.call(&Call::get("limits".to_owned()), "the limits").unwrap();
        if sent {
            script.rest("GET", "limits", "", 200, "{}");
        }
        let second = client.call(&Call::get("limits".to_owned()), "the import");
        assert_eq!(second.is_ok(), sent);
        if let Err(error) = second {
            assert_eq!(error.kind, ErrorKind::BudgetExhausted);
            assert!(error.message.contains("14982 of its 15000"), "{error}");
        }
    }
}
