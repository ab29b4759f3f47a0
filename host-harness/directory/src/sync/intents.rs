//! What is wanted of people, assignments and tenants.
//!
//! Each function is part of a transaction ([`crate::directory::Directory::write`]): the change and the tasks that follow from
//! it are kept together or not at all. Those that concern many take the directory itself, and let others write in between.
//!
//! ```
//! use provisioning_directory::config::TenantConfig;
//! use provisioning_directory::sync::intents::{self, Followed};
//! use provisioning_directory::{
//!     Actor, Directory, DirectoryError, NewAssignment, NewPerson, PersonEdit, PersonStatus, TaskFilter,
//!     WriteTransaction,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let directory = Directory::open(folder)?;
//! let actor = Actor::new("an example");
//! let mut config = TenantConfig::default();
//! config.to_app.push_new_users = true;
//!
//! // Ada is to have a user in acme: a task for the next push.
//! let followed = directory.write(&actor, |change: &WriteTransaction<'_>| -> Result<Followed, DirectoryError> {
//!     let tenant = change.add_tenant("acme", &config)?;
//!     let ada = change.add_person(&NewPerson::new("E1", "ada@example.com").with("familyName", "King"))?;
//!     intents::assign(change, &tenant, &ada, &NewAssignment::default())
//! })?;
//! assert_eq!(followed.tasks.len(), 1);
//!
//! // She leaves before that push. Nothing was made for her, so nothing is left to do.
//! let leaves = PersonEdit { status: Some(PersonStatus::Deactivated), ..PersonEdit::default() };
//! directory.write(&actor, |change: &WriteTransaction<'_>| intents::edit_person(change, "E1", &leaves))?;
//! assert!(directory.read(|view| view.tasks(&TaskFilter::default()))?.is_empty());
//!
//! // She returns, but acme is not to get new users any more: that is reported, and no task is left.
//! let returns = PersonEdit { status: Some(PersonStatus::Active), ..PersonEdit::default() };
//! let followed = directory.write(&actor, |change: &WriteTransaction<'_>| -> Result<Followed, DirectoryError> {
//!     intents::edit_tenant(change, &change.tenant("acme")?, &TenantConfig::default())?;
//!     intents::edit_person(change, "E1", &returns)
//! })?;
//! assert!(followed.tasks.is_empty());
//! assert!(followed.off[0].contains("no user is made there"), "{:?}", followed.off);
//! # Ok(())
//! # }
//! ```

use std::collections::BTreeSet;

use super::Feature;
use super::chores::{self, Chore};
use super::names;
use crate::config::TenantConfig;
use crate::directory::{
    Actor, Assignment, Directory, DirectoryError, FailureKind, NewAssignment, NewTask, Note, Person, PersonEdit,
    PersonStatus, RemoteStatus, Source, TaskFailure, TaskFilter, TaskId, TaskKind, TaskState, TenantId, TenantRecord,
    WriteTransaction, source_of_status, sourced_edit,
};
use provisioning_runtime::Secret;

/// What an intent has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Whether anything is different now.
    pub changed: bool,
    /// Tasks that were asked for.
    pub tasks: BTreeSet<TaskId>,
    /// Sentences that say what does not follow, because a feature is off.
    pub off: Vec<String>,
}

impl Followed {
    pub(super) fn ask(
        &mut self,
        change: &WriteTransaction<'_>,
        tenant: &TenantRecord,
        person: &Person,
        kind: TaskKind,
    ) -> Result<(), DirectoryError> {
        let id = change.ask(NewTask { tenant, person: Some(person), kind, password: None })?;
        self.tasks.insert(id);
        Ok(())
    }

    fn is_off(&mut self, feature: Feature, tenant: &TenantRecord, consequence: &str) {
        let sentence = feature.off(&tenant.name, consequence);
        if !self.off.contains(&sentence) {
            self.off.push(sentence);
        }
    }

    /// Adds what another intent has come to.
    pub fn merge(&mut self, other: Self) {
        self.changed |= other.changed;
        self.tasks.extend(other.tasks);
        for sentence in other.off {
            if !self.off.contains(&sentence) {
                self.off.push(sentence);
            }
        }
    }
}

