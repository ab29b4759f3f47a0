//! The REST API without HTTP: a request against a transaction, and its answer.
//!
//! Everything below `/services/data/vNN.0` comes here after the gate in [`crate::http`] has checked the session, so
//! that composite requests can call [`dispatch`] again for each of their parts, inside their own transaction. One file
//! per family of resources; a new family is a new file and an arm in [`dispatch`].

mod bulk;
mod collections;
mod composite;
mod conditions;
mod describe;
mod external_ids;
mod limits;
mod locators;
mod password;
mod query;
mod replication;
mod sobjects;
mod versions;

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::exact;
use crate::faults::Faults;
use crate::rules::Actor;

pub(crate) use bulk::Jobs;
pub use bulk::bulk_csv;
pub(crate) use limits::Usage;
pub(crate) use locators::Locators;
pub(crate) use versions::{NEWEST, OLDEST, Version, list as list_versions};

/// A request below `/services/data/vNN.0`.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Upper-case method.
    pub(crate) method: String,
    /// The decoded parts of the path behind the version.
    pub(crate) path: Vec<String>,
    /// Decoded query parameters, in order.
    pub(crate) query: Vec<(String, String)>,
    /// The body, where there is one; JSON `null` otherwise.
    pub(crate) body: Body,
    /// Headers that resources read, by their names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
}

/// A request's body.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// None was sent.
    Empty,
    /// JSON.
    Json(Value),
    /// CSV.
    Text(String),
    /// Not JSON; the reason.
    Broken(String),
}

impl Request {
    /// The value of a query parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value of a header; the name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The body as JSON.
    fn json(&self) -> Result<&Value, ApiError> {
        match &self.body {
            Body::Json(value) => Ok(value),
            Body::Text(_) => {
                Err(ApiError::new(400, "JSON_PARSER_ERROR", "The body must be JSON at [line:1, column:1]"))
            }
            Body::Broken(reason) => Err(ApiError::new(400, "JSON_PARSER_ERROR", reason.clone())),
            Body::Empty => {
                let message = "The HTTP entity body is required, but this request has no entity body.";
                Err(ApiError::new(400, "JSON_PARSER_ERROR", message))
            }
        }
    }

    /// The body as a JSON object.
    fn object(&self) -> Result<&Map<String, Value>, ApiError> {
        self.json()?.as_object().ok_or_else(|| {
            ApiError::new(400, "JSON_PARSER_ERROR", "The body must be a JSON object at [line:1, column:1]")
        })
    }
}

/// Splits a URL's path into decoded parts.
pub(crate) fn path_parts(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|part| !part.is_empty())
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect()
}

/// Splits a URL's query into decoded pairs; a plus is a blank.
pub(crate) fn query_pairs(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
        .collect()
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    /// HTTP status.
    pub(crate) status: u16,
    /// The text, JSON unless a header says otherwise; empty for statuses without a body.
    pub(crate) body: String,
    /// Headers besides the usual ones, by their names in lower case.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// How many rows it has, where it is about rows.
    pub(crate) rows: usize,
}

impl Response {
    fn json(status: u16, body: &impl Serialize) -> Self {
        match exact::write(body) {
            Ok(body) => Self { status, body, headers: Vec::new(), rows: 0 },
            Err(error) => {
                tracing::error!(%error, "an answer could not be written");
                Self::empty(500)
            }
        }
    }

    /// An answer that is not JSON.
    fn text(status: u16, content_type: &str, body: String) -> Self {
        Self { status, body, headers: Vec::new(), rows: 0 }.with_header("content-type", content_type)
    }

    fn no_content() -> Self {
        Self::empty(204)
    }

    /// An answer that is its status alone.
    fn empty(status: u16) -> Self {
        Self { status, body: String::new(), headers: Vec::new(), rows: 0 }
    }

    fn with_rows(mut self, rows: usize) -> Self {
        self.rows = rows;
        self
    }

    fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl From<ApiError> for Response {
    fn from(error: ApiError) -> Self {
        Self::json(error.status, &json!([error.rest()]))
    }
}

/// What a request acts on.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    /// Who acts, and through which transaction.
    pub(crate) actor: Actor<'a>,
    /// The API version of the address.
    pub(crate) version: Version,
    /// Query cursors.
    pub(crate) locators: &'a Locators,
    /// The day's API use.
    pub(crate) usage: &'a Usage,
    /// Bulk jobs.
    pub(crate) jobs: &'a Jobs,
    /// Faults that wait for records of Bulk jobs.
    pub(crate) faults: &'a Faults,
}

/// Answers a request.
pub(crate) fn dispatch(context: &Context<'_>, request: &Request) -> Response {
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    let method = request.method.as_str();
    let result = match (method, path.as_slice()) {
        ("GET", []) => Ok(versions::resources(context, request)),
        ("GET", ["query"]) => query::run(context, request, false),
        ("GET", ["queryAll"]) => query::run(context, request, true),
        ("GET", ["query" | "queryAll", locator]) => query::more(context, request, locator),
        ("GET", ["limits"]) => Ok(limits::show(context)),
        ("GET", ["limits", "recordCount"]) => limits::record_count(context, request),
        (_, ["sobjects", "User", id, "password"]) => password::handle(context, request, id),
        ("GET", ["sobjects"]) => Ok(describe::global(context, request)),
        ("GET", ["sobjects", object]) => describe::basic(context, request, object),
        ("GET", ["sobjects", object, "describe"]) => describe::full(context, request, object),
        ("GET", ["sobjects", object, "updated"]) => replication::updated(context, request, object),
        ("GET", ["sobjects", object, "deleted"]) => replication::deleted(context, request, object),
        ("GET", ["sobjects", _, "describe", _, ..]) => Err(elsewhere(method, &path)),
        ("GET", ["sobjects", _, part, ..]) if UNBUILT_PARTS.contains(part) => Err(elsewhere(method, &path)),
        ("POST", ["sobjects", object] | ["sobjects", object, "Id"]) => sobjects::create(context, request, object),
        ("GET", ["sobjects", object, id]) => sobjects::read(context, request, object, id),
        ("PATCH", ["sobjects", object, id]) => sobjects::update(context, request, object, id),
        ("DELETE", ["sobjects", object, id]) => sobjects::delete(context, request, object, id),
        (_, ["sobjects", object, field, value]) => external_ids::handle(context, request, [object, field, value]),
        ("POST", ["composite", "sobjects"]) => collections::create(context, request),
        ("PATCH", ["composite", "sobjects", object, field]) => collections::upsert(context, request, object, field),
        ("PATCH", ["composite", "sobjects"]) => collections::update(context, request),
        ("DELETE", ["composite", "sobjects"]) => collections::delete(context, request),
        ("GET" | "POST", ["composite", "sobjects", object]) => collections::read(context, request, object),
        ("GET", ["composite"]) => Ok(composite::resources(context)),
        ("POST", ["composite"]) => composite::run(context, request),
        ("POST", ["composite", "batch"]) => composite::batch(context, request),
        ("POST", ["composite", "graph"]) => composite::graph(context, request),
        (_, ["jobs", "query" | "ingest", ..]) => bulk::handle(context, request),
        _ => Err(elsewhere(method, &path)),
    };
    result.unwrap_or_else(Response::from)
}

/// What Salesforce has below an object and the emulator has not.
const UNBUILT_PARTS: &[&str] =
    &["approvalLayouts", "defaultValues", "layouts", "listviews", "namedLayouts", "quickActions", "relevantItems"];

/// What Salesforce has and the emulator has not answers so; anything else is not found.
fn elsewhere(method: &str, path: &[&str]) -> ApiError {
    const KNOWN: &[&str] = &[
        "actions",
        "analytics",
        "appMenu",
        "chatter",
        "composite",
        "connect",
        "event",
        "identity",
        "jobs",
        "metadata",
        "parameterizedSearch",
        "process",
        "quickActions",
        "recent",
        "search",
        "sobjects",
        "tabs",
        "theme",
        "tooling",
        "ui-api",
        "wave",
    ];
    match path.first() {
        Some(family) if KNOWN.contains(family) => ApiError::not_emulated(&format!("{method} {}", path.join("/"))),
        Some(&("query" | "queryAll" | "limits")) => ApiError::method_not_allowed(method, "GET,HEAD"),
        _ => ApiError::not_found(),
    }
}
