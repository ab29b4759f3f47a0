//! The password policy: Salesforce's default one, with its length and memory as switches.

use super::Actor;
use crate::error::ApiError;
use crate::login;
use crate::org::unconfirmed::Unconfirmed;
use crate::org::{credentials, licences};

fn refused(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "INVALID_NEW_PASSWORD", message)
}

/// Only who manages users may set passwords of others (H).
fn may_manage(actor: &Actor<'_>) -> Result<(), ApiError> {
    if login::is_administrator(actor.db, actor.user_id)? {
        Ok(())
    } else {
        Err(ApiError::new(403, "INSUFFICIENT_ACCESS", "You do not have permission to view this record."))
    }
}

/// The refusal of one's own password (H).
#[must_use]
pub(crate) fn own_password() -> ApiError {
    ApiError::new(403, "INSUFFICIENT_ACCESS", "Cannot set password for self")
}

/// Sets another user's password.
///
/// # Errors
/// `INVALID_NEW_PASSWORD` where the policy says no, `INSUFFICIENT_ACCESS` for the own password and without the right.
pub(crate) fn set(actor: &Actor<'_>, user_id: &str, username: &str, password: &str) -> Result<(), ApiError> {
    if user_id == actor.user_id {
        return Err(own_password());
    }
    may_manage(actor)?;
    check_policy(actor, user_id, username, password)?;
    store(actor, user_id, password)
}

/// Sets the acting user's own password, which renews their security token.
///
/// # Errors
/// `INVALID_NEW_PASSWORD` where the policy says no.
pub(crate) fn set_own(actor: &Actor<'_>, username: &str, password: &str) -> Result<(), ApiError> {
    check_policy(actor, actor.user_id, username, password)?;
    store(actor, actor.user_id, password)
}

fn check_policy(actor: &Actor<'_>, user_id: &str, username: &str, password: &str) -> Result<(), ApiError> {
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
        return Err(Unconfirmed::RepeatedPassword.refusal());
    }
    Ok(())
}

/// Keeps the password. Internal users get a new security token with it, by mail (H); portal users have none.
fn store(actor: &Actor<'_>, user_id: &str, password: &str) -> Result<(), ApiError> {
    let user_type: String =
        actor.db.prepare_cached("SELECT UserType FROM User WHERE Id = ?1")?.query_row([user_id], |row| row.get(0))?;
    let token = (!licences::is_portal(&user_type)).then(credentials::new_token);
    credentials::set(actor.db, user_id, password, token.as_deref())?;
    touch(actor, user_id)
}

/// Gives another user a new random password, which must be changed at the next login, and returns it.
///
/// # Errors
/// `INSUFFICIENT_ACCESS` without the right, and when the store fails.
pub(crate) fn reset(actor: &Actor<'_>, user_id: &str) -> Result<String, ApiError> {
    may_manage(actor)?;
    let random: String = std::iter::repeat_with(fastrand::alphanumeric).take(10).collect();
    let password = format!("{}{random}{}", fastrand::lowercase(), fastrand::digit(10));
    store(actor, user_id, &password)?;
    credentials::expire(actor.db, user_id)?;
    Ok(password)
}

fn touch(actor: &Actor<'_>, user_id: &str) -> Result<(), ApiError> {
    let now = actor.org.clock.now();
    actor.db.prepare_cached("UPDATE User SET LastPasswordChangeDate = ?2, SystemModstamp = ?2, LastModifiedDate = ?2, LastModifiedById = ?3
         WHERE Id = ?1")?.execute(rusqlite::params![user_id, now, actor.user_id],
    )?;
    actor.db.prepare_cached("UPDATE UserLogin SET IsPasswordLocked = 0 WHERE UserId = ?1")?.execute([user_id])?;
    Ok(())
}
