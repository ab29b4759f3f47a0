//! Signing in by OAuth 2.0: the token endpoint and its grants (RFC 6749, RFC 7523).

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use form_urlencoded::byte_serialize;
use serde::{Deserialize, Serialize};

use super::error::Fault;
use super::json;
use super::login::{App, Password, SignedIn, origin};
use crate::host::{Escaping, Method, Part, Request};

/// How long an assertion is valid. Salesforce takes at most five minutes (M), and clocks may differ a little.
const ASSERTION_LIFETIME: Duration = Duration::from_secs(180);

/// The request of a client credentials grant.
pub fn client_credentials<'a, S>(login_url: &str, app: &'a App<S>) -> Request<'a, S> {
    token(login_url, client(app, "client_credentials"))
}

/// The request of a password grant. Salesforce wants the security token directly behind the password (H).
pub fn password_flow<'a, S>(
    login_url: &str,
    app: &'a App<S>,
    username: &str,
    password: &'a Password<S>,
) -> Request<'a, S> {
    let mut body = client(app, "password");
    body.push(Part::Text(Cow::Owned(format!("&username={}&password=", encode(username)))));
    body.push(Part::Secret(&password.password, Escaping::Form));
    body.extend(password.security_token.as_ref().map(|token| Part::Secret(token, Escaping::Form)));
    token(login_url, body)
}

/// The request of an assertion grant, with the assertion as [`assertion`] and [`base64url`] make it.
pub fn jwt_bearer<S>(login_url: &str, assertion: &str) -> Request<'static, S> {
    let body = format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}");
    token(login_url, vec![Part::Text(Cow::Owned(body))])
}

/// What is to be signed of an assertion (RFC 7515 §5.1): header and claims.
pub fn assertion(client_id: &str, username: &str, login_url: &str, now: Duration) -> String {
    let exp = (now + ASSERTION_LIFETIME).as_secs();
    let claims = json::text(&Claims { iss: client_id, sub: username, aud: login_url, exp });
    format!("{}.{}", base64url(br#"{"alg":"RS256"}"#), base64url(claims.as_bytes()))
}

/// The claims of an assertion (RFC 7523 §3).
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: u64,
}

/// Base64 with the alphabet for URLs and without padding (RFC 7515 §2).
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn client<'a, S>(app: &'a App<S>, grant_type: &str) -> Vec<Part<'a, S>> {
    let head = format!("grant_type={grant_type}&client_id={}&client_secret=", encode(&app.id));
    vec![Part::Text(Cow::Owned(head)), Part::Secret(&app.secret, Escaping::Form)]
}

/// A value of a form (WHATWG URL §5).
fn encode(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

fn token<'a, S>(login_url: &str, body: Vec<Part<'a, S>>) -> Request<'a, S> {
    Request {
        method: Method::Post,
        url: format!("{login_url}/services/oauth2/token"),
        headers: vec![
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ("accept", "application/json".to_owned()),
        ],
        body,
    }
}

/// The answer of the token endpoint.
#[derive(Deserialize)]
struct Token {
    access_token: String,
    instance_url: String,
    id: String,
}

/// Reads the answer of the token endpoint.
///
/// # Errors
///
/// The error that Salesforce answered, or one without a code where the answer is none of a token endpoint.
pub fn parse(status: u16, body: &[u8]) -> Result<SignedIn, Fault> {
    let fault = || super::error::parse(status, body);
    let token: Token = serde_json::from_slice(body).ok().filter(|_| status == 200).ok_or_else(fault)?;
    // `https://login.salesforce.com/id/00D…/005…` (H): the organisation and the user.
    let mut ids = token.id.rsplit('/');
    let (user_id, organization_id) = (ids.next().unwrap_or_default(), ids.next().unwrap_or_default());
    if user_id.is_empty() || token.access_token.is_empty() || token.instance_url.is_empty() {
        return Err(fault());
    }
    Ok(SignedIn {
        session_id: token.access_token,
        instance_url: origin(&token.instance_url).to_owned(),
        organization_id: organization_id.to_owned(),
        user_id: user_id.to_owned(),
        ..SignedIn::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_assertion_names_app_user_audience_and_its_end() {
        let text = assertion("3MVG9", "api@acme.example", "https://login.salesforce.com", Duration::from_secs(1_000));
        let (header, claims) = text.split_once('.').unwrap();
        assert_eq!(header, "eyJhbGciOiJSUzI1NiJ9");
        let expected = r#"{"iss":"3MVG9","sub":"api@acme.example","aud":"https://login.salesforce.com","exp":1180}"#;
        assert_eq!(claims, base64url(expected.as_bytes()));
    }

    #[test]
    fn a_token_brings_the_ids_of_organization_and_user() {
        let body = br#"{"access_token":"00D!x","instance_url":"https://acme.my.salesforce.com/","id":"https://login.salesforce.com/id/00D5e0000012AbCEAU/0055e000001AdmNAAS","token_type":"Bearer"}"#;
        let signed_in = parse(200, body).unwrap();
        assert_eq!(signed_in.session_id, "00D!x");
        assert_eq!(signed_in.instance_url, "https://acme.my.salesforce.com");
        assert_eq!(signed_in.organization_id, "00D5e0000012AbCEAU");
        assert_eq!(signed_in.user_id, "0055e000001AdmNAAS");
    }

    #[test]
    fn a_refusal_keeps_its_code_and_words() {
        let fault =
            parse(400, br#"{"error":"invalid_grant","error_description":"authentication failure"}"#).err().unwrap();
        assert_eq!((fault.code.as_str(), fault.message.as_str()), ("invalid_grant", "authentication failure"));
        let fault = parse(200, b"<html><title>Login</title></html>").err().unwrap();
        assert_eq!((fault.code.as_str(), fault.message.as_str()), ("", "Login"));
    }

    proptest! {
        #[test]
        fn a_username_stays_inside_its_parameter(username in any::<String>()) {
            let encoded = encode(&username);
            let form = format!("username={encoded}&password=");
            let read: Vec<_> = form_urlencoded::parse(form.as_bytes()).into_owned().collect();
            prop_assert_eq!(read, [("username".to_owned(), username), ("password".to_owned(), String::new())]);
        }
    }
}
