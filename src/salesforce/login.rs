//! Signing in by the SOAP call `login()`.
//!
//! `login()` exists in API versions 31.0 to 64.0 and leaves with Summer '27 (H), so it is pinned, independent of the
//! version that REST calls use. `LoginScopeHeader` is never sent: it scopes the sign-in of *portal* users, not of the
//! admin (H for its meaning; what a server does when an admin sends it is U).

use std::borrow::Cow;

use quick_xml::escape::escape;

use super::error::Fault;
use super::xml;
use crate::host::{self, Request};

/// The last version of the API that has `login()` (H).
pub const VERSION: &str = "64.0";

/// What is needed to sign in. Secrets are placeholders.
#[derive(Debug)]
pub struct Credentials {
    /// Scheme and host, without a slash at the end.
    pub login_url: String,
    /// The admin's username; empty if the app names the user itself.
    pub username: String,
    /// By what means.
    pub method: Method,
}

/// How the admin user is proven.
#[derive(Debug)]
pub enum Method {
    /// The SOAP call `login()`.
    Soap(Password),
    /// OAuth 2.0, resource owner password credentials (RFC 6749 §4.3).
    PasswordFlow(App, Password),
    /// OAuth 2.0, client credentials (RFC 6749 §4.4); the app names the user that it runs as.
    ClientCredentials(App),
    /// OAuth 2.0, a signed assertion (RFC 7523): the consumer key and the RSA private key that belongs to the certificate of
    /// the app.
    JwtBearer(String, String),
}

/// The admin's password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Password {
    /// With or without the security token at its end.
    pub password: String,
    /// The security token where it is kept apart.
    pub security_token: Option<String>,
}

/// An External Client App, or a connected app made before Spring '26 (H, Salesforce Help 005228017).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// The consumer key.
    pub id: String,
    /// The consumer secret.
    pub secret: String,
}

/// A session of the admin's, and what the sign-in says about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignedIn {
    /// The bearer token of REST calls; a placeholder for it.
    pub session_id: String,
    /// Scheme and host of the organization's own instance.
    pub instance_url: String,
    /// The organization's id, as sent.
    pub organization_id: String,
    /// The organization's name.
    pub organization_name: String,
    /// The admin's own user id.
    pub user_id: String,
    /// Whether the session can only set a new password.
    pub password_expired: bool,
    /// Whether accounts may stand for people, in which case they have a field that says so.
    pub has_person_accounts: bool,
    /// The admin's time zone, the default for new users.
    pub time_zone: Option<String>,
    /// The admin's locale, the default for new users.
    pub locale: Option<String>,
    /// The admin's language, the default for new users.
    pub language: Option<String>,
}

/// The request of `login()`. Salesforce wants the security token directly behind the password (H).
pub fn request(login_url: &str, username: &str, password: &Password) -> Request<'static> {
    let token = password.security_token.as_deref().unwrap_or_default();
    envelope(login_url, "", username, &format!("{}{token}", password.password))
}

/// The request by which a portal user would sign in: `LoginScopeHeader` names the organization and the portal (H).
pub fn portal_request(
    login_url: &str,
    organization_id: &str,
    portal_id: &str,
    username: &str,
    password: &str,
) -> Request<'static> {
    let header = format!(
        "<soapenv:Header><urn:LoginScopeHeader><urn:organizationId>{organization_id}</urn:organizationId>\
         <urn:portalId>{portal_id}</urn:portalId></urn:LoginScopeHeader></soapenv:Header>"
    );
    envelope(login_url, &header, username, password)
}

fn envelope(login_url: &str, header: &str, username: &str, password: &str) -> Request<'static> {
    const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
        <soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:urn=\"urn:partner.soap.sforce.com\">";
    const TAIL: &str = "</urn:password></urn:login></soapenv:Body></soapenv:Envelope>";

    let (username, password) = (escape(username), escape(password));
    let body = format!(
        "{HEAD}{header}<soapenv:Body><urn:login><urn:username>{username}</urn:username><urn:password>{password}{TAIL}"
    );
    Request {
        method: host::Method::Post,
        url: format!("{login_url}/services/Soap/u/{VERSION}"),
        headers: vec![
            ("content-type", "text/xml; charset=UTF-8".to_owned()),
            ("accept", "text/xml".to_owned()),
            ("soapaction", "\"\"".to_owned()),
        ],
        body: Some(Cow::Owned(body)),
    }
}

/// Reads the answer to `login()`.
///
/// # Errors
///
/// The fault that Salesforce answered, or one without a code where the answer is none of `login()`.
pub fn parse(status: u16, body: &[u8]) -> Result<SignedIn, Fault> {
    let Some(elements) = str::from_utf8(body).ok().and_then(xml::texts) else {
        return Err(super::error::parse(status, body));
    };
    let find = |name: &str| elements.iter().find(|(have, _)| have == name).map(|(_, text)| text.as_str());
    let text = |name: &str| find(name).filter(|text| !text.is_empty()).map(str::to_owned);

    if let Some(code) = find("exceptionCode").or_else(|| find("faultcode")) {
        let code = code.rsplit(':').next().unwrap_or(code).to_owned();
        let message = find("exceptionMessage").or_else(|| find("faultstring")).unwrap_or_default();
        return Err(Fault { status, message: message.to_owned(), code, ..Fault::default() });
    }
    let (Some(session_id), Some(server_url)) = (text("sessionId"), find("serverUrl")) else {
        return Err(super::error::parse(status, body));
    };
    Ok(SignedIn {
        session_id,
        instance_url: origin(server_url).to_owned(),
        organization_id: text("organizationId").unwrap_or_default(),
        organization_name: text("organizationName").unwrap_or_default(),
        user_id: text("userId").unwrap_or_default(),
        password_expired: find("passwordExpired") == Some("true"),
        has_person_accounts: find("orgHasPersonAccounts") == Some("true"),
        time_zone: text("userTimeZone"),
        locale: text("userLocale"),
        language: text("userLanguage"),
    })
}

/// Scheme and authority of an absolute URL.
pub(super) fn origin(url: &str) -> &str {
    let start = url.split_once("://").map_or(0, |(scheme, _)| scheme.len() + 3);
    let end = url.bytes().skip(start).position(|byte| byte == b'/');
    end.and_then(|end| url.get(..start + end)).unwrap_or(url)
}

#[cfg(test)]
mod tests;