/// Edits a person by its key or username, as an admin does: what comes from a source is refused.
///
/// # Errors
/// If the person doesn't exist, a tenant or a SCIM client is the source of what should change, or the new username is taken.
pub fn edit_person(change: &WriteTransaction<'_>, name: &str, edit: &PersonEdit) -> Result<Followed, DirectoryError> {
    let person = change.person(name)?;
    if let Some((client, tenant)) = change.scim_client_of_person(person.id)? {
        return Err(DirectoryError::OfClient { person: person.key, client, tenant });
    }
    let sources = change.sources()?;
    sourced_edit(&person, &change.sources_of(person.id, &sources)?, edit)?;
    store(change, &person, edit, None)
}

/// Stores an edit and asks every tenant to follow, except the one that it came from.
pub(super) fn store(
    change: &WriteTransaction<'_>,
    person: &Person,
    edit: &PersonEdit,
    from: Option<TenantId>,
) -> Result<Followed, DirectoryError> {
    let mut followed = Followed { changed: change.store_person(person, edit)?, ..Followed::default() };
    if !followed.changed {
        return Ok(followed);
    }
    let now = change.person_by_id(person.id)?;
    let status_changed = now.status != person.status;
    let profile_changed = now.attributes != person.attributes || now.username != person.username;
    for tenant in change.tenants_assigned_to(person.id)? {
        if Some(tenant.id) == from {
            // Its user is out of use already, so there is nothing left to do for it.
            if status_changed && now.status != PersonStatus::Active {
                give_up(change, &tenant, &now)?;
                change.cancel(tenant.id, TaskKind::Reactivate, Some(now.id))?;
            }
            continue;
        }
        if status_changed && now.status == PersonStatus::Active {
            put_into_use(change, &tenant, &now, &mut followed)?;
        } else if status_changed {
            take_out_of_use(change, &tenant, &now, &mut followed)?;
        } else if profile_changed && now.status == PersonStatus::Active {
            bring_up_to_date(change, &tenant, &now, &mut followed)?;
        }
    }
    Ok(followed)
}

/// Asks for a user to be made or to follow, as far as the tenant's features go.
pub(super) fn bring_up_to_date(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    person: &Person,
    followed: &mut Followed,
) -> Result<(), DirectoryError> {
    let (feature, consequence) = match change.link(tenant.id, person.id)? {
        Some(_) => (Feature::PushProfileUpdates, "the user there stays as it is"),
        None => (Feature::PushNewUsers, "no user is made there"),
    };
    if feature.is_on(&tenant.config) {
        followed.ask(change, tenant, person, TaskKind::Push)
    } else {
        followed.is_off(feature, tenant, consequence);
        Ok(())
    }
}

/// Gives up what was asked for a user that is to be in use.
fn give_up(change: &WriteTransaction<'_>, tenant: &TenantRecord, person: &Person) -> Result<(), DirectoryError> {
    change.cancel(tenant.id, TaskKind::Push, Some(person.id))?;
    change.store_claims(tenant.id, person.id, &[])?;
    change.cancel(tenant.id, TaskKind::Password, Some(person.id))?;
    Ok(())
}

/// Asks for a person's user to be taken out of use, and gives up what was asked for it so far.
pub(super) fn take_out_of_use(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    person: &Person,
    followed: &mut Followed,
) -> Result<(), DirectoryError> {
    give_up(change, tenant, person)?;
    let may_be_made = || change.attempt(tenant.id, person.id, TaskKind::Push).map(|attempt| attempt.is_some());
    // A push that is under way, or was cut off, may make a user that nobody here knows of yet: then it is looked for.
    if change.link(tenant.id, person.id)?.is_none() && !may_be_made()? {
        change.cancel(tenant.id, TaskKind::Reactivate, Some(person.id))?;
        return Ok(());
    }
    if Feature::PushUserDeactivation.is_on(&tenant.config) {
        followed.ask(change, tenant, person, TaskKind::Deactivate)
    } else {
        change.cancel(tenant.id, TaskKind::Reactivate, Some(person.id))?;
        followed.is_off(Feature::PushUserDeactivation, tenant, "the user there stays in use");
        Ok(())
    }
}

/// Asks for a person's user to be made, or put back into use and brought up to date.
pub(super) fn put_into_use(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    person: &Person,
    followed: &mut Followed,
) -> Result<(), DirectoryError> {
    if change.link(tenant.id, person.id)?.is_some() {
        if Feature::PushUserDeactivation.is_on(&tenant.config) {
            followed.ask(change, tenant, person, TaskKind::Reactivate)?;
        } else {
            change.cancel(tenant.id, TaskKind::Deactivate, Some(person.id))?;
            followed.is_off(Feature::PushUserDeactivation, tenant, "a user that is out of use there stays so");
        }
    }
    bring_up_to_date(change, tenant, person, followed)
}

