//! Components that tenants bring, kept by their digests.

use super::database::{Optional as _, params};
use super::{DirectoryError, ReadTransaction, Timestamp, WriteTransaction};
use provisioning_runtime::digest_of;

impl ReadTransaction<'_> {
    /// The digest of what a file held last, by its path in the tenants' settings. Returns `None` if no host has read it.
    pub(crate) fn component_digest(&self, path: &str) -> Result<Option<String>, DirectoryError> {
        self.db
            .prepare_cached("SELECT digest FROM component_file WHERE path = ?1")?
            .query_row([path], |row| row.get(0))
            .optional()
    }

    /// The bytes of a component.
    ///
    /// # Errors
    /// If it isn't here, or isn't what its digest says.
    pub(crate) fn component(&self, digest: &str) -> Result<Vec<u8>, DirectoryError> {
        let bytes: Vec<u8> = self
            .db
            .prepare_cached("SELECT bytes FROM component WHERE digest = ?1")?
            .query_row([digest], |row| row.get(0))?;
        let found = digest_of(&bytes);
        if !found.eq_ignore_ascii_case(digest) {
            return Err(DirectoryError::Damaged(format!(
                "the component with the SHA-256 {digest} has the SHA-256 {found}"
            )));
        }
        Ok(bytes)
    }
}

impl WriteTransaction<'_> {
    /// Keeps what a file holds.
    pub(crate) fn keep_component(&self, path: &str, digest: &str, bytes: &Vec<u8>) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached(
                "INSERT INTO component (digest, bytes, added_at) VALUES (?1, ?2, ?3) ON CONFLICT (digest) DO NOTHING",
            )?
            .execute(params![digest, bytes, Timestamp::now()])?;
        self.db
            .prepare_cached(
                "INSERT INTO component_file (path, digest) VALUES (?1, ?2)
                 ON CONFLICT (path) DO UPDATE SET digest = excluded.digest",
            )?
            .execute(params![path, digest])?;
        self.db
            .prepare_cached(
                "DELETE FROM component WHERE NOT EXISTS (SELECT 1 FROM component_file f WHERE f.digest = component.digest)",
            )?
            .execute(params![])?;
        Ok(())
    }
}
