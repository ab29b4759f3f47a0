//! HTTP on behalf of a component: egress, secrets, bounds, counts.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::access::{Access, Asked, SecretUse, method_name};
use super::addresses::is_public;
use super::answers;
use super::apart::{Failed, LONG};
use super::bindings::identity::provisioning::http::{Failure, Method, Request, Response};
use super::clients::TenantClient;
use super::egress::{Refusal, is_localhost};
use super::limits::Limits;
use super::meter::Meter;
use super::metrics::{self, Metrics};
use super::outgoing::{Outgoing, Wiped};
use super::permit::Permit;
use super::placeholders::Placeholders;
use super::placement::{Found, LONGEST_BODY, Parsed, Spot, Syntax};
use super::recording::{Replay, Tape};
use super::room::{Full, Kept, Share};
use super::spent::RequestLog;

/// Longest request line that Salesforce takes, and most servers (HTTP 414 beyond it).
const LONGEST_URL: usize = 16 << 10;

/// Most header fields of a request, and the most bytes in them: more than servers take (Apache: 100 fields of 8 KiB each; Tomcat and
/// nginx: 8 KiB and 32 KiB in all).
const MOST_FIELDS: usize = 100;
const LONGEST_FIELDS: usize = 64 << 10;

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
    // A part of an answer may be a part of a secret, which nothing would be found in.
    "range",
    // Cookies are credentials that no use names.
    "cookie",
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
    pub(crate) access: Mutex<Access>,
    pub(crate) placeholders: Mutex<Placeholders>,
    pub(crate) limits: Limits,
    pub(crate) meter: Arc<Meter>,
    /// Work of the job that takes long is done one piece at a time.
    pub(crate) own_turn: Arc<Semaphore>,
    /// Turns for such work of all jobs.
    pub(crate) apart_turns: Arc<Semaphore>,
    /// Room for answers until the component has them.
    pub(crate) answers: Arc<Share>,
    /// Room for bodies until they are sent.
    pub(crate) bodies: Arc<Share>,
    /// One for each request that may be under way.
    pub(crate) turns: Semaphore,
    /// Whether requests may still be sent.
    pub(crate) permit: Option<Arc<dyn Permit>>,
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
    /// The kind of request that it is, if it is one that was approved.
    pub(crate) secret_use: Option<SecretUse>,
    /// The placeholders that were in it.
    pub(crate) found: Vec<Found>,
    /// Where it is recorded or compared with a recording.
    shown: Option<Shown>,
}

/// A request as a recording begins with it: as the component wrote it, with the names of secrets in the place of placeholders.
pub(crate) struct Shown {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
}

impl Gate {
    pub(crate) fn access(&self) -> MutexGuard<'_, Access> {
        self.access.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn placeholders(&self) -> MutexGuard<'_, Placeholders> {
        self.placeholders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a component asks for, with secrets in the place of their placeholders.
    ///
    /// # Errors
    /// Why it can't be sent.
    pub(crate) async fn prepare(self: &Arc<Self>, request: Request) -> Result<Prepared, Failure> {
        let prepared = match request.body.as_ref().is_some_and(|body| body.len() >= LONG) {
            true => self.apart(move |gate| gate.checked(request)).await.map_err(failed).flatten(),
            false => self.checked(request),
        };
        if let Err(Failure::Denied(_)) = &prepared {
            self.metrics.request(&self.tenant, metrics::DENIED, 0, std::time::Duration::ZERO);
        }
        prepared
    }

