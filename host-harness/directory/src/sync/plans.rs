//! Plan and approve: what a push would write, kept; and exactly that, written.

use super::intents::Followed;
use super::push::{
    Prepared, PushEntry, PushReport, Pushing, ReportOf, TaskResult, Watcher, batch_size, keep_claims, note_cut_off,
    still_open,
};
use super::{Applications, SyncError, WindDown, ended, finish_chores};
use crate::directory::{
    Actor, Directory, DirectoryError, FailureKind, JobKind, Note, Plan, PlanId, PlanItem, PlanState, PlannedOutcome,
    Task, TaskFailure, TaskKind, TenantRecord, Timestamp, WriteTransaction,
};
use provisioning_runtime::action_name;
use provisioning_runtime::wit::PushMode;

/// What can be planned. Setting a password has nothing to show, so an approved plan carries it out with the rest.
const PLANNED: [TaskKind; 3] = [TaskKind::Deactivate, TaskKind::Reactivate, TaskKind::Push];

/// A plan that was just made.
#[derive(Debug)]
pub struct Planned {
    /// Its number.
    pub id: PlanId,
    /// What it says, and which tasks could not be planned. The tasks wait as before; each keeps the reason.
    pub report: PushReport,
}

/// Works out what a push would write, without writing it, and keeps that as the tenant's open plan.
///
/// # Errors
/// As [`super::push::push`].
pub async fn plan<A: Applications>(
    directory: &Directory,
    applications: &A,
    tenant: &TenantRecord,
    actor: &Actor,
) -> Result<Planned, SyncError> {
    plan_watched(directory, applications, tenant, actor, &mut |_| {}).await
}

/// As [`plan`], for whoever wants to know of every task: the report keeps a few hundred.
///
/// # Errors
/// As [`plan`].
pub async fn plan_watched<A: Applications>(
    directory: &Directory,
    applications: &A,
    tenant: &TenantRecord,
    actor: &Actor,
    watcher: Watcher<'_>,
) -> Result<Planned, SyncError> {
    let lock = directory.lock_tenant(tenant)?;
    let directory = &*lock;
    finish_chores(directory, actor, tenant)?;
    let tenant = &directory.read(|view| view.tenant(&tenant.name))?;
    let mut pushing = Pushing::new(directory, applications, tenant, actor, &WindDown::default())?;
    pushing.watcher = Some(watcher);
    let result = work_out(&mut pushing).await;
    let came_to = ended::push(JobKind::Plan, result.as_ref().map(|planned| &planned.report));
    pushing.end(result, came_to).await
}

async fn work_out<A: Applications>(pushing: &mut Pushing<'_, A>) -> Result<Planned, SyncError> {
    let (directory, tenant, actor) = (pushing.directory, pushing.tenant, pushing.actor);
    let mut report = PushReport::new(ReportOf::Plan);
    let mut started = None;
    let now = Timestamp::now();
    for kind in PLANNED {
        let mut after = None;
        loop {
            let tasks = directory.read(|view| view.due_tasks(tenant.id, kind, now, after, batch_size(kind)))?;
            let Some(last) = tasks.last() else { break };
            after = Some(last.id);
            let batch = pushing.prepare(kind, tasks, &mut report).await?;
            let carried = pushing.carry_out(batch, &PushMode::Plan).await;
            let verdicts = directory
                .write_in_turns(actor, carried.verdicts, |change, verdict| explain(change, tenant, verdict))?;
            if let Some(error) = carried.stopped_by {
                return Err(error);
            }
            let id = start_once(pushing, &mut started)?;
            let items = verdicts.iter().filter_map(item);
            directory.write_in_turns(actor, items, |change, item| change.add_plan_item(id, item))?;
            pushing.keep_reasons(&mut report)?;
            for verdict in verdicts {
                pushing.tell_now(&mut report, planned_entry(verdict));
            }
        }
    }
    let id = start_once(pushing, &mut started)?;
    let open = directory.write(actor, |change| -> Result<_, DirectoryError> {
        change.open_plan(tenant.id, id)?;
        still_open(change, tenant.id)
    })?;
    report.close(open);
    Ok(Planned { id, report })
}

