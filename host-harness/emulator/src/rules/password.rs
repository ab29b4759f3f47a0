//! The password policy: Salesforce's default one, with its length and memory as switches.

use super::Actor;
use crate::error::ApiError;
use crate::org::credentials;

fn refused(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "INVALID_NEW_PASSWORD", message)
}

/// Sets another user's password.
///
/// # Errors
/// `INVALID_NEW_PASSWORD` where the policy says no, `INSUFFICIENT_ACCESS` for the own password.
pub(crate) fn set(actor: &Actor<'_>, user_id: &str, username: &str, password: &str) -> Result<(), ApiError> {
    if user_id == actor.user_id {
        return Err(ApiError::new(403, "INSUFFICIENT_ACCESS", "Cannot set password for self"));
    }
    let switches = actor.org.switches();
    if password.chars().count() < switches.minimum_password_length {
        let least = switches.minimum_password_length;
        return Err(refused(format!("Your password must be at least {least} characters long.")));
    }
    let letters = password.chars().any(char::is_alphabetic);
    let digits = password.chars().any(|letter| letter.is_ascii_digit());
    if !(letters && digits) {
        return Err(refused("Your password must have a mix of letters and numbers."));
    }
    if password.to_lowercase().contains(&username.to_lowercase()) {
        return Err(refused("Your password cannot equal or contain your user name."));
    }
    if credentials::was_used(actor.db, user_id, password, switches.remembered_passwords)? {
        // The text is M; under which code it comes is U.
        return Err(refused("invalid repeated password"));
    }
    credentials::set(actor.db, user_id, password, None)?;
    touch(actor, user_id)
}

/// Gives another user a new random password, which must be changed at the next login, and returns it.
///
/// # Errors
/// When the store fails.
pub(crate) fn reset(actor: &Actor<'_>, user_id: &str) -> Result<String, ApiError> {
    let random: String = std::iter::repeat_with(fastrand::alphanumeric).take(10).collect();
    let password = format!("{}{random}{}", fastrand::lowercase(), fastrand::digit(10));
    credentials::set(actor.db, user_id, &password, None)?;
    credentials::expire(actor.db, user_id)?;
    touch(actor, user_id)?;
    Ok(password)
}

fn touch(actor: &Actor<'_>, user_id: &str) -> Result<(), ApiError> {
    let now = actor.org.clock.now();
    actor.db.execute(
        "UPDATE User SET LastPasswordChangeDate = ?2, SystemModstamp = ?2, LastModifiedDate = ?2, LastModifiedById = ?3
         WHERE Id = ?1",
        rusqlite::params![user_id, now, actor.user_id],
    )?;
    actor.db.execute("UPDATE UserLogin SET IsPasswordLocked = 0 WHERE UserId = ?1", [user_id])?;
    Ok(())
}
