//! What jobs have come to: each import and push that did something.

use std::collections::BTreeMap;

use super::database::{Row, params};
use serde::Serialize;

use super::{DirectoryError, LastFailure, ReadTransaction, TenantId, Timestamp, WriteTransaction};

/// What a job was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobKind {
    /// Read users, and brought the directory in step with them.
    Import,
    /// An import that changed nothing, to see what it would come to.
    DryRun,
    /// Brought the application in step with the directory.
    Push,
    /// Worked out what a push would write.
    Plan,
    /// Wrote what a plan says.
    Apply,
}

impl JobKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Import, Self::DryRun, Self::Push, Self::Plan, Self::Apply];

    /// Its word in commands, JSON and the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::DryRun => "dry-run",
            Self::Push => "push",
            Self::Plan => "plan",
            Self::Apply => "apply",
        }
    }
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobOutcome {
    /// All that was to be done was done.
    Done,
    /// Some records could not be done; each has a task or a row in the audit trail.
    Partly,
    /// The safeguard has halted it.
    Halted,
    /// Its turn was over; the next job goes on from there.
    Paused,
    /// It could not go on.
    Failed,
}

impl JobOutcome {
    const ALL: [Self; 5] = [Self::Done, Self::Partly, Self::Halted, Self::Paused, Self::Failed];

    /// Its word in commands, JSON and the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partly => "partly",
            Self::Halted => "halted",
            Self::Paused => "paused",
            Self::Failed => "failed",
        }
    }
}

/// What a job has come to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobRun {
    /// Its number; later ones have higher numbers.
    pub id: i64,
    /// What it was.
    pub kind: JobKind,
    /// Who started it.
    pub actor: String,
    /// How it ended.
    pub outcome: JobOutcome,
    /// How many users or tasks fared how, without zeros: `created` is 12.
    pub counts: BTreeMap<String, u64>,
    /// What ended it, if something did.
    pub failure: Option<LastFailure>,
    /// Requests that it sent to the application.
    pub requests: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
}

impl JobRun {
    /// How long it took, to a second; below a minute to a tenth.
    pub fn took(&self) -> String {
        let took = self.ended_at.since(self.started_at);
        match took.as_secs() {
            0..60 => format!("{:.1} s", took.as_secs_f64()),
            60..3600 => format!("{} min {} s", took.as_secs() / 60, took.as_secs() % 60),
            seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        }
    }

    /// Its counts in a sentence's part: `12 created, 3 failed`.
    pub fn came_to(&self) -> String {
        let counts: Vec<String> = self.counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
        if counts.is_empty() { "nothing".to_owned() } else { counts.join(", ") }
    }
}

/// A job that has ended, to be kept.
#[derive(Clone, Debug)]
pub(crate) struct EndedJob {
    pub(crate) kind: JobKind,
    pub(crate) outcome: JobOutcome,
    pub(crate) counts: BTreeMap<String, u64>,
}

/// Which jobs are wanted, the newest first.
#[derive(Clone, Copy, Debug)]
pub struct JobRunFilter {
    /// Before the job of this number.
    pub before: Option<i64>,
    /// How many at most.
    pub limit: u32,
}

fn job(row: Row<'_>) -> Result<JobRun, DirectoryError> {
    let (kind, outcome): (String, String) = (row.get(1)?, row.get(3)?);
    let counts: String = row.get(4)?;
    let failure: Option<String> = row.get(5)?;
    Ok(JobRun {
        id: row.get(0)?,
        kind: JobKind::ALL
            .into_iter()
            .find(|one| one.name() == kind)
            .ok_or_else(|| DirectoryError::Damaged(format!("a job's kind `{kind}`")))?,
        actor: row.get(2)?,
        outcome: JobOutcome::ALL
            .into_iter()
            .find(|one| one.name() == outcome)
            .ok_or_else(|| DirectoryError::Damaged(format!("a job's outcome `{outcome}`")))?,
        counts: serde_json::from_str(&counts)?,
        failure: failure.map(|text| serde_json::from_str(&text)).transpose()?,
        requests: row.get(6)?,
        started_at: row.get(7)?,
        ended_at: row.get(8)?,
    })
}

impl ReadTransaction<'_> {
    /// What jobs of a tenant have come to, the newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn job_runs(&self, tenant: TenantId, filter: JobRunFilter) -> Result<Vec<JobRun>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT id, kind, actor, outcome, counts, failure, requests, started_at, ended_at FROM job_run
             WHERE tenant_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3",
        )?;
        let mut rows = statement.query(params![tenant.number(), filter.before.unwrap_or(i64::MAX), filter.limit])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(job(row)?);
        }
        Ok(found)
    }
}

impl WriteTransaction<'_> {
    /// Keeps what a job has come to.
    pub(crate) fn add_job_run(
        &self,
        tenant: TenantId,
        job: &EndedJob,
        failure: Option<&LastFailure>,
        requests: u64,
        started_at: Timestamp,
    ) -> Result<(), DirectoryError> {
        let failure = failure.map(serde_json::to_string).transpose()?;
        self.db
            .prepare_cached(
                "INSERT INTO job_run (tenant_id, kind, actor, outcome, counts, failure, requests, started_at, ended_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                tenant.number(),
                job.kind.name(),
                self.actor.name(),
                job.outcome.name(),
                serde_json::to_string(&job.counts)?,
                failure,
                requests,
                started_at,
                Timestamp::now()
            ])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::scratch;
    use super::super::{FailureKind, TenantId};
    use super::*;
    use crate::config::TenantConfig;

    #[test]
    fn jobs_are_listed_with_what_they_came_to_the_newest_first() {
        let (_folder, directory, actor) = scratch();
        let failure = LastFailure {
            at: Timestamp::from_millis(0),
            kind: FailureKind::Stopped,
            message: "the sandbox was ended".to_owned(),
            remedy: None,
            upstream: None,
        };
        let ended = |kind, outcome| EndedJob { kind, outcome, counts: [("read".to_owned(), 7)].into() };
        let tenant: TenantId = directory
            .write(&actor, |change| -> Result<_, DirectoryError> {
                let tenant = change.add_tenant("acme", &TenantConfig::default())?.id;
                change.add_job_run(
                    tenant,
                    &ended(JobKind::Import, JobOutcome::Done),
                    None,
                    3,
                    Timestamp::from_millis(1),
                )?;
                let failed = ended(JobKind::Push, JobOutcome::Failed);
                change.add_job_run(tenant, &failed, Some(&failure), 1, Timestamp::from_millis(2))?;
                Ok(tenant)
            })
            .unwrap();
        let runs = |before| directory.read(|view| view.job_runs(tenant, JobRunFilter { before, limit: 9 })).unwrap();
        let all = runs(None);
        let told: Vec<_> = all.iter().map(|run| (run.kind, run.outcome, run.requests, run.failure.clone())).collect();
        assert_eq!(
            told,
            [(JobKind::Push, JobOutcome::Failed, 1, Some(failure)), (JobKind::Import, JobOutcome::Done, 3, None)]
        );
        assert_eq!(all[1].came_to(), "7 read");
        let took = |seconds: i64| {
            let (started_at, ended_at) = (Timestamp::from_millis(0), Timestamp::from_millis(seconds * 1000 + 40));
            JobRun { started_at, ended_at, ..all[0].clone() }.took()
        };
        assert_eq!([took(2), took(61), took(3_720)], ["2.0 s", "1 min 1 s", "1 h 2 min"]);
        assert_eq!((runs(Some(all[0].id)).len(), all[1].counts["read"], &*all[1].actor), (1, 7, actor.name()));
    }
}