/// Starts the plan once there is something to put into it: an application that cannot be reached leaves none. Nobody sees it before it
/// is complete.
fn start_once<A: Applications>(
    pushing: &Pushing<'_, A>,
    started: &mut Option<PlanId>,
) -> Result<PlanId, DirectoryError> {
    if let Some(id) = started {
        return Ok(*id);
    }
    let id = pushing.directory.write(pushing.actor, |change| change.start_plan(pushing.tenant.id))?;
    *started = Some(id);
    Ok(id)
}

/// Keeps with a task why it could not be planned; nothing with one that could. It waits as before: planning is no attempt.
/// Between which users an admin has to decide is kept, too: where pushes are approved, it shows here first. Returns the verdict as it
/// was kept.
fn explain(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    verdict: &TaskResult,
) -> Result<TaskResult, DirectoryError> {
    let mut verdict = verdict.clone();
    if let Some(id) = verdict.task.person_id
        && let Some(person) = change.find_person_by_id(id)?
    {
        keep_claims(change, tenant, &person, &mut verdict)?;
    }
    change.explain_task(&verdict.task, verdict.result.as_ref().err().map(|(failure, _)| failure))?;
    Ok(verdict)
}

/// What a plan reports of a task. One that could not be planned waits for another plan, and not for an admin's retry.
fn planned_entry(verdict: TaskResult) -> PushEntry {
    let entry = verdict.into_entry();
    PushEntry { retried: entry.result.is_err(), ..entry }
}

/// What a plan keeps of a task; nothing of one that could not be planned.
fn item(verdict: &TaskResult) -> Option<PlanItem> {
    let outcome = verdict.outcome()?;
    Some(PlanItem {
        task: verdict.task.id,
        revision: verdict.task.revision,
        digest: outcome.digest.clone(),
        outcome: PlannedOutcome {
            action: action_name(outcome.action).to_owned(),
            changes: outcome
                .changes
                .iter()
                .map(|one| (one.object.clone(), one.field.clone(), one.old.clone(), one.new.clone()))
                .collect(),
            side_effects: outcome.side_effects.clone(),
        },
    })
}

/// Writes what a plan says, and nothing else. A user whose plan would be another by now is refused with the difference, and
/// its task waits for the next plan; so does a task that was asked for anew since.
///
/// # Errors
/// When there is no such plan or it was applied already, and as [`super::push::push`].
pub async fn apply<A: Applications>(
    directory: &Directory,
    applications: &A,
    tenant: &TenantRecord,
    actor: &Actor,
    id: Option<PlanId>,
) -> Result<(Plan, PushReport), SyncError> {
    apply_watched(directory, applications, tenant, actor, id, &mut |_| {}).await
}

/// As [`apply`], for whoever wants to know of every task: the report keeps a few hundred.
///
/// # Errors
/// As [`apply`].
pub async fn apply_watched<A: Applications>(
    directory: &Directory,
    applications: &A,
    tenant: &TenantRecord,
    actor: &Actor,
    id: Option<PlanId>,
    watcher: Watcher<'_>,
) -> Result<(Plan, PushReport), SyncError> {
    apply_with(directory, applications, tenant, actor, id, watcher, &WindDown::default()).await
}

