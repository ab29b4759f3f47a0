//! What is left to do of changes that concern too many rows for one transaction.
//!
//! A chore is kept in the transaction of the change that it belongs to, so the two happen together or not at all. It is done in
//! the order of some ids, piece by piece, and knows up to where; whoever does a piece of it keeps that with the piece.

use super::database::{Optional as _, params};

use super::{DirectoryError, ReadTransaction, TenantId, WriteTransaction};

/// A chore that isn't done.
#[derive(Debug)]
pub(crate) struct Chore {
    id: i64,
    /// What is to be done.
    pub(crate) what: String,
    /// Up to where it is done; empty at its beginning.
    pub(crate) after: String,
}

impl ReadTransaction<'_> {
    /// The oldest chore of a tenant that isn't done; none where there is none.
    pub(crate) fn first_chore(&self, tenant: TenantId) -> Result<Option<Chore>, DirectoryError> {
        let chore = self
            .db
            .prepare_cached("SELECT id, what, after FROM chore WHERE tenant_id = ?1 ORDER BY id LIMIT 1")?
            .query_row([tenant.number()], |row| Ok(Chore { id: row.get(0)?, what: row.get(1)?, after: row.get(2)? }))
            .optional()?;
        Ok(chore)
    }
}

impl WriteTransaction<'_> {
    /// Adds a chore behind those that a tenant has.
    pub(crate) fn add_chore(&self, tenant: TenantId, what: &str) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached("INSERT INTO chore (tenant_id, what) VALUES (?1, ?2)")?
            .execute(params![tenant.number(), what])?;
        Ok(())
    }

    /// Keeps up to where a chore is done; none where it is done altogether.
    pub(crate) fn store_chore(&self, chore: &Chore, after: Option<&str>) -> Result<(), DirectoryError> {
        match after {
            Some(after) => self
                .db
                .prepare_cached("UPDATE chore SET after = ?2 WHERE id = ?1")?
                .execute(params![chore.id, after])?,
            None => self.db.prepare_cached("DELETE FROM chore WHERE id = ?1")?.execute([chore.id])?,
        };
        Ok(())
    }
}
