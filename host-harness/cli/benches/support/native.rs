//! The connector linked into this program, with HTTP of its own: what the sandbox is measured against.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::{Client, RequestBuilder};
use salesforce_portal_connector::host::{Failure, Host, Level, Method, Request, Response};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// The same HTTP client as the host harness uses, called from a thread that waits.
pub(crate) struct Native {
    client: Client,
    executor: Handle,
    /// Placeholders and their values.
    secrets: Vec<(String, String)>,
}

impl Native {
    pub(crate) fn new(executor: Handle, secrets: Vec<(String, String)>) -> Self {
        // `reqwest` is built without one; the runtime brings its own to its clients. An error says that there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // The same settings as the host harness has.
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self { client, executor, secrets }
    }

    /// Starts a request.
    fn spawn(&self, request: Request<'_>) -> JoinHandle<Result<Response, Failure>> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
            #[allow(unreachable_patterns, reason = "the connector may come to use more")]
            _ => unreachable!("a method that no import uses"),
        };
        let mut outgoing = self.client.request(method, request.url);
        for (name, value) in request.headers {
            outgoing = outgoing.header(name, value);
        }
        // A sign-in is XML, and the only request with a secret in its body.
        let mut body = request.body.unwrap_or_default().into_owned();
        for (placeholder, value) in &self.secrets {
            let escaped = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            body = body.replace(placeholder, &escaped);
        }
        self.executor.spawn(exchange(outgoing.body(body)))
    }
}

async fn exchange(outgoing: RequestBuilder) -> Result<Response, Failure> {
    let broken = |error: reqwest::Error| Failure::Unreachable(error.to_string());
    let mut incoming = outgoing.send().await.map_err(broken)?;
    let status = incoming.status().as_u16();
    let headers = incoming
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let mut body = Vec::new();
    while let Some(chunk) = incoming.chunk().await.map_err(broken)? {
        body.extend_from_slice(&chunk);
    }
    Ok(Response { status, headers, body })
}

impl Host for Native {
    type Started = JoinHandle<Result<Response, Failure>>;

    fn send(&self, request: Request<'_>) -> Result<Response, Failure> {
        self.finish(self.start(request))
    }

    fn start(&self, request: Request<'_>) -> Self::Started {
        self.spawn(request)
    }

    fn finish(&self, started: Self::Started) -> Result<Response, Failure> {
        self.executor.block_on(started).unwrap()
    }

    fn sign_jwt(&self, _: &str, _: &str) -> Result<String, String> {
        Err("the bench signs in by a password".to_owned())
    }

    fn log(&self, _: Level, _: &str, _: &[(&str, &str)]) {}

    fn now(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}
