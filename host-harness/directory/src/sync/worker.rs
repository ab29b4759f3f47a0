//! Running imports and pushes by the tenants' schedules, many tenants side by side.
//!
//! This decides *what* is due and whom to leave alone for a while; *when* it runs is the [`Scheduler`]'s: one job a tenant,
//! tenants in turns. Whoever else gives jobs of these tenants to the same scheduler waits in the same queue.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};

use super::import::{self, ImportOptions};
use super::{Applications, SyncError, plans, push};
use crate::directory::{Actor, Directory, DirectoryError, ImportPhase, TenantId, TenantRecord, Timestamp};
use provisioning_runtime::{CancelHandle, JobEnd, Scheduler, Terms};

/// How a worker works.
#[derive(Clone, Copy, Debug)]
pub struct WorkerOptions {
    /// How often the schedules are looked at.
    pub look_every: Duration,
    /// How long a tenant whose job failed is left alone; it doubles with each failure in a row, up to an hour.
    pub rest: Duration,
    /// After how long an import makes way for tenants that wait, so that one without an end doesn't keep them waiting. It continues in
    /// its tenant's next turn.
    pub turn: Duration,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self { look_every: Duration::from_secs(1), rest: Duration::from_secs(10), turn: Duration::from_secs(5) }
    }
}

/// What a worker has done for a tenant.
#[derive(Debug)]
pub struct Finished {
    /// The tenant.
    pub tenant: String,
    /// `import`, `push` or `plan`.
    pub job: &'static str,
    /// What came of it, in a sentence, or why it ended.
    pub result: Result<String, SyncError>,
}

/// A tenant's job in the scheduler, until it has ended.
type Visit = BoxFuture<'static, (TenantId, Result<Vec<Finished>, JobEnd>)>;

/// Works until `stop` completes; jobs that are under way then are cut off, and go on from there the next time. `told` hears
/// of every job that has ended.
///
/// # Errors
/// When the directory cannot be read.
#[expect(clippy::redundant_closure_for_method_calls, reason = "the path is not general over the view's lifetime")]
pub async fn work<A: Applications + 'static>(
    directory: Directory,
    applications: Arc<A>,
    scheduler: &Scheduler,
    options: WorkerOptions,
    stop: impl Future<Output = ()>,
    mut report: impl FnMut(Finished),
) -> Result<(), DirectoryError> {
    directory.delete_removed(&Actor::new("schedule"))?;
    let mut stop = std::pin::pin!(stop);
    let mut look = tokio::time::interval(options.look_every);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut jobs: FuturesUnordered<Visit> = FuturesUnordered::new();
    // One visit at a time: what is due by then is worked out when its turn comes.
    let mut busy: BTreeMap<TenantId, CancelHandle> = BTreeMap::new();
    let rests = Rests::default();
    let ended = loop {
        tokio::select! {
            () = &mut stop => break Ok(()),
            Some((tenant, ended)) = jobs.next(), if !jobs.is_empty() => {
                busy.remove(&tenant);
                let finished = ended.unwrap_or_else(|end| {
                    tracing::error!(%tenant, %end, "a visit gave no result");
                    rests.note(tenant, false, options.rest, Timestamp::now());
                    Vec::new()
                });
                for one in finished {
                    rests.note(tenant, one.result.is_ok(), options.rest, Timestamp::now());
                    report(one);
                }
            }
            _ = look.tick() => {
                let tenants = match directory.read(|view| view.tenants()) {
                    Ok(tenants) => tenants,
                    Err(error) => break Err(error),
                };
                let now = Timestamp::now();
                for tenant in tenants {
                    let due = is_due(&tenant, now);
                    if !due || busy.contains_key(&tenant.id) || rests.rests(tenant.id, now) {
                        continue;
                    }
                    let (turn, queue) = (options.turn, scheduler.clone());
                    let (id, name) = (tenant.id, tenant.name.clone());
                    let (directory, applications) = (directory.clone(), Arc::clone(&applications));
                    let visit = async move {
                        let began = Instant::now();
                        let is_over = || began.elapsed() >= turn && queue.load().waiting > 0;
                        serve(&directory, &*applications, &tenant, &is_over).await
                    };
                    match scheduler.submit(&name, Terms::default(), visit) {
                        Ok(ticket) => {
                            busy.insert(id, ticket.cancel_handle());
                            jobs.push(async move { (id, ticket.await) }.boxed());
                        }
                        // It is due at the next look, too.
                        Err(refusal) => tracing::debug!(tenant = %name, %refusal, "a visit has to wait"),
                    }
                }
            }
        }
    };
    busy.values().for_each(CancelHandle::cancel);
    while jobs.next().await.is_some() {}
    ended
}

