//! What a task sends, worked out from how things stand when it runs.

use super::needed;
use crate::config::imported_as;
use crate::directory::{
    Assignment, AttributeSchema, Attributes, DirectoryError, FEDERATION_ID, FailureKind, GrantName, Link, Person,
    PersonStatus, ReadTransaction, RecordChange, Source, Task, TaskFailure, TaskKind, TenantRecord,
    source_of_attribute,
};
use crate::sync::Feature;
use crate::sync::mapping::pushed;
use provisioning_runtime::Secret;
use provisioning_runtime::wit::{Abandoned, Change, DesiredUser, FieldChange};

/// A task, ready.
pub(in crate::sync) enum Prepared {
    /// Make a user or bring it up to date.
    Push {
        task: Task,
        person: Person,
        /// Without grants, which are known by name so far.
        user: DesiredUser,
        grants: Vec<GrantName>,
        /// What this push sets, for the next one.
        names: Vec<String>,
    },
    /// Change whether a user is in use.
    Lifecycle { task: Task, person: Person, remote_id: String },
    /// Look for what a push that was cut off has left, and take it out of use.
    TakeBack { task: Task, person: Person, abandoned: Abandoned },
    /// Set a password.
    Password { task: Task, person: Person, remote_id: String, password: Secret },
    /// A feature that is off keeps it back.
    Off { task: Task, feature: Feature },
    /// There is nothing to do any more.
    Pointless { task: Task },
    /// It has to wait for another task of the person: why.
    Early { task: Task, reason: TaskFailure },
}

/// Works out one task.
pub(super) fn prepare(
    view: &ReadTransaction<'_>,
    tenant: &TenantRecord,
    sources: &[Source],
    task: Task,
) -> Result<Prepared, DirectoryError> {
    let Some(id) = task.person_id else { return Ok(Prepared::Pointless { task }) };
    // It may have been removed since the task was read, which concerns nobody else of the batch.
    let Some(person) = view.find_person_by_id(id)? else { return Ok(Prepared::Pointless { task }) };
    let assignment = view.assignment(tenant.id, id)?;
    let link = view.link(tenant.id, id)?;
    if is_pointless(view, tenant, &person, task.kind)? {
        return Ok(Prepared::Pointless { task });
    }
    let feature = needed(task.kind, link.is_some());
    if !feature.is_on(&tenant.config) {
        return Ok(Prepared::Off { task, feature });
    }
    let attempt = view.attempt(tenant.id, id, TaskKind::Push)?;
    match (task.kind, link, assignment) {
        (TaskKind::Push, link, Some(assignment)) => {
            let of_person = view.sources_of(id, sources)?;
            let own =
                |name: &str| source_of_attribute(&of_person, name).is_some_and(|source| source.tenant == tenant.id);
            let schema = view.attribute_schema(tenant.id)?;
            // What a push that was cut off has set is as good as pushed: it is cleared where it is empty by now.
            let attempted = attempt.map(|attempt| attempt.names).unwrap_or_default();
            let set = link.as_ref().map_or(&attempted, |link| &link.pushed);
            let wanted = pushed(&tenant.config, &schema, &person, &assignment, link.as_ref(), set, own);
            let names = wanted.set_names();
            let user = DesiredUser {
                key: person.key.clone(),
                id: link.map(|link| link.remote_id),
                username: wanted.username.clone(),
                changes: wanted.into_changes(),
                grants: Vec::new(),
                exact_grants: assignment.exact_grants,
            };
            let (grants, _) = view.effective_grants(tenant.id, id, &assignment)?;
            Ok(Prepared::Push { task, person, user, grants, names })
        }
        (TaskKind::Push, Some(link), None) => {
            let schema = view.attribute_schema(tenant.id)?;
            let user = given_up(tenant, &schema, &person, &link);
            let names = link.pushed.into_iter().filter(|name| !is_cleared(&user, name)).collect();
            Ok(Prepared::Push { task, person, user, grants: Vec::new(), names })
        }
        (TaskKind::Password, Some(link), _) => match view.task_password(tenant, task.id)? {
            Some(password) => Ok(Prepared::Password { task, person, remote_id: link.remote_id, password }),
            None => Ok(Prepared::Pointless { task }),
        },
        // The user is still to be made; then the password has its turn.
        (TaskKind::Password, None, _) => {
            let reason = waits_for_user(view, tenant, &person)?;
            Ok(Prepared::Early { task, reason })
        }
        (TaskKind::Deactivate, None, _) => match attempt {
            Some(attempt) => {
                let begun = attempt.begun().into_iter().map(field_change).collect();
                let abandoned = Abandoned { key: person.key.clone(), id: None, begun };
                Ok(Prepared::TakeBack { task, person, abandoned })
            }
            None => Ok(Prepared::Pointless { task }),
        },
        (_, Some(link), _) => Ok(Prepared::Lifecycle { task, person, remote_id: link.remote_id }),
        _ => Ok(Prepared::Pointless { task }),
    }
}

