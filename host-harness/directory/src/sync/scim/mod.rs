//! What SCIM clients want of their people and groups.
//!
//! As in [`intents`](super::intents), each function is part of a transaction: what a client has set, the person, its assignment and
//! the tasks that follow are kept together or not at all. A client's user is a person of its own, even if a user of another client
//! has the same name: two tenants, or two platforms, say nothing about each other's people.

mod groups;
mod state;
mod users;

use std::fmt::Write as _;

use crate::directory::{DirectoryError, random};

pub use groups::{GroupNames, MemberChange, change_group, create_group, delete_group, map_group};
pub use state::{Provisioning, ProvisioningState, provisioning};
pub use users::{Created, WantedScimUser, create_user, delete_user, undo_create, update_user};

/// Refuses a name that another resource of the client has.
fn taken(what: &'static str, name: &str) -> DirectoryError {
    let hint = "search for it by that and change the one you find, or choose another";
    DirectoryError::Exists { what, name: name.to_owned(), hint }
}

/// A new id for a user or a group: opaque, and of no use in guessing another.
///
/// # Errors
/// If the machine gives no random numbers.
pub fn new_id() -> Result<String, DirectoryError> {
    let bytes: [u8; 16] = random::bytes()?;
    let mut id = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            id.push('-');
        }
        // Writing to a text cannot fail.
        let _ = write!(id, "{byte:02x}");
    }
    Ok(id)
}
