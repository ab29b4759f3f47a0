//! Signing in by OAuth 2.0: the token endpoint and its grants (RFC 6749, RFC 7523).

use std::borrow::Cow;
use std::time::Duration;

use form_urlencoded::Serializer as Form;
use serde::{Deserialize, Serialize};

use super::error::Fault;
use super::json;
use super::login::{App, Password, SignedIn, origin};
use crate::host::{Method, Request};

/// How long an assertion is valid, in seconds. Salesforce takes at most five minutes (M), and clocks may differ a little.
pub const ASSERTION_LIFETIME: u32 = 180;

/// The request of a client credentials grant.
pub fn client_credentials(login_url: &str, app: &App) -> Request<'static> {
    token(login_url, client(app, "client_credentials"))
}

/// The request of a password grant. Salesforce wants the security token directly behind the password (H).
pub fn password_flow(login_url: &str, app: &App, username: &str, password: &Password) -> Request<'static> {
    let security_token = password.security_token.as_deref().unwrap_or_default();
    let mut form = client(app, "password");
    form.append_pair("username", username);
    form.append_pair("password", &format!("{}{security_token}", password.password));
    token(login_url, form)
}

/// The request of an assertion grant.
pub fn jwt_bearer(login_url: &str, assertion: &str) -> Request<'static> {
    let mut form = Form::new(String::new());
    form.append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
    form.append_pair("assertion", assertion);
    token(login_url, form)
}

/// The claims of an assertion (RFC 7523 §3), as JSON.
pub fn claims(client_id: &str, username: &str, login_url: &str, now: Duration) -> String {
    let exp = (now + Duration::from_secs(u64::from(ASSERTION_LIFETIME))).as_secs();
    json::text(&Claims { iss: client_id, sub: username, aud: login_url, exp })
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: u64,
}

fn client(app: &App, grant_type: &str) -> Form<'static, String> {
    let mut form = Form::new(String::new());
    form.append_pair("grant_type", grant_type);
    form.append_pair("client_id", &app.id);
    form.append_pair("client_secret", &app.secret);
    form
}

fn token(login_url: &str, mut form: Form<'static, String>) -> Request<'static> {
    Request {
        method: Method::Post,
        url: format!("{login_url}/services/oauth2/token"),
        headers: vec![
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ("accept", "application/json".to_owned()),
        ],
        body: Some(Cow::Owned(form.finish())),
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
    // `https://login.salesforce.com/id/00D…/005…` (H): the organization and the user.
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
        assert_eq!(
            claims("3MVG9", "api@acme.example", "https://login.salesforce.com", Duration::from_secs(1_000)),
            r#"{"iss":"3MVG9","sub":"api@acme.example","aud":"https://login.salesforce.com","exp":1180}"#
        );
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
            let app = App { id: "3MVG9".to_owned(), secret: "secret".to_owned() };
            let password = Password { password: "password".to_owned(), security_token: Some("token".to_owned()) };
            let request = password_flow("https://login.salesforce.com", &app, &username, &password);
            let body = request.body.unwrap();
            let read: Vec<_> = form_urlencoded::parse(body.as_bytes()).into_owned().skip(3).collect();
            prop_assert_eq!(read, [("username".to_owned(), username), ("password".to_owned(), "passwordtoken".to_owned())]);
        }
    }
}