/// As [`apply_watched`], until it is asked to wind down: then the plan stays open, and applying it again writes the rest.
///
/// # Errors
/// As [`apply`].
pub async fn apply_with<A: Applications>(
    directory: &Directory,
    applications: &A,
    tenant: &TenantRecord,
    actor: &Actor,
    id: Option<PlanId>,
    watcher: Watcher<'_>,
    wind_down: &WindDown,
) -> Result<(Plan, PushReport), SyncError> {
    let lock = directory.lock_tenant(tenant)?;
    let directory = &*lock;
    finish_chores(directory, actor, tenant)?;
    let tenant = &directory.read(|view| view.tenant(&tenant.name))?;
    let plan = directory.read(|view| view.plan(tenant.id, id))?;
    if plan.state != PlanState::Open {
        let why = if plan.state == PlanState::Applied {
            "was applied already"
        } else {
            "was given up or has a later one in its place"
        };
        return Err(SyncError::Invalid(format!(
            "plan {} of {} {why}; make a new one with `plan {}`",
            plan.id, tenant.name, tenant.name
        )));
    }
    note_cut_off(directory, tenant, actor)?;
    let mut pushing = Pushing::new(directory, applications, tenant, actor, wind_down)?;
    pushing.watcher = Some(watcher);
    let result = write(&mut pushing, &plan, wind_down).await;
    let report = pushing.end_writing(JobKind::Apply, result).await?;
    Ok((plan, report))
}

/// Gives up the open plan of a tenant. Its tasks wait for another.
///
/// # Errors
/// When there is none of that number that is open, or another process works for the tenant.
pub fn discard(directory: &Directory, tenant: &TenantRecord, actor: &Actor, id: PlanId) -> Result<(), SyncError> {
    let lock = directory.lock_tenant(tenant)?;
    let directory = &*lock;
    let plan = directory.read(|view| view.plan(tenant.id, Some(id)))?;
    if plan.state != PlanState::Open {
        return Err(SyncError::Invalid(format!(
            "plan {id} of {} is no longer open; make a new one with `plan {}`",
            tenant.name, tenant.name
        )));
    }
    Ok(directory.write(actor, |change| {
        change.discard_plan(id)?;
        change.note(&Note {
            tenant: Some(&tenant.name),
            person: None,
            action: "plan.discard",
            old: Some(serde_json::json!({ "plan": id })),
            new: None,
            result: "given up",
        })
    })?)
}

/// Carries out the tasks of a plan as they were approved.
async fn write<A: Applications>(
    pushing: &mut Pushing<'_, A>,
    plan: &Plan,
    wind_down: &WindDown,
) -> Result<PushReport, SyncError> {
    let (directory, tenant, actor) = (pushing.directory, pushing.tenant, pushing.actor);
    let mut report = PushReport::new(ReportOf::Apply);
    let now = Timestamp::now();
    'kinds: for kind in PLANNED.into_iter().chain([TaskKind::Password]) {
        let mut after = None;
        loop {
            let tasks = directory.read(|view| view.due_tasks(tenant.id, kind, now, after, batch_size(kind)))?;
            let Some(last) = tasks.last() else { break };
            if wind_down.has_begun() {
                report.is_unfinished = true;
                break 'kinds;
            }
            let approved = directory.read(|view| view.approved(plan.id, after, last.id))?;
            after = Some(last.id);
            let (tasks, others): (Vec<Task>, Vec<Task>) = tasks.into_iter().partition(|task| {
                kind == TaskKind::Password
                    || approved.get(&task.id).is_some_and(|(revision, _)| *revision == task.revision)
            });
            let known = others.into_iter().filter_map(|task| leave_out(task, plan, &tenant.name, &mut report));
            for entry in known.collect::<Vec<_>>() {
                pushing.tell_now(&mut report, entry);
            }
            let batch = pushing.prepare(kind, tasks, &mut report).await?;
            let carried = if kind == TaskKind::Password {
                pushing.carry_out(batch, &PushMode::Apply).await
            } else {
                let (batch, digests) =
                    batch.select(|item| approved.get(&item.task.id).map(|(_, digest)| digest.clone()));
                pushing.carry_out(batch, &PushMode::ApplyPlanned(digests)).await
            };
            pushing.keep(waiting_for_a_plan(carried), &mut report).await?;
        }
    }
    pushing.clear_leftovers().await?;
    let open = directory.write(actor, |change| -> Result<_, DirectoryError> {
        if !report.is_unfinished {
            change.close_plan(plan.id)?;
            change.store_pushed(tenant.id)?;
        }
        still_open(change, tenant.id)
    })?;
    report.close(open);
    Ok(report)
}

