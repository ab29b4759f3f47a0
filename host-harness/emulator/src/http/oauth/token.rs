//! The token endpoint: each grant's parameters, and the answer's form.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use ring::hmac;
use serde_json::{Map, Value, json};

use super::{Form, answer, blocking, only_post, refusal};
use crate::http::Shared;
use crate::login::User;
use crate::login::oauth::{self, OAuthError};
use crate::org::facts::Facts;

/// What the connected app may do on a user's behalf.
pub(super) const SCOPE: &str = "web openid api id";

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The grants that are built.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Grant {
    Password,
    ClientCredentials,
    JwtBearer,
    RefreshToken,
}

pub(super) async fn handle(
    State(shared): State<Arc<Shared>>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(refused) = only_post(&method) {
        return refused;
    }
    let form = Form::read(&uri, &headers, &body);
    blocking(move || {
        // The day's limit shuts this door as well, in the words of REST (M).
        if shared.usage.is_used_up() {
            let error = json!([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]);
            return answer(StatusCode::FORBIDDEN, &error);
        }
        match grant(&shared, &form) {
            Ok(body) => answer(StatusCode::OK, &body),
            Err(error) => refusal(error),
        }
    })
    .await
}

fn grant(shared: &Shared, form: &Form) -> Result<Value, OAuthError> {
    let org = &shared.org;
    let grant = match form.get("grant_type") {
        Some("password") => Grant::Password,
        Some("client_credentials") => Grant::ClientCredentials,
        Some(JWT_BEARER) => Grant::JwtBearer,
        Some("refresh_token") => Grant::RefreshToken,
        _ => return Err(OAuthError::new("unsupported_grant_type", "grant type not supported")),
    };
    let (id, secret) = form.client();
    match grant {
        Grant::Password | Grant::ClientCredentials => oauth::client(org, id, secret)?,
        // A refresh token may come without the secret, where the app allows that; a wrong one is refused.
        Grant::RefreshToken if secret.is_none() => oauth::known_client(org, id)?,
        Grant::RefreshToken => oauth::client(org, id, secret)?,
        Grant::JwtBearer => {}
    }
    let parameter = |name: &str| form.get(name).unwrap_or_default();
    let user = org.transact(|db| match grant {
        Grant::Password => oauth::by_password(org, db, parameter("username").trim(), parameter("password")),
        Grant::ClientCredentials => oauth::run_as(org, db),
        Grant::JwtBearer => oauth::by_assertion(org, db, shared.app_key.as_ref(), parameter("assertion"), &form.origin),
        Grant::RefreshToken => oauth::by_refresh_token(org, db, parameter("refresh_token")),
    })??;
    let refreshed_by = (grant == Grant::RefreshToken).then(|| oauth::fingerprint(parameter("refresh_token")));
    Ok(success(shared, form, grant, &user, refreshed_by))
}

/// The members differ by grant as they do at Salesforce (H for password; M for the others).
fn success(shared: &Shared, form: &Form, grant: Grant, user: &User, refreshed_by: Option<Vec<u8>>) -> Value {
    let facts = &shared.org.facts;
    let now = shared.org.clock.now();
    let id = identity_url(&form.origin, facts, &user.id);
    let token =
        shared.sessions.start_for_app(&facts.organization_id, &user.id, user.password_expired, now, refreshed_by);
    let mut body = Map::new();
    body.insert("access_token".into(), token.into());
    body.insert("instance_url".into(), form.origin.as_str().into());
    if grant != Grant::JwtBearer {
        let issued_at = format!("{now}{:03}", Utc::now().timestamp_subsec_millis());
        body.insert("signature".into(), sign(&facts.client_secret, &id, &issued_at).into());
        body.insert("issued_at".into(), issued_at.into());
    }
    if grant != Grant::Password {
        body.insert("scope".into(), SCOPE.into());
    }
    if grant == Grant::ClientCredentials {
        body.insert("api_instance_url".into(), form.origin.as_str().into());
    }
    body.insert("id".into(), id.into());
    body.insert("token_type".into(), "Bearer".into());
    Value::Object(body)
}

/// The address that tells who the user is.
pub(super) fn identity_url(origin: &str, facts: &Facts, user_id: &str) -> String {
    format!("{origin}/id/{}/{user_id}", facts.organization_id)
}

/// By this the client knows that the identity URL is Salesforce's: HMAC-SHA256 over it and the time, keyed by the
/// consumer secret, in Base64 (H).
fn sign(secret: &str, id: &str, issued_at: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    STANDARD.encode(hmac::sign(&key, format!("{id}{issued_at}").as_bytes()))
}