    fn checked(&self, request: Request) -> Result<Prepared, Failure> {
        let Request { method, url: address, headers: fields, body } = request;
        let mut kept = self.bodies.kept();
        kept.grow(body.as_ref().map_or(0, Vec::len)).map_err(|Full(most)| {
            Failure::Other(format!(
                "the bodies of this job's unfinished requests would take more than the {most} bytes that there is room for; finish requests before sending more"
            ))
        })?;
        let (url, headers) = well_formed(method, &address, &fields, body.is_some())?;
        let placeholders = self.placeholders();
        let is_shown = self.tape.is_some() || self.replay.is_some();
        let shown = is_shown.then(|| Shown {
            method: method_name(method).to_owned(),
            url: placeholders.named_text(&address).into_owned(),
            headers: fields
                .iter()
                .map(|(name, value)| (name.clone(), placeholders.named_text(value).into_owned()))
                .collect(),
            body: body.as_ref().map(|body| placeholders.named(body).into_owned()),
        });
        let mut found = found_in_head(&placeholders, &address, &fields);
        let mut parsed = None;
        if let Some(body) = body.as_ref().filter(|body| !placeholders.find(body).is_empty()) {
            let refused = |reason: String| {
                let host = authority(&url);
                Failure::Denied(format!(
                    "a secret goes out only in a body that the host can read and write anew, and that of {} {host}{} has one and can't be: {reason}; mend the connector",
                    method_name(method),
                    url.path()
                ))
            };
            if body.len() > LONGEST_BODY {
                return Err(refused(format!("it is {} bytes long, and {LONGEST_BODY} are the most", body.len())));
            }
            let read = parse(&headers, body).map_err(refused)?;
            found.extend(read.find(&placeholders).map_err(refused)?);
            parsed = Some((read, refused));
        }
        let is_literal = raw_path(&address) == url.path();
        let asked = Asked { method: method_name(method), url: &url, is_literal, found: &found };
        let secret_use = self.access().allows(&asked).map_err(Failure::Denied)?;
        let headers = filled(headers, &placeholders)?;
        let body = match parsed {
            Some((read, refused)) => {
                let mut fill = |_: &Spot, text: &str| {
                    let has_some = !placeholders.find(text.as_bytes()).is_empty();
                    has_some.then(|| placeholders.filled(text))
                };
                Some(read.rewrite(&mut fill).map_err(refused)?)
            }
            None => body,
        };
        let body = body.map(|body| Wiped::new(body, kept));
        Ok(Prepared { method: self::method(method), url, headers, body, secret_use, found, shown })
    }

    /// Sends a request and waits for its answer.
    pub(crate) async fn send(self: &Arc<Self>, request: Prepared) -> Answer {
        let mut kept = self.answers.kept();
        let result = self.answer(request, &mut kept).await;
        Answer { result, _kept: kept }
    }

    async fn answer(self: &Arc<Self>, mut request: Prepared, kept: &mut Kept) -> Result<Response, Failure> {
        let place = authority(&request.url);
        // It's never closed.
        let _turn = self.turns.acquire().await;
        self.count(&place)?;
        let started = Instant::now();
        let (method, path) = (request.method.clone(), request.url.path().to_owned());
        let (shown, secret_use, found) =
            (request.shown.take(), request.secret_use.take(), std::mem::take(&mut request.found));
        let answer = match (&self.replay, &shown) {
            (Some(replay), Some(shown)) => replay.answer(shown).and_then(|answer| {
                kept.grow(length(&answer)).map_err(no_room)?;
                Ok(answer)
            }),
            _ => match tokio::time::timeout(self.limits.request, self.exchange(request, kept)).await {
                Ok(answer) => answer,
                Err(_) => Err(Failure::TimedOut),
            },
        };
        let found = Arc::new(found);
        let answer = match answer {
            Ok(answer) if answer.body.len() >= LONG => {
                let (place, found) = (place.clone(), Arc::clone(&found));
                let received = self.apart(move |gate| gate.received(answer, &place, secret_use.as_ref(), &found));
                received.await.map_err(failed).flatten()
            }
            Ok(answer) => self.received(answer, &place, secret_use.as_ref(), &found),
            Err(failure) => Err(failure),
        };
        // Placeholders are longer than what they stand for.
        let answer = answer.and_then(|answer| {
            kept.resize(length(&answer)).map_err(no_room)?;
            Ok(answer)
        });
        let elapsed = started.elapsed();
        let (status, received) = answer.as_ref().map_or((0, 0), |answer| (answer.status, answer.body.len() as u64));
        self.received_bytes.fetch_add(received, Ordering::Relaxed);
        let class = if answer.is_ok() { metrics::class(status) } else { metrics::FAILED };
        self.metrics.request(&self.tenant, class, received, elapsed);
        self.log.request(answer.is_err() || status >= 400, elapsed);
        let upstream_request = answer.as_ref().ok().and_then(request_id).unwrap_or_default();
        tracing::debug!(%method, host = %place, %path, status, duration_ms = elapsed.as_millis() as u64, upstream_request, "request");
        if let (Some(tape), Some(shown)) = (&self.tape, shown) {
            tape.note(shown, &found, &answer, elapsed, &self.placeholders());
        }
        answer
    }

