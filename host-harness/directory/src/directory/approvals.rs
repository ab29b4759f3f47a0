//! What was approved of components. An approval is for all tenants: it says what a component may do with secrets, and a tenant's own
//! settings say which hosts that are.

use super::database::{Optional as _, Row, params};
use serde_json::json;

use super::audit::Note;
use super::{DirectoryError, ReadTransaction, Timestamp, WriteTransaction};
use provisioning_runtime::Declaration;

/// An approval as the directory keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRecord {
    /// The component's SHA-256, in hexadecimal.
    pub digest: String,
    /// What it may do.
    pub declaration: Declaration,
    /// Who approved it.
    pub approved_by: String,
    /// When.
    pub approved_at: Timestamp,
}

const COLUMNS: &str = "digest, declaration, approved_by, approved_at";

impl ReadTransaction<'_> {
    /// The approval of a component by its digest. Returns `None` if it has none.
    ///
    /// # Errors
    /// The database's.
    pub fn approval(&self, digest: &str) -> Result<Option<ApprovalRecord>, DirectoryError> {
        let sql = format!("SELECT {COLUMNS} FROM approval WHERE digest = ?1");
        self.db.prepare_cached(&sql)?.query_row([digest], record).optional()
    }

    /// The approvals of components of an application, the oldest first.
    ///
    /// # Errors
    /// The database's.
    pub fn approvals_of(&self, application: &str) -> Result<Vec<ApprovalRecord>, DirectoryError> {
        let sql = format!("SELECT {COLUMNS} FROM approval WHERE application = ?1 ORDER BY approved_at");
        let mut statement = self.db.prepare_cached(&sql)?;
        let rows = statement.query_map([application], record)?;
        rows.collect::<Result<_, _>>()
    }

    /// All approvals, by digest.
    ///
    /// # Errors
    /// The database's.
    pub fn approvals(&self) -> Result<Vec<ApprovalRecord>, DirectoryError> {
        let sql = format!("SELECT {COLUMNS} FROM approval ORDER BY digest");
        let mut statement = self.db.prepare_cached(&sql)?;
        let rows = statement.query_map(params![], record)?;
        rows.collect::<Result<_, _>>()
    }
}

impl WriteTransaction<'_> {
    /// Approves what a component declares, for all tenants. `why` goes into the audit trail.
    ///
    /// # Errors
    /// The database's.
    pub fn approve(&self, digest: &str, declaration: &Declaration, why: &str) -> Result<(), DirectoryError> {
        let text = serde_json::to_string(declaration).map_err(|error| DirectoryError::Invalid(error.to_string()))?;
        self.db
            .prepare_cached(
                "INSERT INTO approval (digest, application, declaration, approved_by, approved_at) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (digest) DO UPDATE SET declaration = excluded.declaration, approved_by = excluded.approved_by,
                   approved_at = excluded.approved_at",
            )?
            .execute(params![digest, declaration.application, text, self.actor.name(), Timestamp::now()])?;
        self.end_rests()?;
        self.note(&Note {
            tenant: None,
            person: None,
            action: "component.approve",
            old: None,
            new: Some(json!({ "sha256": digest, "declaration": declaration })),
            result: why,
        })
    }

    /// Takes an approval back. Returns whether there was one.
    ///
    /// # Errors
    /// The database's.
    pub fn take_back_approval(&self, digest: &str) -> Result<bool, DirectoryError> {
        let taken = self.db.prepare_cached("DELETE FROM approval WHERE digest = ?1")?.execute([digest])? > 0;
        if taken {
            self.note(&Note {
                tenant: None,
                person: None,
                action: "component.take-back-approval",
                old: Some(json!({ "sha256": digest })),
                new: None,
                result: "taken back",
            })?;
        }
        Ok(taken)
    }
}

fn record(row: Row<'_>) -> Result<ApprovalRecord, DirectoryError> {
    let declaration = serde_json::from_str(row.text(1)?)?;
    Ok(ApprovalRecord { digest: row.get(0)?, declaration, approved_by: row.get(2)?, approved_at: row.get(3)? })
}
