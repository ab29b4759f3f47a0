//! What jobs have begun to write, kept before it is written: a job may end at any point, and the application may have done
//! what nobody has heard of.
//!
//! An attempt goes when its end is known. One that is left behind by a job that was cut off is noted in the audit trail, and
//! stays for as long as it may have made a user that is not known here.

use super::database::{Row, params};

use super::{DirectoryError, PersonId, ReadTransaction, TaskKind, TenantId, Timestamp, WriteTransaction};

/// One field of one record of the application: the kind of record, the field, and what it held before and holds then.
pub type RecordChange = (String, String, Option<String>, Option<String>);

/// What a job has begun to write for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) person: PersonId,
    pub(crate) kind: TaskKind,
    /// The user's id; `None` while the user is to be made and nobody has heard of it.
    pub(crate) remote_id: Option<String>,
    pub(crate) changes: Vec<RecordChange>,
    /// The same of attempts before it, of which nobody knows the end either.
    pub(crate) earlier: Vec<RecordChange>,
    /// Positions of those changes that are known to be written.
    pub(crate) written: Vec<u32>,
    /// Names of the attributes that it sets.
    pub(crate) names: Vec<String>,
    pub(crate) noted: bool,
    pub(crate) begun_at: Timestamp,
}

/// Most changes of attempts in a row that are kept; some dozen attempts.
const EARLIER: usize = 400;

impl Attempt {
    /// All that may have been written, of one field the latest first.
    pub(crate) fn begun(&self) -> Vec<RecordChange> {
        let mut begun = self.changes.clone();
        // Each attempt counts: as many records may be left as were begun.
        begun.extend(self.earlier.iter().take(EARLIER.saturating_sub(begun.len())).cloned());
        begun
    }

    /// The changes that are known to be written.
    pub(crate) fn written_changes(&self) -> Vec<RecordChange> {
        self.written.iter().filter_map(|at| self.changes.get(usize::try_from(*at).ok()?)).cloned().collect()
    }
}

/// What attempts that were cut off may have left beside the user that a person has by now, or may still set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leftover {
    pub(crate) person: PersonId,
    pub(crate) begun: Vec<RecordChange>,
    /// Names of the attributes that they set.
    pub(crate) names: Vec<String>,
    pub(crate) begun_at: Timestamp,
}

const COLUMNS: &str = "person_id, kind, remote_id, changes, written, names, noted, begun_at, earlier";

fn attempt(row: Row<'_>) -> Result<Attempt, DirectoryError> {
    let text = |index: usize| row.text(index);
    Ok(Attempt {
        person: PersonId(row.get(0)?),
        kind: TaskKind::parse(text(1)?)?,
        remote_id: row.get(2)?,
        changes: serde_json::from_str(text(3)?)?,
        written: serde_json::from_str(text(4)?)?,
        names: serde_json::from_str(text(5)?)?,
        noted: row.get(6)?,
        begun_at: row.get(7)?,
        earlier: serde_json::from_str(text(8)?)?,
    })
}

fn leftover(row: Row<'_>) -> Result<Leftover, DirectoryError> {
    Ok(Leftover {
        person: PersonId(row.get(0)?),
        begun: serde_json::from_str(row.text(1)?)?,
        begun_at: row.get(2)?,
        names: serde_json::from_str(row.text(3)?)?,
    })
}

impl ReadTransaction<'_> {
    /// What a job has begun of this kind for a person, and nobody knows the end of.
    pub(crate) fn attempt(
        &self,
        tenant: TenantId,
        person: PersonId,
        kind: TaskKind,
    ) -> Result<Option<Attempt>, DirectoryError> {
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM attempt WHERE tenant_id = ?1 AND person_id = ?2 AND kind = ?3"
        ))?;
        let mut rows = statement.query(params![tenant.number(), person.0, kind.name()])?;
        rows.next()?.map(attempt).transpose()
    }

    /// Attempts that the audit trail does not have yet, at most `limit`.
    pub(crate) fn attempts_to_note(&self, tenant: TenantId, limit: u32) -> Result<Vec<Attempt>, DirectoryError> {
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM attempt WHERE tenant_id = ?1 AND noted = FALSE LIMIT ?2"
        ))?;
        let mut rows = statement.query(params![tenant.number(), limit])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(attempt(row)?);
        }
        Ok(found)
    }
}