/// Leaves a task where the user of somebody who is assigned and active is out of use: it is put back into use, or, where the
/// application itself decides that, the task is for an admin.
pub(super) fn bring_into_use(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    person: &Person,
    status: RemoteStatus,
) -> Result<(), DirectoryError> {
    if change.open_task(tenant.id, TaskKind::Reactivate, person.id)?.is_some() {
        return Ok(());
    }
    let task = NewTask { tenant, person: Some(person), kind: TaskKind::Reactivate, password: None };
    let sources = change.sources()?;
    let of_person = change.sources_of(person.id, &sources)?;
    let name = &tenant.name;
    if source_of_status(&of_person).is_none_or(|source| source.tenant != tenant.id) {
        let id = change.ask(task)?;
        if !Feature::PushUserDeactivation.is_on(&tenant.config) {
            let off = Feature::PushUserDeactivation.off(name, "its user, which is out of use, stays so");
            change.explain_task(&change.task(id)?, Some(&TaskFailure::new(FailureKind::FeatureOff, off)))?;
        }
        return Ok(());
    }
    let cause = format!(
        "the person {} is assigned and active, and its user is {} in {name}, which is the source of whether it is in use",
        person.key,
        status.name()
    );
    let remedy = format!(
        "Put the user into use in the application, or have this task tried again to put it into use from here, or take it away with `unassign {name} {}`",
        person.key
    );
    change.ask_admin(task, &TaskFailure::new(FailureKind::OutOfUse, cause).with_remedy(remedy))?;
    Ok(())
}

/// Assigns a person to a tenant, or changes what its user is to hold.
///
/// # Errors
/// When the person is not in use, unless this only takes away what its assignment has.
pub fn assign(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    person: &Person,
    assignment: &NewAssignment,
) -> Result<Followed, DirectoryError> {
    let old = change.assignment(tenant.id, person.id)?;
    let in_use = person.status == PersonStatus::Active;
    if !in_use && !old.as_ref().is_some_and(|old| only_takes_away(old, assignment)) {
        return Err(DirectoryError::Invalid(format!(
            "the person {} is {} and cannot be assigned to {}; make it active first with `person edit {} --status active`",
            person.key, person.status, tenant.name, person.key
        )));
    }
    let mut followed =
        Followed { changed: change.store_assignment(tenant, person, assignment)?, ..Followed::default() };
    let is_out_of_use = match change.link(tenant.id, person.id)? {
        Some(link) => {
            change.remote_user(tenant.id, &link.remote_id)?.is_some_and(|user| user.status != RemoteStatus::Active)
        }
        None => false,
    };
    if old.is_none() || in_use && is_out_of_use {
        put_into_use(change, tenant, person, &mut followed)?;
    } else if followed.changed && in_use {
        bring_up_to_date(change, tenant, person, &mut followed)?;
    } else if followed.changed {
        followed.off.push(format!(
            "the person {} is {}, so its user in {} follows once it is put back into use with `person edit {} --status active`",
            person.key, person.status, tenant.name, person.key
        ));
    }
    Ok(followed)
}

/// Whether an assignment has nothing that the old one has not.
fn only_takes_away(old: &Assignment, new: &NewAssignment) -> bool {
    new.exact_grants == old.exact_grants
        && new.grants.iter().all(|grant| old.grants.contains(grant))
        && new.attributes.iter().all(|(name, value)| old.attributes.get(name) == Some(value))
}

/// Takes an assignment away: the user in the application is taken out of use, not deleted, and stays linked.
///
/// # Errors
/// When the person is not assigned.
pub fn unassign(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    person: &Person,
) -> Result<Followed, DirectoryError> {
    if !change.remove_assignment(tenant, person)? {
        return Err(DirectoryError::Invalid(format!(
            "the person {} is not assigned to {}; `person list --tenant {}` shows who is",
            person.key, tenant.name, tenant.name
        )));
    }
    let mut followed = Followed { changed: true, ..Followed::default() };
    take_out_of_use(change, tenant, person, &mut followed)?;
    Ok(followed)
}

