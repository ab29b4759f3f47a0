//! How far a client's user is in step with the application.

use crate::directory::{
    DirectoryError, FailureKind, PersonId, ReadTransaction, Task, TaskId, TaskKind, TaskState, TenantRecord,
};

/// How a user stands in the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProvisioningState {
    /// The application has the user as it is to be.
    Done,
    /// There is nothing to be done: the user isn't in use and has never been there.
    Nothing,
    /// A push is to bring it about, or tries it again by itself.
    Pending,
    /// A feature of the tenant that is off, an approval, or a pause keeps it back.
    Held,
    /// It could not be done, and somebody has to act.
    Failed,
}

impl ProvisioningState {
    /// The name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Nothing => "nothing",
            Self::Pending => "pending",
            Self::Held => "held",
            Self::Failed => "failed",
        }
    }
}

/// How a user stands in the application, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provisioning {
    /// How it stands.
    pub state: ProvisioningState,
    /// The kind of failure, if there is a cause.
    pub kind: Option<FailureKind>,
    /// Why it isn't done.
    pub cause: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
    /// The task that is open.
    pub task: Option<TaskId>,
    /// The user's id in the application.
    pub user: Option<String>,
}

/// How the user of a person stands in a tenant's application. Of several open tasks the one that needs somebody counts, or else the
/// first.
///
/// # Errors
/// The database's.
pub fn provisioning(
    view: &ReadTransaction<'_>,
    tenant: &TenantRecord,
    person: PersonId,
) -> Result<Provisioning, DirectoryError> {
    let mut open: Vec<Task> = Vec::new();
    for kind in [TaskKind::Deactivate, TaskKind::Push, TaskKind::Password, TaskKind::Grants] {
        open.extend(view.open_task(tenant.id, kind, person)?);
    }
    let user = view.link(tenant.id, person)?.map(|link| link.remote_id);
    let failed = open.iter().position(|task| task.state == TaskState::Failed && task.kind != TaskKind::Grants);
    let Some(task) = (if open.is_empty() { None } else { Some(open.swap_remove(failed.unwrap_or(0))) }) else {
        let state = if user.is_some() {
            ProvisioningState::Done
        } else if view.assignment(tenant.id, person)?.is_some()
            && view.person_by_id(person)?.status == crate::directory::PersonStatus::Active
        {
            // Without a task and without a user: a feature was off when it was asked for.
            ProvisioningState::Held
        } else {
            ProvisioningState::Nothing
        };
        return Ok(Provisioning { state, kind: None, cause: None, remedy: None, task: None, user });
    };
    let state = match (task.state, task.kind) {
        // The user is there; what its groups give is another matter.
        (_, TaskKind::Grants) if user.is_some() => ProvisioningState::Done,
        (_, TaskKind::Grants) => ProvisioningState::Nothing,
        (TaskState::Failed, _) => ProvisioningState::Failed,
        _ if task.error_kind == Some(FailureKind::FeatureOff) => ProvisioningState::Held,
        _ => ProvisioningState::Pending,
    };
    Ok(Provisioning { state, kind: task.error_kind, cause: task.cause, remedy: task.remedy, task: Some(task.id), user })
}
