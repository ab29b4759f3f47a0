//! Who may sign in to the console: names, and hashes of their passwords.

use super::super::database::{Optional as _, params};
use super::super::{DirectoryError, ReadTransaction, WriteTransaction};

impl ReadTransaction<'_> {
    /// The names of the console's admins, in lower case and in order.
    ///
    /// # Errors
    /// The database's.
    pub fn console_admins(&self) -> Result<Vec<String>, DirectoryError> {
        let mut statement = self.db.prepare_cached("SELECT name FROM console_admin ORDER BY name")?;
        let names = statement.query_map(params![], |row| row.get(0))?;
        names.collect()
    }

    /// Whether the console has an admin.
    ///
    /// # Errors
    /// The database's.
    pub fn has_console_admin(&self) -> Result<bool, DirectoryError> {
        let found: Option<String> = self
            .db
            .prepare_cached("SELECT name FROM console_admin LIMIT 1")?
            .query_row(params![], |row| row.get(0))
            .optional()?;
        Ok(found.is_some())
    }

    /// The hash of an admin's password, by the admin's name in lower case. Returns `None` if there is no such admin.
    ///
    /// # Errors
    /// The database's.
    pub fn console_admin_hash(&self, name: &str) -> Result<Option<String>, DirectoryError> {
        self.db
            .prepare_cached("SELECT hash FROM console_admin WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()
    }
}

impl WriteTransaction<'_> {
    /// Sets the hash of an admin's password, by the admin's name in lower case. An admin that isn't there is added. Sessions that were
    /// signed in by another password end.
    ///
    /// # Errors
    /// The database's.
    pub fn set_console_admin(&self, name: &str, hash: &str) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached(
                "INSERT INTO console_admin (name, hash) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET hash = excluded.hash",
            )?
            .execute(params![name, hash])?;
        Ok(())
    }

    /// Removes an admin, whose sessions end. Returns whether there was one of that name.
    ///
    /// # Errors
    /// The database's.
    pub fn remove_console_admin(&self, name: &str) -> Result<bool, DirectoryError> {
        let removed = self.db.prepare_cached("DELETE FROM console_admin WHERE name = ?1")?.execute([name])?;
        Ok(removed > 0)
    }
}
