//! Groups of clients, and what they give to their members.

use std::collections::BTreeSet;

use super::taken;
use crate::directory::{
    Actor, Directory, DirectoryError, FailureKind, GrantConflict, GrantName, NewTask, PersonStatus, ScimClient,
    ScimGroup, ScimKey, TaskFailure, TaskKind, TenantRecord, WriteTransaction,
};
use crate::sync::intents::{self, Followed};

/// What a group is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupNames<'a> {
    /// The client's id of it.
    pub external_id: Option<&'a str>,
    /// Its name, unique among those of the client without regard to case.
    pub display_name: &'a str,
}

/// A change of a group's members, who are named by their users' ids. What names no user of the client is passed over: platforms
/// send members before, or without, their users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberChange {
    /// These become members, each with what the client calls it.
    Add(Vec<(String, Option<String>)>),
    /// These are members no longer.
    Remove(Vec<String>),
    /// These are the members.
    Replace(Vec<(String, Option<String>)>),
}

fn check_free(
    change: &WriteTransaction<'_>,
    client: &ScimClient,
    names: &GroupNames<'_>,
    own: Option<i64>,
) -> Result<(), DirectoryError> {
    let is_other = |found: Option<ScimGroup>| found.is_some_and(|group| Some(group.number) != own);
    if is_other(change.scim_group_by(client.id, &ScimKey::Name(names.display_name.to_owned()))?) {
        return Err(taken("group with the displayName", names.display_name));
    }
    if let Some(id) = names.external_id
        && is_other(change.scim_group_by(client.id, &ScimKey::ExternalId(id.to_owned()))?)
    {
        return Err(taken("group with the externalId", id));
    }
    Ok(())
}

/// Creates a group without members. `id` is what clients will call it.
///
/// # Errors
/// If another group of the client has one of its names.
pub fn create_group(
    change: &WriteTransaction<'_>,
    client: &ScimClient,
    id: &str,
    names: &GroupNames<'_>,
) -> Result<ScimGroup, DirectoryError> {
    check_free(change, client, names, None)?;
    change.insert_scim_group(client.id, id, names.external_id, names.display_name)?;
    find(change, client, id)
}

fn find(change: &WriteTransaction<'_>, client: &ScimClient, id: &str) -> Result<ScimGroup, DirectoryError> {
    change.scim_group_by(client.id, &ScimKey::Id(id.to_owned()))?.ok_or_else(|| DirectoryError::NotFound {
        what: "group",
        name: id.to_owned(),
        hint: "search for it by displayName",
    })
}

/// Makes a group what it is to be; its members hold what it gives with the next push.
///
/// # Errors
/// If another group of the client has one of its names.
pub fn change_group(
    change: &WriteTransaction<'_>,
    client: &ScimClient,
    tenant: &TenantRecord,
    group: &ScimGroup,
    names: &GroupNames<'_>,
    members: &[MemberChange],
) -> Result<Followed, DirectoryError> {
    check_free(change, client, names, Some(group.number))?;
    let mut touched: BTreeSet<i64> = BTreeSet::new();
    for one in members {
        match one {
            MemberChange::Add(named) => {
                for (id, display) in named {
                    if let Some(user) = change.scim_user(client.id, id)?
                        && change.add_scim_member(group, user.number, display.as_deref())?
                    {
                        touched.insert(user.number);
                    }
                }
            }
            MemberChange::Remove(named) => {
                for id in named {
                    if let Some(user) = change.scim_user(client.id, id)?
                        && change.remove_scim_member(group, user.number)?
                    {
                        touched.insert(user.number);
                    }
                }
            }
            MemberChange::Replace(named) => {
                let mut wanted = BTreeSet::new();
                for (id, display) in named {
                    let Some(user) = change.scim_user(client.id, id)? else { continue };
                    wanted.insert(user.number);
                    if change.add_scim_member(group, user.number, display.as_deref())? {
                        touched.insert(user.number);
                    }
                }
                for member in change.scim_members(group)? {
                    if !wanted.contains(&member.user) && change.remove_scim_member(group, member.user)? {
                        touched.insert(member.user);
                    }
                }
            }
        }
    }
    let is_renamed = group.display_name != names.display_name || group.external_id.as_deref() != names.external_id;
    let mut followed = Followed { changed: is_renamed || !touched.is_empty(), ..Followed::default() };
    if followed.changed {
        change.store_scim_group(group, names.external_id, names.display_name)?;
    }
    let touched: Vec<i64> = touched.into_iter().collect();
    change.touch_scim_users(&touched)?;
    if !change.scim_group_grants(group)?.is_empty() {
        follow_users(change, client, tenant, &touched, &mut followed)?;
    }
    Ok(followed)
}

