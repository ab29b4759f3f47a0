//! HTTP on behalf of a component: egress, secrets, bounds, counts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use wasmtime::component::ResourceTable;
use zeroize::Zeroizing;

use super::addresses::is_public;
use super::bindings::identity::provisioning::http::{Failure, Method, Part, Request, Response};
use super::clients::TenantClient;
use super::egress::{EgressPolicy, Refusal, is_localhost};
use super::limits::Limits;
use super::metrics::{self, Metrics};
use super::outgoing::{Outgoing, Wiped};
use super::recording::{Replay, Tape};
use super::secrets::{MASK, Masks};
use super::spent::RequestLog;

/// Longest request line that Salesforce takes, and most servers (HTTP 414 beyond it).
const LONGEST_URL: usize = 16 << 10;

/// Fields that belong to the connection and not to the component.
const HOST_FIELDS: &[&str] = &[
    "host",
    "content-length",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
    "expect",
    // The client decodes what it has asked for, so that secrets are found in it.
    "accept-encoding",
];

/// Resolves names and drops out where an address is not public, so that the address that was checked is the one that is
/// connected to (no second look-up in between that could answer otherwise).
pub(super) struct CheckedResolver;

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            Ok(checked(&host, found)?)
        })
    }
}

/// `found`, if every address fits the name.
fn checked(host: &str, found: Vec<SocketAddr>) -> Result<Addrs, Box<Refusal>> {
    let fits = |address: &SocketAddr| {
        if is_localhost(host) { address.ip().is_loopback() } else { is_public(address.ip()) }
    };
    match found.iter().find(|address| !fits(address)) {
        Some(stray) => Err(Box::new(Refusal::PrivateAddress { host: host.to_owned(), address: stray.ip() })),
        None => Ok(Box::new(found.into_iter())),
    }
}

/// What the HTTP of one job shares: the policy, the bounds and the counts.
///
/// It implements no `Debug`, because its tape holds session ids.
pub(crate) struct Gate {
    pub(crate) tenant: Arc<str>,
    pub(crate) client: Arc<TenantClient>,
    pub(crate) metrics: Metrics,
    pub(crate) tape: Option<Tape>,
    pub(crate) replay: Option<Replay>,
    pub(crate) egress: EgressPolicy,
    pub(crate) limits: Limits,
    pub(crate) sent: AtomicU64,
    pub(crate) received_bytes: AtomicU64,
    pub(super) log: RequestLog,
}

/// A request that has passed all checks, with its secrets in place.
pub(crate) struct Prepared {
    method: reqwest::Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Wiped>,
    masks: Masks,
    /// Where it is recorded or compared with a recording.
    shown: Option<Shown>,
}

/// A request as a recording begins with it: with `***` where its secrets stand. Its header fields may hold a session id, so
/// it implements no `Debug`.
pub(crate) struct Shown {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
}

impl Gate {
    /// Whether somebody records or replays what is sent.
    pub(crate) fn is_watched(&self) -> bool {
        self.tape.is_some() || self.replay.is_some()
    }

    pub(crate) async fn send(&self, mut request: Prepared) -> Result<Response, Failure> {
        let place = authority(&request.url);
        if let Err(refusal) = self.allows(&request, &place) {
            self.metrics.request(&self.tenant, metrics::DENIED, 0, std::time::Duration::ZERO);
            return Err(refusal);
        }
        let started = Instant::now();
        let (method, path) = (request.method.clone(), request.url.path().to_owned());
        let (shown, masks) = (request.shown.take(), request.masks.clone());
        let answer = match (&self.replay, &shown) {
            (Some(replay), Some(shown)) => replay.answer(shown, &masks),
            _ => match tokio::time::timeout(self.limits.request, self.exchange(request)).await {
                Ok(answer) => answer,
                Err(_) => Err(Failure::TimedOut),
            },
        };
        let elapsed = started.elapsed();
        let (status, received) = answer.as_ref().map_or((0, 0), |answer| (answer.status, answer.body.len() as u64));
        self.received_bytes.fetch_add(received, Ordering::Relaxed);
        let class = if answer.is_ok() { metrics::class(status) } else { metrics::FAILED };
        self.metrics.request(&self.tenant, class, received, elapsed);
        self.log.request(answer.is_err() || status >= 400, elapsed);
        let upstream_request = answer.as_ref().ok().and_then(request_id).unwrap_or_default();
        tracing::debug!(%method, host = %place, %path, status, duration_ms = elapsed.as_millis() as u64, upstream_request, "request");
        if let (Some(tape), Some(shown)) = (&self.tape, shown) {
            tape.note(shown, &masks, &answer, elapsed);
        }
        answer
    }

