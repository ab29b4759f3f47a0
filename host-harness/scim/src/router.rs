//! From HTTP to an answer and back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query as QueryString, Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ETAG, HOST, IF_MATCH, IF_NONE_MATCH, LOCATION, RETRY_AFTER,
    WWW_AUTHENTICATE,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::Response;
use axum::routing::any;
use serde_json::Value as Json;

use crate::answer::Answer;
use crate::discovery::{self, LONGEST_BODY};
use crate::journal::{masked, without_quoted};
use crate::protocol::error::{ScimError, ScimType};
use crate::protocol::page;
use crate::request::{Conditions, Query};
use crate::service::{Caller, Shared};
use crate::{bulk, groups, refusal, users};
use provisioning_directory::{ScimClientId, ScimPlatform, ScimRequest, Timestamp};

/// How long a client may take to send a body.
const SENDING: Duration = Duration::from_secs(30);

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/scim/v2/{tenant}", any(at_root))
        .route("/scim/v2/{tenant}/", any(at_root))
        .route("/scim/v2/{tenant}/{*path}", any(at_path))
        .with_state(shared)
}

async fn at_root(State(shared): State<Arc<Shared>>, Path(tenant): Path<String>, request: Request) -> Response {
    handle(&shared, &tenant, "", request).await
}

async fn at_path(
    State(shared): State<Arc<Shared>>,
    Path((tenant, path)): Path<(String, String)>,
    request: Request,
) -> Response {
    handle(&shared, &tenant, &path, request).await
}

/// What is known of a request once its client is.
struct Known {
    client: Option<ScimClientId>,
    body: Option<String>,
}

async fn handle(shared: &Arc<Shared>, tenant: &str, path: &str, request: Request) -> Response {
    let began = Instant::now();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let mut known = Known { client: None, body: None };
    let answer = answer(shared, tenant, path, request, &mut known).await.unwrap_or_else(Answer::from);
    if let Some(client) = known.client {
        let refused = answer.status >= 400;
        let detail = answer.body.as_ref().filter(|_| refused).and_then(|body| body.get("detail")?.as_str());
        let request = ScimRequest {
            at: Timestamp::now(),
            method: method.to_string(),
            path: shown(path, &uri),
            body: known.body,
            status: answer.status,
            answer: detail.map(|detail| detail.chars().take(500).collect()),
            millis: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        shared.journal.request(client, request);
    }
    response(answer)
}

/// A path as it is kept: without what a filter compares with.
fn shown(path: &str, uri: &Uri) -> String {
    let mut shown = format!("/{path}");
    let pairs =
        QueryString::<Vec<(String, String)>>::try_from_uri(uri).map(|QueryString(pairs)| pairs).unwrap_or_default();
    for (at, (name, value)) in pairs.iter().enumerate() {
        shown.push(if at == 0 { '?' } else { '&' });
        shown.push_str(name);
        shown.push('=');
        let is_plain =
            ["startIndex", "count", "sortBy", "sortOrder", "attributes", "excludedAttributes"].contains(&name.as_str());
        let is_quoted = name == "filter" && value.matches('"').count() % 2 == 0 && value.contains('"');
        match (is_plain, is_quoted) {
            (true, _) => shown.push_str(value),
            (_, true) => shown.push_str(&without_quoted(value)),
            _ => shown.push_str("***"),
        }
    }
    shown.chars().filter(|letter| !letter.is_control()).take(500).collect()
}

async fn answer(
    shared: &Arc<Shared>,
    tenant: &str,
    path: &str,
    request: Request,
    known: &mut Known,
) -> Result<Answer, ScimError> {
    let (parts, body) = request.into_parts();
    let header = |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let token = header(AUTHORIZATION).as_deref().and_then(bearer_of).map(str::to_owned);
    let (client, tenant) = shared.enter(tenant, token.as_deref()).await?;
    known.client = Some(client.id);
    let pairs = QueryString::<Vec<(String, String)>>::try_from_uri(&parts.uri).map_err(|_| {
        ScimError::bad(ScimType::InvalidSyntax, "the query of the address is malformed; encode it as a form")
    })?;
    let query = Query::of_pairs(pairs.0);
    let body = read(body).await?;
    known.body = masked(&body);
    let conditions = Conditions {
        // Canaille sends the version that it has itself given its user.
        if_match: header(IF_MATCH).filter(|_| client.platform != ScimPlatform::Canaille),
        if_none_match: header(IF_NONE_MATCH),
        prefer: header(HeaderName::from_static("prefer")),
    };
    let wait = conditions.wait(Duration::from_secs(client.settings.wait_seconds.into()));
    let schemas = shared.schemas(&tenant).await?;
    let base = format!("{}/scim/v2/{}", origin(shared, &parts.headers, &parts.uri), tenant.name);
    let caller = Arc::new(Caller { client, tenant, base, schemas, until: Instant::now() + wait });
    dispatch(shared, &caller, &parts.method, path, &query, &body, &conditions).await
}

/// The token of a header (RFC 6750 §2.1), also without the word before it: Okta's apps with "Header Auth" send what an admin has
/// entered, who was given a token.
fn bearer_of(value: &str) -> Option<&str> {
    match value.trim().split_once(' ') {
        Some((scheme, token)) => scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()),
        None => Some(value.trim()),
    }
}