/// Deletes a group; its members lose what it gave them.
///
/// # Errors
/// The database's.
pub fn delete_group(
    change: &WriteTransaction<'_>,
    client: &ScimClient,
    tenant: &TenantRecord,
    group: &ScimGroup,
) -> Result<Followed, DirectoryError> {
    let members: Vec<i64> = change.scim_members(group)?.into_iter().map(|member| member.user).collect();
    let gave = !change.scim_group_grants(group)?.is_empty();
    change.delete_scim_group(group)?;
    change.touch_scim_users(&members)?;
    let mut followed = Followed { changed: true, ..Followed::default() };
    if gave {
        follow_users(change, client, tenant, &members, &mut followed)?;
    }
    Ok(followed)
}

/// Says what the members of a group hold in the application, and how much the group counts: the lower the number, the more. The
/// members follow in pieces, so that others have their turns.
///
/// # Errors
/// If a grant is named twice; the database's.
pub fn map_group(
    directory: &Directory,
    actor: &Actor,
    client: &ScimClient,
    tenant: &TenantRecord,
    group: &ScimGroup,
    grants: &[GrantName],
    priority: i64,
) -> Result<Followed, DirectoryError> {
    directory.write(actor, |change| change.store_scim_mapping(tenant, client, group, grants, priority))?;
    let members = directory.read(|view| view.scim_members(group))?;
    let mut followed = Followed { changed: true, ..Followed::default() };
    let each = directory.write_in_turns(actor, members, |change, member| -> Result<Followed, DirectoryError> {
        let mut followed = Followed::default();
        follow_users(change, client, tenant, &[member.user], &mut followed)?;
        Ok(followed)
    })?;
    each.into_iter().for_each(|one| followed.merge(one));
    Ok(followed)
}

/// Asks for what the groups of users give them now.
fn follow_users(
    change: &WriteTransaction<'_>,
    client: &ScimClient,
    tenant: &TenantRecord,
    numbers: &[i64],
    followed: &mut Followed,
) -> Result<(), DirectoryError> {
    for number in numbers {
        let Some(user) = change.scim_users(client.id, number - 1, 1)?.pop().filter(|user| user.number == *number)
        else {
            continue;
        };
        let person = change.person_by_id(user.person)?;
        let Some(assignment) = change.assignment(tenant.id, person.id)? else { continue };
        let (_, conflicts) = change.effective_grants(tenant.id, person.id, &assignment)?;
        match conflicts.first() {
            Some(conflict) => {
                let task = NewTask { tenant, person: Some(&person), kind: TaskKind::Grants, password: None };
                change.ask_admin(task, &contradiction(tenant, client, &person.username, conflict))?;
            }
            None => drop(change.cancel(tenant.id, TaskKind::Grants, Some(person.id))?),
        }
        if person.status == PersonStatus::Active {
            intents::bring_up_to_date(change, tenant, &person, followed)?;
        }
    }
    Ok(())
}

fn contradiction(tenant: &TenantRecord, client: &ScimClient, username: &str, conflict: &GrantConflict) -> TaskFailure {
    let GrantConflict { kind, taken: (taken, from), left: (left, place) } = conflict;
    TaskFailure::new(
        FailureKind::IncompatibleGrants,
        format!("{username} gets the {kind} `{taken}` by {from} and `{left}` by {place}; a user has one, and `{taken}` was taken"),
    )
    .with_remedy(format!(
        "Take the user out of one of the two in the platform, or say which counts with `scim map {} {} GROUP --priority 50`, where the lower number counts and 100 is what a group has that nobody gave one",
        tenant.name, client.name
    ))
}
