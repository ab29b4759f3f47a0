//! The connector linked into this program, with HTTP of its own: what the sandbox is measured against.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::Client;
use salesforce_portal_connector::host::{Failure, Host, Level, Method, Request, Response};
use tokio::runtime::Handle;

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

    async fn exchange(&self, request: Request<'_>) -> Result<Response, Failure> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
            #[allow(unreachable_patterns, reason = "the connector may come to use more")]
            _ => return Err(Failure::Other("a method that no import uses".to_owned())),
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
        let broken = |error: reqwest::Error| Failure::Unreachable(error.to_string());
        let mut incoming = outgoing.body(body).send().await.map_err(broken)?;
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
}

impl Host for Native {
    fn send(&self, request: Request<'_>) -> Result<Response, Failure> {
        self.executor.block_on(self.exchange(request))
    }

    fn send_all(&self, requests: Vec<Request<'_>>) -> Vec<Result<Response, Failure>> {
        let all = requests.into_iter().map(|request| self.exchange(request));
        self.executor.block_on(futures_util::future::join_all(all))
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
