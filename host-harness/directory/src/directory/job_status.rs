//! Jobs that are shown to people: how far each is while it runs, and what has come of it.
//!
//! Whoever runs a job tells it here, so that any host's console shows it. Of each kind of a tenant's jobs the last is kept. A job whose
//! process has ended tells nothing any more: it counts as over once nothing was heard of it for [`SILENCE`].

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::database::{Optional as _, Row, params};
use super::{Actor, Directory, DirectoryError, ReadTransaction, TenantId, Timestamp, WriteTransaction};

/// After how long without a word a job counts as over. A call of a connector may take ten minutes.
const SILENCE: Duration = Duration::from_secs(15 * 60);

/// A job's kinds of one tenant are few.
const KINDS: u32 = 32;

/// How often it is written how far a job is.
const PACE: Duration = Duration::from_secs(1);

/// How far a job is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobProgress {
    /// What is being done, in a few words.
    pub phase: String,
    /// How much of the phase is done.
    pub done: u64,
    /// How much the phase has. `None` if nobody knows.
    pub total: Option<u64>,
    /// When the phase began.
    pub since: Timestamp,
}

impl JobProgress {
    /// How much is done per second, once there is something to say.
    pub fn rate(&self, now: Timestamp) -> Option<f64> {
        let seconds = now.since(self.since).as_secs_f64();
        (self.done > 0 && seconds >= 0.5).then(|| self.done as f64 / seconds)
    }

    /// Seconds until the phase ends, if that can be said.
    pub fn left(&self, now: Timestamp) -> Option<u64> {
        let (rate, total) = (self.rate(now)?, self.total?);
        Some((total.saturating_sub(self.done) as f64 / rate).ceil() as u64)
    }

    /// Takes note of how far the job is. A phase of another name is a new one.
    pub fn advance(&mut self, phase: &str, done: u64, total: Option<u64>) {
        if self.phase != phase {
            phase.clone_into(&mut self.phase);
            self.since = Timestamp::now();
        }
        self.done = done;
        self.total = total;
    }
}

/// A job that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobStatus {
    /// What it is, for the pages that show it: `import`.
    pub kind: String,
    /// What it is, in a few words with a capital letter.
    pub title: String,
    /// Who started it.
    pub actor: String,
    /// How far it is.
    pub progress: JobProgress,
    /// What has come of it, as JSON that whoever shows it makes sense of. `None` while it runs.
    pub result: Option<Json>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was last heard of.
    pub told_at: Timestamp,
}

/// What is kept as JSON.
#[derive(Serialize, Deserialize)]
struct Kept {
    title: String,
    actor: String,
    progress: JobProgress,
    result: Option<Json>,
}

fn status(row: Row<'_>) -> Result<JobStatus, DirectoryError> {
    let kept: String = row.get(1)?;
    let kept: Kept = serde_json::from_str(&kept)?;
    Ok(JobStatus {
        kind: row.get(0)?,
        title: kept.title,
        actor: kept.actor,
        progress: kept.progress,
        result: kept.result,
        started_at: row.get(2)?,
        told_at: row.get(3)?,
    })
}

/// Tells how a job stands, so that any host's console shows it. Dropped before the job has ended, it takes back what it has told.
#[derive(Debug)]
pub struct JobTeller {
    directory: Directory,
    tenant: TenantId,
    told: Mutex<Told>,
}

#[derive(Debug)]
struct Told {
    status: JobStatus,
    /// When it was written last. `None` if it never was.
    at: Option<Instant>,
    began: Instant,
    is_kept: bool,
}

impl Directory {
    /// Tells of a job of a tenant that begins now, in the place of the last of its kind. A job that is over within a second isn't
    /// told of, unless [`JobTeller::tell`] is called.
    pub fn tell_job(&self, tenant: TenantId, kind: &str, title: &str, actor: &Actor) -> JobTeller {
        let now = Timestamp::now();
        let status = JobStatus {
            kind: kind.to_owned(),
            title: title.to_owned(),
            actor: actor.name().to_owned(),
            progress: JobProgress { phase: "Starting".to_owned(), since: now, ..JobProgress::default() },
            result: None,
            started_at: now,
            told_at: now,
        };
        let told = Told { status, at: None, began: Instant::now(), is_kept: false };
        JobTeller { directory: self.clone(), tenant, told: Mutex::new(told) }
    }
}

impl JobTeller {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells of the job now, however soon it ends.
    pub fn tell(&self) {
        self.write(&mut self.told());
    }

