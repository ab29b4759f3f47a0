//! Keeping what became of a batch.

use super::PushEntry;
use super::leftovers::{end_attempt, leave};
use super::wanted::{gives_up_names, is_in_use};
use crate::directory::{
    Attempt, DirectoryError, FailureKind, LinkReason, NewClaim, NewTask, Person, RemoteStatus, Task, TaskFailure,
    TaskKind, TaskState, TenantRecord, Waiting, WriteTransaction,
};
use crate::sync::intents::{self, Followed};
use crate::sync::retry::{OWN_WORK, backoff};
use crate::sync::trail::{Tried, Written, note_tried, record_change};
use crate::sync::{Feature, claims};
use provisioning_runtime::wit::{Action, Outcome};

/// What was done for a task.
#[derive(Clone, Debug)]
pub(in crate::sync) enum Done {
    /// A user was made or brought up to date.
    Pushed { outcome: Option<Outcome>, names: Vec<String> },
    /// A user was taken out of use or put back.
    Lifecycle { outcome: Option<Outcome>, remote_id: String },
    /// It was looked for what a push that was cut off has left.
    TakenBack { outcome: Option<Outcome> },
    /// A password was set.
    Password,
}

/// How a task ended.
#[derive(Clone)]
pub(in crate::sync) struct TaskResult {
    pub(in crate::sync) task: Task,
    pub(in crate::sync) person: String,
    pub(in crate::sync) username: String,
    /// Where a push has left the user out of use.
    pub(in crate::sync) out_of_use: Option<RemoteStatus>,
    /// Users that may be the person's.
    pub(in crate::sync) claims: Vec<NewClaim>,
    pub(in crate::sync) result: Result<Done, (TaskFailure, Waiting)>,
}

impl TaskResult {
    pub(in crate::sync) fn outcome(&self) -> Option<&Outcome> {
        match &self.result {
            Ok(Done::Pushed { outcome, .. } | Done::Lifecycle { outcome, .. } | Done::TakenBack { outcome }) => {
                outcome.as_ref()
            }
            _ => None,
        }
    }

    pub(in crate::sync) fn into_entry(self) -> PushEntry {
        let retried = matches!(self.result, Err((_, Waiting::For(_))));
        PushEntry {
            task: self.task.id,
            kind: self.task.kind,
            person: self.person,
            username: self.username,
            result: match self.result {
                Ok(Done::Pushed { outcome, .. } | Done::Lifecycle { outcome, .. } | Done::TakenBack { outcome }) => {
                    Ok(outcome)
                }
                Ok(Done::Password) => Ok(None),
                Err((failure, _)) => Err(failure),
            },
            retried,
        }
    }
}

/// Keeps a verdict: links, the end of the task or the cause of its failure, and a row of the audit trail. What cannot be kept of
/// it costs others of the same transaction nothing. Returns the verdict as it was kept.
pub(in crate::sync) fn record(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    verdict: &TaskResult,
) -> Result<TaskResult, DirectoryError> {
    let mut verdict = verdict.clone();
    if let Err(error) = change.apart(|| record_one(change, tenant, &mut verdict)) {
        tracing::warn!(tenant = %tenant.name, person = %verdict.person, %error, "what became of a task could not be kept");
        let cause = format!("what became of it could not be kept: {error}");
        let failure = TaskFailure::new(FailureKind::Unkept, cause).with_remedy("It is tried again by itself");
        let waiting = Waiting::For(backoff(verdict.task.attempts));
        change.fail_task(&verdict.task, &failure, waiting)?;
        verdict.result = Err((failure, waiting));
    }
    Ok(verdict)
}

fn record_one(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    verdict: &mut TaskResult,
) -> Result<(), DirectoryError> {
    let mut written = None;
    if let Some(double) = double(change, tenant, verdict)? {
        let changes = verdict.outcome().map(|outcome| outcome.changes.iter().map(record_change).collect());
        written = changes.map(|changes| Written { changes, how: "" });
        verdict.result = Err((double, Waiting::ForAdmin));
    }
    if let Some(unseen) = unseen(verdict) {
        verdict.result = Err(unseen);
    }
    let person = match verdict.task.person_id {
        Some(id) => change.find_person_by_id(id)?,
        None => None,
    };
    if let Some(person) = &person {
        keep_claims(change, tenant, person, verdict)?;
    }
    let task = &verdict.task;
    let attempt = match &person {
        Some(person) => change.attempt(tenant.id, person.id, task.kind)?,
        None => None,
    };
    match &verdict.result {
        Ok(done) => {
            match &person {
                Some(person) => keep(change, tenant, person, done)?,
                None => keep_of_removed(change, tenant, verdict)?,
            }
            change.end_task(task, TaskState::Done)?;
            if let Some(person) = &person {
                if let Some(attempt) = &attempt {
                    end_attempt(change, tenant.id, attempt)?;
                }
                if let Done::TakenBack { outcome } = done
                    && let Some(attempt) = change.attempt(tenant.id, person.id, TaskKind::Push)?
                {
                    end_attempt(change, tenant.id, &attempt)?;
                    // What was found is one of the records that may have been made.
                    if outcome.as_ref().is_some_and(|outcome| outcome.id.is_some()) {
                        leave(change, tenant.id, &attempt, attempt.begun(), &[])?;
                    }
                }
            }
        }
        Err((failure, waiting)) => {
            change.fail_task(task, failure, *waiting)?;
            written = written.or_else(|| written_before(failure, attempt.as_ref()?));
            settle_attempt(change, tenant, task, failure, attempt)?;
        }
    }
    let result = match &verdict.result {
        Ok(_) => Ok(verdict.outcome()),
        Err((failure, _)) => Err(failure),
    };
    let (key, kind) = (Some(verdict.person.as_str()), task.kind);
    note_tried(change, &Tried { tenant: &tenant.name, person: key, user: None, kind, result, written })?;
    if let Some(person) = &person {
        follow_wish(change, tenant, person, verdict)?;
    }
    Ok(())
}

