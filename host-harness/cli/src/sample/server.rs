//! Serves the sample application on loopback.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::application::{Answer, Application, Request};

/// The application, until it is dropped.
pub(super) struct Server {
    url: String,
    task: JoinHandle<()>,
}

/// What every request is answered from.
struct Shared {
    key: String,
    application: Mutex<Application>,
}

impl Server {
    pub(super) async fn start(key: &str, users: u32) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Shared { key: key.to_owned(), application: Mutex::new(Application::with_users(users)) };
        let router = Router::new().fallback(answer).with_state(Arc::new(shared));
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the sample application has ended");
            }
        });
        Ok(Self { url, task })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let is_known = authorization.and_then(|value| value.strip_prefix("Bearer ")) == Some(&*shared.key);
    let query = uri.query().unwrap_or_default();
    let request = Request { method: method.as_str(), path: uri.path(), query, body: &body };
    let Answer { status, body } = match is_known {
        true => shared.application.lock().unwrap_or_else(PoisonError::into_inner).answer(&request),
        false => Answer::refused(401, "bad-key", "the key in the field `authorization` is not known", None),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