/// Has a person's new password set wherever it is assigned. The password itself is kept sealed until then, and nowhere after.
///
/// # Errors
/// When the person is assigned nowhere.
pub fn set_password(
    change: &WriteTransaction<'_>,
    person: &Person,
    password: &Secret,
) -> Result<Followed, DirectoryError> {
    let tenants = change.tenants_assigned_to(person.id)?;
    if tenants.is_empty() {
        return Err(DirectoryError::Invalid(format!(
            "the person {} is assigned to no tenant, so there is no password to set; assign it first with `assign TENANT {}`",
            person.key, person.key
        )));
    }
    let mut followed = Followed::default();
    for tenant in tenants {
        if Feature::SyncPassword.is_on(&tenant.config) {
            change.note(&Note {
                tenant: Some(&tenant.name),
                person: Some(&person.key),
                action: "person.set-password",
                old: None,
                new: None,
                result: "to be set with the next push",
            })?;
            let id = change.ask(NewTask {
                tenant: &tenant,
                person: Some(person),
                kind: TaskKind::Password,
                password: Some(password),
            })?;
            followed.tasks.insert(id);
            followed.changed = true;
        } else {
            followed.is_off(Feature::SyncPassword, &tenant, "the password there stays as it is");
        }
    }
    Ok(followed)
}

/// Takes the link between a person and its user of a tenant away; both stay. Returns the user's id there.
///
/// # Errors
/// When the person has no user in the tenant, or one that is still to be taken out of use.
pub fn unlink(change: &WriteTransaction<'_>, tenant: &TenantRecord, person: &Person) -> Result<String, DirectoryError> {
    let link = change.link(tenant.id, person.id)?.ok_or_else(|| {
        DirectoryError::Invalid(format!(
            "the person {} has no user in {}, so there is nothing to unlink; `person show {}` lists the users that it has",
            person.key, tenant.name, person.key
        ))
    })?;
    if let Some(task) = change.open_task(tenant.id, TaskKind::Deactivate, person.id)?
        && task.kind == TaskKind::Deactivate
    {
        return Err(DirectoryError::Invalid(format!(
            "the user {} of the person {} in {name} is still to be taken out of use by task {}, which nobody could do without the link; have it done with `push {name}` first",
            link.remote_id,
            person.key,
            task.id,
            name = tenant.name
        )));
    }
    change.remove_link(tenant, person, &link, "an admin took it away")?;
    change.give_user_up(tenant.id, &link.remote_id, &person.key)?;
    Ok(link.remote_id)
}

/// Has the failed tasks that a filter finds tried again with the next push. Whether a user that has gone is made again, or a halted
/// import takes effect, is decided one by one, so those are left. Returns the tasks that are tried again.
///
/// # Errors
/// The database's.
pub fn retry_failed(directory: &Directory, actor: &Actor, filter: &TaskFilter) -> Result<Vec<TaskId>, DirectoryError> {
    let failed = TaskFilter { state: Some(TaskState::Failed), ..filter.clone() };
    let found = directory.read(|view| view.tasks(&failed))?;
    let retried = directory.write_in_turns(actor, found, |change, found| -> Result<_, DirectoryError> {
        let task = change.task(found.id)?;
        let is_retried = task.state == TaskState::Failed
            && !matches!(task.kind, TaskKind::Vanished | TaskKind::Import | TaskKind::Grants);
        if is_retried {
            change.retry_task(&task)?;
        }
        Ok(is_retried.then_some(task.id))
    })?;
    Ok(retried.into_iter().flatten().collect())
}

/// Edits a tenant. What it has switched on takes up what lay still while it was off: as much of that as fits into a transaction, and
/// the rest in the next job of the tenant, unless [`super::finish_chores`] is called before.
///
/// # Errors
/// When an egress rule or the mapping is malformed.
pub fn edit_tenant(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    config: &TenantConfig,
) -> Result<Followed, DirectoryError> {
    check_config(&tenant.name, config)?;
    names::check_templates(&config.mapping, &tenant.config.mapping, &names::known_attributes(change)?)?;
    let mut followed = Followed { changed: change.store_tenant(tenant, config)?, ..Followed::default() };
    if !followed.changed {
        return Ok(followed);
    }
    let (old_import, new_import) = (&tenant.config.to_idp, &config.to_idp);
    let remapped = tenant.config.mapping != config.mapping;
    if old_import.matching != new_import.matching || old_import.import_new_users != new_import.import_new_users {
        chores::add(change, tenant.id, &Chore::UnsettleUnlinked)?;
    }
    if old_import.mastering != new_import.mastering
        || old_import.import_profile_updates != new_import.import_profile_updates
        || remapped
    {
        chores::add(change, tenant.id, &Chore::UnsettleLinked)?;
    }
    if old_import.attributes != new_import.attributes {
        // What was not read so far is only seen by reading everybody again.
        change.forget_watermark(tenant.id)?;
    }
    let is_on = |feature: Feature, also: bool| feature.is_on(config) && (also || !feature.is_on(&tenant.config));
    let new_users = is_on(Feature::PushNewUsers, remapped);
    let updates = is_on(Feature::PushProfileUpdates, remapped);
    let deactivation = is_on(Feature::PushUserDeactivation, false);
    if new_users || updates || deactivation {
        chores::add(change, tenant.id, &Chore::Follow { new_users, updates, deactivation })?;
    }
    chores::do_some(change, &change.tenant(&tenant.name)?, &mut followed)?;
    Ok(followed)
}