    /// Whether the request may be sent; counts it where it may.
    fn allows(&self, request: &Prepared, place: &str) -> Result<(), Failure> {
        if let Err(refusal) = self.egress.allows(&request.url) {
            return Err(Failure::Denied(refusal.to_string()));
        }
        if self.sent.fetch_add(1, Ordering::Relaxed) >= self.limits.requests {
            self.sent.fetch_sub(1, Ordering::Relaxed);
            return Err(Failure::Denied(format!(
                "the host {place} was not asked: this job has sent the {} requests that the rule `limits.requests` allows it",
                self.limits.requests
            )));
        }
        Ok(())
    }

    async fn exchange(&self, request: Prepared) -> Result<Response, Failure> {
        let place = authority(&request.url);
        let failed = |error: &reqwest::Error| failure(&place, error);
        let client = self.client.get().map_err(|reason| Failure::Other(format!("no HTTP client: {reason}")))?;
        let mut outgoing = client.request(request.method, request.url).headers(request.headers);
        let mut exchange = None;
        if let Some(body) = request.body {
            let (body, begun) = Outgoing::new(body);
            exchange = Some(begun);
            outgoing = outgoing.body(reqwest::Body::wrap(body));
        }
        let mut incoming = outgoing.send().await.map_err(|error| failed(&error))?;
        let status = incoming.status().as_u16();
        let headers = incoming
            .headers()
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes());
                (name.as_str().to_owned(), request.masks.apply_str(&value).into_owned())
            })
            .collect();
        let mut body = Vec::new();
        while let Some(chunk) = incoming.chunk().await.map_err(|error| failed(&error))? {
            if body.len() + chunk.len() > self.limits.response {
                return Err(Failure::TooLarge(self.limits.response as u64));
            }
            body.extend_from_slice(&chunk);
        }
        drop(exchange);
        if let std::borrow::Cow::Owned(masked) = request.masks.apply(&body) {
            tracing::warn!(host = %place, "the server echoed a secret; it was masked before the connector saw it");
            body = masked;
        }
        Ok(Response { status, headers, body })
    }
}

/// The id under which the server's operators find the request: the first field with a name such as `x-request-id`.
fn request_id(response: &Response) -> Option<&str> {
    let named = |name: &str| name.ends_with("request-id") || name.ends_with("correlation-id");
    response.headers.iter().find(|(name, _)| named(name)).map(|(_, value)| value.as_str())
}

/// Host and port, for people.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The kind of failure that a client error is, told by the errors below it.
fn failure(place: &str, error: &reqwest::Error) -> Failure {
    if error.is_timeout() {
        // The client itself has only a connect timeout: nothing was sent.
        return Failure::Unreachable(format!("{place} did not accept a connection within 10 seconds"));
    }
    let mut root: &dyn std::error::Error = error;
    loop {
        if let Some(refusal) = root.downcast_ref::<Box<Refusal>>() {
            return Failure::Denied(refusal.to_string());
        }
        if let Some(refusal) = root.downcast_ref::<Refusal>() {
            return Failure::Denied(refusal.to_string());
        }
        if let Some(tls) = root.downcast_ref::<rustls::Error>() {
            return Failure::Tls(format!("no trusted TLS connection to {place}: {tls}"));
        }
        if let Some(io) = root.downcast_ref::<std::io::Error>() {
            // An io error hides what it wraps from `source`.
            if let Some(tls) = io.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                return Failure::Tls(format!("no trusted TLS connection to {place}: {tls}"));
            }
        }
        match root.source() {
            Some(source) => root = source,
            None => break,
        }
    }
    if error.is_connect() {
        Failure::Unreachable(format!("no connection to {place}: {root}"))
    } else if error.is_builder() {
        Failure::Other(format!("the request to {place} is malformed: {root}"))
    } else {
        Failure::Unreachable(format!("the connection to {place} broke before the answer was complete: {root}"))
    }
}

impl Prepared {
    /// What a component asks for, with the secrets of its handles put in. It is shown, with masks in the place of secrets, where
    /// somebody records or replays.
    ///
    /// # Errors
    /// When a handle is none of the component's, which ends the job; the inner one when the request can't be sent.
    pub(crate) fn of(
        request: Request,
        handles: &ResourceTable,
        is_shown: bool,
    ) -> wasmtime::Result<Result<Self, Failure>> {
        let mut masks = Masks::default();
        let mut body = Zeroizing::new(Vec::new());
        let has_body = !request.body.is_empty();
        let mut shown = is_shown.then(|| Shown {
            method: method(request.method).to_string(),
            url: request.url.clone(),
            headers: request.headers.clone(),
            body: has_body.then(Vec::new),
        });
        let mut show = |text: &[u8]| {
            if let Some(Shown { body: Some(body), .. }) = &mut shown {
                body.extend_from_slice(text);
            }
        };
        for part in &request.body {
            match part {
                Part::Text(text) => {
                    body.extend_from_slice(text.as_bytes());
                    show(text.as_bytes());
                }
                Part::Secret((handle, escaping)) => {
                    let secret = &handles.get(handle)?.0;
                    masks.add(secret);
                    body.extend_from_slice(secret.escaped(*escaping).as_bytes());
                    show(MASK.as_bytes());
                }
            }
        }
        let checked = checked_request(request, masks, has_body.then_some(Wiped(body)));
        Ok(checked.map(|prepared| Self { shown, ..prepared }))
    }
}