    /// Tells how far the job is. It is written once a second.
    pub fn progress(&self, phase: &str, done: u64, total: Option<u64>) {
        let mut told = self.told();
        if told.is_kept {
            return;
        }
        told.status.progress.advance(phase, done, total);
        if told.at.unwrap_or(told.began).elapsed() >= PACE {
            self.write(&mut told);
        }
    }

    /// Tells what has come of the job, which stays until another of its kind begins.
    pub fn ended(&self, result: Json) {
        let mut told = self.told();
        told.status.result = Some(result);
        told.is_kept = true;
        self.write(&mut told);
    }

    /// Nothing depends on it but what is shown.
    fn write(&self, told: &mut Told) {
        told.at = Some(Instant::now());
        told.status.told_at = Timestamp::now();
        let actor = Actor::new(told.status.actor.clone());
        let written = self.directory.write(&actor, |change| change.tell_job_status(self.tenant, &told.status));
        if let Err(error) = written {
            tracing::warn!(tenant = %self.tenant, %error, "how far a job is wasn't written");
        }
    }
}

impl Drop for JobTeller {
    fn drop(&mut self) {
        let told = self.told();
        if told.is_kept || told.at.is_none() {
            return;
        }
        let (actor, kind) = (Actor::new(told.status.actor.clone()), told.status.kind.clone());
        if let Err(error) = self.directory.write(&actor, |change| change.forget_job_status(self.tenant, &kind)) {
            tracing::warn!(tenant = %self.tenant, %error, "a job that has ended is still shown");
        }
    }
}

impl ReadTransaction<'_> {
    /// The last job of each kind of a tenant that runs or has ended, the one that began last first. One that hasn't been heard of for
    /// a quarter of an hour is left out.
    ///
    /// # Errors
    /// The database's.
    pub fn job_statuses(&self, tenant: TenantId, now: Timestamp) -> Result<Vec<JobStatus>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT kind, status, started_at, told_at FROM job_status WHERE tenant_id = ?1 ORDER BY kind LIMIT ?2",
        )?;
        let mut rows = statement.query(params![tenant.number(), KINDS])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(status(row)?);
        }
        found.retain(|one| one.result.is_some() || now.since(one.told_at) < SILENCE);
        found.sort_by_key(|one| std::cmp::Reverse(one.started_at));
        Ok(found)
    }

    /// Whether a job of a tenant is under way, as far as is known.
    ///
    /// # Errors
    /// The database's.
    pub fn has_running_job(&self, tenant: TenantId, now: Timestamp) -> Result<bool, DirectoryError> {
        let found: Option<String> = self
            .db
            .prepare_cached(
                "SELECT kind FROM job_status WHERE tenant_id = ?1 AND is_running = TRUE AND told_at > ?2 LIMIT 1",
            )?
            .query_row(params![tenant.number(), now.before(SILENCE)], |row| row.get(0))
            .optional()?;
        Ok(found.is_some())
    }
}

