//! An answer, before it is HTTP.

use serde_json::Value as Json;

use crate::protocol::error::ScimError;

/// An answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Option<Json>,
    pub(crate) location: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) retry_after: Option<u32>,
}

impl Answer {
    pub(crate) fn new(status: u16, body: Json) -> Self {
        Self { status, body: Some(body), ..Self::default() }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// The same with the address and version of a resource in its headers.
    #[must_use]
    pub(crate) fn at(mut self, location: String, version: i64) -> Self {
        self.location = Some(location);
        self.version = Some(crate::protocol::version::tag(version));
        self
    }
}

impl From<ScimError> for Answer {
    fn from(error: ScimError) -> Self {
        Self { retry_after: error.retry_after, ..Self::new(error.status, error.body()) }
    }
}