/// What is told of a task that the plan does not write: why it could not be planned, where that is so, or else that it was
/// asked for when the plan had been made.
fn leave_out(task: Task, plan: &Plan, tenant: &str, report: &mut PushReport) -> Option<PushEntry> {
    match &task.error_kind {
        // Known already, and nothing that went wrong.
        Some(FailureKind::FeatureOff | FailureKind::NotInPlan) => None,
        Some(_) if task.cause.is_some() => PushEntry::of_waiting(task),
        _ => {
            let cause = format!("it was asked for after plan {} had been made, which says nothing of it", plan.id);
            let remedy = format!("Make another plan with `plan {tenant}`, and write it with `apply {tenant}`");
            report.keep_back(task, TaskFailure::new(FailureKind::NotInPlan, cause).with_remedy(remedy));
            None
        }
    }
}

/// A user that has changed since the plan needs another plan, not an admin's retry.
fn waiting_for_a_plan(mut carried: super::push::CarriedOut) -> super::push::CarriedOut {
    for verdict in &mut carried.verdicts {
        if let Err((failure, waiting)) = &mut verdict.result
            && failure.kind == FailureKind::Drifted
        {
            *waiting = crate::directory::Waiting::For(std::time::Duration::ZERO);
        }
    }
    carried
}

/// What would follow from an intent: what would be written at once, and what would not follow because a feature is off.
#[derive(Debug)]
pub struct Preview {
    /// What would be written, and what could not be, with the reason.
    pub report: PushReport,
    /// What the directory would make of it.
    pub followed: Followed,
}

/// Works out what an intent would lead to in the application, without keeping or writing anything: the intent is played in a
/// transaction that is undone, and the tasks that it leaves there are planned. For a form that shows it before it is saved.
///
/// # Errors
/// Those of the intent, and as [`super::push::push`]; the tenant is not locked.
pub async fn preview<A: Applications>(
    directory: &Directory,
    applications: &A,
    tenant: &TenantRecord,
    actor: &Actor,
    intent: impl Fn(&WriteTransaction<'_>) -> Result<Followed, DirectoryError> + Send,
) -> Result<Preview, SyncError> {
    let mut pushing = Pushing::new(directory, applications, tenant, actor, &WindDown::default())?;
    let (followed, mut prepared) = directory.rehearse(actor, |change| -> Result<_, DirectoryError> {
        let followed = intent(change)?;
        let tasks = followed.tasks.iter().map(|id| change.task(*id)).collect::<Result<Vec<_>, _>>()?;
        let mut prepared = Vec::new();
        for kind in PLANNED {
            let of_kind = |task: &&Task| task.kind == kind && task.tenant == tenant.name;
            let tasks: Vec<Task> = tasks.iter().filter(of_kind).cloned().collect();
            if !tasks.is_empty() {
                prepared.push((kind, pushing.work_out(change, tasks)?));
            }
        }
        Ok((followed, prepared))
    })?;
    let result = plan_prepared(&mut pushing, &mut prepared).await;
    let report = pushing.end(result, None).await?;
    Ok(Preview { report, followed })
}

async fn plan_prepared<A: Applications>(
    pushing: &mut Pushing<'_, A>,
    prepared: &mut Vec<(TaskKind, Vec<Prepared>)>,
) -> Result<PushReport, SyncError> {
    let mut report = PushReport::new(ReportOf::Plan);
    for (kind, prepared) in prepared.drain(..) {
        let batch = pushing.resolve(kind, prepared, &mut report).await?;
        let carried = pushing.carry_out(batch, &PushMode::Plan).await;
        if let Some(error) = carried.stopped_by {
            return Err(error);
        }
        carried.verdicts.into_iter().for_each(|verdict| report.add(verdict.into_entry()));
    }
    Ok(report)
}

/// Entries of a plan that could not be planned.
pub fn unplanned(report: &PushReport) -> impl Iterator<Item = &PushEntry> {
    report.entries.iter().filter(|entry| entry.result.is_err())
}
