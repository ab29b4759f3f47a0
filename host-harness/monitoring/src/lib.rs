//! What operators watch, over HTTP: `/metrics` in Prometheus's text format, `/healthz` and `/readyz`.
//!
//! [`router`] is mounted by whatever the host serves with axum; [`serve`] is for a process that serves nothing else.
//!
//! ```no_run
//! # async fn served(runtime: provisioning_runtime::Runtime) -> std::io::Result<()> {
//! let router = provisioning_monitoring::router(runtime.metrics().clone(), String::new, || Ok(()), Vec::new);
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:9464").await?;
//! provisioning_monitoring::serve(listener, router).await;
//! # Ok(())
//! # }
//! ```
//!
//! Nothing here asks for a password. The counts name tenants and hold no secret and no person ([`Metrics`]).

#![deny(unsafe_code)]

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use provisioning_http::Limits;
use provisioning_runtime::Metrics;

/// `GET /metrics`: the counts, and what `more` adds to them in the same format. `GET /healthz`: 200 and `ok`, or 503 and the sentence that `health` gives. `GET /readyz`: 200 and `ok`,
/// or 503 and what `missing` says keeps this host from working, a line each. All of them may block for as long as a look at a database takes.
pub fn router(
    metrics: Metrics,
    more: impl Fn() -> String + Send + Sync + 'static,
    health: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    missing: impl Fn() -> Vec<String> + Send + Sync + 'static,
) -> Router {
    let (more, health, missing) = (Arc::new(more), Arc::new(health), Arc::new(missing));
    let counts = async move || {
        // Without what can't be added, the counts are still worth having.
        let more = tokio::task::spawn_blocking(move || more()).await.unwrap_or_default();
        ([(CONTENT_TYPE, Metrics::CONTENT_TYPE)], metrics.render() + &more)
    };
    let ready = move || match missing() {
        missing if missing.is_empty() => Ok(()),
        missing => Err(missing.join("\n")),
    };
    Router::new()
        .route("/metrics", get(counts))
        .route("/healthz", get(async move || told(tokio::task::spawn_blocking(move || health()).await)))
        .route("/readyz", get(async move || told(tokio::task::spawn_blocking(ready).await)))
}

fn told(looked: Result<Result<(), String>, tokio::task::JoinError>) -> Response {
    let (status, text) = match looked {
        Ok(Ok(())) => (StatusCode::OK, "ok".to_owned()),
        Ok(Err(reason)) => (StatusCode::SERVICE_UNAVAILABLE, reason),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("the look at its health ended early: {error}")),
    };
    (status, [(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "no-store")], text + "\n").into_response()
}

/// Connections at once: a Prometheus or two, a supervisor, and somebody who looks. The process needs its file handles for its work.
const CONNECTIONS: usize = 64;

/// Serves a router until the future is dropped.
pub async fn serve(listener: TcpListener, router: Router) {
    let limits = Limits { connections: CONNECTIONS, of_one: CONNECTIONS / 2, ..Limits::default() };
    let (stopping, _) = tokio::sync::watch::channel(false);
    provisioning_http::serve(listener, router, &limits, std::future::pending(), &stopping).await;
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test]
    async fn counts_and_health_are_told_over_http() {
        let metrics = Metrics::default();
        let well = Arc::new(AtomicBool::new(true));
        let asked = Arc::clone(&well);
        let health = move || {
            if asked.load(Ordering::Relaxed) { Ok(()) } else { Err("the directory cannot be read".to_owned()) }
        };
        let asked = Arc::clone(&well);
        let missing = move || {
            let missing = ["the key is another one", "the component isn't loaded yet"].map(str::to_owned);
            if asked.load(Ordering::Relaxed) { Vec::new() } else { missing.to_vec() }
        };
        let more = || "own_gauge 7\n".to_owned();
        let router = router(metrics, more, health, missing);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(serve(listener, router));
        // Whoever comes first installs the process-wide provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let get = async |path: &str| {
            let answer = client.get(format!("http://{address}{path}")).send().await.unwrap();
            let kind = answer.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
            (answer.status().as_u16(), kind, answer.text().await.unwrap())
        };
        let (status, kind, text) = get("/metrics").await;
        assert_eq!((status, kind.as_deref()), (200, Some(Metrics::CONTENT_TYPE)));
        assert!(text.contains("# TYPE provisioning_jobs_running gauge\n") && text.ends_with("own_gauge 7\n"), "{text}");
        assert_eq!(get("/healthz").await.2, "ok\n");
        let (status, kind, text) = get("/readyz").await;
        assert_eq!((status, kind.as_deref(), text.as_str()), (200, Some("text/plain; charset=utf-8"), "ok\n"));
        well.store(false, Ordering::Relaxed);
        let (status, _, text) = get("/healthz").await;
        assert_eq!((status, text.as_str()), (503, "the directory cannot be read\n"));
        let (status, _, text) = get("/readyz").await;
        assert_eq!((status, text.as_str()), (503, "the key is another one\nthe component isn't loaded yet\n"));
        assert_eq!(get("/elsewhere").await.0, 404);
        server.abort();
    }
}
