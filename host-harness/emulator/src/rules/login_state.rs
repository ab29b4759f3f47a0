//! Freezing and unlocking: the two switches of UserLogin.

use rusqlite::types::Value;

use super::Actor;
use crate::error::ApiError;
use crate::org::credentials;
use crate::org::store::{self, Row};
use crate::org::unconfirmed::Unconfirmed;

/// Nobody freezes themselves, and a lock can be taken off but not put on (H for the codes, L for the words).
pub(super) fn before_update(actor: &Actor<'_>, before: &Row, changes: &Row) -> Result<(), ApiError> {
    let own = store::text(before, "UserId") == Some(actor.user_id);
    if own && store::flag(changes, "IsFrozen") {
        return Err(Unconfirmed::FreezeSelf.refusal());
    }
    if store::flag(changes, "IsPasswordLocked") && !store::flag(before, "IsPasswordLocked") {
        return Err(Unconfirmed::LockPassword.refusal());
    }
    Ok(())
}

pub(super) fn after_update(actor: &Actor<'_>, before: &Row, changes: &Row) -> Result<(), ApiError> {
    if changes.get("IsPasswordLocked") == Some(&Value::Integer(0))
        && let Some(user_id) = store::text(before, "UserId")
    {
        credentials::clear_failures(actor.db, user_id)?;
    }
    Ok(())
}
