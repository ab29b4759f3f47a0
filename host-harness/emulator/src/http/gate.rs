//! What every request passes before and after its handler: faults, the limit on requests at one time, the journal.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde::Deserialize;

use super::connection::Hangup;
use super::edge::{self, accepts_gzip};
use super::sessions::bearer;
use super::{MAX_BODY, Shared, soap};
use crate::error::ApiError;
use crate::faults::{Effect, ErrorBody, When};
use crate::journal::JournalEntry;
use crate::rest::{self, query_pairs};
use crate::rules::RecordFault;

/// Under which Salesforce's support finds a request; REST answers have it (H), and so have all of the emulator's.
const REQUEST_ID: &str = "x-sfdc-request-id";

/// The refusals that a fault puts on the records of a request.
#[derive(Clone, Debug)]
pub(super) struct RecordFaults(pub(super) Vec<RecordFault>);

/// Ids of the records that a request made.
#[derive(Clone, Debug, Default)]
pub(super) struct Created(pub(super) Vec<String>);

/// What the journal and the faults look at.
struct Facts {
    method: String,
    path: String,
    soql: Option<String>,
}

/// Counts a request as under way for as long as it lives.
struct UnderWay<'a>(&'a AtomicU32);

impl<'a> UnderWay<'a> {
    /// The guard, and how many requests are under way with this one.
    fn enter(counter: &'a AtomicU32) -> (Self, u32) {
        let count = counter.fetch_add(1, Ordering::AcqRel) + 1;
        (Self(counter), count)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

pub(super) async fn pass(
    State(shared): State<Arc<Shared>>,
    Extension(hangup): Extension<Hangup>,
    request: Request,
    next: Next,
) -> Response {
    // A task of its own: a client that goes away ends neither the work nor its line in the journal.
    match tokio::spawn(go_through(shared, hangup, request, next)).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "a request failed inside the emulator");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn go_through(shared: Arc<Shared>, hangup: Hangup, request: Request, next: Next) -> Response {
    let (start, at) = (Instant::now(), SystemTime::now());
    let (_guard, under_way) = UnderWay::enter(&shared.under_way);
    let (parts, body) = request.into_parts();
    let gzip = accepts_gzip(&parts.headers);
    let Ok(body) = to_bytes(body, MAX_BODY).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let facts = Facts {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        soql: soql(parts.uri.path(), parts.uri.query(), &body),
    };
    let session = bearer(&parts.headers).and_then(|id| shared.sessions.owner(id));
    let fault = shared.faults.take(&facts.method, &facts.path, facts.soql.as_deref());
    let number = fault.as_ref().map(|met| met.id);
    let (latency, effect) = fault.map_or((Duration::ZERO, None), |met| (met.fault.latency, met.fault.effect));
    let latency = latency + Duration::from_millis(shared.org.switches().latency_milliseconds.into());
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let request_bytes = u64::try_from(body.len()).unwrap_or(u64::MAX);
    let over_limit = shared.org.switches().concurrent_api_requests.is_some_and(|limit| under_way > limit);
    let early = match &effect {
        _ if over_limit => Some(refused(&facts.path, concurrent_limit())),
        Some(effect) => instead(effect, &shared, &facts.path, &parts.headers),
        None => None,
    };
    let mut created = Created::default();
    let mut response = match early {
        Some(response) => response,
        None => {
            let mut request = Request::from_parts(parts, Body::from(body));
            let status = shared.org.switches().unknown_exception_status;
            if let Some(fault) = effect.as_ref().and_then(|effect| effect.record_fault(status)) {
                request.extensions_mut().insert(RecordFaults(vec![fault]));
            }
            let mut response = next.run(request).await;
            created = response.extensions_mut().remove().unwrap_or_default();
            match &effect {
                Some(effect) => afterwards(effect, response).await,
                None => response,
            }
        }
    };
    let response_bytes = response.body().size_hint().exact().unwrap_or(0);
    let request_id = format!("{:032x}", shared.numbered.fetch_add(1, Ordering::Relaxed) + 1);
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, value.clone());
        // The same number under a second name (H).
        response.headers_mut().insert("x-request-id", value);
    }
    let dropped = response.extensions().get::<Dropped>().is_some();
    if dropped {
        hangup.now();
    }
    let (user, session) = session.unzip();
    shared.journal.record(JournalEntry {
        at,
        user,
        session,
        method: facts.method,
        path: facts.path,
        soql: facts.soql,
        status: if dropped { 0 } else { response.status().as_u16() },
        duration: start.elapsed(),
        request_bytes,
        response_bytes,
        request_id,
        fault: number,
        created: created.0,
    });
    if dropped { response } else { edge::pass(response, gzip).await }
}