/// Keeps the users that may be the person's, where a push, or its plan, could not tell; the failure then names the commands that
/// decide.
pub(in crate::sync) fn keep_claims(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    person: &Person,
    verdict: &mut TaskResult,
) -> Result<(), DirectoryError> {
    if verdict.task.kind != TaskKind::Push {
        return Ok(());
    }
    let failure = verdict.result.as_mut().err().map(|(failure, _)| failure);
    claims::keep(change, tenant, person, &verdict.claims, failure)
}

/// What was written of an attempt before its task failed, or may have been.
fn written_before(failure: &TaskFailure, attempt: &Attempt) -> Option<Written> {
    let is_all = attempt.written.len() == attempt.changes.len();
    if attempt.noted || attempt.written.is_empty() && !is_uncertain(failure) {
        return None;
    }
    Some(if is_uncertain(failure) && !is_all {
        Written { changes: attempt.changes.clone(), how: "all of it may have been written" }
    } else {
        Written { changes: attempt.written_changes(), how: "this much was written before that" }
    })
}

/// A push that is not sent any more may still be at work in the application: what it makes may appear a moment after somebody
/// has looked for it. So nothing found counts only once it was looked for a few times.
fn unseen(verdict: &TaskResult) -> Option<(TaskFailure, Waiting)> {
    let Ok(Done::TakenBack { outcome: Some(outcome) }) = &verdict.result else { return None };
    if outcome.action != Action::Unchanged || outcome.id.is_some() || verdict.task.attempts + 1 >= OWN_WORK {
        return None;
    }
    let cause = format!(
        "a push of the person {} was cut off and may have made a user; none is there so far, and it is looked for again",
        verdict.person
    );
    let failure = TaskFailure::new(FailureKind::NotFound, cause).with_remedy("Nothing; it is tried again by itself");
    Some((failure, Waiting::For(backoff(verdict.task.attempts))))
}

/// What is known of an attempt once its task has failed: one of which something may have been written stays.
fn settle_attempt(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    task: &Task,
    failure: &TaskFailure,
    attempt: Option<Attempt>,
) -> Result<(), DirectoryError> {
    let Some(attempt) = attempt else { return Ok(()) };
    let is_certain = !task.under_way && !is_uncertain(failure);
    if is_certain || attempt.remote_id.is_some() || attempt.kind != TaskKind::Push {
        return end_attempt(change, tenant.id, &attempt);
    }
    change.attempt_is_noted(tenant.id, &attempt)
}

/// Whether the application may have done what it gave no answer about.
fn is_uncertain(failure: &TaskFailure) -> bool {
    match failure.kind {
        FailureKind::Unreachable | FailureKind::Transient | FailureKind::RateLimited | FailureKind::Stopped => true,
        FailureKind::InvalidSettings
        | FailureKind::InvalidCredentials
        | FailureKind::PermissionDenied
        | FailureKind::BudgetExhausted
        | FailureKind::UsernameTaken
        | FailureKind::AmbiguousMatch
        | FailureKind::LicenseExhausted
        | FailureKind::IncompatibleGrants
        | FailureKind::InvalidValue
        | FailureKind::MissingValue
        | FailureKind::RejectedByRule
        | FailureKind::NotFound
        | FailureKind::StaleReference
        | FailureKind::Drifted
        | FailureKind::PasswordRejected
        | FailureKind::Unsupported
        | FailureKind::Unkept
        | FailureKind::FeatureOff
        | FailureKind::NotInPlan
        | FailureKind::OutOfUse
        | FailureKind::Safeguard
        | FailureKind::Misbehaved
        | FailureKind::Other(_) => false,
    }
}