fn checked_request(request: Request, masks: Masks, body: Option<Wiped>) -> Result<Prepared, Failure> {
    // The body is dealt with already.
    let Request { method, url: address, headers: fields, body: _ } = request;
    let method = self::method(method);
    if body.is_some() && matches!(method, reqwest::Method::GET | reqwest::Method::DELETE) {
        // Servers need not read it (RFC 9110 §9.3.1, §9.3.5), and take what they leave for the next request.
        return Err(Failure::Other(format!(
            "a {method} request has no body; say in its address what it is for, or use another method"
        )));
    }
    if address.len() > LONGEST_URL {
        return Err(Failure::Other(format!("the address is {} bytes long; {LONGEST_URL} are the most", address.len())));
    }
    let url = Url::parse(&address).map_err(|error| Failure::Other(format!("the address is malformed: {error}")))?;
    let mut headers = HeaderMap::new();
    for (name, value) in &fields {
        let refused = || Failure::Other(format!("the header field `{}` is malformed", name.escape_debug()));
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?;
        if HOST_FIELDS.contains(&header.as_str()) {
            return Err(Failure::Other(format!("the header field `{header}` belongs to the host")));
        }
        headers.append(header, HeaderValue::from_str(value).map_err(|_| refused())?);
    }
    Ok(Prepared { method, url, headers, body, masks, shown: None })
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Patch => reqwest::Method::PATCH,
        Method::Put => reqwest::Method::PUT,
        Method::Delete => reqwest::Method::DELETE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_must_resolve_to_addresses_that_fit_it() {
        let at = |ip: &str| SocketAddr::new(ip.parse().unwrap(), 0);
        let fits = |host: &str, ips: &[&str]| checked(host, ips.iter().map(|ip| at(ip)).collect()).is_ok();
        assert!(fits("login.example.com", &["93.184.215.14", "2606:2800:21f::1"]));
        assert!(!fits("login.example.com", &["93.184.215.14", "10.0.0.1"]));
        assert!(!fits("login.example.com", &["127.0.0.1"]));
        assert!(fits("localhost", &["127.0.0.1", "::1"]));
        assert!(!fits("localhost", &["93.184.215.14"]));
    }

    fn request(method: Method, url: &str, headers: &[(&str, &str)]) -> Request {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Request { method, url: url.to_owned(), headers, body: Vec::new() }
    }

    #[test]
    fn a_request_cannot_be_framed_by_its_header_fields() {
        let checked = |name: &str, value: &str| {
            checked_request(request(Method::Get, "https://a.example/", &[(name, value)]), Masks::default(), None)
        };
        for name in HOST_FIELDS {
            for name in [name.to_string(), name.to_uppercase()] {
                match checked(&name, "1") {
                    Err(Failure::Other(said)) => assert!(said.contains("belongs to the host"), "{said}"),
                    _ => panic!("{name} was let through"),
                }
            }
        }
        for (name, value) in [
            ("", "a"),
            ("x y", "a"),
            ("x:", "a"),
            ("x\r\nhost", "a"),
            ("content-length ", "1"),
            (" content-length", "1"),
            ("content-length\0", "1"),
            ("x", "a\r\nb: c"),
            ("x", "a\nb: c"),
            ("x", "a\rb: c"),
            ("x", "a\0b"),
            ("x", "a\u{7f}b"),
        ] {
            assert!(matches!(checked(name, value), Err(Failure::Other(_))), "{name:?}: {value:?}");
        }
        assert!(checked("Accept", "application/json").is_ok());
    }

    #[test]
    fn a_request_cannot_be_framed_by_its_address() {
        for address in [
            "https://a.example/\r\nhost: b",
            "https://a.example/x y HTTP/1.1",
            "https://a.example/?a\0b",
            "https://a.example/\u{85}",
        ] {
            let Ok(prepared) = checked_request(request(Method::Get, address, &[]), Masks::default(), None) else {
                continue;
            };
            let sent = prepared.url.as_str();
            assert!(sent.bytes().all(|byte| byte.is_ascii_graphic()), "{address:?} is sent as {sent:?}");
        }
    }

    #[test]
    fn only_methods_that_have_bodies_are_sent_with_one() {
        for (method, has_body) in [
            (Method::Get, false),
            (Method::Delete, false),
            (Method::Post, true),
            (Method::Patch, true),
            (Method::Put, true),
        ] {
            // Also an empty one, which is sent with its length.
            let body = || Some(Wiped(Zeroizing::new(Vec::new())));
            let checked = checked_request(request(method, "https://a.example/", &[]), Masks::default(), body());
            assert_eq!(checked.is_ok(), has_body, "{method:?}");
            assert!(checked_request(request(method, "https://a.example/", &[]), Masks::default(), None).is_ok());
        }
    }
}
