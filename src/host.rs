//! What a host gives a connector: HTTP, a ledger, a log and clocks.
//!
//! Mirrors the WIT interfaces `http`, `ledger`, `log` and the parts of `wasi:clocks` in use. The component implements [`Host`] by
//! the generated imports; the tests implement it by a script.

use std::borrow::Cow;
use std::time::Duration;

use crate::model::{Candidate, Intent, Owner, Progress, Status};

/// The request methods that Salesforce's API needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// RFC 9110 §9.3.1.
    Get,
    /// RFC 9110 §9.3.3.
    Post,
    /// RFC 5789.
    Patch,
    /// RFC 9110 §9.3.5.
    Delete,
}

/// How the host escapes a secret where it stands in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escaping {
    /// As XML 1.0 character data.
    Xml,
    /// As the inside of a JSON string (RFC 8259 §7); the quotes around it belong to the text parts.
    Json,
    /// As a value of `application/x-www-form-urlencoded` (WHATWG URL §5).
    Form,
}

/// One piece of a body.
#[derive(Debug)]
pub enum Part<'a, S> {
    /// UTF-8 text as it is.
    Text(Cow<'a, str>),
    /// A secret, put in by the host.
    Secret(&'a S, Escaping),
}

/// A request. Its body is its parts, joined in order; without parts there is no body, and GET and DELETE have none.
///
/// It implements no `Debug`, because its headers hold the session id.
pub struct Request<'a, S> {
    /// What to do.
    pub method: Method,
    /// Absolute: scheme, host, path and query. Not longer than 16 KiB.
    pub url: String,
    /// Names in lower case, and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body's parts.
    pub body: Vec<Part<'a, S>>,
}

/// What the server answered, whatever its status.
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case, in the order received.
    pub headers: Vec<(String, String)>,
    /// Decoded of any transfer or content coding.
    pub body: Vec<u8>,
}

impl Response {
    /// The first field of this name, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }
}

/// Why no response came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The tenant's egress policy, or the job's allowance of calls, refuses the request. Nothing was sent.
    Denied(String),
    /// No connection, or it broke. Part of the request may have been acted on.
    Unreachable(String),
    /// No trusted TLS connection. Nothing was sent.
    Tls(String),
    /// No complete answer within the request's deadline. The request may have been acted on.
    TimedOut,
    /// The response is longer than this many bytes. The request was acted on.
    TooLarge(u64),
    /// The job was ended from outside. The request may have been acted on.
    Cancelled,
    /// The request itself is malformed, or something else, in one sentence.
    Other(String),
}

/// Severities of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For people who debug.
    Debug,
    /// Worth knowing.
    Info,
    /// Worth a look.
    Warn,
    /// Went wrong.
    Error,
}

/// What a connector can reach of the world outside.
pub trait Host {
    /// The handle of a secret; its value cannot be read through it.
    type Secret: 'static;

    /// Sends one request and waits for its answer.
    ///
    /// # Errors
    ///
    /// When no complete response came.
    fn send(&self, request: Request<'_, Self::Secret>) -> Result<Response, Failure>;

    /// Sends independent requests side by side. Answers stand in the order of the requests.
    fn send_all(&self, requests: Vec<Request<'_, Self::Secret>>) -> Vec<Result<Response, Failure>>;

    /// Signs `message` with this secret as a PEM-encoded RSA private key by RS256 (RFC 7518 §3.3), and gives the raw signature.
    ///
    /// # Errors
    ///
    /// One sentence that says why the secret cannot sign.
    fn sign_rs256(&self, secret: &Self::Secret, message: &[u8]) -> Result<Vec<u8>, String>;

    /// Tells the operator something.
    fn log(&self, level: Level, message: &str, fields: &[(&str, &str)]);

    /// The time of day, since 1970-01-01T00:00:00Z.
    fn now(&self) -> Duration;

    /// Waits.
    fn sleep(&self, duration: Duration);

    // What the host keeps of single users, as the WIT interface `ledger` has it. A host that keeps nothing knows nobody, and
    // wants whatever it has asked for.

    /// Whose users these are, in the order of the ids.
    fn owners(&self, ids: &[String]) -> Vec<Option<Owner>> {
        ids.iter().map(|_| None).collect()
    }

    /// Tells of users that may be the subject's.
    fn undecided(&self, _subject: &str, _candidates: &[Candidate]) {}

    /// Tells of subjects whose users a push has left out of use.
    fn out_of_use(&self, _subjects: &[(String, Status)]) {}

    /// Tells what is about to be written. Says of each whether it is still wanted.
    fn begin(&self, intents: Vec<Intent>) -> Vec<bool> {
        intents.iter().map(|_| true).collect()
    }

    /// Tells what has been written.
    fn written(&self, _progress: &[Progress]) {}
}