impl ReadTransaction<'_> {
    /// What attempts may have left that were begun since a moment, at most `limit`.
    pub(crate) fn leftovers(
        &self,
        tenant: TenantId,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<Leftover>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT person_id, begun, begun_at, names FROM leftover WHERE tenant_id = ?1 AND begun_at >= ?2
             ORDER BY begun_at LIMIT ?3",
        )?;
        let mut rows = statement.query(params![tenant.number(), since, i64::try_from(limit).unwrap_or(i64::MAX)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(leftover(row)?);
        }
        Ok(found)
    }

    /// What attempts may have left of a person.
    pub(crate) fn leftover(&self, tenant: TenantId, person: PersonId) -> Result<Option<Leftover>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT person_id, begun, begun_at, names FROM leftover WHERE tenant_id = ?1 AND person_id = ?2",
        )?;
        let mut rows = statement.query(params![tenant.number(), person.0])?;
        rows.next()?.map(leftover).transpose()
    }
}

impl WriteTransaction<'_> {
    /// Keeps what attempts may have left beside the user that the person has by now.
    pub(crate) fn keep_leftover(&self, tenant: TenantId, leftover: &Leftover) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached(
                "INSERT INTO leftover (tenant_id, person_id, begun, begun_at, names) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (person_id, tenant_id) DO UPDATE SET begun = excluded.begun, begun_at = excluded.begun_at,
                   names = excluded.names",
            )?
            .execute(params![
                tenant.number(),
                leftover.person.0,
                serde_json::to_string(&leftover.begun)?,
                leftover.begun_at,
                serde_json::to_string(&leftover.names)?
            ])?;
        Ok(())
    }

    /// Forgets what was left, once it was looked for.
    pub(crate) fn forget_leftover(&self, tenant: TenantId, person: PersonId) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached("DELETE FROM leftover WHERE tenant_id = ?1 AND person_id = ?2")?
            .execute(params![tenant.number(), person.0])?;
        Ok(())
    }

    /// Forgets what was begun before a moment: by now it would have been found.
    pub(crate) fn forget_old_leftovers(&self, tenant: TenantId, before: Timestamp) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached("DELETE FROM leftover WHERE tenant_id = ?1 AND begun_at < ?2")?
            .execute(params![tenant.number(), before])?;
        Ok(())
    }

    /// Keeps what is about to be written, in the place of an earlier attempt of the kind.
    pub(crate) fn begin_attempt(&self, tenant: TenantId, attempt: &Attempt) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached(
                "INSERT INTO attempt (tenant_id, person_id, kind, remote_id, changes, names, begun_at, earlier)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (person_id, tenant_id, kind) DO UPDATE SET remote_id = excluded.remote_id,
                   changes = excluded.changes, written = '[]', names = excluded.names, noted = FALSE,
                   begun_at = excluded.begun_at, earlier = excluded.earlier",
            )?
            .execute(params![
                tenant.number(),
                attempt.person.0,
                attempt.kind.name(),
                attempt.remote_id,
                serde_json::to_string(&attempt.changes)?,
                serde_json::to_string(&attempt.names)?,
                attempt.begun_at,
                serde_json::to_string(&attempt.earlier)?
            ])?;
        Ok(())
    }

    /// Keeps how far an attempt has come.
    pub(crate) fn store_progress(&self, tenant: TenantId, attempt: &Attempt) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached(
                "UPDATE attempt SET remote_id = ?4, written = ?5 WHERE tenant_id = ?1 AND person_id = ?2 AND kind = ?3",
            )?
            .execute(params![
                tenant.number(),
                attempt.person.0,
                attempt.kind.name(),
                attempt.remote_id,
                serde_json::to_string(&attempt.written)?
            ])?;
        Ok(())
    }

    /// Takes note that the audit trail has an attempt.
    pub(crate) fn attempt_is_noted(&self, tenant: TenantId, attempt: &Attempt) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached("UPDATE attempt SET noted = TRUE WHERE tenant_id = ?1 AND person_id = ?2 AND kind = ?3")?
            .execute(params![tenant.number(), attempt.person.0, attempt.kind.name()])?;
        Ok(())
    }

    /// Drops an attempt, whose end is known.
    pub(crate) fn end_attempt(&self, tenant: TenantId, person: PersonId, kind: TaskKind) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached("DELETE FROM attempt WHERE tenant_id = ?1 AND person_id = ?2 AND kind = ?3")?
            .execute(params![tenant.number(), person.0, kind.name()])?;
        Ok(())
    }
}