    /// What the component gets of an answer.
    fn received(
        &self,
        answer: Response,
        place: &str,
        secret_use: Option<&SecretUse>,
        found: &[Found],
    ) -> Result<Response, Failure> {
        let limits = (self.limits.handles, self.limits.response);
        let (answer, masks) = {
            let (placeholders, access) = (&mut self.placeholders(), &mut self.access());
            answers::read(answer, place, secret_use, found, placeholders, access, limits.0)?
        };
        // A long answer is looked through for some milliseconds, in which the job's other requests need the placeholders.
        answers::masked(answer, place, &masks, limits.1)
    }

    /// Counts a request against the job's allowance.
    fn count(&self, place: &str) -> Result<(), Failure> {
        if self.sent.fetch_add(1, Ordering::Relaxed) >= self.limits.requests {
            self.sent.fetch_sub(1, Ordering::Relaxed);
            self.metrics.request(&self.tenant, metrics::DENIED, 0, std::time::Duration::ZERO);
            return Err(Failure::Denied(format!(
                "the host {place} was not asked: this job has sent the {} requests that the rule `limits.requests` allows it",
                self.limits.requests
            )));
        }
        Ok(())
    }

    async fn exchange(&self, request: Prepared, kept: &mut Kept) -> Result<Response, Failure> {
        let place = authority(&request.url);
        if self.permit.as_ref().is_some_and(|permit| !permit.lasts()) {
            return Err(Failure::Denied(format!(
                "the host {place} was not asked: this host was silent for too long, and another may work for the tenant by now"
            )));
        }
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
        let mut headers = Vec::new();
        for (name, value) in incoming.headers() {
            let field = (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned());
            kept.grow(field.0.len() + field.1.len()).map_err(no_room)?;
            headers.push(field);
        }
        let mut body = Vec::new();
        while let Some(chunk) = incoming.chunk().await.map_err(|error| failed(&error))? {
            if body.len() + chunk.len() > self.limits.response {
                return Err(Failure::TooLarge(self.limits.response as u64));
            }
            kept.grow(chunk.len()).map_err(no_room)?;
            // A piece that has come unpacks to a thousand, all of them at once.
            tokio::task::coop::consume_budget().await;
            body.extend_from_slice(&chunk);
        }
        drop(exchange);
        Ok(Response { status, headers, body })
    }
}

/// What came of a request, and the room that it takes for as long as it is kept.
pub(crate) struct Answer {
    pub(crate) result: Result<Response, Failure>,
    _kept: Kept,
}

impl Gate {
    /// What came of a request that was not sent.
    pub(crate) fn unsent(&self, failure: Failure) -> Answer {
        Answer { result: Err(failure), _kept: self.answers.kept() }
    }
}

/// The room that an answer takes.
fn length(answer: &Response) -> usize {
    answer.body.len() + answer.headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>()
}

fn failed(failed: Failed) -> Failure {
    Failure::Other(failed.to_string())
}

fn no_room(Full(most): Full) -> Failure {
    Failure::TooLarge(most as u64)
}

/// The id under which the server's operators find the request: the first field with a name such as `x-request-id`.
fn request_id(response: &Response) -> Option<&str> {
    let named = |name: &str| name.ends_with("request-id") || name.ends_with("correlation-id");
    response.headers.iter().find(|(name, _)| named(name)).map(|(_, value)| value.as_str())
}

/// Host and port, for people.
pub(crate) fn authority(url: &Url) -> String {
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
    let mut next = Some(root);
    while let Some(one) = next {
        root = one;
        if let Some(refusal) = root.downcast_ref::<Box<Refusal>>() {
            return Failure::Denied(refusal.to_string());
        }
        if let Some(refusal) = root.downcast_ref::<Refusal>() {
            return Failure::Denied(refusal.to_string());
        }
        // Of a connection that was trusted, TLS breaks as well; what was sent on it may have been acted on.
        if let Some(tls) = root.downcast_ref::<rustls::Error>().filter(|_| error.is_connect()) {
            return Failure::Tls(format!("no trusted TLS connection to {place}: {tls}"));
        }
        next = inner(root).or_else(|| root.source());
    }
    if error.is_connect() {
        Failure::Unreachable(format!("no connection to {place}: {root}"))
    } else if error.is_builder() {
        Failure::Other(format!("the request to {place} is malformed: {root}"))
    } else {
        Failure::Unreachable(format!("the connection to {place} broke before the answer was complete: {root}"))
    }
}