async fn read(body: Body) -> Result<Bytes, ScimError> {
    let late = || ScimError::new(408, "the body did not arrive in time; send it again");
    let read = tokio::time::timeout(SENDING, axum::body::to_bytes(body, LONGEST_BODY)).await.map_err(|_| late())?;
    read.map_err(|_| {
        ScimError::new(
            413,
            format!("the body is longer than {LONGEST_BODY} bytes, or was cut off; send less at a time"),
        )
    })
}

/// The address by which the client reaches the host.
fn origin(shared: &Shared, headers: &HeaderMap, uri: &Uri) -> String {
    if let Some(public) = &shared.public {
        return public.clone();
    }
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let is_fit = |host: &&str| host.chars().all(|letter| letter.is_ascii_alphanumeric() || ".-:[]_".contains(letter));
    let authority = uri.authority().map(Authority::as_str);
    let host = text(HOST).or(authority).filter(is_fit).unwrap_or("localhost");
    let is_secure =
        text(HeaderName::from_static("x-forwarded-proto")).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
    format!("{}://{host}", if is_secure { "https" } else { "http" })
}

fn parsed(body: &Bytes) -> Result<Json, ScimError> {
    serde_json::from_slice(body).map_err(|error| {
        // Only the place: the text could quote a value.
        ScimError::bad(
            ScimType::InvalidSyntax,
            format!("the body isn't JSON at line {}, column {}; send a JSON object", error.line(), error.column()),
        )
    })
}

async fn dispatch(
    shared: &Arc<Shared>,
    caller: &Arc<Caller>,
    method: &Method,
    path: &str,
    query: &Query,
    body: &Bytes,
    conditions: &Conditions,
) -> Result<Answer, ScimError> {
    // The server sends the heads of answers to HEAD alone (RFC 9110 §9.3.2).
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let first = segments.first().copied().unwrap_or_default().to_ascii_lowercase();
    let rest = segments.get(1..).unwrap_or_default();
    let projection = query.projection();
    match (method.as_str(), first.as_str(), rest) {
        ("GET", "serviceproviderconfig" | "serviceproviderconfigs" | "serviceconfiguration", []) => {
            Ok(discovery::config(caller))
        }
        ("GET", "resourcetypes" | "schemas", rest @ ([] | [_])) => {
            if query.filter.is_some() {
                return Err(ScimError::new(
                    403,
                    "what the service is can't be filtered (RFC 7644 §4); leave `filter` out",
                ));
            }
            match first.as_str() {
                "schemas" => discovery::schemas(shared, caller, rest.first().copied()).await,
                _ => discovery::resource_types(shared, caller, rest.first().copied()).await,
            }
        }
        ("GET", "entitlements", [kind]) => discovery::entitlements(shared, caller, kind, None, query.search()?).await,
        ("GET", "entitlements", [kind, id]) => {
            discovery::entitlements(shared, caller, kind, Some(id), query.search()?).await
        }
        ("GET", "users", []) => users::search(shared, caller, query.search()?).await,
        ("GET", "groups", []) => groups::search(shared, caller, query.search()?).await,
        ("POST", "users", [".search"]) => {
            users::search(shared, caller, Query::of_body(&parsed(body)?)?.search()?).await
        }
        ("POST", "groups", [".search"]) => {
            groups::search(shared, caller, Query::of_body(&parsed(body)?)?.search()?).await
        }
        ("POST", ".search", []) => everywhere(shared, caller, &Query::of_body(&parsed(body)?)?).await,
        ("POST", "bulk", []) => bulk::run(shared, caller, &parsed(body)?).await,
        ("GET", "users", [id]) => users::get(shared, caller, id, query, conditions).await,
        ("GET", "groups", [id]) => groups::get(shared, caller, id, query, conditions).await,
        ("POST" | "PUT" | "PATCH" | "DELETE", "users", rest @ ([] | [_])) => {
            let begun = match (method.as_str(), rest) {
                ("POST", []) => users::create(shared, caller, &parsed(body)?).await?,
                ("PUT", [id]) => users::replace(shared, caller, id, &parsed(body)?, conditions).await?,
                ("PATCH", [id]) => users::patch(shared, caller, id, &parsed(body)?, conditions).await?,
                ("DELETE", [id]) => users::delete(shared, caller, id, conditions).await?,
                _ => return Err(not_allowed(method, path)),
            };
            let ended = shared.pusher.wait(&caller.tenant, &begun.tasks, caller.until).await;
            let ended = ended.map_err(|error| refusal::of_directory(&error))?;
            users::finish(shared, caller, begun, ended, &projection).await
        }
        ("POST" | "PUT" | "PATCH" | "DELETE", "groups", rest @ ([] | [_])) => {
            let begun = match (method.as_str(), rest) {
                ("POST", []) => groups::create(shared, caller, &parsed(body)?).await?,
                ("PUT", [id]) => groups::replace(shared, caller, id, &parsed(body)?, conditions).await?,
                ("PATCH", [id]) => groups::patch(shared, caller, id, &parsed(body)?, conditions).await?,
                ("DELETE", [id]) => groups::delete(shared, caller, id, conditions).await?,
                _ => return Err(not_allowed(method, path)),
            };
            let ended = shared.pusher.wait(&caller.tenant, &begun.tasks, caller.until).await;
            ended.map_err(|error| refusal::of_directory(&error))?;
            groups::finish(shared, caller, begun, &projection).await
        }
        (_, "me", _) => Err(ScimError::new(
            501,
            "a token belongs to a platform and not to a user, so there is no `/Me`; read `/Users/{id}`",
        )),
        (
            _,
            "users"
            | "groups"
            | "bulk"
            | ".search"
            | "schemas"
            | "resourcetypes"
            | "entitlements"
            | "serviceproviderconfig",
            _,
        ) => Err(not_allowed(method, path)),
        _ => Err(ScimError::new(404, "nothing is at this address; `/ResourceTypes` lists what there is")),
    }
}

