//! Signing in: whom it lets in, and what is told where it doesn't.

use super::*;
use crate::host::Failure;
use crate::salesforce::client::sign_in::is_safe;
use crate::salesforce::login::Method;

fn sign_in(script: &Script) -> Error {
    let settings = crate::settings::check(settings()).complete().unwrap();
    Client::sign_in(script.clone(), settings.credentials, "66.0").map(|_| ()).unwrap_err()
}

#[test]
fn what_the_host_refuses_is_told_with_the_hosts_own_reason() {
    let script = Script::new();
    script.fail(
        &golden("login/request.txt"),
        Failure::Denied("acme.my.salesforce.com is not among the tenant's hosts.".to_owned()),
    );
    let error = sign_in(&script);
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
    let error = sign_in(&script);
    assert_eq!(error.kind, ErrorKind::InvalidCredentials);
    assert!(error.message.contains("expired"));
}

#[test]
fn the_session_id_goes_to_no_plain_http_address() {
    let script = Script::new();
    let answer = golden("login/success.xml").replace("<serverUrl>https://", "<serverUrl>http://");
    script.answer(&golden("login/request.txt"), 200, answer);
    let error = sign_in(&script);
    assert!(error.message.contains("not https"), "{error}");
    assert!(is_safe("http://127.0.0.1:80", "http://127.0.0.1:80"));
    assert!(!is_safe("http://127.0.0.1:81", "http://127.0.0.1:80"));
    assert!(!is_safe("https://x@evil.example", "https://login.salesforce.com"));
}

const TOKEN: &str = r#"{"access_token":"00D5e0000012AbC!AQcAQFirst.session","instance_url":"https://acme.my.salesforce.com","id":"https://login.salesforce.com/id/00D5e0000012AbCEAU/0055e000001AdmNAAS","token_type":"Bearer"}"#;

fn token_request(body: &str) -> String {
    format!(
        "POST https://acme.my.salesforce.com/services/oauth2/token\ncontent-type: application/x-www-form-urlencoded\n\
         accept: application/json\n\n{body}"
    )
}

fn signing_in_by(script: &Script, username: &str, method: Method) -> Result<Client<Script>> {
    let login_url = "https://acme.my.salesforce.com".to_owned();
    let credentials = Credentials { login_url, username: username.to_owned(), method };
    Client::sign_in(script.clone(), credentials, "66.0")
}

fn app() -> login::App {
    login::App { id: "3MVG9&x".to_owned(), secret: placeholder("secret") }
}

#[test]
fn a_connected_app_signs_in_as_itself_and_its_session_renews() {
    let script = Script::new();
    let request = token_request("grant_type=client_credentials&client_id=3MVG9%26x&client_secret={secret}");
    script.answer(&request, 200, TOKEN);
    let client = signing_in_by(&script, "", Method::ClientCredentials(app())).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(client.signed_in().organization_id, "00D5e0000012AbCEAU");
    script.rest("GET", "limits", "", 401, EXPIRED);
    script.answer(&request, 200, TOKEN).rest("GET", "limits", "", 200, "{}");
    assert!(client.call(&Call::get("limits".to_owned()), "the limits").is_ok());
}

#[test]
fn the_password_flow_leaves_the_places_of_all_secrets_to_the_host() {
    let script = Script::new();
    script.answer(
        &token_request(
            "grant_type=password&client_id=3MVG9%26x&client_secret={secret}&username=a%2Bb%40acme.example&password={password}{token}",
        ),
        400,
        r#"{"error":"invalid_grant","error_description":"authentication failure"}"#,
    );
    let password = login::Password { password: placeholder("password"), security_token: Some(placeholder("token")) };
    let error = signing_in_by(&script, "a+b@acme.example", Method::PasswordFlow(app(), password)).map(|_| ());
    let error = error.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidCredentials);
    assert!(error.message.contains("a+b@acme.example") && error.message.contains("password flow"), "{error}");
}

#[test]
fn an_assertion_is_signed_by_the_host() {
    let script = Script::new();
    let body = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={signed}";
    script.answer(&token_request(body), 200, TOKEN);
    let method = Method::JwtBearer("3MVG9".to_owned(), placeholder("key"));
    assert!(signing_in_by(&script, "api@acme.example", method).is_ok());
    let exp = NOW + 180;
    let claims = r#""iss":"3MVG9","sub":"api@acme.example","aud":"https://acme.my.salesforce.com""#;
    assert_eq!(script.events(), [format!("{{key}} signs {{{claims},\"exp\":{exp}}}")]);

    let method = Method::JwtBearer("3MVG9".to_owned(), placeholder("no key"));
    let error = signing_in_by(&script, "api@acme.example", method).map(|_| ()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidSettings);
    assert!(error.message.contains("no PEM-encoded RSA private key"), "{error}");
}

