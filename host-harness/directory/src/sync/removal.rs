//! Removing people for good.

use super::intents::{Followed, unassign};
use crate::directory::{DirectoryError, TaskFilter, TaskKind, WriteTransaction};

/// What the removal of a person has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// The person is gone. Its users stay in their applications, as they are: tenants and ids.
    Removed {
        /// Users that nobody stands for any more.
        users: Vec<(String, String)>,
    },
    /// Its users are to be taken out of use first; then it can be removed.
    Waits(Followed),
}

/// Removes a person with its links, its tasks and what waits for it; the audit trail stays.
///
/// A person that is assigned is refused, unless `unassign` takes the assignments away. Where users are then to be taken out of
/// use, the person stays until a push has done that: without it nobody would know whose users they are.
///
/// # Errors
/// When the person is assigned, its users still have to be taken out of use, or a tenant is the source of its lifecycle.
pub fn remove_person(change: &WriteTransaction<'_>, name: &str, unassigned: bool) -> Result<Removal, DirectoryError> {
    let person = change.person(name)?;
    let key = &person.key;
    let sources = change.sources()?;
    if let Some(source) = change.sources_of(person.id, &sources)?.iter().find(|source| source.lifecycle) {
        return Err(DirectoryError::Invalid(format!(
            "{} is the source of the lifecycle of the person {key}; remove it there, or take the link away with `unlink {} {key}`",
            source.name, source.name
        )));
    }
    let tenants = change.tenants_assigned_to(person.id)?;
    if !tenants.is_empty() && !unassigned {
        let names: Vec<&str> = tenants.iter().map(|tenant| tenant.name.as_str()).collect();
        return Err(DirectoryError::Invalid(format!(
            "the person {key} is assigned to {}; take that away with `person remove {key} --unassign`, or keep the person out of use with `person edit {key} --status deactivated`",
            names.join(", ")
        )));
    }
    let mut followed = Followed::default();
    for tenant in &tenants {
        followed.merge(unassign(change, tenant, &person)?);
    }
    let filter = TaskFilter { person: Some(person.id), kind: Some(TaskKind::Deactivate), ..TaskFilter::default() };
    let open = change.tasks(&filter)?;
    if !open.is_empty() {
        followed.tasks = open.into_iter().map(|task| task.id).collect();
        return Ok(Removal::Waits(followed));
    }
    let mut users = Vec::new();
    for (tenant, link) in change.links_of(person.id)? {
        change.remove_link(&change.tenant(&tenant)?, &person, &link, "its person is removed")?;
        users.push((tenant, link.remote_id));
    }
    change.delete_person(&person)?;
    Ok(Removal::Removed { users })
}
