//! What a host and a connector say to each other, as plain types.
//!
//! These mirror the WIT package `identity:provisioning@0.3.0` one to one, so that everything but the component's own file
//! works without generated code.

mod descriptor;
mod error;
mod import;
mod ledger;
mod lifecycle;
mod push;

pub use descriptor::{
    AttributeDefinition, AttributeKind, Descriptor, Entitlement, EntitlementPage, Features, GrantKind, HostEntry,
    HostSource, Panel, Place, Probe, Put, Seats, SecretForm, SecretUse, Setting, SettingKind, Take, Usage, Verdict,
};
pub use error::{Details, Error, ErrorKind, Retry, Upstream};
pub use import::{ImportPage, ImportQuery, ImportScope};
pub use ledger::{Abandoned, Begun, Candidate, Intent, Owner, Progress};
pub use lifecycle::Deactivation;
pub use push::{Action, Change, DesiredUser, FieldChange, Outcome, PushMode};

/// The result of anything that can fail towards the host.
pub type Result<T> = std::result::Result<T, Error>;

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A truth value.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Several texts; their order carries no meaning.
    Many(Vec<String>),
}

/// Something assigned to a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The name of a [`GrantKind`] of the descriptor.
    pub kind: String,
    /// The application's id of what is assigned.
    pub id: String,
}

/// Whether a user can sign in to the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Can sign in.
    Active,
    /// Deactivated: cannot sign in and holds no licence.
    Inactive,
    /// Cannot sign in for now, and still holds a licence.
    Frozen,
}

/// A user as the application has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The application's own id, which never changes.
    pub id: String,
    /// The name that the user signs in with.
    pub username: String,
    /// Whether the user can sign in.
    pub status: Status,
    /// When the user last changed in the application: RFC 3339, UTC.
    pub modified: String,
    /// The values of the page's attributes, in their order; none where the user has none.
    pub values: Vec<Option<Value>>,
    /// Empty where the import did not ask for grants.
    pub grants: Vec<Grant>,
}

/// The tenant's settings by name, as they arrive; the list may be incomplete. A secret is a placeholder.
pub type Settings = Vec<(String, String)>;
