//! A client's last requests, for whoever sets a platform up.

use super::database::params;
use serde::Serialize;

use super::{DirectoryError, ReadTransaction, ScimClientId, Timestamp, WriteTransaction};

/// Requests that are kept of each client.
const KEPT: i64 = 200;

/// A request and its answer. What people's records hold is masked before it comes here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScimRequest {
    /// When.
    pub at: Timestamp,
    /// The method.
    pub method: String,
    /// The path below the tenant's, with the names of its parameters.
    pub path: String,
    /// The body, its values masked.
    pub body: Option<String>,
    /// The status of the answer.
    pub status: u16,
    /// Why it was refused, if it was.
    pub answer: Option<String>,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

impl ReadTransaction<'_> {
    /// A client's last requests, the newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn scim_requests(&self, client: ScimClientId, most: u32) -> Result<Vec<ScimRequest>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT at, method, path, body, status, answer, millis FROM scim_request
             WHERE client_id = ?1 ORDER BY id DESC LIMIT ?2",
        )?;
        let rows = statement.query_map(params![client.0, most], |row| {
            Ok(ScimRequest {
                at: row.get(0)?,
                method: row.get(1)?,
                path: row.get(2)?,
                body: row.get(3)?,
                status: row.get(4)?,
                answer: row.get(5)?,
                millis: row.get(6)?,
            })
        })?;
        rows.collect::<Result<_, _>>()
    }
}

impl WriteTransaction<'_> {
    /// Keeps requests of a client, and forgets all but its last 200. Does nothing if the client was removed meanwhile.
    ///
    /// # Errors
    /// The database's.
    pub fn keep_scim_requests(&self, client: ScimClientId, requests: &[ScimRequest]) -> Result<(), DirectoryError> {
        let is_there: bool = self
            .db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM scim_client WHERE id = ?1)")?
            .query_row([client.0], |row| row.get(0))?;
        if !is_there {
            return Ok(());
        }
        let mut statement = self.db.prepare_cached(
            "INSERT INTO scim_request (client_id, at, method, path, body, status, answer, millis)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        for one in requests {
            statement.execute(params![
                client.0, one.at, one.method, one.path, one.body, one.status, one.answer, one.millis
            ])?;
        }
        self.db
            .prepare_cached(
                "DELETE FROM scim_request WHERE client_id = ?1 AND id <= (
                   SELECT id FROM scim_request WHERE client_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
            )?
            .execute(params![client.0, KEPT])?;
        Ok(())
    }
}
