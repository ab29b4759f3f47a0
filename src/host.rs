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

/// A request. Placeholders of secrets stand in it where the values belong, and the host puts those in.
#[derive(Debug)]
pub struct Request<'a> {
    /// What to do.
    pub method: Method,
    /// Absolute: scheme, host, path and query. Not longer than 16 KiB.
    pub url: String,
    /// Names in lower case, and values.
    pub headers: Vec<(&'static str, String)>,
    /// `None` if there is no body; GET and DELETE have none.
    pub body: Option<Cow<'a, str>>,
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
    /// The tenant's egress policy, an approved use, or the job's allowance of calls refuses the request. Nothing was sent.
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
    /// A request that is under way.
    type Started;

    /// Sends one request and waits for its answer.
    ///
    /// # Errors
    ///
    /// When no complete response came.
    fn send(&self, request: Request<'_>) -> Result<Response, Failure>;

    /// Starts a request and doesn't wait for its answer: [`Host::finish`] gives it. It goes on while the component isn't running, until
    /// the job ends.
    fn start(&self, request: Request<'_>) -> Self::Started;

    /// Waits for the answer to a request that was started.
    ///
    /// # Errors
    ///
    /// When no complete response came.
    fn finish(&self, started: Self::Started) -> Result<Response, Failure>;

    /// Sends independent requests side by side. Answers stand in the order of the requests.
    fn send_all(&self, requests: Vec<Request<'_>>) -> Vec<Result<Response, Failure>> {
        let started: Vec<_> = requests.into_iter().map(|request| self.start(request)).collect();
        started.into_iter().map(|started| self.finish(started)).collect()
    }

    /// A placeholder of a JWT of these claims (a JSON object), signed RS256 (RFC 7518 §3.3) by the PEM-encoded RSA private key that the
    /// placeholder `key` stands for.
    ///
    /// # Errors
    ///
    /// One sentence that says why the secret can't sign.
    fn sign_jwt(&self, key: &str, claims: &str) -> Result<String, String>;

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
