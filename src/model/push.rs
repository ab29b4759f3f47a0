//! Writing users into the application.

use std::borrow::Cow;

use super::{Grant, Value};

/// One attribute of a push: a value sets it, none clears it. An attribute that is not named is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The attribute's name.
    pub name: String,
    /// Its new value.
    pub value: Option<Value>,
}

/// A user as the host wants it to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredUser {
    /// The host's own key of the person, the same whenever this push is repeated.
    pub key: String,
    /// The user's id in the application, where the host knows it.
    pub id: Option<String>,
    /// The name that the user signs in with.
    pub username: String,
    /// Attributes to set or clear.
    pub changes: Vec<Change>,
    /// What is assigned.
    pub grants: Vec<Grant>,
    /// Whether grants that are not listed are taken away.
    pub exact_grants: bool,
}

/// What is done with the differences found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushMode {
    /// Say what would change; write nothing.
    Plan,
    /// Write them.
    Apply,
    /// Write exactly what the plans with these digests say, one for each user in order.
    ApplyPlanned(Vec<String>),
}

/// What was done to a user, or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Made.
    Created,
    /// Changed.
    Updated,
    /// Already as wanted; nothing was written.
    Unchanged,
    /// Taken out of use.
    Deactivated,
    /// Kept from signing in.
    Frozen,
    /// Put back into use.
    Reactivated,
    /// Given up for good, its contact released.
    Unlinked,
}

/// One field of one record of the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// The application's name of the kind of record.
    pub object: &'static str,
    /// The application's name of the field.
    pub field: Cow<'static, str>,
    /// None where it was empty, or where the record is new.
    pub old: Option<String>,
    /// None where it is cleared.
    pub new: Option<String>,
}

/// What was done to one user, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The user's id in the application; none for a plan that would create one, and where a user to take back wasn't found.
    pub id: Option<String>,
    /// What was done.
    pub action: Action,
    /// Field by field.
    pub changes: Vec<FieldChange>,
    /// What else happened or would happen, one sentence each.
    pub side_effects: Vec<String>,
    /// Names this plan exactly: the same changes to the same records give the same digest.
    pub digest: String,
}
