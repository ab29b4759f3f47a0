//! The control API: the org's strings for whoever runs it, on a port of its own and never on the org's.
//!
//! JSON over HTTP. A refusal is `{"error": "…"}` with one sentence. Requests that a web page could send are refused,
//! and so is a body that is not declared as JSON, because nothing here asks for a password. `docs/emulator-control.md`
//! shows each resource by example.

mod body;
mod org;

use std::sync::Arc;

use axum::extract::{Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::faults::Fault;
use crate::http::Shared;
use body::Body;

/// A refusal: HTTP status and a sentence.
#[derive(Debug)]
struct Refusal(StatusCode, String);

impl Refusal {
    fn bad(message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, message.into())
    }

    fn missing(message: impl Into<String>) -> Self {
        Self(StatusCode::NOT_FOUND, message.into())
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, format!("The org's store failed: {error}."))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"error": self.1}))).into_response()
    }
}

type Answer = Result<Json<Value>, Refusal>;
type Org = State<Arc<Shared>>;

/// The control API's routes.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/faults", get(faults).post(put_fault).delete(clear_faults))
        .route("/faults/{id}", delete(remove_fault))
        .route("/journal", get(journal).delete(clear_journal))
        .route("/switches", get(org::switches).patch(org::set_switches))
        .route("/licences", get(org::licences))
        .route("/licences/{name}", put(org::set_licence))
        .route("/api-requests", get(org::api_requests).put(org::set_api_requests))
        .route("/clock", get(org::clock).post(org::move_clock))
        .route("/sessions", delete(org::expire_sessions))
        .route("/query-locators", delete(org::expire_query_locators))
        .route("/admin-password", delete(org::expire_admin_password))
        .fallback(async || Refusal::missing("There is no such control; GET / lists them."))
        .method_not_allowed_fallback(async || {
            Refusal(StatusCode::METHOD_NOT_ALLOWED, "The control does not take this method; GET / lists them.".into())
        })
        .layer(middleware::from_fn(refuse_web_pages))
        .with_state(shared)
}

/// A page in somebody's browser must not reach the controls of a test that happens to run beside it.
async fn refuse_web_pages(request: Request, next: Next) -> Response {
    if request.headers().contains_key(header::ORIGIN) {
        return Refusal(StatusCode::FORBIDDEN, "Web pages may not use the controls.".into()).into_response();
    }
    next.run(request).await
}

async fn index() -> Json<Value> {
    Json(json!({
        "GET /faults": "the faults that wait",
        "POST /faults": "put a fault on the next matching requests",
        "DELETE /faults": "take all faults back",
        "DELETE /faults/{id}": "take one fault back",
        "GET /journal?offset=0&limit=1000": "the requests so far, oldest first",
        "DELETE /journal": "forget the requests so far",
        "GET /switches": "the org's answers to open questions",
        "PATCH /switches": "change some of them",
        "GET /licences": "user licences and feature licences with their seats",
        "PUT /licences/{name}": "set a licence's seats",
        "GET /api-requests": "the day's API requests, used and allowed",
        "PUT /api-requests": "set either",
        "GET /clock": "the org's time",
        "POST /clock": "move it",
        "DELETE /sessions": "end all sessions",
        "DELETE /query-locators": "close all query cursors",
        "DELETE /admin-password": "mark the administrator's password as expired",
    }))
}

async fn faults(State(shared): Org) -> Answer {
    Ok(Json(json!({"faults": shared.faults.waiting()})))
}

async fn put_fault(State(shared): Org, Body(fault): Body<Fault>) -> Result<(StatusCode, Json<Value>), Refusal> {
    if fault.times == 0 {
        return Err(Refusal::bad("A fault must hit at least one request; set times to 1 or more."));
    }
    if fault.effect.is_none() && fault.latency.is_zero() {
        return Err(Refusal::bad("A fault must do something; give it an effect or a latencyMs."));
    }
    let id = shared.faults.put(fault);
    Ok((StatusCode::CREATED, Json(json!({"id": id}))))
}

async fn clear_faults(State(shared): Org) -> StatusCode {
    shared.faults.clear();
    StatusCode::NO_CONTENT
}

async fn remove_fault(State(shared): Org, Path(id): Path<u64>) -> Result<StatusCode, Refusal> {
    if shared.faults.remove(id) {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Refusal::missing(format!("No fault {id} waits; it was met, taken back or never put.")))
}

#[derive(Deserialize)]
struct Window {
    #[serde(default)]
    offset: u64,
    #[serde(default = "page")]
    limit: usize,
}

const fn page() -> usize {
    1_000
}

/// `offset` counts from the first request ever, so that a reader can go on where it stopped.
async fn journal(State(shared): Org, Query(window): Query<Window>) -> Answer {
    let (total, entries) = shared.journal.read();
    let first = total - u64::try_from(entries.len()).unwrap_or(total);
    let skipped = usize::try_from(window.offset.saturating_sub(first)).unwrap_or(usize::MAX);
    let page: Vec<_> = entries.into_iter().skip(skipped).take(window.limit).collect();
    Ok(Json(json!({"total": total, "first": first, "entries": page})))
}

async fn clear_journal(State(shared): Org) -> StatusCode {
    shared.journal.clear();
    StatusCode::NO_CONTENT
}