/// Refuses what a job could not run with.
///
/// # Errors
/// An egress rule or a mapping that is malformed.
pub fn check_config(name: &str, config: &TenantConfig) -> Result<(), DirectoryError> {
    let invalid = |reason: String| DirectoryError::Invalid(format!("tenant {name}: {reason}"));
    config
        .with_secrets(name, std::collections::BTreeMap::new())
        .map_err(|error| DirectoryError::Invalid(error.to_string()))?;
    super::check_mapping(&config.mapping).map_err(invalid)?;
    if config.to_idp.safeguard.percent > 100 {
        return Err(invalid(
            "to-idp.safeguard.percent is over 100; give a share of the links from 0 to 100".to_owned(),
        ));
    }
    if config.to_idp.page_size == 0 {
        return Err(invalid("to-idp.page-size is 0; give at least 1".to_owned()));
    }
    let mut rules = BTreeSet::new();
    if let Some(twice) = config.to_idp.matching.exact.iter().find(|rule| !rules.insert(**rule)) {
        return Err(invalid(format!("to-idp.matching.exact names {twice:?} twice; name each rule once")));
    }
    let no_time = [config.schedule.import_minutes, config.schedule.full_import_hours, config.schedule.push_seconds];
    if no_time.contains(&Some(0)) {
        return Err(invalid("the schedule has an interval of 0; leave it out to switch it off".to_owned()));
    }
    Ok(())
}

/// Asks for a push of everybody who is assigned and in use, as after an application has lost its data.
///
/// # Errors
/// The database's.
pub fn push_everybody(directory: &Directory, actor: &Actor, tenant: &TenantRecord) -> Result<Followed, DirectoryError> {
    let people = directory.read(|view| view.assigned_people(tenant.id))?;
    let mut followed = Followed::default();
    let each = directory.write_in_turns(actor, people, |change, id| -> Result<Followed, DirectoryError> {
        let mut followed = Followed::default();
        // It may have been unassigned since it was found.
        if change.assignment(tenant.id, *id)?.is_none() {
            return Ok(followed);
        }
        let person = change.person_by_id(*id)?;
        if person.status == PersonStatus::Active {
            bring_up_to_date(change, tenant, &person, &mut followed)?;
        }
        Ok(followed)
    })?;
    each.into_iter().for_each(|one| followed.merge(one));
    followed.changed = !followed.tasks.is_empty();
    Ok(followed)
}

/// What a person's sources do not let an admin edit, by the directory's names, with the tenants or SCIM clients they come from. For a
/// form that shows such fields as read-only.
///
/// # Errors
/// The database's.
pub fn read_only(
    change: &crate::directory::ReadTransaction<'_>,
    person: &Person,
) -> Result<Vec<(String, String)>, DirectoryError> {
    let sources = change.sources()?;
    let of_person: Vec<&Source> = change.sources_of(person.id, &sources)?;
    let mut found: Vec<(String, String)> = Vec::new();
    if let Some((client, _)) = change.scim_client_of_person(person.id)? {
        // Whatever a form shows, of what is there and of what could be.
        let mut all = names::known_attributes(change)?;
        all.extend(person.attributes.keys().cloned().chain(["username".to_owned(), "status".to_owned()]));
        found.extend(all.into_iter().map(|name| (name, format!("the SCIM client {client}"))));
    }
    for source in of_person {
        let status = source.lifecycle.then(|| "status".to_owned());
        for name in source.attributes.iter().cloned().chain(status) {
            if !found.iter().any(|(have, _)| *have == name) {
                found.push((name, source.name.clone()));
            }
        }
    }
    Ok(found)
}