fn not_allowed(method: &Method, path: &str) -> ScimError {
    let shown: String = path.chars().filter(|letter| !letter.is_control()).take(80).collect();
    ScimError::new(405, format!("`/{shown}` takes no {method}; see RFC 7644 §3.2 for what it takes"))
}

/// A search among users and groups: users come first.
async fn everywhere(shared: &Arc<Shared>, caller: &Arc<Caller>, query: &Query) -> Result<Answer, ScimError> {
    let search = query.search()?;
    let page::From::Index(start) = search.page.from else {
        return Err(ScimError::bad(
            ScimType::InvalidCursor,
            "a search among all resources has no cursors; use `startIndex`",
        ));
    };
    let count = search.page.count;
    let total_of = |answer: &Answer| {
        answer
            .body
            .as_ref()
            .and_then(|body| body.get("totalResults")?.as_u64())
            .and_then(|total| usize::try_from(total).ok())
            .unwrap_or(0)
    };
    let take = |answer: Answer| match answer.body {
        Some(Json::Object(mut body)) => match body.remove("Resources") {
            Some(Json::Array(resources)) => resources,
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    let users = users::search(shared, caller, search.clone()).await?;
    let of_users = total_of(&users);
    let mut resources = take(users);
    let mut next = search.clone();
    next.page = page::Page {
        from: page::From::Index(start.saturating_sub(of_users).max(1)),
        count: count.saturating_sub(resources.len()),
    };
    let groups = groups::search(shared, caller, next).await?;
    let total = of_users + total_of(&groups);
    resources.extend(take(groups));
    Ok(Answer::new(200, page::answer(&search.page, total as u64, resources, None)))
}

fn response(answer: Answer) -> Response {
    let text = answer.body.map(|body| body.to_string());
    let mut response = Response::new(text.map_or_else(Body::empty, Body::from));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/scim+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let mut put = |name: HeaderName, value: Option<String>| {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(name, value);
        }
    };
    put(LOCATION, answer.location);
    put(ETAG, answer.version);
    put(RETRY_AFTER, answer.retry_after.map(|seconds| seconds.to_string()));
    if answer.status == 401 {
        put(WWW_AUTHENTICATE, Some("Bearer realm=\"scim\"".to_owned()));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_taken_with_and_without_its_scheme_and_never_of_another_one() {
        for (value, token) in [
            ("Bearer scim_x", Some("scim_x")),
            ("bearer  scim_x ", Some("scim_x")),
            ("scim_x", Some("scim_x")),
            (" scim_x ", Some("scim_x")),
            ("Basic scim_x", None),
            ("Bearer", Some("Bearer")),
        ] {
            assert_eq!(bearer_of(value), token, "{value}");
        }
    }
}
