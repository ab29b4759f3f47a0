//! Signing in by OAuth, and what the tokens are worth.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::{hmac, rand, signature};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use salesforce_emulator::{AppRefusal, Emulator, Switches};
use serde_json::{Value, json};

use crate::client::{Org, between, plain_http};

const APP_CERTIFICATE: &str = include_str!("keys/app.cert.pem");
const APP_PUBLIC_KEY: &str = include_str!("keys/app.pub.pem");
const APP_KEY: &str = include_str!("keys/app.key.pem");
const OTHER_KEY: &str = include_str!("keys/other.key.pem");
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Posts a form to an endpoint; the answer's status, and its JSON, or its text where it is none.
async fn post(org: &Org, path: &str, form: &[(&str, &str)]) -> (u16, Value) {
    post_as(org, path, form, None).await
}

async fn post_as(org: &Org, path: &str, form: &[(&str, &str)], basic: Option<(&str, &str)>) -> (u16, Value) {
    let body: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let mut request = org
        .http
        .post(format!("{}{path}", org.emulator.url()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.join("&"));
    if let Some((id, secret)) = basic {
        request = request.basic_auth(id, Some(secret));
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

async fn token(org: &Org, form: &[(&str, &str)]) -> (u16, Value) {
    post(org, "/services/oauth2/token", form).await
}

async fn get(org: &Org, path: &str, token: &str) -> (u16, Value) {
    let response = org.http.get(format!("{}{path}", org.emulator.url())).bearer_auth(token).send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// The password grant of the administrator.
async fn by_password(org: &Org) -> (u16, Value) {
    let c = org.emulator.credentials();
    let password = format!("{}{}", c.password, c.security_token);
    token(
        org,
        &[
            ("grant_type", "password"),
            ("client_id", &c.client_id),
            ("client_secret", &c.client_secret),
            ("username", &c.username),
            ("password", &password),
        ],
    )
    .await
}

fn refused(code: &str, description: &str) -> (u16, Value) {
    (400, json!({"error": code, "error_description": description}))
}

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or_else(|| panic!("no {name} in {body}"))
}

fn names(body: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

async fn works_on_rest(org: &Org, token: &str) -> bool {
    let url = format!("{}/services/data/v64.0/limits", org.emulator.url());
    org.http.get(url).bearer_auth(token).send().await.unwrap().status() == 200
}

#[tokio::test]
async fn the_password_grant_gives_a_session_for_rest_and_soap() {
    let org = Org::closed(Switches::default()).await;
    let c = org.emulator.credentials();
    let (status, body) = by_password(&org).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(names(&body), ["access_token", "id", "instance_url", "issued_at", "signature", "token_type"]);
    assert_eq!(text(&body, "instance_url"), c.url);
    assert_eq!(text(&body, "token_type"), "Bearer");
    let issued: i64 = text(&body, "issued_at").parse().unwrap();
    assert!(issued > 1_600_000_000_000, "milliseconds");
    let access = text(&body, "access_token");
    assert!(access.starts_with(&format!("{}!AQ", &c.organization_id[..15])));
    assert!(works_on_rest(&org, access).await);

    let key = hmac::Key::new(hmac::HMAC_SHA256, c.client_secret.as_bytes());
    let signature = STANDARD.decode(text(&body, "signature")).unwrap();
    let signed = format!("{}{issued}", text(&body, "id"));
    hmac::verify(&key, signed.as_bytes(), &signature).expect("the signature is over id and time");

    let envelope = format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:u=\"urn:partner.soap.sforce.com\">\
         <s:Header><u:SessionHeader><u:sessionId>{access}</u:sessionId></u:SessionHeader></s:Header>\
         <s:Body><u:getUserInfo/></s:Body>\
         </s:Envelope>"
    );
    let soap = org.http.post(format!("{}/services/Soap/u/65.0", c.url)).body(envelope).send().await.unwrap();
    assert_eq!(between(&soap.text().await.unwrap(), "<userName>", "<"), c.username);
}

#[tokio::test]
async fn refused_grants_say_what_salesforce_says() {
    let org = Org::start().await;
    let c = org.emulator.credentials();
    let right = format!("{}{}", c.password, c.security_token);
    let app = [("client_id", c.client_id.as_str()), ("client_secret", c.client_secret.as_str())];
    let with = |more: &[(&'static str, &str)]| -> Vec<(String, String)> {
        app.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let portal = "portal.oauth@new.example.com";
    let id = org.user("portal.oauth", "Customer Community User").await;
    org.post(&format!("sobjects/User/{id}/password"), &json!({"NewPassword": "p0rtal&Pass"})).await;
    let password = |username: &str, password: &str| {
        with(&[("grant_type", "password"), ("username", username), ("password", password)])
    };
    let table = [
        (password(&c.username, "wrong"), "invalid_grant", "authentication failure"),
        (password(&c.username, &c.password), "invalid_grant", "authentication failure"),
        (password("nobody@example.com", &right), "invalid_grant", "authentication failure"),
        (password(portal, "p0rtal&Pass"), "invalid_grant", "authentication failure"),
        (with(&[("grant_type", "implicit")]), "unsupported_grant_type", "grant type not supported"),
        (with(&[]), "unsupported_grant_type", "grant type not supported"),
        (
            with(&[("grant_type", "refresh_token"), ("refresh_token", "5Aep861none")]),
            "invalid_grant",
            "expired access/refresh token",
        ),
        (with(&[("grant_type", JWT_BEARER), ("assertion", "a.b.c")]), "invalid_grant", "invalid assertion"),
    ];
    for (form, code, description) in table {
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(token(&org, &form).await, refused(code, description), "{form:?}");
    }
    for grant in ["password", "client_credentials"] {
        let (right_id, right_secret) = (c.client_id.as_str(), c.client_secret.as_str());
        for (id, secret, code, description) in [
            ("3MVG9none", right_secret, "invalid_client_id", "client identifier invalid"),
            ("", right_secret, "invalid_client_id", "client identifier invalid"),
            (right_id, "wrong", "invalid_client", "invalid client credentials"),
            (right_id, "", "invalid_client", "invalid client credentials"),
        ] {
            let form = [
                ("grant_type", grant),
                ("client_id", id),
                ("client_secret", secret),
                ("username", &c.username),
                ("password", &right),
            ];
            assert_eq!(token(&org, &form).await, refused(code, description));
        }
    }
    let url = format!("{}/services/oauth2/token", c.url);
    assert_eq!(org.http.get(url).send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn wrong_passwords_lock_the_user_out_of_every_way_in() {
    let org = Org::closed(Switches { failed_logins_until_lockout: 2, ..Switches::default() }).await;
    let c = org.emulator.credentials();
    for _ in 0..2 {
        org.soap_login("64.0", "", &c.username, "wrong").await;
    }
    assert_eq!(by_password(&org).await, refused("invalid_grant", "authentication failure"));
}

#[tokio::test]
async fn the_password_grant_can_be_switched_off_and_shut_out() {
    for (switches, description) in [
        (Switches { oauth_password_flow: false, ..Switches::default() }, "authentication failure"),
        (Switches { login_address_restricted: true, ..Switches::default() }, "ip restricted"),
        (Switches { login_hours_restricted: true, ..Switches::default() }, "ip restricted or invalid login hours"),
    ] {
        let org = Org::closed(switches).await;
        assert_eq!(by_password(&org).await, refused("invalid_grant", description));
    }
}

#[tokio::test]
async fn an_expired_password_gives_a_restricted_token() {
    for expired_password_status in [403, 401] {
        let org = Org::closed(Switches { expired_password_status, ..Switches::default() }).await;
        org.emulator.expire_admin_password().unwrap();
        let (status, body) = by_password(&org).await;
        assert_eq!(status, 200);
        let (status, body) = get(&org, "/services/data/v64.0/limits", text(&body, "access_token")).await;
        assert_eq!(
            (status, &body[0]["errorCode"]),
            (expired_password_status, &json!("INVALID_OPERATION_WITH_EXPIRED_PASSWORD"))
        );
    }
}

#[tokio::test]
async fn client_credentials_run_as_the_apps_user() {
    let org = Org::closed(Switches::default()).await;
    let c = org.emulator.credentials();
    let grant = ("grant_type", "client_credentials");
    let form = [grant, ("client_id", c.client_id.as_str()), ("client_secret", c.client_secret.as_str())];
    let by_form = token(&org, &form).await;
    let by_header = post_as(&org, "/services/oauth2/token", &[grant], Some((&c.client_id, &c.client_secret))).await;
    for (status, body) in [by_form, by_header] {
        assert_eq!(status, 200, "{body}");
        assert_eq!(
            names(&body),
            ["access_token", "api_instance_url", "id", "instance_url", "issued_at", "scope", "signature", "token_type"]
        );
        let (_, user) = get(&org, "/services/oauth2/userinfo", text(&body, "access_token")).await;
        assert_eq!(user["preferred_username"], c.username.as_str());
    }
    let wrong = post_as(&org, "/services/oauth2/token", &[grant], Some((&c.client_id, "wrong"))).await;
    assert_eq!(wrong, refused("invalid_client", "invalid client credentials"));
}

#[tokio::test]
async fn an_app_that_the_organization_does_not_take_is_refused() {
    for (app_refusal, error, description) in [
        (AppRefusal::NotInstalled, "invalid_client", "app must be installed into org"),
        (
            AppRefusal::ExternalClientAppMissing,
            "OAUTH_EC_APP_NOT_FOUND",
            "External client app is not installed in this org",
        ),
    ] {
        let org = Org::closed(Switches { app_refusal, ..Switches::default() }).await;
        let c = org.emulator.credentials();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", c.client_id.as_str()),
            ("client_secret", c.client_secret.as_str()),
        ];
        let refused = (400, json!({"error": error, "error_description": description}));
        assert_eq!(token(&org, &form).await, refused);
        org.emulator.set_switches(|switches| switches.app_refusal = AppRefusal::None);
        assert_eq!(token(&org, &form).await.0, 200);
    }
}

#[tokio::test]
async fn client_credentials_need_a_domain_of_the_orgs_own_and_a_user() {
    for (switches, description) in [
        (Switches { my_domain: false, ..Switches::default() }, "request not supported on this domain"),
        (Switches { client_credentials_user: false, ..Switches::default() }, "no client credentials user enabled"),
    ] {
        let org = Org::closed(switches).await;
        let c = org.emulator.credentials();
        let form =
            [("grant_type", "client_credentials"), ("client_id", &c.client_id), ("client_secret", &c.client_secret)];
        assert_eq!(token(&org, &form).await, refused("invalid_grant", description));
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// An assertion with these claims, signed by this key.
fn sign(key: &str, header: &Value, claims: &Value) -> String {
    let key = PrivatePkcs8KeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let key = signature::RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&signature::RSA_PKCS1_SHA256, &rand::SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

async fn org_with_key(pem: &str, switches: Switches) -> Org {
    let emulator =
        Emulator::builder().users(20).seed(7).switches(switches).connected_app_key(pem).start().await.unwrap();
    Org { emulator, http: plain_http(), session: String::new() }
}

fn claims(org: &Org) -> Value {
    let c = org.emulator.credentials();
    json!({"iss": c.client_id, "sub": c.username, "aud": "https://login.salesforce.com", "exp": now() + 180})
}

async fn by_assertion(org: &Org, key: &str, claims: &Value) -> (u16, Value) {
    let assertion = sign(key, &json!({"alg": "RS256", "typ": "JWT"}), claims);
    token(org, &[("grant_type", JWT_BEARER), ("assertion", &assertion)]).await
}

#[tokio::test]
async fn a_signed_assertion_gives_a_token() {
    for pem in [APP_CERTIFICATE, APP_PUBLIC_KEY] {
        let org = org_with_key(pem, Switches::default()).await;
        let (status, body) = by_assertion(&org, APP_KEY, &claims(&org)).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(names(&body), ["access_token", "id", "instance_url", "scope", "token_type"]);
        assert!(works_on_rest(&org, text(&body, "access_token")).await);
        let mut other = claims(&org);
        other["aud"] = org.emulator.url().into();
        other["exp"] = (now() + 180).to_string().into();
        assert_eq!(
            by_assertion(&org, APP_KEY, &other).await.0,
            200,
            "the own address is an audience, digits are a time"
        );
    }
}

#[tokio::test]
async fn assertions_are_refused_for_signature_claims_and_user() {
    let org = org_with_key(APP_CERTIFICATE, Switches::default()).await;
    let good = claims(&org);
    let but = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    let staff = org.look("Username", "User WHERE Profile.Name = 'Standard User' AND IsActive = true");
    for (key, claims, code, description) in [
        (OTHER_KEY, good.clone(), "invalid_grant", "invalid assertion"),
        (APP_KEY, but("iss", json!("3MVG9none")), "invalid_client_id", "client identifier invalid"),
        (APP_KEY, but("aud", json!("https://test.salesforce.com")), "invalid_grant", "Audience validation failed"),
        (APP_KEY, but("exp", json!(now() - 1)), "invalid_grant", "expired authorization code"),
        (APP_KEY, but("exp", Value::Null), "invalid_grant", "invalid assertion"),
        (APP_KEY, but("sub", json!("nobody@example.com")), "invalid_grant", "user hasn't approved this consumer"),
        (APP_KEY, but("sub", staff), "invalid_app_access", "user is not admin approved to access this app"),
    ] {
        assert_eq!(by_assertion(&org, key, &claims).await, refused(code, description), "{claims}");
    }
    let right = sign(APP_KEY, &json!({"alg": "RS256"}), &good);
    let (signed, signature) = right.rsplit_once('.').unwrap();
    let header = |alg: &str| URL_SAFE_NO_PAD.encode(json!({"alg": alg}).to_string());
    let body = signed.split_once('.').unwrap().1;
    for forged in [
        format!("{signed}."),
        format!("{}.{body}.", header("none")),
        format!("{}.{body}.{signature}", header("HS256")),
        format!("{}.{}.{signature}", header("RS256"), URL_SAFE_NO_PAD.encode(but("jti", json!("x")).to_string())),
    ] {
        let answer = token(&org, &[("grant_type", JWT_BEARER), ("assertion", &forged)]).await;
        assert_eq!(answer, refused("invalid_grant", "invalid assertion"), "{forged}");
    }
}

#[tokio::test]
async fn an_app_without_a_certificate_takes_no_assertion() {
    let org = Org::closed(Switches::default()).await;
    assert_eq!(by_assertion(&org, APP_KEY, &claims(&org)).await, refused("invalid_grant", "invalid assertion"));
}

#[tokio::test]
async fn where_users_approve_the_app_themselves_an_assertion_waits_for_that() {
    let org = org_with_key(APP_CERTIFICATE, Switches { admin_approved_users_only: false, ..Switches::default() }).await;
    let refusal = refused("invalid_grant", "user hasn't approved this consumer");
    assert_eq!(by_assertion(&org, APP_KEY, &claims(&org)).await, refusal);
    let username = org.emulator.credentials().username;
    org.emulator.approve_connected_app(&username).unwrap().unwrap();
    assert_eq!(by_assertion(&org, APP_KEY, &claims(&org)).await.0, 200);
}

#[tokio::test]
async fn what_is_no_key_stops_the_start() {
    for pem in ["", "nonsense", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"] {
        let error = Emulator::builder().users(1).connected_app_key(pem).start().await.unwrap_err();
        assert!(error.to_string().starts_with("the connected app's key cannot be used"), "{error}");
    }
}

async fn refresh(org: &Org, refresh_token: &str, secret: Option<&str>) -> (u16, Value) {
    let c = org.emulator.credentials();
    let mut form =
        vec![("grant_type", "refresh_token"), ("client_id", c.client_id.as_str()), ("refresh_token", refresh_token)];
    form.extend(secret.map(|secret| ("client_secret", secret)));
    token(org, &form).await
}

#[tokio::test]
async fn a_refresh_token_gives_access_tokens_until_it_is_revoked() {
    let org = Org::closed(Switches::default()).await;
    let c = org.emulator.credentials();
    assert_eq!(org.emulator.approve_connected_app("nobody@example.com").unwrap(), None);
    let refresh_token = org.emulator.approve_connected_app(&c.username).unwrap().unwrap();
    let (status, body) = refresh(&org, &refresh_token, Some(&c.client_secret)).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(names(&body), ["access_token", "id", "instance_url", "issued_at", "scope", "signature", "token_type"]);
    let first = text(&body, "access_token").to_owned();
    let second = refresh(&org, &refresh_token, None).await.1;
    let second = text(&second, "access_token");
    assert_eq!(
        refresh(&org, &refresh_token, Some("wrong")).await,
        refused("invalid_client", "invalid client credentials")
    );
    let unrelated = by_password(&org).await.1;

    assert_eq!(post(&org, "/services/oauth2/revoke", &[("token", &first)]).await.0, 200);
    assert!(!works_on_rest(&org, &first).await);
    assert!(works_on_rest(&org, second).await);
    assert_eq!(post(&org, "/services/oauth2/revoke", &[("token", &refresh_token)]).await.0, 200);
    assert!(!works_on_rest(&org, second).await, "access tokens end with the refresh token they came from");
    assert!(works_on_rest(&org, text(&unrelated, "access_token")).await);
    assert_eq!(refresh(&org, &refresh_token, None).await, refused("invalid_grant", "expired access/refresh token"));
    for (token, error) in [
        (refresh_token.as_str(), "error=invalid_token&error_description=invalid%20token"),
        ("x", "error=unsupported_token_type&error_description=this%20token%20type%20is%20not%20supported"),
    ] {
        assert_eq!(post(&org, "/services/oauth2/revoke", &[("token", token)]).await, (400, json!(error)));
    }
}

#[tokio::test]
async fn a_refresh_token_is_worth_nothing_once_its_user_is_inactive() {
    let org = Org::with(Switches { admin_approved_users_only: false, ..Switches::default() }).await;
    let user =
        org.emulator.query("SELECT Id, Username FROM User WHERE Profile.Name = 'Standard User' AND IsActive = true");
    let user = user.unwrap()[0].clone();
    let refresh_token = org.emulator.approve_connected_app(text(&user, "Username")).unwrap().unwrap();
    let (_, body) = refresh(&org, &refresh_token, None).await;
    let changed = org.patch(&format!("sobjects/User/{}", text(&user, "Id")), &json!({"IsActive": false})).await;
    assert_eq!(changed.status, 204, "{}", changed.body);
    assert_eq!(refresh(&org, &refresh_token, None).await, refused("invalid_grant", "inactive user"));
    let (status, word) = get(&org, "/services/oauth2/userinfo", text(&body, "access_token")).await;
    assert_eq!((status, word), (403, json!("Bad_OAuth_Token")));
}

#[tokio::test]
async fn a_used_up_day_shuts_the_token_endpoint_too() {
    let org = Org::closed(Switches { daily_api_requests: 0, ..Switches::default() }).await;
    let (status, body) = by_password(&org).await;
    assert_eq!(status, 403);
    assert_eq!(body, json!([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]));
}

#[tokio::test]
async fn without_the_api_a_token_opens_nothing() {
    let org = Org::closed(Switches { api_enabled: false, ..Switches::default() }).await;
    let (status, body) = by_password(&org).await;
    assert_eq!(status, 200, "{body}");
    let (status, body) = get(&org, "/services/data/v64.0/limits", text(&body, "access_token")).await;
    assert_eq!(status, 403);
    let message = "The REST API is not enabled for this Organization.";
    assert_eq!(body, json!([{"message": message, "errorCode": "API_DISABLED_FOR_ORG"}]));
}

#[tokio::test]
async fn the_identity_url_tells_who_the_user_is() {
    let org = Org::closed(Switches::default()).await;
    let c = org.emulator.credentials();
    let (_, grant) = by_password(&org).await;
    let access = text(&grant, "access_token");
    let path = text(&grant, "id").strip_prefix(&c.url).unwrap();
    let (status, body) = get(&org, path, access).await;
    assert_eq!(status, 200);
    assert_eq!(body["id"], grant["id"]);
    assert_eq!(body["username"], c.username.as_str());
    assert_eq!(body["organization_id"], c.organization_id.as_str());
    assert_eq!(body["user_type"], "STANDARD");
    let partner = format!("{}/services/Soap/u/{{version}}/{}", c.url, &c.organization_id[..15]);
    assert_eq!(body["urls"]["partner"], partner.as_str());
    let (_, body) = get(&org, &format!("{path}?version=64.0"), access).await;
    assert_eq!(body["urls"]["query"], format!("{}/services/data/v64.0/query/", c.url).as_str());

    let portal = org.id("User WHERE UserType = 'CspLitePortal' AND IsActive = true");
    let (status, body) = get(&org, &format!("/id/{}/{portal}", c.organization_id), access).await;
    assert_eq!((status, &body["asserted_user"]), (200, &json!(false)));
    for (path, token, status, word) in [
        (path.to_owned(), "00Dnone!AQ", 403, "Bad_OAuth_Token"),
        (path.replace(&c.organization_id, &c.portal_id), access, 403, "Wrong_Org"),
        (format!("/id/{}/{}", c.organization_id, c.account_id), access, 404, "Bad_Id"),
        (format!("/id/{}/nonsense", c.organization_id), access, 404, "Bad_Id"),
    ] {
        assert_eq!(get(&org, &path, token).await, (status, json!(word)), "{path}");
    }
    let bare = org.http.get(text(&grant, "id")).send().await.unwrap();
    assert_eq!((bare.status().as_u16(), bare.text().await.unwrap().as_str()), (403, "Missing_OAuth_Token"));
}

#[tokio::test]
async fn userinfo_takes_the_token_from_header_or_form() {
    let org = Org::closed(Switches::default()).await;
    let c = org.emulator.credentials();
    let (_, grant) = by_password(&org).await;
    let access = text(&grant, "access_token");
    let by_header = get(&org, "/services/oauth2/userinfo", access).await;
    let by_form = post(&org, "/services/oauth2/userinfo", &[("access_token", access)]).await;
    assert_eq!(by_header, by_form);
    let (status, body) = by_header;
    assert_eq!(status, 200);
    assert_eq!(body["sub"], grant["id"]);
    assert_eq!(body["preferred_username"], c.username.as_str());
    assert_eq!(body["zoneinfo"], "Europe/London");
}

#[tokio::test]
async fn introspection_tells_living_tokens_from_dead_ones() {
    let org = Org::closed(Switches::default()).await;
    let c = org.emulator.credentials();
    let (_, grant) = by_password(&org).await;
    let access = text(&grant, "access_token");
    let refresh_token = org.emulator.approve_connected_app(&c.username).unwrap().unwrap();
    let introspect = async |token: &str| {
        post_as(&org, "/services/oauth2/introspect", &[("token", token)], Some((&c.client_id, &c.client_secret))).await
    };
    let (status, body) = introspect(access).await;
    assert_eq!((status, &body["active"], &body["token_type"]), (200, &json!(true), &json!("access_token")));
    assert_eq!(body["username"], c.username.as_str());
    assert_eq!(body["exp"].as_i64().unwrap() - body["iat"].as_i64().unwrap(), 7_200);
    assert_eq!(introspect(&refresh_token).await.1["token_type"], "refresh_token");
    assert_eq!(introspect("00Dnone").await, (200, json!({"active": false})));
    org.emulator.advance_clock(7_201);
    assert_eq!(introspect(access).await, (200, json!({"active": false})));
    let (status, body) = post(&org, "/services/oauth2/introspect", &[("token", access)]).await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_client_id")));
}

#[tokio::test]
async fn no_secret_of_a_grant_reaches_the_journal() {
    let org = Org::closed(Switches::default()).await;
    let c = org.emulator.credentials();
    let (_, body) = by_password(&org).await;
    let path = format!("/services/oauth2/revoke?token={}", text(&body, "access_token"));
    org.http.get(format!("{}{path}", c.url)).send().await.unwrap();
    let journal = serde_json::to_string(&org.emulator.journal()).unwrap();
    assert!(journal.contains("/services/oauth2/token"));
    for secret in [text(&body, "access_token"), &c.client_secret, &c.security_token] {
        assert!(!journal.contains(secret));
    }
}
