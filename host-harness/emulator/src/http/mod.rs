//! HTTP: the routes of the org, and what they share.
//!
//! `/services/data` is REST ([`rest`]), `/services/Soap` is SOAP ([`soap`]), `/services/oauth2` and `/id` are OAuth
//! ([`oauth`]). Anything else that Salesforce has and the emulator has not answers 501 with a plain sentence.

pub(crate) mod connection;
mod edge;
mod gate;
mod oauth;
mod rest;
pub(crate) mod sessions;
mod soap;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};

use crate::faults::Faults;
use crate::journal::Journal;
use crate::login::assertion::VerificationKey;
use crate::org::Org;
use crate::org::switches::Switches;
use crate::rest::{Jobs, Locators, Usage};
use sessions::Sessions;

/// The largest body that is read, in bytes; Salesforce takes 50 MB.
const MAX_BODY: usize = 50 << 20;

/// What every request shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) org: Org,
    pub(crate) sessions: Sessions,
    /// The connected app's key for signed assertions, where it has one.
    pub(crate) app_key: Option<VerificationKey>,
    pub(crate) locators: Locators,
    pub(crate) usage: Usage,
    pub(crate) journal: Journal,
    pub(crate) faults: Faults,
    pub(crate) jobs: Jobs,
    /// How many requests are being worked on.
    pub(crate) under_way: AtomicU32,
    /// How many requests have got an id.
    pub(crate) numbered: AtomicU64,
}

impl Shared {
    /// Changes the org's switches, and what follows from them.
    pub(crate) fn set_switches(&self, switches: Switches) {
        self.usage.set_limit(switches.daily_api_requests);
        self.org.set_switches(switches);
    }

    /// Sets how many API requests the day allows.
    pub(crate) fn set_daily_api_requests(&self, limit: u64) {
        self.set_switches(Switches { daily_api_requests: limit, ..(*self.org.switches()).clone() });
    }
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
        .merge(oauth::routes())
        .fallback(elsewhere)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), gate::pass))
        .with_state(shared)
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
