//! The one error that REST, collections and Bulk show, each in its own shape.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

/// A refusal in Salesforce's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    /// HTTP status of the refusal when it is the whole answer.
    pub(crate) status: u16,
    /// Salesforce's error code.
    pub(crate) code: &'static str,
    /// The text, to the letter.
    pub(crate) message: String,
    /// The fields at fault. `Some` for DML errors, even when empty; `None` for session, limit and not-found errors (H).
    pub(crate) fields: Option<Vec<String>>,
    /// A further part of a REST answer, by its key: what a duplicate rule found.
    pub(crate) extra: Option<(&'static str, Box<Value>)>,
}

impl ApiError {
    /// An error that names no fields at all.
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), fields: None, extra: None }
    }

    /// A DML error: HTTP 400 with the fields at fault.
    pub(crate) fn dml(code: &'static str, message: impl Into<String>, fields: &[&str]) -> Self {
        let fields = fields.iter().map(|field| (*field).to_owned()).collect();
        Self { status: 400, code, message: message.into(), fields: Some(fields), extra: None }
    }

    /// Something that is not built: HTTP 501 with a plain sentence, which no Salesforce org would say.
    pub(crate) fn not_emulated(what: &str) -> Self {
        Self::new(501, "NOT_EMULATED", format!("{what} is not emulated."))
    }

    /// HTTP 404 for a path or record that is not there (H).
    pub(crate) fn not_found() -> Self {
        Self::new(404, "NOT_FOUND", "The requested resource does not exist")
    }

    /// HTTP 405 for a resource that has other methods (M).
    pub(crate) fn method_not_allowed(method: &str, allowed: &str) -> Self {
        let message = format!("HTTP Method '{method}' not allowed. Allowed are {allowed}");
        Self::new(405, "METHOD_NOT_ALLOWED", message)
    }

    /// The shape of a whole REST answer: an element of its array.
    #[must_use]
    pub(crate) fn rest(&self) -> Value {
        let mut shown = json!({"message": self.message, "errorCode": self.code});
        if let Some(fields) = &self.fields {
            shown["fields"] = json!(fields);
        }
        if let Some((key, extra)) = &self.extra {
            shown[*key] = (**extra).clone();
        }
        shown
    }

    /// The shape inside a collections result.
    #[must_use]
    pub(crate) fn save_result(&self) -> Value {
        let fields = self.fields.as_deref().unwrap_or_default();
        json!({"statusCode": self.code, "message": self.message, "fields": fields})
    }
}

/// An error code that came from outside, for an error that holds only codes that last. Each distinct code is kept once,
/// for good; they come from a test's own faults and switches, so there are few.
pub(crate) fn code(text: &str) -> &'static str {
    static KNOWN: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(code) = known.get(text) {
        return code;
    }
    let code: &'static str = Box::leak(text.to_owned().into_boxed_str());
    known.insert(code);
    code
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for ApiError {}

impl From<rusqlite::Error> for ApiError {
    fn from(error: rusqlite::Error) -> Self {
        tracing::error!(%error, "the org's store failed");
        Self::new(
            500,
            "UNKNOWN_EXCEPTION",
            "An unexpected error occurred. Please include this ErrorId if you contact support.",
        )
    }
}
