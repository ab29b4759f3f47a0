//! The grants of the token endpoint (RFC 6749, RFC 7523), decided without their wire form.

use rusqlite::{Connection, OptionalExtension};
use sha2::{Digest, Sha256};

use super::assertion::{self, VerificationKey};
use super::{Refusal, User};
use crate::org::Org;
use crate::org::switches::AppRefusal;

/// A refusal as the token endpoint shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OAuthError {
    /// `error`.
    pub(crate) code: &'static str,
    /// `error_description`.
    pub(crate) description: &'static str,
}

impl OAuthError {
    pub(crate) const fn new(code: &'static str, description: &'static str) -> Self {
        Self { code, description }
    }

    /// What a grant is refused with for nearly every reason.
    pub(crate) const fn grant(description: &'static str) -> Self {
        Self::new("invalid_grant", description)
    }
}

impl From<rusqlite::Error> for OAuthError {
    fn from(error: rusqlite::Error) -> Self {
        tracing::error!(%error, "the org's store failed");
        Self::new("unknown_error", "retry your request")
    }
}

/// No such user, a wrong password, or the flow is switched off: one and the same (H).
const AUTHENTICATION_FAILURE: OAuthError = OAuthError::grant("authentication failure");
/// The user does not let the connected app act for them (H).
const NOT_APPROVED: OAuthError = OAuthError::grant("user hasn't approved this consumer");
/// Someone the administrator has not approved, where only those may use the app (M).
const NOT_ADMIN_APPROVED: OAuthError =
    OAuthError::new("invalid_app_access", "user is not admin approved to access this app");
/// The user was deactivated or frozen since (M).
const INACTIVE: OAuthError = OAuthError::grant("inactive user");

/// Whether these are the connected app's credentials (M: a wrong secret is another error than a wrong key).
pub(crate) fn client(org: &Org, id: Option<&str>, secret: Option<&str>) -> Result<(), OAuthError> {
    known_client(org, id)?;
    if secret != Some(org.facts.client_secret.as_str()) {
        return Err(OAuthError::new("invalid_client", "invalid client credentials"));
    }
    Ok(())
}

/// Whether there is a connected app with this consumer key (M).
pub(crate) fn known_client(org: &Org, id: Option<&str>) -> Result<(), OAuthError> {
    match org.switches().app_refusal {
        AppRefusal::None => {}
        AppRefusal::NotInstalled => return Err(OAuthError::new("invalid_client", "app must be installed into org")),
        AppRefusal::ExternalClientAppMissing => {
            let description = "External client app is not installed in this org";
            return Err(OAuthError::new("OAUTH_EC_APP_NOT_FOUND", description));
        }
    }
    if id == Some(org.facts.client_id.as_str()) {
        Ok(())
    } else {
        Err(OAuthError::new("invalid_client_id", "client identifier invalid"))
    }
}

/// The user of a username and password grant.
pub(crate) fn by_password(org: &Org, db: &Connection, username: &str, password: &str) -> Result<User, OAuthError> {
    if !org.switches().oauth_password_flow {
        return Err(AUTHENTICATION_FAILURE);
    }
    let user = super::by_password(org, db, username, password, None)?.map_err(refused)?;
    permitted(org, db, &user)?;
    Ok(user)
}

fn refused(refusal: Refusal) -> OAuthError {
    match refusal {
        Refusal::Invalid | Refusal::TokenMissing => AUTHENTICATION_FAILURE,
        // H.
        Refusal::Address => OAuthError::grant("ip restricted"),
        // M.
        Refusal::Hours => OAuthError::grant("ip restricted or invalid login hours"),
    }
}

/// The user that the connected app runs as.
pub(crate) fn run_as(org: &Org, db: &Connection) -> Result<User, OAuthError> {
    if !org.switches().my_domain {
        return Err(OAuthError::grant("request not supported on this domain"));
    }
    let user = if org.switches().client_credentials_user { super::load(db, &org.facts.admin_id)? } else { None };
    match user {
        Some(user) if super::may_act(db, &user.id)? => entered(org, db, user),
        _ => Err(OAuthError::grant("no client credentials user enabled")),
    }
}

