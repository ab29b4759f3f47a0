//! The sign-in of a client, by whichever way the settings name.

use super::no_answer;
use crate::diagnosis;
use crate::host::Host;
use crate::model::{Error, ErrorKind, Result, Usage};
use crate::salesforce::error::Detour;
use crate::salesforce::login::{self, Credentials, Method, SignedIn};
use crate::salesforce::oauth;

/// Signs in, and checks where the answer leads.
///
/// # Errors
///
/// When Salesforce refuses the sign-in, cannot be reached, or answers with an address that is not safe to call.
pub(super) fn sign_in<H: Host>(host: &H, credentials: &Credentials, usage: &mut Usage) -> Result<SignedIn> {
    let Credentials { login_url, username, method } = credentials;
    let subject = match username.as_str() {
        "" => "the app of client-id".to_owned(),
        username => format!("the admin user {username}"),
    };
    let request = match method {
        Method::Soap(password) => login::request(login_url, username, password),
        Method::PasswordFlow(app, password) => oauth::password_flow(login_url, app, username, password),
        Method::ClientCredentials(app) => oauth::client_credentials(login_url, app),
        Method::JwtBearer(client_id, key) => {
            let claims = oauth::claims(client_id, username, login_url, host.now());
            let assertion = host.sign_jwt(key, &claims).map_err(|reason| {
                let message = format!("the assertion of {subject} cannot be signed: {}", reason.trim_end_matches('.'));
                Error::new(ErrorKind::InvalidSettings, message)
                    .with_remedy("Enter the PEM-encoded RSA private key whose certificate is uploaded to the app under Setup > External Client App Manager (for a connected app, Setup > Apps > App Manager)")
            })?;
            oauth::jwt_bearer(login_url, &assertion)
        }
    };
    let parse = if matches!(method, Method::Soap(_)) { login::parse } else { oauth::parse };
    usage.calls = usage.calls.saturating_add(1);
    let response = host.send(request).map_err(|failure| no_answer(failure, "the sign-in at Salesforce"))?;
    let signed_in = parse(response.status, &response.body).map_err(|fault| {
        let fault = fault.of(&response);
        if let Some(detour) = Detour::of(&response) {
            return diagnosis::detour_of_sign_in(&detour, fault, login_url, &subject);
        }
        // An answer of some other server.
        if fault.code.is_empty() && fault.status < 500 {
            let message = format!("the login host did not answer the sign-in of {subject} as Salesforce does");
            let error = Error::new(ErrorKind::InvalidSettings, message).with_remedy(
                "Check instance-type and my-domain; the right host ends in .my.salesforce.com and stands under \
                 Setup > Company Settings > My Domain",
            );
            return error.with_upstream(fault.into());
        }
        diagnosis::diagnose_sign_in(fault, &subject)
    })?;
    if !is_safe(&signed_in.instance_url, login_url) {
        return Err(Error::new(
            ErrorKind::InvalidSettings,
            "the login host answered with an instance address that is not https, so nothing more was sent",
        )
        .with_remedy("Check instance-type and my-domain; only Salesforce's own hosts can sign in"));
    }
    if signed_in.password_expired {
        // Such a session can do nothing but set a new password (H).
        return Err(Error::new(ErrorKind::InvalidCredentials, format!("the password of {subject} has expired"))
            .with_remedy(diagnosis::EXPIRED_PASSWORD_REMEDY));
    }
    Ok(signed_in)
}

/// The session id only goes to an https address, or back to the loopback address that it came from.
pub(super) fn is_safe(instance_url: &str, login_url: &str) -> bool {
    let https = instance_url.strip_prefix("https://").is_some_and(|host| !host.is_empty() && !host.contains('@'));
    https || (login_url.starts_with("http://") && instance_url == login_url)
}
