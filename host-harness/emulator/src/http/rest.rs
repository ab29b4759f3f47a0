//! The gate before REST: version, session, the day's requests; then the answer as HTTP.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Extension, OriginalUri, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::Shared;
use super::gate::{Created, RecordFaults};
use super::sessions::bearer;
use crate::error::ApiError;
use crate::exact;
use crate::login::{self, ApiRefusal};
use crate::rest::{self, Body, Context, NEWEST, OLDEST, Request, Version};
use crate::rules::{self, Actor, WriteOptions};

/// Longest address in bytes (H).
const MAX_URI: usize = 16_384;

/// The versions list needs no session and carries no limits (H).
pub(super) async fn versions() -> Response {
    json_response(StatusCode::OK, rest::list_versions().to_string())
}

fn json_response(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json;charset=UTF-8")], body).into_response()
}

pub(super) async fn handle(
    State(shared): State<Arc<Shared>>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    faults: Option<Extension<RecordFaults>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if uri.to_string().len() > MAX_URI {
        return StatusCode::URI_TOO_LONG.into_response();
    }
    let worker = Arc::clone(&shared);
    let options = write_options(faults, &headers);
    let may_create = method == Method::POST;
    let answered = tokio::task::spawn_blocking(move || answer(&worker, &method, &uri, &headers, &body, &options)).await;
    let answered = answered.unwrap_or_else(|error| {
        tracing::error!(%error, "a request failed inside the emulator");
        ApiError::new(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred.").into()
    });
    if let Some(rate) = shared.org.switches().rows_per_second
        && answered.rows > 0
    {
        let rows = u32::try_from(answered.rows).unwrap_or(u32::MAX);
        tokio::time::sleep(Duration::from_secs(1) * rows / rate.max(1)).await;
    }
    let mut created = Vec::new();
    // Only answers about records that were written have the word, and those of queries in a composite request are long.
    if may_create
        && answered.body.contains("\"success\"")
        && let Ok(told) = serde_json::from_str(&answered.body)
    {
        note_created(&told, &mut created);
    }
    let mut response = into_http(answered, Some(&shared.usage.header()));
    response.extensions_mut().insert(Created(created));
    response
}

/// Finds the save results of records that were made, wherever an answer has them.
fn note_created(told: &Value, created: &mut Vec<String>) {
    match told {
        Value::Array(list) => list.iter().for_each(|one| note_created(one, created)),
        Value::Object(fields) => match (fields.get("id"), fields.get("success"), fields.get("created")) {
            (Some(Value::String(id)), Some(Value::Bool(true)), None | Some(Value::Bool(true))) => {
                created.push(id.clone());
            }
            _ => fields.values().for_each(|one| note_created(one, created)),
        },
        _ => {}
    }
}

fn write_options(faults: Option<Extension<RecordFaults>>, headers: &HeaderMap) -> WriteOptions {
    let mut options = WriteOptions::none();
    if let Some(header) = headers.get("sforce-duplicate-rule-header").and_then(|value| value.to_str().ok()) {
        options.read_duplicate_header(header);
    }
    if let Some(Extension(RecordFaults(faults))) = faults {
        options.faults = faults;
    }
    options
}

/// The answer as HTTP, with the day's API use where it is known.
pub(super) fn into_http(answered: rest::Response, usage: Option<&str>) -> Response {
    let status = StatusCode::from_u16(answered.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response =
        if answered.body.is_empty() { status.into_response() } else { json_response(status, answered.body) };
    let headers = response.headers_mut();
    if let Some(value) = usage.and_then(|usage| usage.parse().ok()) {
        headers.insert("sforce-limit-info", value);
    }
    for (name, value) in answered.headers {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    }
    response
}

fn answer(
    shared: &Shared,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
    options: &WriteOptions,
) -> rest::Response {
    let mut path = rest::path_parts(uri.path().trim_start_matches("/services/data"));
    let version = if path.is_empty() { String::new() } else { path.remove(0) };
    let result = gate(shared, &version, headers).and_then(|(version, user_id)| {
        let request = read(method, uri, headers, body, path)?;
        let answered = shared.org.transact(|db| {
            rules::expire_assignments(db, shared.org.clock.now())?;
            let actor = Actor { options, ..Actor::new(&shared.org, db, &user_id) };
            let context = Context {
                actor,
                version,
                locators: &shared.locators,
                usage: &shared.usage,
                jobs: &shared.jobs,
                faults: &shared.faults,
            };
            Ok::<_, rusqlite::Error>(rest::dispatch(&context, &request))
        });
        Ok(answered??)
    });
    result.unwrap_or_else(rest::Response::from)
}

/// The version and the user of a request that may pass.
fn gate(shared: &Shared, version: &str, headers: &HeaderMap) -> Result<(Version, String), ApiError> {
    let version = version
        .strip_prefix('v')
        .and_then(Version::parse)
        .filter(|version| version.0 <= NEWEST)
        .ok_or_else(ApiError::not_found)?;
    if version.0 < OLDEST {
        return Err(ApiError::new(410, "UNSUPPORTED_API_VERSION", "The requested API version has been retired"));
    }
    let expired = || ApiError::new(401, "INVALID_SESSION_ID", "Session expired or invalid");
    let token = bearer(headers).ok_or_else(expired)?;
    let now = shared.org.clock.now();
    let session = shared.sessions.find(token, now, shared.org.switches().session_seconds).ok_or_else(expired)?;
    if !shared.org.transact(|db| login::may_act(db, &session.user_id))?? {
        shared.sessions.end(token);
        return Err(expired());
    }
    shared.usage.count()?;
    shared.org.transact(|db| login::may_use_api(&shared.org, db, &session.user_id))??.map_err(api_refused)?;
    if session.password_expired {
        return Err(login::expired_password(&shared.org.switches()));
    }
    Ok((version, session.user_id))
}

/// What REST says where the API is off (H for the organisation, M for the user).
fn api_refused(refusal: ApiRefusal) -> ApiError {
    let message = match refusal {
        ApiRefusal::Organization => "The REST API is not enabled for this Organization.",
        ApiRefusal::User => "API is disabled for this User",
    };
    ApiError::new(403, refusal.code(), message)
}

/// What Salesforce's parser says of a body that isn't JSON. The sentence about values is a recorded one, and so is the column,
/// which is that behind the character (H); the others are those of the library that it is from (M).
fn parsers_words(body: &Bytes, error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let found = body.split(|byte| *byte == b'\n').nth(line.saturating_sub(1)).and_then(|line| {
        let from = line.get(column.saturating_sub(1)..)?;
        String::from_utf8_lossy(from).chars().next()
    });
    let place = format!("at [line:{line}, column:{}]", column + 1);
    let Some(found) = found.filter(|_| !error.is_eof()) else { return format!("Unexpected end-of-input {place}") };
    let reason = error.to_string();
    let expected = if reason.starts_with("key must be") || (reason.starts_with("trailing comma") && found == '}') {
        "was expecting double-quote to start field name"
    } else if reason.starts_with("expected `:`") {
        "was expecting a colon to separate field name and value"
    } else if reason.starts_with("expected `,` or `}`") {
        "was expecting comma to separate OBJECT entries"
    } else if reason.starts_with("expected `,` or `]`") {
        "was expecting comma to separate ARRAY entries"
    } else {
        "expected a valid value (number, String, array, object, 'true', 'false' or 'null')"
    };
    format!("Unexpected character ('{found}' (code {})): {expected} {place}", u32::from(found))
}

fn read(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes, path: Vec<String>) -> Result<Request, ApiError> {
    let query = uri.query().map(rest::query_pairs).unwrap_or_default();
    let mut method = match method.as_str() {
        "HEAD" => "GET".to_owned(),
        other => other.to_owned(),
    };
    // Clients that cannot send PATCH say it in the address (H).
    if method == "POST"
        && let Some((_, wanted)) = query.iter().find(|(key, _)| key == "_HttpMethod")
    {
        method = wanted.to_uppercase();
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let uploads = path.last().is_some_and(|last| last == "batches");
    let body = match kind.as_str() {
        _ if body.is_empty() => Body::Empty,
        "text/csv" if uploads => Body::Text(String::from_utf8_lossy(body).into_owned()),
        // What Salesforce makes of a body of no declared type is U.
        "application/json" | "" => match exact::read(body) {
            Ok(value) => Body::Json(value),
            Err(error) => Body::Broken(parsers_words(body, &error)),
        },
        // The upload of a job says in its own words what it takes.
        _ if uploads => Body::Broken(String::new()),
        "application/xml" | "text/xml" => return Err(ApiError::not_emulated("XML on REST")),
        // H for status, code and words.
        other => {
            let message = format!("MediaType of '{other}' is not supported by this resource");
            return Err(ApiError::new(415, "UNSUPPORTED_MEDIA_TYPE", message));
        }
    };
    let headers = headers
        .iter()
        .filter(|(name, _)| **name != header::AUTHORIZATION)
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    Ok(Request { method, path, query, body, headers })
}