/// The user of a signed assertion. `own_url` is the org's address, which is an audience like the login host.
pub(crate) fn by_assertion(
    org: &Org,
    db: &Connection,
    key: Option<&VerificationKey>,
    text: &str,
    own_url: &str,
) -> Result<User, OAuthError> {
    // What is no assertion, or is not signed by the app's key, is all the same (M).
    let invalid = OAuthError::grant("invalid assertion");
    let unverified = assertion::claims(text).ok_or(invalid)?;
    known_client(org, Some(&unverified.issuer))?;
    let claims = key.and_then(|key| key.verify(text)).ok_or(invalid)?;
    let host = if org.switches().sandbox { "https://test.salesforce.com" } else { "https://login.salesforce.com" };
    let fits = |audience: &String| {
        let audience = audience.trim_end_matches('/');
        audience == host || audience == own_url
    };
    if !claims.audiences.iter().any(fits) {
        return Err(OAuthError::grant("Audience validation failed"));
    }
    if claims.expires <= org.clock.now() {
        // Salesforce calls it so, although there is no code in this flow (M).
        return Err(OAuthError::grant("expired authorization code"));
    }
    let user = super::find(db, &claims.subject)?.ok_or(NOT_APPROVED)?;
    permitted(org, db, &user)?;
    if !org.switches().admin_approved_users_only && !has_approved(db, &user.id)? {
        return Err(NOT_APPROVED);
    }
    if !super::may_act(db, &user.id)? {
        return Err(INACTIVE);
    }
    entered(org, db, user)
}

/// The user of a refresh token.
pub(crate) fn by_refresh_token(org: &Org, db: &Connection, token: &str) -> Result<User, OAuthError> {
    let user = match refresh_token_owner(db, token)? {
        Some(user_id) => super::load(db, &user_id)?,
        None => None,
    };
    let user = user.ok_or(OAuthError::grant("expired access/refresh token"))?;
    if !super::may_act(db, &user.id)? {
        return Err(INACTIVE);
    }
    permitted(org, db, &user)?;
    Ok(user)
}

fn entered(org: &Org, db: &Connection, user: User) -> Result<User, OAuthError> {
    super::door(org).map_err(refused)?;
    super::signed_in(org, db, &user.id)?;
    Ok(user)
}

/// Whether the app's policy lets this user use it.
fn permitted(org: &Org, db: &Connection, user: &User) -> Result<(), OAuthError> {
    if org.switches().admin_approved_users_only && !super::is_administrator(db, &user.id)? {
        return Err(NOT_ADMIN_APPROVED);
    }
    Ok(())
}

/// The hash under which a refresh token is kept, so that no dump of the store shows one.
pub(crate) fn fingerprint(token: &str) -> Vec<u8> {
    Sha256::digest(token).to_vec()
}

/// Records that the user has let the connected app act for them, and returns the refresh token of that approval.
pub(crate) fn approve(db: &Connection, user_id: &str) -> rusqlite::Result<String> {
    let random: String = std::iter::repeat_with(fastrand::alphanumeric).take(80).collect();
    let token = format!("5Aep861{random}");
    db.execute("INSERT INTO _refresh_token VALUES (?1, ?2)", rusqlite::params![fingerprint(&token), user_id])?;
    Ok(token)
}

fn has_approved(db: &Connection, user_id: &str) -> rusqlite::Result<bool> {
    db.query_row("SELECT count(*) > 0 FROM _refresh_token WHERE UserId = ?1", [user_id], |row| row.get(0))
}

/// The user who gave this refresh token.
pub(crate) fn refresh_token_owner(db: &Connection, token: &str) -> rusqlite::Result<Option<String>> {
    db.query_row("SELECT UserId FROM _refresh_token WHERE Hash = ?1", [fingerprint(token)], |row| row.get(0)).optional()
}

/// Forgets a refresh token; says whether there was one.
pub(crate) fn forget_refresh_token(db: &Connection, token: &str) -> rusqlite::Result<bool> {
    Ok(db.execute("DELETE FROM _refresh_token WHERE Hash = ?1", [fingerprint(token)])? > 0)
}