impl WriteTransaction<'_> {
    /// Tells how a job stands, in the place of what was told of the last one of its kind.
    ///
    /// # Errors
    /// The database's.
    pub(crate) fn tell_job_status(&self, tenant: TenantId, job: &JobStatus) -> Result<(), DirectoryError> {
        let kept = Kept {
            title: job.title.clone(),
            actor: job.actor.clone(),
            progress: job.progress.clone(),
            result: job.result.clone(),
        };
        self.db
            .prepare_cached(
                // The tenant may be gone, and a job that had begun before ends with it.
                "INSERT INTO job_status (tenant_id, kind, status, is_running, started_at, told_at)
                 SELECT id, ?2, ?3, ?4, ?5, ?6 FROM tenant WHERE id = ?1
                 ON CONFLICT (tenant_id, kind) DO UPDATE SET status = excluded.status, is_running = excluded.is_running,
                   started_at = excluded.started_at, told_at = excluded.told_at",
            )?
            .execute(params![
                tenant.number(),
                job.kind,
                serde_json::to_string(&kept)?,
                job.result.is_none(),
                job.started_at,
                job.told_at
            ])?;
        Ok(())
    }

    /// Takes away what is shown of jobs that have ended: any of it may be about a person who is erased.
    pub(super) fn forget_ended_jobs(&self) -> Result<(), DirectoryError> {
        self.db.prepare_cached("DELETE FROM job_status WHERE is_running = FALSE")?.execute(params![])?;
        Ok(())
    }

    /// Takes away what was told of a job of a kind.
    ///
    /// # Errors
    /// The database's.
    pub(crate) fn forget_job_status(&self, tenant: TenantId, kind: &str) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached("DELETE FROM job_status WHERE tenant_id = ?1 AND kind = ?2")?
            .execute(params![tenant.number(), kind])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::scratch;
    use super::*;
    use crate::config::TenantConfig;

    fn job(kind: &str, result: Option<&str>, started_at: i64) -> JobStatus {
        let at = Timestamp::from_millis;
        JobStatus {
            kind: kind.to_owned(),
            title: "A job".to_owned(),
            actor: "ada".to_owned(),
            progress: JobProgress { phase: "Users read".to_owned(), done: 3, total: Some(9), since: at(started_at) },
            result: result.map(Json::from),
            started_at: at(started_at),
            told_at: at(started_at + 1),
        }
    }

    #[test]
    fn the_last_job_of_each_kind_is_told_and_one_that_says_nothing_is_over() {
        let (_folder, directory, actor) = scratch();
        let tenant = directory.write(&actor, |change| change.add_tenant("acme", &TenantConfig::default())).unwrap().id;
        let at = Timestamp::from_millis;
        let tell = |job: &JobStatus| directory.write(&actor, |change| change.tell_job_status(tenant, job)).unwrap();
        let told = |now: Timestamp| directory.read(|view| view.job_statuses(tenant, now)).unwrap();
        let runs = |now| directory.read(|view| view.has_running_job(tenant, now)).unwrap();
        tell(&job("import", Some("done"), 1_000));
        assert!(!runs(at(1_500)));
        tell(&job("push", None, 2_000));
        tell(&job("import", None, 3_000));
        assert_eq!(told(at(4_000)), [job("import", None, 3_000), job("push", None, 2_000)]);
        assert!(runs(at(4_000)));
        tell(&job("import", Some("done"), 3_000));
        assert_eq!(told(at(2_001).after(SILENCE)), [job("import", Some("done"), 3_000)]);
        assert!(!runs(at(2_001).after(SILENCE)));
        directory.write(&actor, |change| change.forget_job_status(tenant, "import")).unwrap();
        assert_eq!(told(at(4_000)), [job("push", None, 2_000)]);
        // A tenant that is gone has no jobs, and telling of one is no failure.
        let gone = TenantId(tenant.number() + 1);
        directory.write(&actor, |change| change.tell_job_status(gone, &job("push", None, 1))).unwrap();
        assert!(directory.read(|view| view.job_statuses(gone, at(2))).unwrap().is_empty());
    }

    #[test]
    fn a_teller_tells_of_a_job_until_it_has_ended() {
        let (_folder, directory, actor) = scratch();
        let tenant = directory.write(&actor, |change| change.add_tenant("acme", &TenantConfig::default())).unwrap().id;
        let told = || directory.read(|view| view.job_statuses(tenant, Timestamp::now())).unwrap();
        let short = directory.tell_job(tenant, "schedule", "Import", &actor);
        short.progress("Users read", 1, None);
        assert!(told().is_empty(), "nothing is written of a job that may be over within a second");
        drop(short);
        let cut_off = directory.tell_job(tenant, "import", "Import", &actor);
        cut_off.tell();
        assert_eq!(told()[0].progress.phase, "Starting");
        drop(cut_off);
        assert!(told().is_empty());
        let job = directory.tell_job(tenant, "import", "Import", &actor);
        job.progress("Users read", 7, Some(9));
        job.ended(Json::from("9 users"));
        job.progress("Users read", 8, Some(9));
        drop(job);
        let told = told();
        assert_eq!((told[0].progress.done, told[0].result.clone()), (7, Some(Json::from("9 users"))));
    }

    #[test]
    fn a_phase_has_a_rate_and_an_end_once_there_is_something_to_say() {
        let mut progress = JobProgress { since: Timestamp::from_millis(0), ..JobProgress::default() };
        let later = Timestamp::from_millis(2_000);
        assert_eq!((progress.rate(later), progress.left(later)), (None, None));
        (progress.done, progress.total) = (10, Some(30));
        assert_eq!((progress.rate(later), progress.left(later)), (Some(5.0), Some(4)));
        assert_eq!(progress.rate(Timestamp::from_millis(499)), None);
        progress.advance("Users settled", 1, None);
        assert_eq!((progress.done, progress.total), (1, None));
        assert!(progress.since > later);
    }
}
