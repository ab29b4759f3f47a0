//! OAuth 2 under `/services/oauth2`, and the identity URL under `/id`.
//!
//! Built: the token endpoint's grants ([`token`]), revocation and introspection ([`lifetime`]), and who the user is
//! ([`identity`]). The grants that need a browser (authorization code, device) are not; a test gets the refresh token
//! that they would end with from the emulator itself.

mod identity;
mod lifetime;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Shared, origin};
use crate::login::oauth::OAuthError;
use crate::rest::query_pairs;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/services/oauth2/token", any(token::handle))
        .route("/services/oauth2/revoke", any(lifetime::revoke))
        .route("/services/oauth2/introspect", any(lifetime::introspect))
        .route("/services/oauth2/userinfo", any(identity::user_info))
        .route("/id/{organization}/{user}", get(identity::show).post(identity::show))
}

/// The parameters of a request, from its body and its query, and what its headers say.
struct Form {
    pairs: Vec<(String, String)>,
    /// The client credentials of a `Basic` header.
    basic: Option<(String, String)>,
    /// The org's address as the client used it.
    origin: String,
}

impl Form {
    fn read(uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Self {
        let mut pairs = query_pairs(&String::from_utf8_lossy(body));
        pairs.extend(uri.query().map(query_pairs).unwrap_or_default());
        Self { pairs, basic: basic(headers), origin: origin(headers) }
    }

    /// The parameter of this name; an empty one is none.
    fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// Consumer key and secret, from the header or the parameters (both H).
    fn client(&self) -> (Option<&str>, Option<&str>) {
        match &self.basic {
            Some((id, secret)) => (Some(id), Some(secret)),
            None => (self.get("client_id"), self.get("client_secret")),
        }
    }
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// Runs something that waits for the store, away from the threads that serve.
async fn blocking(work: impl FnOnce() -> Response + Send + 'static) -> Response {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a request failed inside the emulator");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    })
}

/// Whether the request was not a POST, and if so what it gets (L).
fn only_post(method: &Method) -> Option<Response> {
    (method != Method::POST).then(|| refusal(OAuthError::new("invalid_request", "must use HTTP POST")))
}

/// Every refusal of the endpoints is HTTP 400 (H).
fn refusal(error: OAuthError) -> Response {
    answer(StatusCode::BAD_REQUEST, &json!({"error": error.code, "error_description": error.description}))
}

/// Tokens must not lie in caches (RFC 6749, section 5.1).
fn answer(status: StatusCode, body: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json;charset=UTF-8"),
        (header::CACHE_CONTROL, "no-cache, no-store"),
        (header::PRAGMA, "no-cache"),
    ];
    (status, headers, body.to_string()).into_response()
}
