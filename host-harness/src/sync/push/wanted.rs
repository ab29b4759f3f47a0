//! What a task sends, worked out from how things stand when it runs.

use super::needed;
use crate::directory::{
    DirectoryError, GrantName, Person, PersonStatus, Source, Task, TaskKind, TenantRecord, View, source_of_attribute,
};
use crate::runtime::Secret;
use crate::runtime::wit::DesiredUser;
use crate::sync::Feature;
use crate::sync::mapping::pushed;

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
    /// Set a password.
    Password { task: Task, person: Person, remote_id: String, password: Secret },
    /// A feature that is off keeps it back.
    Off { task: Task, feature: Feature },
    /// There is nothing to do any more.
    Pointless { task: Task },
    /// It has to wait for another task of the person.
    Early { task: Task },
}

/// Works out one task.
pub(super) fn prepare(
    view: &View<'_>,
    tenant: &TenantRecord,
    sources: &[Source],
    task: Task,
) -> Result<Prepared, DirectoryError> {
    let Some(id) = task.person_id else { return Ok(Prepared::Pointless { task }) };
    let person = view.person_by_id(id)?;
    let assignment = view.assignment(tenant.id, id)?;
    let link = view.link(tenant.id, id)?;
    let in_use = assignment.is_some() && person.status == PersonStatus::Active;
    let pointless = match task.kind {
        TaskKind::Push | TaskKind::Password => !in_use,
        // Deactivating again what was put back into use meanwhile, or the other way, would undo the latest wish.
        TaskKind::Deactivate => in_use || link.is_none(),
        TaskKind::Reactivate => !in_use || link.is_none(),
        TaskKind::Vanished | TaskKind::Import => true,
    };
    if pointless {
        return Ok(Prepared::Pointless { task });
    }
    let feature = needed(task.kind, link.is_some());
    if !feature.is_on(&tenant.config) {
        return Ok(Prepared::Off { task, feature });
    }
    match (task.kind, link, assignment) {
        (TaskKind::Push, link, Some(assignment)) => {
            let of_person = view.sources_of(id, sources)?;
            let own =
                |name: &str| source_of_attribute(&of_person, name).is_some_and(|source| source.tenant == tenant.id);
            let schema = view.attribute_schema(tenant.id)?;
            let wanted = pushed(&tenant.config, &schema, &person, &assignment, link.as_ref(), own);
            let names = wanted.set_names();
            let user = DesiredUser {
                key: person.key.clone(),
                id: link.map(|link| link.remote_id),
                username: wanted.username.clone(),
                changes: wanted.into_changes(),
                grants: Vec::new(),
                exact_grants: assignment.exact_grants,
            };
            Ok(Prepared::Push { task, person, user, grants: assignment.grants, names })
        }
        (TaskKind::Password, Some(link), _) => match view.task_password(tenant, task.id)? {
            Some(password) => Ok(Prepared::Password { task, person, remote_id: link.remote_id, password }),
            None => Ok(Prepared::Pointless { task }),
        },
        // The user is still to be made; then the password has its turn.
        (TaskKind::Password, None, _) => Ok(Prepared::Early { task }),
        (_, Some(link), _) => Ok(Prepared::Lifecycle { task, person, remote_id: link.remote_id }),
        _ => Ok(Prepared::Pointless { task }),
    }
}
