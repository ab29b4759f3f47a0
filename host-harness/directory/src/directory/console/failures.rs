//! Who has failed to sign in, and until when the next try has to wait.

use ring::hmac;

use super::super::database::{Optional as _, params};
use super::super::{DirectoryError, ReadTransaction, Timestamp, WriteTransaction};

/// Keys that are remembered; the one that may try again first makes room.
const MOST: u32 = 2_048;

/// Failures that are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignInFailures {
    /// How many there were.
    pub count: u32,
    /// Until when the next try has to wait.
    pub until: Timestamp,
}

impl ReadTransaction<'_> {
    /// What is remembered of a key, such as a name and the place from which it was tried. Returns `None` if nothing is.
    ///
    /// # Errors
    /// The database's.
    pub fn sign_in_failures(&self, key: &str) -> Result<Option<SignInFailures>, DirectoryError> {
        self.db
            .prepare_cached("SELECT failures, until FROM console_failure WHERE id = ?1")?
            .query_row([self.failure_id(key)], |row| Ok(SignInFailures { count: row.get(0)?, until: row.get(1)? }))
            .optional()
    }

    /// How many keys are remembered.
    ///
    /// # Errors
    /// The database's.
    pub fn count_sign_in_failures(&self) -> Result<u32, DirectoryError> {
        self.db.prepare_cached("SELECT count(*) FROM console_failure")?.query_row(params![], |row| row.get(0))
    }

    /// A keyed hash, since what is typed as a name is often a password.
    fn failure_id(&self, key: &str) -> Vec<u8> {
        hmac::sign(&self.vault.browser_key(), key.as_bytes()).as_ref().to_vec()
    }
}

impl WriteTransaction<'_> {
    /// Remembers a failure: `next` works out what is remembered of the key from what was. Of more than 2,048 keys, the one that may
    /// try again first is forgotten.
    ///
    /// # Errors
    /// The database's.
    pub fn add_sign_in_failure(
        &self,
        key: &str,
        next: impl Fn(Option<SignInFailures>) -> SignInFailures,
    ) -> Result<(), DirectoryError> {
        let before = self.sign_in_failures(key)?;
        if before.is_none() {
            self.db
                .prepare_cached(
                    "DELETE FROM console_failure WHERE id IN (
                       SELECT id FROM console_failure ORDER BY until DESC, failures DESC LIMIT 1000 OFFSET ?1)",
                )?
                .execute(params![MOST - 1])?;
        }
        let after = next(before);
        self.db
            .prepare_cached(
                "INSERT INTO console_failure (id, failures, until) VALUES (?1, ?2, ?3)
                 ON CONFLICT (id) DO UPDATE SET failures = excluded.failures, until = excluded.until",
            )?
            .execute(params![self.failure_id(key), after.count, after.until])?;
        Ok(())
    }

    /// Forgets a key.
    ///
    /// # Errors
    /// The database's.
    pub fn forget_sign_in_failures(&self, key: &str) -> Result<(), DirectoryError> {
        self.db.prepare_cached("DELETE FROM console_failure WHERE id = ?1")?.execute([self.failure_id(key)])?;
        Ok(())
    }
}