/// The SOQL of a request, from its address or, for a Bulk query job or a composite request, its body. Nothing else of either is
/// looked at.
fn soql(path: &str, query: Option<&str>, body: &Bytes) -> Option<String> {
    if !path.starts_with("/services/data/") {
        return None;
    }
    let resource = path.trim_end_matches('/');
    if resource.ends_with("/jobs/query") {
        let job: serde_json::Value = serde_json::from_slice(body).ok()?;
        return job["query"].as_str().map(str::to_owned);
    }
    if resource.ends_with("/composite") {
        return soql_of_parts(body);
    }
    soql_in(query?)
}

fn soql_in(query: &str) -> Option<String> {
    query_pairs(query).into_iter().find_map(|(key, value)| (key == "q").then_some(value))
}

/// The queries of a composite request, each on a line of its own.
fn soql_of_parts(body: &Bytes) -> Option<String> {
    #[derive(Deserialize)]
    struct Parts {
        #[serde(rename = "compositeRequest")]
        parts: Vec<Part>,
    }
    #[derive(Deserialize)]
    struct Part {
        url: String,
    }
    let Parts { parts } = serde_json::from_slice(body).ok()?;
    let queries: Vec<String> = parts.iter().filter_map(|part| soql_in(part.url.split_once('?')?.1)).collect();
    (!queries.is_empty()).then(|| queries.join("\n"))
}

/// Marks an answer that never leaves: the connection closes instead.
#[derive(Clone, Copy)]
struct Dropped;

fn dropped() -> Response {
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(Dropped);
    response
}

fn concurrent_limit() -> ApiError {
    ApiError::new(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.")
}

/// What a request gets without any work being done, if the effect is of that kind.
fn instead(effect: &Effect, shared: &Shared, path: &str, headers: &HeaderMap) -> Option<Response> {
    let error = match effect {
        Effect::DropConnection { when: When::BeforeWork } => return Some(dropped()),
        Effect::ServerError { status, body, when: When::BeforeWork } => return Some(server_error(*status, *body)),
        Effect::RequestLimit => ApiError::new(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
        Effect::ConcurrentRequestLimit => concurrent_limit(),
        Effect::ExpireSession => {
            if let Some(token) = bearer(headers) {
                shared.sessions.end(token);
            }
            ApiError::new(401, "INVALID_SESSION_ID", "Session expired or invalid")
        }
        _ => return None,
    };
    Some(refused(path, error))
}

/// What becomes of an answer once the work is done.
async fn afterwards(effect: &Effect, response: Response) -> Response {
    match effect {
        Effect::DropConnection { when: When::AfterWork } => dropped(),
        Effect::ServerError { status, body, when: When::AfterWork } => server_error(*status, *body),
        Effect::CutBody { bytes } => cut(response, *bytes).await,
        _ => response,
    }
}

/// A refusal of the whole request, in the shape of the API that the path belongs to.
fn refused(path: &str, error: ApiError) -> Response {
    if path.starts_with("/services/Soap/") {
        return soap::refused(error.code, error.message);
    }
    super::rest::into_http(rest::Response::from(error), None)
}

fn server_error(status: u16, body: ErrorBody) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    match body {
        ErrorBody::Json => {
            let code =
                if status == StatusCode::INTERNAL_SERVER_ERROR { "UNKNOWN_EXCEPTION" } else { "SERVER_UNAVAILABLE" };
            super::rest::into_http(ApiError::new(status.as_u16(), code, "An unexpected error occurred.").into(), None)
        }
        ErrorBody::Html => {
            let page = format!(
                "<!DOCTYPE html>\n<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n"
            );
            (status, [(header::CONTENT_TYPE, "text/html; charset=UTF-8")], page).into_response()
        }
    }
}

/// The answer with its whole length promised and only its first bytes sent.
async fn cut(response: Response, bytes: usize) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(whole) = to_bytes(body, usize::MAX).await else { return dropped() };
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    let sent = whole.slice(..bytes.min(whole.len()));
    let first = stream::iter([Ok(sent)]);
    let break_off = stream::once(async {
        // A pause, or the break would come before the first bytes have left.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    Response::from_parts(parts, Body::from_stream(first.chain(break_off)))
}
