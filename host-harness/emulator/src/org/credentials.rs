//! Passwords and security tokens. A hash with a salt is kept, so that not even a dump of the store shows a password.
//!
//! The hash is plain SHA-256: what stands here is a test org's made-up passwords, and a slow hash would slow tests.

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

fn hash(salt: &str, password: &str) -> Vec<u8> {
    Sha256::new().chain_update(salt).chain_update([0]).chain_update(password).finalize().to_vec()
}

/// A user's stored login secret.
#[derive(Debug)]
pub(crate) struct Credential {
    salt: String,
    hash: Vec<u8>,
    /// Whether the user has a security token to append.
    pub(crate) has_token: bool,
    token: Option<String>,
    /// Whether the password must be changed before anything else.
    pub(crate) is_expired: bool,
}

impl Credential {
    /// Whether this is the password.
    #[must_use]
    pub(crate) fn is_password(&self, password: &str) -> bool {
        hash(&self.salt, password) == self.hash
    }

    /// Whether this is the password followed by the security token.
    #[must_use]
    pub(crate) fn is_password_with_token(&self, given: &str) -> bool {
        self.token
            .as_deref()
            .and_then(|token| given.strip_suffix(token))
            .is_some_and(|password| self.is_password(password))
    }
}

/// The user's credential; users who never got a password have none.
///
/// # Errors
/// When SQLite fails.
pub(crate) fn load(db: &Connection, user_id: &str) -> rusqlite::Result<Option<Credential>> {
    db.prepare_cached("SELECT Salt, Hash, SecurityToken, IsExpired FROM _credential WHERE UserId = ?1")?
        .query_row([user_id], |row| {
            let token: Option<String> = row.get(2)?;
            Ok(Credential {
                salt: row.get(0)?,
                hash: row.get(1)?,
                has_token: token.is_some(),
                token,
                is_expired: row.get(3)?,
            })
        })
        .optional()
}

/// Sets a password, and a token where the user has one; the replaced password joins the history.
///
/// # Errors
/// When SQLite fails.
pub(crate) fn set(db: &Connection, user_id: &str, password: &str, token: Option<&str>) -> rusqlite::Result<()> {
    let salt: String = std::iter::repeat_with(fastrand::alphanumeric).take(16).collect();
    db.prepare_cached("INSERT INTO _old_password SELECT UserId, Salt, Hash FROM _credential WHERE UserId = ?1")?
        .execute([user_id])?;
    db.prepare_cached(
        "INSERT INTO _credential (UserId, Salt, Hash, SecurityToken) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET Salt = ?2, Hash = ?3, SecurityToken = ?4, IsExpired = 0, FailedLogins = 0",
    )?
    .execute(params![user_id, salt, hash(&salt, password), token])?;
    Ok(())
}

/// A new security token, as Salesforce mails it to its user.
#[must_use]
pub(crate) fn new_token() -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(24).collect()
}

/// The user's security token, where there is one.
///
/// # Errors
/// When SQLite fails.
pub(crate) fn token(db: &Connection, user_id: &str) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT SecurityToken FROM _credential WHERE UserId = ?1")?
        .query_row([user_id], |row| row.get(0))
        .optional()
        .map(Option::flatten)
}

/// Whether the password is the current one or one of the latest `remembered` before it.
///
/// # Errors
/// When SQLite fails.
pub(crate) fn was_used(db: &Connection, user_id: &str, password: &str, remembered: u32) -> rusqlite::Result<bool> {
    let mut statement = db.prepare_cached(
        "SELECT Salt, Hash FROM _credential WHERE UserId = ?1
         UNION ALL SELECT Salt, Hash FROM
           (SELECT Salt, Hash FROM _old_password WHERE UserId = ?1 ORDER BY rowid DESC LIMIT ?2)",
    )?;
    // The current password is one of those remembered.
    let mut rows = statement.query(params![user_id, remembered.saturating_sub(1)])?;
    while let Some(row) = rows.next()? {
        let (salt, stored): (String, Vec<u8>) = (row.get(0)?, row.get(1)?);
        if hash(&salt, password) == stored {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Counts a wrong password; at `limit` the user is locked out.
///
/// # Errors
/// When SQLite fails.
pub(crate) fn count_failure(db: &Connection, user_id: &str, limit: u32) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE _credential SET FailedLogins = FailedLogins + 1 WHERE UserId = ?1")?
        .execute([user_id])?;
    db.prepare_cached(
        "UPDATE UserLogin SET IsPasswordLocked = 1
         WHERE UserId = ?1 AND (SELECT FailedLogins FROM _credential WHERE UserId = ?1) >= ?2",
    )?
    .execute(params![user_id, limit])?;
    Ok(())
}

/// Forgets the wrong passwords.
///
/// # Errors
/// When SQLite fails.
pub(crate) fn clear_failures(db: &Connection, user_id: &str) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE _credential SET FailedLogins = 0 WHERE UserId = ?1 AND FailedLogins > 0")?
        .execute([user_id])?;
    Ok(())
}

/// Marks a password as expired.
///
/// # Errors
/// When SQLite fails.
pub(crate) fn expire(db: &Connection, user_id: &str) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE _credential SET IsExpired = 1 WHERE UserId = ?1")?.execute([user_id])?;
    Ok(())
}
