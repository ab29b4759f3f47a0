//! A request that comes to nothing, as a whole page: what happened, and what to do.

use std::borrow::Cow;

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::chrome::html;
use super::remedy::on_page;
use provisioning_directory::sync::SyncError;
use provisioning_directory::{DirectoryError, Upstream};
use provisioning_runtime::JobError;
use provisioning_runtime::error_kind_name;

/// Why there is no page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Problem {
    #[serde(with = "code")]
    pub(crate) status: StatusCode,
    /// For programs, in kebab-case.
    pub(crate) kind: String,
    /// A few words.
    pub(crate) title: Cow<'static, str>,
    /// One sentence: what happened.
    pub(crate) what: String,
    /// What the application itself answered.
    pub(crate) said: Option<Upstream>,
    /// One sentence: what to do.
    pub(crate) remedy: String,
}

/// A status as its number.
mod code {
    use axum::http::StatusCode;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(status.as_u16())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StatusCode, D::Error> {
        StatusCode::from_u16(u16::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Page<'a> {
    problem: &'a Problem,
    code: u16,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, kind: &str, title: &'static str, what: &str, remedy: &str) -> Self {
        Self {
            status,
            kind: kind.to_owned(),
            title: title.into(),
            what: what.to_owned(),
            said: None,
            remedy: remedy.to_owned(),
        }
    }

    /// What was asked for cannot be; `what` says why and what to do.
    pub(crate) fn refused(what: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid-value", "This cannot be done", what, "Go back and correct it.")
    }

    pub(crate) fn no_page() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not-found",
            "There is no such page",
            "Nothing is at this address.",
            "Start from the list of applications.",
        )
    }

    pub(crate) fn no_tenant(name: &str) -> Self {
        // A name from an address may be anything; only what could be a name is repeated.
        let known = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) && name.len() <= 64;
        let what = if known {
            format!("There is no application `{name}` here.")
        } else {
            "There is no application of that name here.".to_owned()
        };
        let remedy = "It may have been removed or renamed; look for it in the list of applications.";
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is no such application", &what, remedy)
    }

    /// Another record that an address names and that is not there.
    pub(crate) fn not_found(what: &str) -> Self {
        let remedy = "It may be gone; go back to the list that it stood in.";
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is no such record", what, remedy)
    }

    pub(crate) fn conflict(kind: &str, what: &str, remedy: &str) -> Self {
        Self::new(StatusCode::CONFLICT, kind, "Something else is under way", what, remedy)
    }

    /// Somebody else has saved the same record in the same moment.
    pub(crate) fn just_changed() -> Self {
        Self::conflict(
            "stale",
            "Somebody else has changed this in the same moment; nothing was saved.",
            "Save again: the page then shows what is different.",
        )
    }

    /// A defect of this program; its words go to the log.
    pub(crate) fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "the console failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "The console failed",
            "Something went wrong inside the console; nothing was changed.",
            "Look at what the console wrote on standard error, and try again.",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = html(&Page { problem: &self, code: self.status.as_u16() });
        *response.status_mut() = self.status;
        response.extensions_mut().insert(self);
        response
    }
}

impl From<DirectoryError> for Problem {
    fn from(error: DirectoryError) -> Self {
        let what = on_page(&error.to_string());
        let new =
            |status, kind, title| Self::new(status, kind, title, &what, "Go back and try again once that is done.");
        match &error {
            DirectoryError::NotFound { .. } => new(StatusCode::NOT_FOUND, "not-found", "There is no such record"),
            DirectoryError::Exists { .. } => new(StatusCode::CONFLICT, "exists", "There is one already"),
            DirectoryError::Locked { .. } => new(StatusCode::CONFLICT, "locked", "Something else is under way"),
            DirectoryError::Busy { .. } => {
                new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Others are writing all the time")
            }
            DirectoryError::Sourced { .. } => new(StatusCode::CONFLICT, "sourced", "This comes from an application"),
            DirectoryError::Invalid(_) => Self::refused(&what),
            _ => {
                tracing::error!(%error, "the directory failed");
                new(StatusCode::INTERNAL_SERVER_ERROR, "directory", "The directory cannot be used")
            }
        }
    }
}

impl From<JobError> for Problem {
    fn from(error: JobError) -> Self {
        let what = error.to_string();
        let bad = StatusCode::BAD_GATEWAY;
        match error {
            JobError::Refused(error) => {
                let remedy = error.remedy.clone().unwrap_or_else(|| "Try again later.".to_owned());
                let said = error.upstream.as_ref().map(Upstream::from);
                Self {
                    said,
                    ..Self::new(bad, &error_kind_name(&error.kind), "The application refused", &what, &remedy)
                }
            }
            JobError::Stopped { .. } => Self::new(
                bad,
                "stopped",
                "The connector was stopped",
                &what,
                "Try again; if it stays, tell those who make the connector.",
            ),
        }
    }
}

impl From<SyncError> for Problem {
    fn from(error: SyncError) -> Self {
        let what = on_page(&error.to_string());
        let conflict = StatusCode::CONFLICT;
        match error {
            SyncError::Directory(error) => error.into(),
            SyncError::Job(error) => error.into(),
            SyncError::Component { .. } => Self::new(
                StatusCode::BAD_REQUEST,
                "invalid-settings",
                "The component cannot be used",
                &what,
                "Put a sound component in its place, or choose another.",
            ),
            SyncError::NotApproved { .. } => Self::new(
                conflict,
                "not-approved",
                "Nobody has approved what the component does with secrets",
                &what,
                "Look at it on the page General, and approve it there.",
            ),
            SyncError::Off(_) => {
                Self::new(conflict, "feature-off", "A feature is off", &what, "Switch it on under To App or To IdP.")
            }
            SyncError::Halted { .. } => Self::new(
                conflict,
                "safeguard",
                "The safeguard has halted the import",
                &what,
                "Look at it on the Import page, and accept or discard it there.",
            ),
            SyncError::ApprovalWanted { .. } => Self::new(
                conflict,
                "approval-wanted",
                "Pushes are approved first",
                &what,
                "Make a plan, look at it, and apply it.",
            ),
            SyncError::Invalid(_) => Self::refused(&what),
            SyncError::TooMuch { .. } => Self::new(
                StatusCode::BAD_GATEWAY,
                "misbehaved",
                "The application has more users than an import may read",
                &what,
                "Raise the limit if it really has so many; otherwise tell those who make the connector.",
            ),
            SyncError::Misbehaved { .. } => Self::new(
                StatusCode::BAD_GATEWAY,
                "misbehaved",
                "The connector does not keep to its interface",
                &what,
                "Tell those who make the connector.",
            ),
        }
    }
}