/// Whether a visit to a tenant is due, by its settings.
pub(super) fn is_due(tenant: &TenantRecord, now: Timestamp) -> bool {
    !tenant.config.paused && (import::is_due(tenant, now) || push::is_due(tenant, now))
}

/// What is due for one tenant, the import first: it may find users that a push would otherwise make. Empty where another process is
/// at it.
async fn serve<A: Applications>(
    directory: &Directory,
    applications: &A,
    tenant: &TenantRecord,
    is_over: import::IsOver<'_>,
) -> Vec<Finished> {
    let mut is_unfinished = false;
    let now = Timestamp::now();
    let actor = Actor::new("schedule");
    let mut finished = Vec::new();
    let mut end = |job, result| match result {
        // It is not this process's turn, and due at the next look, too: no failure that anybody need hear of.
        Err(SyncError::Directory(DirectoryError::Locked { .. })) => {
            tracing::debug!(tenant = %tenant.name, job, "another process is working for the tenant");
        }
        result => finished.push(Finished { tenant: tenant.name.clone(), job, result }),
    };
    if import::is_due(tenant, now) {
        let options = ImportOptions::default();
        let result = import::import_for(directory, applications, tenant, &actor, options, Some(is_over), &|_| {}).await;
        is_unfinished = result.as_ref().is_ok_and(|report| is_under_way(report.run.phase));
        end(
            "import",
            result.and_then(|report| match report.run.phase {
                ImportPhase::Halted => Err(SyncError::Halted {
                    tenant: tenant.name.clone(),
                    reason: report.run.reason.unwrap_or_default(),
                }),
                phase if is_under_way(phase) => {
                    Ok(format!("{} users read so far; it goes on in its next turn", report.run.users))
                }
                _ => {
                    let counts = report.run.counts;
                    Ok(format!(
                        "{} users read; {} people made, {} linked, {} updated, {} waiting to be confirmed",
                        report.run.users, counts.created, counts.linked, counts.updated, counts.queued
                    ))
                }
            }),
        );
    }
    // What an import that isn't done would find, a push would make.
    if push::is_due(tenant, now) && !is_unfinished {
        if tenant.config.to_app.approval {
            // A person approves; all that can be done without one is to have the plan ready.
            let open = directory.read(|view| view.count_open_tasks(tenant.id));
            if open.is_ok_and(|(waiting, _)| waiting > 0) && directory.read(|view| view.plan(tenant.id, None)).is_err()
            {
                let result = plans::plan(directory, applications, tenant, &actor).await;
                end(
                    "plan",
                    result.map(|planned| {
                        let open: String =
                            planned.report.open().iter().map(|sentence| format!("; {sentence}")).collect();
                        format!("plan {} waits to be applied{open}", planned.id)
                    }),
                );
            }
        } else {
            let result = push::push(directory, applications, tenant, &actor, &|_| {}).await;
            end(
                "push",
                result.map(|report| {
                    let open: String = report.open().iter().map(|sentence| format!("; {sentence}")).collect();
                    format!("{} tasks tried, {} of them failed{open}", report.tried(), report.not_done)
                }),
            );
        }
    }
    finished
}

/// Whether an import goes on with the tenant's next turn.
fn is_under_way(phase: ImportPhase) -> bool {
    matches!(phase, ImportPhase::Reading | ImportPhase::Settling)
}

/// Tenants that are left alone for a while, so that one whose application is down does not take the turns of the others.
#[derive(Default)]
pub(super) struct Rests(Mutex<BTreeMap<TenantId, (u32, Timestamp)>>);

impl Rests {
    /// Notes how a job has ended at this time.
    pub(super) fn note(&self, tenant: TenantId, well: bool, rest: Duration, now: Timestamp) {
        let mut rests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if well {
            rests.remove(&tenant);
            return;
        }
        let failures = rests.get(&tenant).map_or(0, |(failures, _)| *failures);
        let time = rest.saturating_mul(1 << failures.min(12)).min(Duration::from_secs(3600));
        rests.insert(tenant, (failures + 1, now.after(time)));
    }

    /// Whether a tenant is still left alone.
    pub(super) fn rests(&self, tenant: TenantId, now: Timestamp) -> bool {
        let rests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rests.get(&tenant).is_some_and(|(_, until)| now < *until)
    }
}
