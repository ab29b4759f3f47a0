//! Runs of imports: how far each has come, so that it can go on after whatever ended its process.

use std::fmt;

use super::database::{Row, params};
use serde::{Deserialize, Serialize};

use super::{DirectoryError, ReadTransaction, TenantId, Timestamp, WriteTransaction};

/// A run's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct RunId(i64);

impl RunId {
    pub(super) fn number(self) -> i64 {
        self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a run reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImportScopeKind {
    /// Everybody, so that it also sees who has gone.
    Full,
    /// What has changed since a watermark.
    Increment,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImportPhase {
    /// Pages are being read and staged; nothing has taken effect.
    Reading,
    /// Everything is staged, and takes effect piece by piece.
    Settling,
    /// Everything is staged, and the safeguard keeps it from taking effect.
    Halted,
    /// It has taken effect.
    Done,
    /// An admin has given it up.
    Discarded,
}

impl ImportPhase {
    fn name(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Settling => "settling",
            Self::Halted => "halted",
            Self::Done => "done",
            Self::Discarded => "discarded",
        }
    }
}

/// What a run has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImportCounts {
    /// People made for users that nobody stood for.
    pub created: u64,
    /// Users linked to people that were there.
    pub linked: u64,
    /// People whose attributes, username or status followed their users.
    pub updated: u64,
    /// Links whose users were deactivated or frozen.
    pub deactivated: u64,
    /// Links whose users have gone.
    pub vanished: u64,
    /// Users that wait for an admin.
    pub queued: u64,
    /// Users that nobody stands for, and that are not imported because *Import New Users* is off.
    pub skipped: u64,
    /// Users that could not be taken over; each has a row in the audit trail.
    pub failed: u64,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportRun {
    /// Its number.
    pub id: RunId,
    /// What it reads.
    pub scope: ImportScopeKind,
    /// How far it is.
    pub phase: ImportPhase,
    /// Who started it.
    pub actor: String,
    /// The watermark that an increment started from.
    #[serde(skip)]
    pub since: Option<String>,
    /// The next page; none before the first and after the last.
    #[serde(skip)]
    pub cursor: Option<String>,
    /// Where the next increment starts once this run is done.
    #[serde(skip)]
    pub watermark: Option<String>,
    /// Pages read.
    pub pages: u64,
    /// Users read.
    pub users: u64,
    /// Bytes of the texts of users read.
    #[serde(skip)]
    pub bytes: u64,
    /// What it has come to so far.
    pub counts: ImportCounts,
    /// Whether an admin has let it pass the safeguard.
    pub accepted: bool,
    /// Why it was halted or discarded.
    pub reason: Option<String>,
    /// When it started.
    pub started_at: Timestamp,
    /// When it last moved.
    pub changed_at: Timestamp,
}

/// What is kept of a run in numbers.
#[derive(Serialize, Deserialize)]
struct Numbers {
    #[serde(flatten)]
    counts: ImportCounts,
    #[serde(default)]
    bytes: u64,
}

/// A run to be started.
#[derive(Clone, Copy, Debug)]
pub struct NewImport<'a> {
    /// The watermark of an increment; none for everybody.
    pub since: Option<&'a str>,
}

const COLUMNS: &str =
    "id, scope, phase, actor, since, cursor, watermark, pages, users, counts, accepted, reason, started_at, changed_at";

fn run(row: Row<'_>) -> Result<ImportRun, DirectoryError> {
    let text = |index: usize| row.text(index);
    let phases =
        [ImportPhase::Reading, ImportPhase::Settling, ImportPhase::Halted, ImportPhase::Done, ImportPhase::Discarded];
    let phase = text(2)?;
    let Numbers { counts, bytes } = serde_json::from_str(text(9)?)?;
    Ok(ImportRun {
        id: RunId(row.get(0)?),
        scope: if text(1)? == "full" { ImportScopeKind::Full } else { ImportScopeKind::Increment },
        phase: phases
            .into_iter()
            .find(|one| one.name() == phase)
            .ok_or_else(|| DirectoryError::Damaged(format!("an import's phase `{phase}`")))?,
        actor: row.get(3)?,
        since: row.get(4)?,
        cursor: row.get(5)?,
        watermark: row.get(6)?,
        pages: row.get(7)?,
        users: row.get(8)?,
        bytes,
        counts,
        accepted: row.get(10)?,
        reason: row.get(11)?,
        started_at: row.get(12)?,
        changed_at: row.get(13)?,
    })
}

impl ReadTransaction<'_> {
    /// The run of a tenant that has not ended; there is one at most.
    ///
    /// # Errors
    /// The database's.
    pub fn open_import(&self, tenant: TenantId) -> Result<Option<ImportRun>, DirectoryError> {
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM import_run WHERE tenant_id = ?1 AND phase IN ('reading', 'settling', 'halted')"
        ))?;
        let mut rows = statement.query([tenant.number()])?;
        rows.next()?.map(run).transpose()
    }

    /// The latest runs of a tenant, the newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn imports(&self, tenant: TenantId, limit: u32) -> Result<Vec<ImportRun>, DirectoryError> {
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM import_run WHERE tenant_id = ?1 ORDER BY id DESC LIMIT ?2"
        ))?;
        let mut rows = statement.query(params![tenant.number(), limit])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(run(row)?);
        }
        Ok(found)
    }
}

impl WriteTransaction<'_> {
    /// Starts a run.
    ///
    /// # Errors
    /// When the tenant has one that has not ended.
    pub(crate) fn start_import(&self, tenant: TenantId, new: NewImport<'_>) -> Result<ImportRun, DirectoryError> {
        let scope = if new.since.is_some() { "increment" } else { "full" };
        self.db
            .prepare_cached(
                "INSERT INTO import_run (tenant_id, scope, phase, actor, since, started_at, changed_at)
                 VALUES (?1, ?2, 'reading', ?3, ?4, ?5, ?5)",
            )?
            .execute(params![tenant.number(), scope, self.actor.name(), new.since, Timestamp::now()])?;
        self.open_import(tenant)?.ok_or_else(|| DirectoryError::Damaged("an import that was just started".to_owned()))
    }

    /// Keeps how far a run has come.
    pub(crate) fn store_import(&self, run: &ImportRun) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached(
                "UPDATE import_run SET phase = ?2, cursor = ?3, watermark = ?4, pages = ?5, users = ?6, counts = ?7,
                   accepted = ?8, reason = ?9, changed_at = ?10 WHERE id = ?1",
            )?
            .execute(params![
                run.id.0,
                run.phase.name(),
                run.cursor,
                run.watermark,
                run.pages,
                run.users,
                serde_json::to_string(&Numbers { counts: run.counts, bytes: run.bytes })?,
                run.accepted,
                run.reason,
                Timestamp::now()
            ])?;
        Ok(())
    }
}