/// Looks again at what is wanted, which may have changed while the task was carried out, and leaves a task where the user is
/// not as it should be.
fn follow_wish(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    person: &Person,
    verdict: &TaskResult,
) -> Result<(), DirectoryError> {
    let kind = verdict.task.kind;
    if !is_in_use(change, tenant, person)? {
        let is_giving_up = kind == TaskKind::Push && gives_up_names(change, tenant, person)?;
        if kind != TaskKind::Deactivate && !is_giving_up {
            intents::take_out_of_use(change, tenant, person, &mut Followed::default())?;
        }
        return Ok(());
    }
    let is_done = verdict.result.is_ok();
    if kind == TaskKind::Deactivate && is_done {
        return intents::put_into_use(change, tenant, person, &mut Followed::default());
    }
    if kind == TaskKind::Reactivate && is_done && Feature::PushProfileUpdates.is_on(&tenant.config) {
        // A user that is out of use is in no group, and may have lost its name.
        change.ask(NewTask { tenant, person: Some(person), kind: TaskKind::Push, password: None })?;
    }
    match (verdict.out_of_use, kind) {
        (Some(status), TaskKind::Push) if is_done => intents::bring_into_use(change, tenant, person, status),
        _ => Ok(()),
    }
}

fn keep(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    person: &Person,
    done: &Done,
) -> Result<(), DirectoryError> {
    match done {
        Done::Pushed { outcome: Some(outcome), names } => {
            let Some(id) = &outcome.id else { return Ok(()) };
            match change.link(tenant.id, person.id)? {
                None => change.add_link(tenant, person, id, LinkReason::Pushed)?,
                Some(link) if link.remote_id != *id => change.move_link(tenant, person, &link, id)?,
                Some(_) => {}
            }
            // What a push that was cut off may still set is cleared again by the next one.
            let late = change.leftover(tenant.id, person.id)?.map(|leftover| leftover.names).unwrap_or_default();
            let mut set = names.clone();
            set.extend(late.into_iter().filter(|name| !names.contains(name)));
            change.store_pushed_names(tenant.id, person.id, &set)?;
            // A user that waited to be confirmed has found its person.
            if let Some(row) = change.row_of_user(tenant.id, id)?
                && change.waits_for(row)?.is_some()
            {
                change.settle_user(row, None)?;
            }
            Ok(())
        }
        Done::Lifecycle { outcome: Some(outcome), remote_id } => {
            expect_status(change, tenant, remote_id, outcome.action)
        }
        Done::TakenBack { outcome: Some(outcome) } => {
            let Some(id) = &outcome.id else { return Ok(()) };
            if change.link(tenant.id, person.id)?.is_none() {
                change.add_link(tenant, person, id, LinkReason::Pushed)?;
            }
            expect_status(change, tenant, id, outcome.action)
        }
        Done::Pushed { outcome: None, .. }
        | Done::Lifecycle { outcome: None, .. }
        | Done::TakenBack { outcome: None }
        | Done::Password => Ok(()),
    }
}

fn expect_status(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    remote_id: &str,
    action: Action,
) -> Result<(), DirectoryError> {
    let status = match action {
        Action::Deactivated | Action::Unlinked => RemoteStatus::Inactive,
        Action::Frozen => RemoteStatus::Frozen,
        Action::Reactivated => RemoteStatus::Active,
        Action::Created | Action::Updated | Action::Unchanged => return Ok(()),
    };
    change.expect_status(tenant.id, remote_id, status)
}

/// Keeps whose user it was, where the person has been removed since.
fn keep_of_removed(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    verdict: &TaskResult,
) -> Result<(), DirectoryError> {
    match verdict.outcome().and_then(|outcome| outcome.id.as_deref()) {
        Some(id) => change.keep_former_owner(tenant.id, id, &verdict.person),
        None => Ok(()),
    }
}

/// Why a user that was pushed cannot be linked: the connector has found one that is somebody else's here.
fn double(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    verdict: &TaskResult,
) -> Result<Option<TaskFailure>, DirectoryError> {
    let Ok(Done::Pushed { outcome: Some(Outcome { id: Some(id), .. }), .. }) = &verdict.result else {
        return Ok(None);
    };
    let Some(link) = change.link_of_user(tenant.id, id)? else { return Ok(None) };
    if Some(link.person) == verdict.task.person_id {
        return Ok(None);
    }
    let other = change.person_by_id(link.person)?;
    let cause = format!(
        "the push of the person {} has written to the user {id} of {}, which is the user of the person {}",
        verdict.person, tenant.name, other.key
    );
    Ok(Some(TaskFailure::new(FailureKind::AmbiguousMatch, cause).with_remedy(format!(
        "Give the two people different usernames and federation ids, or `unlink {} {}` if the user is not that person's",
        tenant.name, other.key
    ))))
}
