//! Refusals in the form of RFC 7644 §3.12.

use serde_json::{Value as Json, json};

/// The schema of an error's body.
pub const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// What kind of refusal it is: `scimType` of RFC 7644 table 9 and RFC 9865 §2.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScimType {
    /// A filter that cannot be parsed, or compares what cannot be compared.
    InvalidFilter,
    /// More results than the server is willing to work out.
    TooMany,
    /// Another resource has the value.
    Uniqueness,
    /// The attribute cannot be changed.
    Mutability,
    /// The body isn't what the request needs.
    InvalidSyntax,
    /// A path that cannot be parsed.
    InvalidPath,
    /// A path that leads to nothing.
    NoTarget,
    /// A value that is missing or not fit for its attribute.
    InvalidValue,
    /// A secret in the address of the request.
    Sensitive,
    /// A cursor that this server did not make for this query.
    InvalidCursor,
    /// A number of results that cannot be.
    InvalidCount,
}

impl ScimType {
    /// The keyword.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
            Self::Sensitive => "sensitive",
            Self::InvalidCursor => "invalidCursor",
            Self::InvalidCount => "invalidCount",
        }
    }
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct ScimError {
    /// The HTTP status.
    pub status: u16,
    /// The keyword, if the RFC has one for it.
    pub kind: Option<ScimType>,
    /// Sentences for people: what happened, and what to do.
    pub detail: String,
    /// Seconds after which the same request may succeed.
    pub retry_after: Option<u32>,
}

impl ScimError {
    /// A refusal without a keyword.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, kind: None, detail: detail.into(), retry_after: None }
    }

    /// A refusal of the request itself: 400 with a keyword.
    pub fn bad(kind: ScimType, detail: impl Into<String>) -> Self {
        Self { kind: Some(kind), ..Self::new(400, detail) }
    }

    /// A value that isn't fit for its attribute.
    pub fn value(detail: impl Into<String>) -> Self {
        Self::bad(ScimType::InvalidValue, detail)
    }

    /// Something that another resource has.
    pub fn taken(detail: impl Into<String>) -> Self {
        Self { kind: Some(ScimType::Uniqueness), ..Self::new(409, detail) }
    }

    /// A resource that isn't there. Resources of other tenants and clients are refused by the same sentence.
    pub fn not_found(what: &str, id: &str) -> Self {
        let shown: String = id.chars().filter(|letter| !letter.is_control()).take(64).collect();
        Self::new(404, format!("there is no {what} `{shown}`; search for it by an attribute, or create it"))
    }

    /// The same with the time after which to try again.
    #[must_use]
    pub fn after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The body.
    pub fn body(&self) -> Json {
        let mut body = json!({ "schemas": [SCHEMA], "status": self.status.to_string(), "detail": self.detail });
        if let (Some(kind), Some(body)) = (self.kind, body.as_object_mut()) {
            body.insert("scimType".to_owned(), kind.name().into());
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_a_text_and_the_keyword_is_left_out_if_there_is_none() {
        let body = ScimError::taken("`ada` is taken").body();
        assert_eq!(
            body,
            json!({ "schemas": [SCHEMA], "status": "409", "scimType": "uniqueness", "detail": "`ada` is taken" })
        );
        assert_eq!(ScimError::new(503, "x").body().get("scimType"), None);
    }

    #[test]
    fn an_id_is_quoted_without_what_would_break_a_line() {
        let error = ScimError::not_found("User", &format!("a\nb{}", "c".repeat(100)));
        assert!(error.detail.len() < 150 && !error.detail.contains('\n'), "{error}");
    }
}
