//! Revocation (RFC 7009) and introspection (RFC 7662) of tokens.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::token::{SCOPE, identity_url};
use super::{Form, answer, blocking, only_post, refusal};
use crate::http::Shared;
use crate::login;
use crate::login::oauth::{self, OAuthError};
use crate::org::unconfirmed::Unconfirmed;

/// Ends an access token, or a refresh token with all access tokens that came from it (H). The token may come in the
/// query of a GET (M).
pub(super) async fn revoke(
    State(shared): State<Arc<Shared>>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = Form::read(&uri, &headers, &body);
    blocking(move || {
        let token = form.get("token").unwrap_or_default();
        if shared.sessions.end(token) {
            return StatusCode::OK.into_response();
        }
        match shared.org.transact(|db| oauth::forget_refresh_token(db, token)).and_then(|forgot| forgot) {
            Ok(true) => {
                shared.sessions.end_refreshed_by(&oauth::fingerprint(token));
                StatusCode::OK.into_response()
            }
            Ok(false) => {
                // What has no token's form at all is another refusal (H that it exists; L for what it covers).
                if token.starts_with("00D") || token.starts_with("5Aep") {
                    let unknown = Unconfirmed::UnknownToken.refusal();
                    not_revoked(unknown.code, &unknown.message)
                } else {
                    not_revoked("unsupported_token_type", "this token type is not supported")
                }
            }
            Err(error) => {
                let error = OAuthError::from(error);
                not_revoked(error.code, error.description)
            }
        }
    })
    .await
}

/// This endpoint alone refuses in the form of a form (H).
fn not_revoked(code: &str, description: &str) -> Response {
    let description = utf8_percent_encode(description, NON_ALPHANUMERIC);
    let body = format!("error={code}&error_description={description}");
    (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "application/x-www-form-urlencoded")], body).into_response()
}

/// Says whether a token is alive, to the connected app only.
pub(super) async fn introspect(
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
    blocking(move || match state(&shared, &form) {
        Ok(body) => answer(StatusCode::OK, &body),
        Err(error) => refusal(error),
    })
    .await
}

fn state(shared: &Shared, form: &Form) -> Result<Value, OAuthError> {
    let org = &shared.org;
    let (id, secret) = form.client();
    oauth::client(org, id, secret)?;
    let token = form.get("token").unwrap_or_default();
    let lifetime = org.switches().session_seconds;
    let session = shared.sessions.peek(token, org.clock.now(), lifetime).filter(|session| session.access_token);
    let (user_id, times) = match &session {
        Some(session) => (Some(session.user_id.clone()), Some((session.started, session.last_used + lifetime))),
        None => (org.transact(|db| oauth::refresh_token_owner(db, token))??, None),
    };
    let alive = |user_id: String| {
        org.transact(|db| {
            Ok::<_, rusqlite::Error>(if login::may_act(db, &user_id)? { login::load(db, &user_id)? } else { None })
        })
    };
    let user = match user_id {
        Some(user_id) => alive(user_id)??,
        None => None,
    };
    let Some(user) = user else { return Ok(json!({"active": false})) };
    let mut body = json!({
        "active": true,
        "scope": SCOPE,
        "client_id": org.facts.client_id,
        "username": user.username,
        "sub": identity_url(&form.origin, &org.facts, &user.id),
        "token_type": if times.is_some() { "access_token" } else { "refresh_token" },
    });
    if let Some((started, ends)) = times {
        body["iat"] = started.into();
        body["nbf"] = started.into();
        body["exp"] = ends.into();
    }
    Ok(body)
}
