//! Why something was not done.

use std::borrow::Cow;
use std::fmt;

/// Whether the same call may succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It will not.
    Never,
    /// Right away.
    AtOnce,
    /// Seconds to wait first.
    After(u32),
    /// When the admin has done what the remedy says.
    AfterRemedy,
}

/// In words: `after 30 s`.
impl fmt::Display for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::AtOnce => f.write_str("at once"),
            Self::After(seconds) => write!(f, "after {seconds} s"),
            Self::AfterRemedy => f.write_str("after the remedy"),
        }
    }
}

/// What kind of thing went wrong, for programs; message and remedy say it to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// The tenant's settings are incomplete or malformed.
    InvalidSettings,
    /// The application does not accept the admin's credentials.
    InvalidCredentials,
    /// The admin account lacks a right.
    PermissionDenied,
    /// No answer from the application.
    Unreachable,
    /// The application asks to call less often.
    RateLimited,
    /// The application's allowance of calls is used up.
    BudgetExhausted,
    /// The username belongs to somebody else.
    UsernameTaken,
    /// More than one record of the application matches; none was touched.
    AmbiguousMatch,
    /// No seat is left of a licence.
    LicenseExhausted,
    /// Profile, role, permission set, feature licence or group do not fit together.
    IncompatibleGrants,
    /// A value is malformed, too long, or not among the choices.
    InvalidValue,
    /// A required value is missing.
    MissingValue,
    /// A rule of the organisation's own refuses the record.
    RejectedByRule,
    /// The record does not exist.
    NotFound,
    /// A stored id, cursor or watermark points at nothing any more.
    StaleReference,
    /// The application has moved on since the plan was made.
    Drifted,
    /// The new password does not meet the application's policy.
    PasswordRejected,
    /// The connector itself has no such function; what the organisation keeps from it is another kind.
    Unsupported,
    /// A passing condition: a lock, an overload, a cut connection.
    Transient,
    /// Anything else; a short name in kebab-case.
    Other(Cow<'static, str>),
}

/// In kebab-case, as the WIT variant names its cases.
impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidSettings => "invalid-settings",
            Self::InvalidCredentials => "invalid-credentials",
            Self::PermissionDenied => "permission-denied",
            Self::Unreachable => "unreachable",
            Self::RateLimited => "rate-limited",
            Self::BudgetExhausted => "budget-exhausted",
            Self::UsernameTaken => "username-taken",
            Self::AmbiguousMatch => "ambiguous-match",
            Self::LicenseExhausted => "license-exhausted",
            Self::IncompatibleGrants => "incompatible-grants",
            Self::InvalidValue => "invalid-value",
            Self::MissingValue => "missing-value",
            Self::RejectedByRule => "rejected-by-rule",
            Self::NotFound => "not-found",
            Self::StaleReference => "stale-reference",
            Self::Drifted => "drifted",
            Self::PasswordRejected => "password-rejected",
            Self::Unsupported => "unsupported",
            Self::Transient => "transient",
            Self::Other(name) => name,
        })
    }
}

/// What the application itself answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// The HTTP status; 0 where there was none.
    pub status: u16,
    /// The application's own error code.
    pub code: String,
    /// The application's own words.
    pub message: String,
    /// The application's names of the fields concerned.
    pub fields: Vec<String>,
    /// The id under which the application's support finds the request, where the answer had one.
    pub request_id: Option<String>,
}

/// Why something was not done.
///
/// The details stand in a box: results of all functions carry this type, and a word is much cheaper to hand on than they
/// are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.message)]
pub struct Error(Box<Details>);

/// What an [`Error`] says. Neither sentence ever holds a secret or a session id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// For programs.
    pub kind: ErrorKind,
    /// One sentence: what happened, to which record.
    pub message: String,
    /// One sentence: what to do about it, and where.
    pub remedy: Option<String>,
    /// Whether to try again.
    pub retry: Retry,
    /// What the application answered, where it did.
    pub upstream: Option<Upstream>,
}

impl Error {
    /// An error that is final, without a remedy.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Details { kind, message: message.into(), remedy: None, retry: Retry::Never, upstream: None }.into()
    }

    /// The same with a remedy; trying again then makes sense once it is done.
    #[must_use]
    pub fn with_remedy(mut self, remedy: &str) -> Self {
        self.remedy = Some(remedy.to_owned());
        if self.retry == Retry::Never {
            self.retry = Retry::AfterRemedy;
        }
        self
    }

    /// The same with another advice on trying again.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// The same with what the application answered.
    #[must_use]
    pub fn with_upstream(mut self, upstream: Upstream) -> Self {
        self.upstream = Some(upstream);
        self
    }

    /// Everything that it says.
    pub fn into_details(self) -> Details {
        *self.0
    }
}

impl From<Details> for Error {
    fn from(details: Details) -> Self {
        Self(Box::new(details))
    }
}

impl std::ops::Deref for Error {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0
    }
}

impl std::ops::DerefMut for Error {
    fn deref_mut(&mut self) -> &mut Details {
        &mut self.0
    }
}
