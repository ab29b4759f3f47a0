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
        method: host::Method::Post,
        path: Cow::Borrowed("sobjects/Contact"),
        body: vec![Part::Text(Cow::Borrowed(body))],
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

const TOKEN: &str = r#"{"access_token":"00D5e0000012AbC!AQcAQFirst.session","instance_url":"https://acme.my.salesforce.com","id":"https://login.salesforce.com/id/00D5e0000012AbCEAU/0055e000001AdmNAAS","token_type":"Bearer"}"#;

fn token_request(body: &str) -> String {
    format!(
        "POST https://acme.my.salesforce.com/services/oauth2/token\ncontent-type: application/x-www-form-urlencoded\n\
         accept: application/json\n\n{body}"
    )
}

fn signing_in_by(script: &Script, username: &str, method: Method<Secret>) -> Result<Client<Script>> {
    let login_url = "https://acme.my.salesforce.com".to_owned();
    let credentials = Credentials { login_url, username: username.to_owned(), method };
    Client::sign_in(script.clone(), credentials, "66.0")
}

fn app() -> login::App<Secret> {
    login::App { id: "3MVG9&x".to_owned(), secret: Secret("client-secret") }
}

#[test]
fn a_connected_app_signs_in_as_itself_and_its_session_renews() {
    let script = Script::new();
    let request = token_request("grant_type=client_credentials&client_id=3MVG9%26x&client_secret={client-secret|form}");
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
            "grant_type=password&client_id=3MVG9%26x&client_secret={client-secret|form}&username=a%2Bb@acme.example&password={password|form}{token|form}",
        ),
        400,
        r#"{"error":"invalid_grant","error_description":"authentication failure"}"#,
    );
    let password = login::Password { password: Secret("password"), security_token: Some(Secret("token")) };
    let error = signing_in_by(&script, "a+b@acme.example", Method::PasswordFlow(app(), password)).map(|_| ());
    let error = error.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidCredentials);
    assert!(error.message.contains("a+b@acme.example") && error.message.contains("password flow"), "{error}");
}

#[test]
fn an_assertion_is_signed_by_the_host() {
    let script = Script::new();
    let signed = oauth::assertion(
        "3MVG9",
        "api@acme.example",
        "https://acme.my.salesforce.com",
        Duration::from_millis(1_700_000_000_000),
    );
    let signature = oauth::base64url(format!("<private-key signs {} bytes>", signed.len()).as_bytes());
    let body =
        format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={signed}.{signature}");
    script.answer(&token_request(&body), 200, TOKEN);
    let method = Method::JwtBearer("3MVG9".to_owned(), Secret("private-key"));
    assert!(signing_in_by(&script, "api@acme.example", method).is_ok());

    let method = Method::JwtBearer("3MVG9".to_owned(), Secret("no key"));
    let error = signing_in_by(&script, "api@acme.example", method).map(|_| ()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidSettings);
    assert!(error.message.contains("no PEM-encoded RSA private key"), "{error}");
}

#[test]
fn after_a_sign_in_by_oauth_the_users_own_locale_is_asked_for_once() {
    let script = Script::new();
    let request = token_request("grant_type=client_credentials&client_id=3MVG9%26x&client_secret={client-secret|form}");
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