/// Whether a task of this kind has nothing to do any more. Deactivating again what was put back into use meanwhile, or the
/// other way, would undo the latest wish.
pub(super) fn is_pointless(
    view: &ReadTransaction<'_>,
    tenant: &TenantRecord,
    person: &Person,
    kind: TaskKind,
) -> Result<bool, DirectoryError> {
    let in_use = is_in_use(view, tenant, person)?;
    Ok(match kind {
        TaskKind::Push => !in_use && !gives_up_names(view, tenant, person)?,
        TaskKind::Password => !in_use,
        TaskKind::Deactivate => {
            in_use
                || view.link(tenant.id, person.id)?.is_none()
                    && view.attempt(tenant.id, person.id, TaskKind::Push)?.is_none()
        }
        TaskKind::Reactivate => !in_use || view.link(tenant.id, person.id)?.is_none(),
        TaskKind::Vanished | TaskKind::Import | TaskKind::Grants => true,
    })
}

/// Whether a SCIM client has deleted a person's user. What is unique in the application is then given up there, too, so that it is free
/// for somebody else.
pub(in crate::sync) fn gives_up_names(
    view: &ReadTransaction<'_>,
    tenant: &TenantRecord,
    person: &Person,
) -> Result<bool, DirectoryError> {
    Ok(person.status == PersonStatus::Deactivated
        && view.assignment(tenant.id, person.id)?.is_none()
        && view.is_former_scim_user(person.id)?
        && view.link(tenant.id, person.id)?.is_some())
}

/// A user that keeps all but its username and its federation id.
fn given_up(tenant: &TenantRecord, schema: &[AttributeSchema], person: &Person, link: &Link) -> DesiredUser {
    let none = Assignment {
        tenant: tenant.id,
        person: person.id,
        grants: Vec::new(),
        attributes: Attributes::new(),
        exact_grants: false,
        created_at: person.created_at,
        changed_at: person.changed_at,
    };
    // Without attributes of its own: what is left is the username, as the mapping makes it.
    let wanted = pushed(&tenant.config, schema, person, &none, Some(link), &[], |_| true);
    let is_federation = |name: &&String| imported_as(&tenant.config.mapping, name) == Some(FEDERATION_ID);
    let cleared = link.pushed.iter().filter(is_federation);
    DesiredUser {
        key: person.key.clone(),
        id: Some(link.remote_id.clone()),
        username: wanted.username,
        changes: cleared.map(|name| Change { name: name.clone(), value: None }).collect(),
        grants: Vec::new(),
        exact_grants: false,
    }
}

fn is_cleared(user: &DesiredUser, name: &str) -> bool {
    user.changes.iter().any(|change| change.name == name && change.value.is_none())
}

/// Whether a person is to have a user in use.
pub(in crate::sync) fn is_in_use(
    view: &ReadTransaction<'_>,
    tenant: &TenantRecord,
    person: &Person,
) -> Result<bool, DirectoryError> {
    Ok(person.status == PersonStatus::Active && view.assignment(tenant.id, person.id)?.is_some())
}

/// Why a password waits: the user is still to be made, and what keeps that back keeps it back, too.
fn waits_for_user(
    view: &ReadTransaction<'_>,
    tenant: &TenantRecord,
    person: &Person,
) -> Result<TaskFailure, DirectoryError> {
    let push = view.open_task(tenant.id, TaskKind::Push, person.id)?;
    let (why, remedy) = match push {
        Some(Task { id, cause: Some(cause), .. }) => (
            format!("task {id} is to make it, and waits: {cause}"),
            format!("Do what `tasks --tenant {}` says of task {id}", tenant.name),
        ),
        Some(Task { id, .. }) => (format!("task {id} is to make it"), format!("Make it with `push {}`", tenant.name)),
        None => {
            ("no task is to make it".to_owned(), format!("Ask for it with `assign {} {}`", tenant.name, person.key))
        }
    };
    let cause =
        format!("the person {} has no user in {} yet, so there is no password to set: {why}", person.key, tenant.name);
    Ok(TaskFailure::new(FailureKind::NotFound, cause).with_remedy(remedy))
}

pub(super) fn field_change((object, field, old, new): RecordChange) -> FieldChange {
    FieldChange { object, field, old, new }
}