#[test]
fn after_a_sign_in_by_oauth_the_users_own_locale_is_asked_for_once() {
    let script = Script::new();
    let request = token_request("grant_type=client_credentials&client_id=3MVG9%26x&client_secret={secret}");
    script.answer(&request, 200, TOKEN);
    let client = signing_in_by(&script, "", Method::ClientCredentials(app())).unwrap_or_else(|error| panic!("{error}"));
    script.query(
        "SELECT TimeZoneSidKey,LocaleSidKey,LanguageLocaleKey FROM User WHERE Id = '0055e000001AdmNAAS'",
        200,
        records(&[r#"{"TimeZoneSidKey":"Europe/Berlin","LocaleSidKey":"de_DE","LanguageLocaleKey":"de"}"#]),
    );
    for _ in 0..2 {
        assert_eq!(client.identity().unwrap().time_zone.as_deref(), Some("Europe/Berlin"));
    }
}

/// A page of a gateway in front of Salesforce.
const PAGE: &str = "<html><head><title>Bad Gateway</title></head><body><h1>502</h1></body></html>";

/// By SOAP and by OAuth.
fn ways() -> [(&'static str, String); 2] {
    let body = "grant_type=client_credentials&client_id=3MVG9%26x&client_secret={secret}";
    [("soap", golden("login/request.txt")), ("client-credentials", token_request(body))]
}

fn signing_in_to(way: &str, script: &Script) -> Error {
    match way {
        "soap" => sign_in(script),
        _ => signing_in_by(script, "", Method::ClientCredentials(app())).map(|_| ()).unwrap_err(),
    }
}

#[test]
fn a_gateway_that_is_down_is_a_passing_condition_and_no_fault_of_the_settings() {
    for (way, request) in ways() {
        for (status, body) in [(502, PAGE), (503, ""), (500, "<html>"), (504, "upstream request timeout")] {
            let script = Script::new();
            script.answer(&request, status, body);
            let error = signing_in_to(way, &script);
            assert_eq!((&error.kind, error.retry), (&ErrorKind::Transient, Retry::After(30)), "{way} {status}");
            let upstream = error.upstream.as_ref().map(|upstream| (upstream.status, upstream.code.as_str()));
            assert_eq!(upstream, Some((status, "")), "{way} {status}");
            assert!(error.remedy.as_ref().unwrap().starts_with("It is tried again by itself"), "{error:?}");
            assert!(error.message.contains(&status.to_string()), "{error}");
        }
    }
}

#[test]
fn a_page_of_another_server_is_a_fault_of_the_settings() {
    for (way, request) in ways() {
        for (status, body) in [(200, "{\"intranet\": true}"), (302, ""), (404, PAGE), (499, "")] {
            let script = Script::new();
            script.answer(&request, status, body);
            let error = signing_in_to(way, &script);
            assert_eq!((&error.kind, error.retry), (&ErrorKind::InvalidSettings, Retry::AfterRemedy), "{way} {status}");
            assert!(error.remedy.as_ref().unwrap().contains("my-domain"), "{error:?}");
            assert_eq!(error.upstream.as_ref().map(|upstream| upstream.status), Some(status), "{way}");
        }
    }
}

// The admin was told to look at instance-type and my-domain while Salesforce was under maintenance.
#[test]
fn a_page_with_a_good_status_is_quoted_and_passes() {
    for (way, request) in ways() {
        for page in [
            "<html><head><title>Salesforce Maintenance</title></head></html>",
            "<!DOCTYPE HTML>\n<HTML><HEAD><TITLE lang=\"en\">Salesforce Maintenance</TITLE></HEAD></HTML>",
            "\u{feff}\r\n<?xml version=\"1.0\"?><!doctype html><html><title>Salesforce\nMaintenance</title></html>",
        ] {
            let script = Script::new();
            script.answer(&request, 200, page);
            let error = signing_in_to(way, &script);
            assert_eq!((&error.kind, error.retry), (&ErrorKind::Transient, Retry::After(120)), "{way}: {error:?}");
            assert!(error.message.contains("\"Salesforce Maintenance\""), "{way}: {error:?}");
            assert!(error.remedy.as_ref().unwrap().starts_with("It is tried again by itself"), "{error:?}");
        }
    }
}

#[test]
fn a_page_that_refuses_is_told_as_one_of_a_proxy() {
    for (way, request) in ways() {
        for status in [401, 403, 407, 451] {
            let script = Script::new();
            script.answer(&request, status, "<html><title>Blocked by policy</title></html>");
            let error = signing_in_to(way, &script);
            assert_eq!((&error.kind, error.retry), (&ErrorKind::Unreachable, Retry::After(300)), "{way}: {error:?}");
            let words = [&status.to_string(), "\"Blocked by policy\""];
            assert!(words.iter().all(|words| error.message.contains(*words)), "{error:?}");
            assert!(error.remedy.as_ref().unwrap().contains("proxy"), "{error:?}");
        }
    }
}

// Each of these was, or could be, taken for a session that has expired: every call then signed in once more for nothing.
#[test]
fn a_401_that_is_no_end_of_a_session_is_told_and_never_signs_in_again() {
    let error = |code: &str, message: &str| format!(r#"[{{"message":"{message}","errorCode":"{code}"}}]"#);
    for (body, kind, remedy) in [
        (
            error("INVALID_SESSION_ID", "Connected app is not attached to Agent"),
            ErrorKind::PermissionDenied,
            "External Client App Manager",
        ),
        (
            error("INVALID_SESSION_ID", "This session is not valid for use with the REST API"),
            ErrorKind::PermissionDenied,
            "API Enabled",
        ),
        (error("INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE"), ErrorKind::InvalidCredentials, "Login History"),
        (
            error("INVALID_OPERATION_WITH_EXPIRED_PASSWORD", "The users password has expired"),
            ErrorKind::InvalidCredentials,
            "Set a new password",
        ),
        (error("SOMETHING_NEW", "Session expired or invalid"), ErrorKind::InvalidCredentials, "Login History"),
        ("Bad_OAuth_Token".to_owned(), ErrorKind::InvalidCredentials, "Login History"),
        (String::new(), ErrorKind::InvalidCredentials, "Login History"),
        ("<html><title>Blocked by policy</title></html>".to_owned(), ErrorKind::Unreachable, "proxy"),
    ] {
        let script = Script::new();
        let client = client(&script);
        // The script has no sign-in beyond the first, and fails the test over one.
        for _ in 0..3 {
            script.rest("GET", "limits", "", 401, &body);
            let told = client.call(&Call::get("limits".to_owned()), "the limits").map(|_| ()).unwrap_err();
            assert_eq!((&told.kind, told.upstream.as_ref().unwrap().status), (&kind, 401), "{body}: {told:?}");
            assert!(told.remedy.as_ref().unwrap().contains(remedy), "{body}: {told:?}");
        }
        assert_eq!(client.usage().calls, 4, "{body}");
        assert_eq!(script.pauses(), [], "{body}");
    }
}

// A session that may not be used from the address of the host is refused like one that has expired. Each call signed in again, up
// to Salesforce's limit of sign-ins.
#[test]
fn a_renewed_session_that_is_refused_at_once_is_not_renewed_by_every_call() {
    let script = Script::new();
    let client = client(&script);
    script.rest("GET", "limits", "", 401, EXPIRED);
    script.answer(&golden("login/request.txt"), 200, golden("login/renewed.xml"));
    for _ in 0..4 {
        script.get_as(SECOND_SESSION, "limits", 401, EXPIRED);
    }
    for _ in 0..4 {
        let error = client.call(&Call::get("limits".to_owned()), "the limits").map(|_| ()).unwrap_err();
        assert!(error.message.starts_with("the session ended again right after a new sign-in"), "{error}");
    }
    // Once it was of use, its end is an end like any other.
    script.get_as(SECOND_SESSION, "limits", 200, "{}").get_as(SECOND_SESSION, "limits", 401, EXPIRED);
    script.answer(&golden("login/request.txt"), 200, golden("login/success.xml"));
    script.rest("GET", "limits", "", 200, "{}");
    for _ in 0..2 {
        assert!(client.call(&Call::get("limits".to_owned()), "the limits").is_ok());
    }
}

// Salesforce says no more than "ip restricted", which was told as any refused sign-in is.
#[test]
fn a_jwt_sign_in_from_outside_the_profiles_ranges_names_them() {
    let body = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={signed}";
    for words in ["ip restricted", "IP restricted", "ip restricted or invalid login hours"] {
        let script = Script::new();
        let answer = format!(r#"{{"error":"invalid_grant","error_description":"{words}"}}"#);
        script.answer(&token_request(body), 400, answer);
        let method = Method::JwtBearer("3MVG9".to_owned(), placeholder("key"));
        let error = signing_in_by(&script, "api@acme.example", method).map(|_| ()).unwrap_err();
        assert_eq!((&error.kind, error.retry), (&ErrorKind::PermissionDenied, Retry::AfterRemedy), "{words}: {error}");
        assert!(error.message.starts_with("the profile of the admin user api@acme.example does not allow"), "{error}");
        let remedy = error.remedy.as_ref().unwrap();
        for part in ["addresses of the provisioning host", "Login IP Ranges", "JWT sign-ins always keep"] {
            assert!(remedy.contains(part), "{remedy}");
        }
    }
}
