//! HTTP: the routes of the org, and what they share.
//!
//! `/services/data` is REST ([`rest`]), `/services/Soap` is SOAP ([`soap`]). Anything else that Salesforce has and the
//! emulator has not answers 501 with a plain sentence.

mod rest;
pub(crate) mod sessions;
mod soap;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};

use crate::journal::Journal;
use crate::org::Org;
use crate::rest::{Locators, Usage, query_pairs};
use sessions::Sessions;

/// The largest body that is read, in bytes; Salesforce takes 50 MB.
const MAX_BODY: usize = 50 << 20;

/// What every request shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) org: Org,
    pub(crate) sessions: Sessions,
    pub(crate) locators: Locators,
    pub(crate) usage: Usage,
    pub(crate) journal: Journal,
}

/// The org's routes.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/services/data", get(rest::versions))
        .route("/services/data/", get(rest::versions))
        .route("/services/data/{version}", any(rest::handle))
        .route("/services/data/{version}/", any(rest::handle))
        .route("/services/data/{version}/{*path}", any(rest::handle))
        .route("/services/Soap/u/{version}", any(soap::handle))
        .route("/services/Soap/u/{version}/{organization}", any(soap::handle))
        .fallback(elsewhere)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), record))
        .with_state(shared)
}

/// Writes each request into the journal: never its headers or body, and of its query only the SOQL.
async fn record(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let method = request.method().to_string();
    let path = request.uri().path().to_owned();
    let soql = path
        .starts_with("/services/data/")
        .then(|| request.uri().query())
        .flatten()
        .and_then(|query| query_pairs(query).into_iter().find_map(|(key, value)| (key == "q").then_some(value)));
    let start = Instant::now();
    let response = next.run(request).await;
    shared.journal.record(method, path, soql, response.status().as_u16(), start.elapsed());
    response
}

async fn elsewhere(request: Request) -> Response {
    let path = request.uri().path();
    if path.starts_with("/services/") {
        let body = format!("{path} is not emulated.");
        return (StatusCode::NOT_IMPLEMENTED, [(header::CONTENT_TYPE, "text/plain; charset=UTF-8")], body)
            .into_response();
    }
    StatusCode::NOT_FOUND.into_response()
}

/// The address that the request came to, which is the org's instance.
fn origin(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}")
}
