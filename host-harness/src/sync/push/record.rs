//! Keeping what became of a batch.

use super::PushEntry;
use crate::directory::{
    Change, DirectoryError, LinkReason, Person, RemoteStatus, Task, TaskFailure, TaskState, TenantRecord, Waiting,
};
use crate::runtime::wit::{Action, Outcome};
use crate::sync::{Tried, note_tried};

/// What was done for a task.
#[derive(Clone, Debug)]
pub(in crate::sync) enum Done {
    /// A user was made or brought up to date.
    Pushed { outcome: Option<Outcome>, names: Vec<String> },
    /// A user was taken out of use or put back.
    Lifecycle { outcome: Option<Outcome>, remote_id: String },
    /// A password was set.
    Password,
}

/// How a task ended.
pub(in crate::sync) struct Verdict {
    pub(in crate::sync) task: Task,
    pub(in crate::sync) person: String,
    pub(in crate::sync) username: String,
    pub(in crate::sync) result: Result<Done, (TaskFailure, Waiting)>,
}

impl Verdict {
    pub(in crate::sync) fn outcome(&self) -> Option<&Outcome> {
        match &self.result {
            Ok(Done::Pushed { outcome, .. } | Done::Lifecycle { outcome, .. }) => outcome.as_ref(),
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
                Ok(Done::Pushed { outcome, .. } | Done::Lifecycle { outcome, .. }) => Ok(outcome),
                Ok(Done::Password) => Ok(None),
                Err((failure, _)) => Err(failure),
            },
            retried,
        }
    }
}

/// Keeps verdicts: links, ends of tasks, causes of failures, and a row of the audit trail for each.
pub(in crate::sync) fn record(
    change: &Change<'_>,
    tenant: &TenantRecord,
    pointless: &[Task],
    verdicts: &mut [Verdict],
) -> Result<(), DirectoryError> {
    for task in pointless {
        change.end_task(task, TaskState::Cancelled)?;
    }
    for verdict in verdicts {
        if let Some(double) = double(change, tenant, verdict)? {
            verdict.result = Err((double, Waiting::ForAdmin));
        }
        let task = &verdict.task;
        match &verdict.result {
            Ok(done) => {
                let person = change.person(&verdict.person)?;
                keep(change, tenant, &person, done)?;
                change.end_task(task, TaskState::Done)?;
            }
            Err((failure, waiting)) => change.fail_task(task, failure, *waiting)?,
        }
        let result = match &verdict.result {
            Ok(_) => Ok(verdict.outcome()),
            Err((failure, _)) => Err(failure),
        };
        let (person, kind) = (Some(verdict.person.as_str()), task.kind);
        note_tried(change, &Tried { tenant: &tenant.name, person, user: None, kind, result })?;
    }
    Ok(())
}

fn keep(change: &Change<'_>, tenant: &TenantRecord, person: &Person, done: &Done) -> Result<(), DirectoryError> {
    match done {
        Done::Pushed { outcome: Some(outcome), names } => {
            let Some(id) = &outcome.id else { return Ok(()) };
            match change.link(tenant.id, person.id)? {
                None => change.add_link(tenant, person, id, LinkReason::Pushed)?,
                Some(link) if link.remote_id != *id => change.move_link(tenant, person, &link, id)?,
                Some(_) => {}
            }
            change.store_pushed_names(tenant.id, person.id, names)?;
            // A user that waited to be confirmed has found its person.
            if let Some(row) = change.row_of_user(tenant.id, id)?
                && change.waits_for(row)?.is_some()
            {
                change.settle_user(row, None)?;
            }
            Ok(())
        }
        Done::Lifecycle { outcome: Some(outcome), remote_id } => {
            let status = match outcome.action {
                Action::Deactivated | Action::Unlinked => RemoteStatus::Inactive,
                Action::Frozen => RemoteStatus::Frozen,
                Action::Reactivated => RemoteStatus::Active,
                Action::Created | Action::Updated | Action::Unchanged => return Ok(()),
            };
            change.expect_status(tenant.id, remote_id, status)
        }
        Done::Pushed { outcome: None, .. } | Done::Lifecycle { outcome: None, .. } | Done::Password => Ok(()),
    }
}

/// Why a user that was pushed cannot be linked: the connector has found one that is somebody else's here.
fn double(
    change: &Change<'_>,
    tenant: &TenantRecord,
    verdict: &Verdict,
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
    Ok(Some(TaskFailure::new("ambiguous-match", cause).with_remedy(format!(
        "Give the two people different usernames and federation ids, or `unlink {} {}` if the user is not that person's",
        tenant.name, other.key
    ))))
}
