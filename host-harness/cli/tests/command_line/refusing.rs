//! An org that refuses what a test says: it stands between the program and the emulated org, and forwards what it doesn't answer
//! itself.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response as HttpResponse};
use salesforce_portal_connector::host::Response;
use serde_json::Value as Json;

/// A request as it is seen on its way.
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn is_rest(&self) -> bool {
        self.path.contains("/services/data/")
    }

    pub(crate) fn is_password(&self) -> bool {
        self.path.ends_with("/password")
    }

    /// The records of a write of many.
    pub(crate) fn records(&self) -> Vec<Json> {
        if !self.path.ends_with("/composite/sobjects") {
            return Vec::new();
        }
        serde_json::from_str::<Json>(&self.body).unwrap_or_default()["records"].as_array().cloned().unwrap_or_default()
    }
}

/// What answers in the org's place.
type Answer = Arc<dyn Fn(&Seen) -> Option<Response> + Send + Sync>;

struct Shared {
    /// The emulated org's address.
    behind: String,
    /// The address that the program knows.
    here: String,
    http: reqwest::Client,
    answer: Mutex<Option<Answer>>,
}

pub(crate) struct Refusing {
    shared: Arc<Shared>,
    /// Serves as long as this lives.
    _executor: tokio::runtime::Runtime,
}

impl Refusing {
    /// Stands before the org at an address.
    pub(crate) fn before(org: &str) -> Self {
        let executor = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = executor.block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let here = format!("http://{}", listener.local_addr().unwrap());
        // Another test may have chosen one before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().no_gzip().build().unwrap();
        let shared = Arc::new(Shared { behind: org.to_owned(), here, http, answer: Mutex::default() });
        let router = Router::new().fallback(serve).with_state(Arc::clone(&shared));
        executor.spawn(async { axum::serve(listener, router).await });
        Self { shared, _executor: executor }
    }

    pub(crate) fn url(&self) -> &str {
        &self.shared.here
    }

    pub(crate) fn answer(&self, answer: impl Fn(&Seen) -> Option<Response> + Send + Sync + 'static) {
        *self.shared.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(answer));
    }

    /// Takes the cause away.
    pub(crate) fn cure(&self) {
        *self.shared.answer.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

async fn serve(State(shared): State<Arc<Shared>>, request: Request) -> HttpResponse {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let answer = shared.answer.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let seen = Seen {
        method: parts.method.clone(),
        path: parts.uri.path().to_owned(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    if let Some(Response { status, headers, body }) = answer.and_then(|answer| answer(&seen)) {
        let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
        for (name, value) in headers {
            let name = header::HeaderName::from_bytes(name.as_bytes()).unwrap();
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        return response;
    }
    let mut headers: HeaderMap = parts.headers;
    // What the org says of itself has to be readable here.
    for name in [header::HOST, header::ACCEPT_ENCODING, header::CONTENT_LENGTH] {
        headers.remove(name);
    }
    let url = format!("{}{}", shared.behind, parts.uri);
    let carried = shared.http.request(parts.method, url).headers(headers).body(body).send().await.unwrap();
    let status = carried.status();
    let mut headers = carried.headers().clone();
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::TRANSFER_ENCODING);
    let body = carried.bytes().await.unwrap();
    // A sign-in says where to go on.
    let body = match std::str::from_utf8(&body) {
        Ok(text) if !seen.is_rest() => Body::from(text.replace(&shared.behind, &shared.here)),
        _ => Body::from(body),
    };
    (status, headers, body).into_response()
}
