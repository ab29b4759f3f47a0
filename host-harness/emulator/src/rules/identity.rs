//! Usernames and nicknames: their form, and that nobody else has them.

use rusqlite::OptionalExtension;
use rusqlite::types::Value;

use super::Actor;
use super::fields::is_email;
use crate::error::ApiError;
use crate::org::licences;
use crate::org::store::{self, Row};

/// Usernames look like e-mail addresses (H) and are kept in lower case.
pub(super) fn check_form(row: &mut Row) -> Result<(), ApiError> {
    if let Some(Value::Text(username)) = row.get_mut("Username") {
        if !is_email(username) {
            return Err(ApiError::dml(
                "FIELD_INTEGRITY_EXCEPTION",
                "Username must be in the form of an email address (for example, john@acme.com): Username",
                &["Username"],
            ));
        }
        *username = username.to_lowercase();
    }
    Ok(())
}

/// Internal users' addresses must lie in the org's domains, if it names any (H; external users are exempt, H).
pub(super) fn check_domain(actor: &Actor<'_>, row: &Row, user_type: &str) -> Result<(), ApiError> {
    let domains = &actor.org.switches().email_domains;
    let Some((_, domain)) = store::text(row, "Email").and_then(|email| email.rsplit_once('@')) else { return Ok(()) };
    let allowed = domains.iter().any(|allowed| allowed.eq_ignore_ascii_case(domain));
    if domains.is_empty() || allowed || licences::is_portal(user_type) {
        return Ok(());
    }
    Err(ApiError::dml(
        "FIELD_INTEGRITY_EXCEPTION",
        format!("Invalid Email Address: Must be in domain(s) {}: Email", domains.join(", ")),
        &["Email"],
    ))
}

/// A nickname for a user who came without: Salesforce makes one up.
pub(super) fn give_nickname(actor: &Actor<'_>, row: &mut Row) -> Result<(), ApiError> {
    if store::text(row, "CommunityNickname").is_some() {
        return Ok(());
    }
    // `User` and twenty digits: milliseconds, and seven more (M for the form).
    let mut number = i128::from(actor.org.clock.now()) * 10_i128.pow(10) + i128::from(fastrand::u64(..10_u64.pow(10)));
    loop {
        let nickname = format!("User{number}");
        if !exists(actor, "SELECT 1 FROM User WHERE CommunityNickname = ?1", &[&nickname])? {
            row.insert("CommunityNickname", Value::Text(nickname));
            return Ok(());
        }
        number += 1;
    }
}

fn exists(actor: &Actor<'_>, sql: &str, parameters: &[&str]) -> Result<bool, ApiError> {
    let found =
        actor.db.prepare_cached(sql)?.query_row(rusqlite::params_from_iter(parameters), |_| Ok(())).optional()?;
    Ok(found.is_some())
}

/// Usernames are unique over all orgs (H), nicknames within one (H).
pub(super) fn check_unique(actor: &Actor<'_>, row: &Row, own_id: Option<&str>) -> Result<(), ApiError> {
    let own_id = own_id.unwrap_or_default();
    if let Some(username) = store::text(row, "Username") {
        let here = exists(actor, "SELECT 1 FROM User WHERE Username = ?1 AND Id <> ?2", &[username, own_id])?;
        if here || exists(actor, "SELECT 1 FROM _taken_username WHERE Username = ?1", &[username])? {
            return Err(ApiError::dml(
                "DUPLICATE_USERNAME",
                "Duplicate Username.<br>The username already exists in this or another Salesforce organization. \
                 Usernames must be unique across all Salesforce organizations. To resolve, use a different username \
                 (it doesn't need to match the user's email address). ",
                &["Username"],
            ));
        }
    }
    if let Some(nickname) = store::text(row, "CommunityNickname")
        && exists(actor, "SELECT 1 FROM User WHERE CommunityNickname = ?1 AND Id <> ?2", &[nickname, own_id])?
    {
        return Err(ApiError::dml(
            "DUPLICATE_COMM_NICKNAME",
            "Duplicate Nickname.<br>Another user has already selected this nickname.<br>Please select another.",
            &["CommunityNickname"],
        ));
    }
    Ok(())
}
