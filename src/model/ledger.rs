//! What is said of single users while a call is under way.

use super::{FieldChange, Status};

/// Whose user a user of the application is, as the host knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The person's key.
    pub key: String,
    /// Whether the two are linked now, and not only were.
    pub linked: bool,
    /// Whether an admin has said so; then what the user carries of another person may be overwritten.
    pub confirmed: bool,
}

/// A user of the application that may be a person's, where only an admin can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The user's id.
    pub id: String,
    /// The name that the user signs in with.
    pub username: String,
    /// Whether the user can sign in.
    pub status: Status,
    /// What speaks for it, one clause each.
    pub evidence: Vec<String>,
    /// What speaks against it, one clause each.
    pub objections: Vec<String>,
}

/// What is about to be written for one subject: a person by its key, or a user by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The person's key, or the user's id where the call was given ids.
    pub subject: String,
    /// The user's id; `None` if the user is to be made.
    pub id: Option<String>,
    /// Field by field; also what is written only where the application refuses other changes.
    pub changes: Vec<FieldChange>,
}

/// What has been written for one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// As in the [`Intent`].
    pub subject: String,
    /// The user's id, once there is a user.
    pub id: Option<String>,
    /// Positions in the intent's changes.
    pub written: Vec<u32>,
}

/// Somebody for whom a push that was cut off may have made records that nobody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abandoned {
    /// The host's own key of the person.
    pub key: String,
    /// The user that the person has by now, which stays as it is; none for somebody who is to have none.
    pub id: Option<String>,
    /// What the push was about to write.
    pub begun: Vec<Begun>,
}

impl Abandoned {
    /// What the push was about to set a field to.
    pub fn begun(&self, object: &str, field: &str) -> Option<&str> {
        self.begun.iter().find(|one| one.object == object && one.field == field)?.new.as_deref()
    }
}

/// A [`FieldChange`] as the host gives it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The application's name of the kind of record.
    pub object: String,
    /// The application's name of the field.
    pub field: String,
    /// None where it was empty, or where the record is new.
    pub old: Option<String>,
    /// None where it is cleared.
    pub new: Option<String>,
}
