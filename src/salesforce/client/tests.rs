use super::*;
use crate::scripted::{SECOND_SESSION, SESSION, Script, Secret, golden, records, settings};

const EXPIRED: &str = r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#;
const LOCKED: &str =
    r#"[{"message":"unable to obtain exclusive access to this record","errorCode":"UNABLE_TO_LOCK_ROW","fields":[]}]"#;

fn client(script: &Script) -> Client<Script> {
    script.sign_in();
    let settings = crate::settings::check(settings()).complete().unwrap();
    Client::sign_in(script.clone(), settings.credentials, "66.0").unwrap_or_else(|error| panic!("{error}"))
}

fn create<'a>(body: &'static str) -> Call<'a, Secret> {
    Call {
        method: Method::Post,
        path: Cow::Borrowed("sobjects/Contact"),
        body: vec![Part::Text(Cow::Borrowed(body))],
        repeat: Repeat::Never,
    }
}

#[test]
fn the_first_number_of_the_limit_is_what_is_used() {
    assert_eq!(api_usage("api-usage=18/15000"), Some((18, 15000)));
    assert_eq!(api_usage("api-usage=25/5000; per-app-api-usage=17/250(appName=sample)"), Some((25, 5000)));
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
    assert_eq!(script.slept(), Duration::from_millis(250 + 500 + 1000));
}

#[test]
fn a_creation_is_not_repeated_when_it_may_have_been_acted_on() {
    for failure in [Failure::TimedOut, Failure::Unreachable("cut".to_owned())] {
        let script = Script::new();
        let client = client(&script);
        let request = format!(
            "POST https://acme.my.salesforce.com/services/data/v66.0/sobjects/Contact\nauthorization: Bearer {SESSION}\n\
             accept: application/json\ncontent-type: application/json; charset=UTF-8\n\n{{}}"
        );
        script.fail(&request, failure);
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
fn what_the_host_refuses_is_told_with_the_hosts_own_reason() {
    let script = Script::new();
    script.fail(
        &golden("login/request.txt"),
        Failure::Denied("acme.my.salesforce.com is not among the tenant's hosts.".to_owned()),
    );
    let settings = crate::settings::check(settings()).complete().unwrap();
    let error = Client::sign_in(script, settings.credentials, "66.0").map(|_| ()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable);
    assert_eq!(
        error.message,
        "no answer for the sign-in at Salesforce: acme.my.salesforce.com is not among the tenant's hosts"
    );
}

#[test]
fn an_expired_password_is_no_session() {
    let script = Script::new();
    script.answer(&golden("login/request.txt"), 200, golden("login/expired.xml"));
    let settings = crate::settings::check(settings()).complete().unwrap();
    let error = Client::sign_in(script, settings.credentials, "66.0").map(|_| ()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidCredentials);
    assert!(error.message.contains("expired"));
}

#[test]
fn the_session_id_goes_to_no_plain_http_address() {
    let script = Script::new();
    let answer = golden("login/success.xml").replace("<serverUrl>https://", "<serverUrl>http://");
    script.answer(&golden("login/request.txt"), 200, answer);
    let settings = crate::settings::check(settings()).complete().unwrap();
    let error = Client::sign_in(script, settings.credentials, "66.0").map(|_| ()).unwrap_err();
    assert!(error.message.contains("not https"), "{error}");
    assert!(is_safe("http://127.0.0.1:80", "http://127.0.0.1:80"));
    assert!(!is_safe("http://127.0.0.1:81", "http://127.0.0.1:80"));
    assert!(!is_safe("https://x@evil.example", "https://login.salesforce.com"));
}

#[test]
fn no_error_holds_the_session_id() {
    let script = Script::new();
    let client = client(&script);
    script.rest("GET", "limits", "", 400, format!(r#"[{{"message":"bad {SESSION} here","errorCode":"X"}}]"#));
    let error = client.call(&Call::get("limits".to_owned()), "the limits").map(|_| ()).unwrap_err();
    assert!(!format!("{error:?}").contains(SESSION));
    assert!(error.message.contains("bad *** here"), "{error}");
}