/// What an io error wraps: its `source` is that of what it wraps, which may be another one.
fn inner<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a (dyn std::error::Error + 'static)> {
    let io = error.downcast_ref::<std::io::Error>()?;
    io.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static))
}

/// The address and the header fields of a request, if it can be sent at all.
fn well_formed(
    method: Method,
    address: &str,
    fields: &[(String, String)],
    has_body: bool,
) -> Result<(Url, HeaderMap), Failure> {
    if has_body && matches!(method, Method::Get | Method::Delete) {
        // Servers need not read it (RFC 9110 §9.3.1, §9.3.5), and take what they leave for the next request.
        return Err(Failure::Other(format!(
            "a {} request has no body; say in its address what it is for, or use another method",
            method_name(method)
        )));
    }
    if address.len() > LONGEST_URL {
        return Err(Failure::Other(format!("the address is {} bytes long; {LONGEST_URL} are the most", address.len())));
    }
    let length: usize = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
    if fields.len() > MOST_FIELDS || length > LONGEST_FIELDS {
        return Err(Failure::Other(format!(
            "it has {} header fields of {length} bytes; {MOST_FIELDS} of {LONGEST_FIELDS} bytes in all are the most",
            fields.len()
        )));
    }
    let url = Url::parse(address).map_err(|error| Failure::Other(format!("the address is malformed: {error}")))?;
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let refused = || Failure::Other(format!("the header field `{}` is malformed", name.escape_debug()));
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?;
        if HOST_FIELDS.contains(&header.as_str()) {
            return Err(Failure::Other(format!("the header field `{header}` belongs to the host")));
        }
        headers.append(header, HeaderValue::from_str(value).map_err(|_| refused())?);
    }
    Ok((url, headers))
}

/// The path of an address as it was written, so that one which is sent otherwise (`/a/../b`) is told apart.
fn raw_path(address: &str) -> &str {
    let after_scheme = address.split_once("://").map_or("", |(_, rest)| rest);
    let path = after_scheme.find('/').map_or("", |at| &after_scheme[at..]);
    path.split(['?', '#']).next().unwrap_or_default()
}

/// The placeholders in the address and the header fields.
fn found_in_head(placeholders: &Placeholders, address: &str, fields: &[(String, String)]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut note = |text: &str, spot: &dyn Fn(usize, usize) -> Spot| {
        for (range, held) in placeholders.find(text.as_bytes()) {
            found.push(Found { held, spot: spot(range.start, range.end) });
        }
    };
    note(address, &|_, _| Spot::Never("the address"));
    for (name, value) in fields {
        note(name, &|_, _| Spot::Never("the name of a header field"));
        note(value, &|start, end| match end == value.len() {
            true => Spot::Header(name.clone(), value[..start].to_owned()),
            false => Spot::Never("a header field that goes on behind it"),
        });
    }
    found
}

/// A body in its parsed form, by its content type.
fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Parsed, String> {
    let mut types = headers.get_all(reqwest::header::CONTENT_TYPE).iter();
    let (Some(content_type), None) = (types.next(), types.next()) else {
        return Err("it has not one `content-type`".to_owned());
    };
    let syntax = content_type.to_str().ok().and_then(Syntax::of);
    let syntax = syntax.ok_or("its `content-type` is neither JSON nor XML nor a form, in UTF-8")?;
    Parsed::read(syntax, body)
}

/// The fields with secrets in the place of their placeholders.
fn filled(mut headers: HeaderMap, placeholders: &Placeholders) -> Result<HeaderMap, Failure> {
    for (name, value) in &mut headers {
        let Some(text) = value.to_str().ok().filter(|text| !placeholders.find(text.as_bytes()).is_empty()) else {
            continue;
        };
        let mut with_secret = HeaderValue::from_str(&Zeroizing::new(placeholders.filled(text))).map_err(|_| {
            let named = placeholders.named_text(text);
            Failure::Other(format!(
                "a secret of the header field `{name}: {named}` has a character that no header field can carry; it may have been cut off or garbled on its way here"
            ))
        })?;
        with_secret.set_sensitive(true);
        *value = with_secret;
    }
    Ok(headers)
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
mod tests;

#[cfg(test)]
mod vectors;
