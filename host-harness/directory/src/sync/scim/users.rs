//! Users of clients.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::taken;
use crate::directory::{
    AttributeValue, Attributes, DirectoryError, GrantName, NewAssignment, NewPerson, NewTask, Person, PersonEdit,
    PersonStatus, ScimClient, ScimKey, ScimUser, TaskKind, TaskState, TenantRecord, UserNames, WriteTransaction,
    sourced_edit,
};
use crate::sync::Feature;
use crate::sync::intents::{self, Followed};
use provisioning_runtime::Secret;

/// A user as a client wants it.
#[derive(Clone, Copy, Debug)]
pub struct WantedScimUser<'a> {
    /// The client's id of it.
    pub external_id: Option<&'a str>,
    /// The username.
    pub username: &'a str,
    /// Whether it is in use.
    pub active: bool,
    /// The person's attributes by the directory's names: a value sets, `None` clears. What isn't named stays.
    pub attributes: &'a BTreeMap<String, Option<AttributeValue>>,
    /// What the client has set, in the form of the schema.
    pub document: &'a Map<String, Json>,
    /// What is assigned to the user directly; `None` leaves that as it is.
    pub grants: Option<&'a [GrantName]>,
    /// A new password.
    pub password: Option<&'a Secret>,
}

impl WantedScimUser<'_> {
    fn names(&self) -> UserNames<'_> {
        UserNames { external_id: self.external_id, username: self.username }
    }

    fn edit(&self) -> PersonEdit {
        PersonEdit {
            username: Some(self.username.to_owned()),
            status: Some(if self.active { PersonStatus::Active } else { PersonStatus::Deactivated }),
            attributes: self.attributes.clone(),
        }
    }
}

/// What a creation has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// What followed.
    pub followed: Followed,
    /// Whether the person is new. A person that was there before isn't removed if the application refuses its user.
    pub is_new: bool,
}

/// Refuses names that another user of the client has.
fn check_free(
    change: &WriteTransaction<'_>,
    client: &ScimClient,
    wanted: &WantedScimUser<'_>,
    own: Option<i64>,
) -> Result<(), DirectoryError> {
    let is_other = |found: &ScimUser| Some(found.number) != own;
    if change.scim_users_by(client.id, &ScimKey::Name(wanted.username.to_owned()))?.iter().any(is_other) {
        return Err(taken("user with the userName", wanted.username));
    }
    if let Some(id) = wanted.external_id
        && change.scim_users_by(client.id, &ScimKey::ExternalId(id.to_owned()))?.iter().any(is_other)
    {
        return Err(taken("user with the externalId", id));
    }
    Ok(())
}

/// Whether somebody has the given and the family name that are wanted, and has both.
fn has_same_name(person: &Person, wanted: &WantedScimUser<'_>) -> bool {
    ["givenName", "familyName"].iter().all(|name| {
        let text = |value: Option<&AttributeValue>| value.and_then(AttributeValue::as_text).map(str::to_lowercase);
        let new = text(wanted.attributes.get(*name).and_then(Option::as_ref));
        new.is_some() && new == text(person.attributes.get(*name))
    })
}

/// A person that is there already and that a new user of a client is: the one whose user of the same two names the client has
/// deleted, or one whom the tenant alone knows by this username, as from an import.
fn known_person(
    change: &WriteTransaction<'_>,
    client: &ScimClient,
    tenant: &TenantRecord,
    wanted: &WantedScimUser<'_>,
) -> Result<Option<Person>, DirectoryError> {
    let external_id = wanted.external_id.unwrap_or_default();
    if let Some(person) = change.former_scim_user(client.id, external_id, wanted.username)? {
        let person = change.person_by_id(person)?;
        // Without an id of the client's, a username may be somebody else's by now, who has another name.
        if !external_id.is_empty() || has_same_name(&person, wanted) {
            return Ok(Some(person));
        }
    }
    let Some(person) = change.find_person(wanted.username)? else { return Ok(None) };
    let is_it = person.username.eq_ignore_ascii_case(wanted.username)
        && change.scim_client_of_person(person.id)?.is_none()
        && !change.is_known_elsewhere(tenant.id, person.id)?
        && (change.assignment(tenant.id, person.id)?.is_some() || change.link(tenant.id, person.id)?.is_some());
    Ok(is_it.then_some(person))
}

/// Creates a user of a client, assigned to the client's tenant if it is in use. `id` is what clients will call it.
///
/// # Errors
/// If another user of the client has one of its names, or a value cannot be.
pub fn create_user(
    change: &WriteTransaction<'_>,
    client: &ScimClient,
    tenant: &TenantRecord,
    id: &str,
    wanted: &WantedScimUser<'_>,
) -> Result<Created, DirectoryError> {
    check_free(change, client, wanted, None)?;
    let known = known_person(change, client, tenant, wanted)?;
    let is_new = known.is_none();
    let person = match known {
        Some(person) => person,
        None => {
            let set = wanted.attributes.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
            let attributes: Attributes = set.collect();
            let username = wanted.username.to_owned();
            change.add_person_of_client(&NewPerson { key: id.to_owned(), username, attributes })?
        }
    };
    change.insert_scim_user(client.id, id, &person, &wanted.names(), wanted.document)?;
    let mut followed = follow(change, client, tenant, &person, wanted)?;
    followed.changed = true;
    Ok(Created { followed, is_new })
}

/// Makes a user of a client what it is to be.
///
/// # Errors
/// As [`create_user`].
pub fn update_user(
    change: &WriteTransaction<'_>,
    client: &ScimClient,
    tenant: &TenantRecord,
    user: &ScimUser,
    wanted: &WantedScimUser<'_>,
) -> Result<Followed, DirectoryError> {
    check_free(change, client, wanted, Some(user.number))?;
    let person = change.person_by_id(user.person)?;
    let is_same = user.document == *wanted.document && user.external_id.as_deref() == wanted.external_id;
    if !is_same {
        change.store_scim_user(user, &wanted.names(), wanted.document)?;
    }
    let mut followed = follow(change, client, tenant, &person, wanted)?;
    followed.changed |= !is_same;
    if followed.tasks.is_empty() {
        // Nothing new is wanted. What was wanted before and could not be done is tried again: the client asks for it again.
        for kind in [TaskKind::Push, TaskKind::Deactivate, TaskKind::Password] {
            let Some(task) = change.open_task(tenant.id, kind, person.id)? else { continue };
            if task.state == TaskState::Failed {
                change.retry_task(&task)?;
            }
            followed.tasks.insert(task.id);
        }
    }
    Ok(followed)
}

/// Brings person, assignment and tasks to what a client wants.
fn follow(
    change: &WriteTransaction<'_>,
    client: &ScimClient,
    tenant: &TenantRecord,
    person: &Person,
    wanted: &WantedScimUser<'_>,
) -> Result<Followed, DirectoryError> {
    let edit = wanted.edit();
    let sources = change.sources()?;
    sourced_edit(person, &change.sources_of(person.id, &sources)?, &edit)?;
    let mut followed = intents::store(change, person, &edit, None)?;
    let now = change.person_by_id(person.id)?;
    let old = change.assignment(tenant.id, person.id)?;
    if wanted.active || old.is_some() && wanted.grants.is_some() {
        let mut new = match &old {
            Some(old) => NewAssignment {
                grants: old.grants.clone(),
                attributes: old.attributes.clone(),
                exact_grants: old.exact_grants,
            },
            None => NewAssignment { exact_grants: client.settings.exact_grants, ..NewAssignment::default() },
        };
        if let Some(grants) = wanted.grants {
            new.grants = grants.to_vec();
        }
        if wanted.active {
            followed.merge(intents::assign(change, tenant, &now, &new)?);
        } else {
            // Somebody who is out of use may be given anything: nothing is pushed until the user is in use again.
            followed.changed |= change.store_assignment(tenant, &now, &new)?;
        }
    }
    if let Some(password) = wanted.password
        && wanted.active
        && Feature::SyncPassword.is_on(&tenant.config)
    {
        let task = NewTask { tenant, person: Some(&now), kind: TaskKind::Password, password: Some(password) };
        followed.tasks.insert(change.ask(task)?);
        followed.changed = true;
    }
    Ok(followed)
}

/// Deletes a user of a client: the person is unassigned and deactivated, and gives its username up. Nothing is deleted in the
/// application.
///
/// # Errors
/// The database's.
pub fn delete_user(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    user: &ScimUser,
) -> Result<Followed, DirectoryError> {
    let person = change.person_by_id(user.person)?;
    let username = person.username.clone();
    let mut followed = Followed { changed: true, ..Followed::default() };
    if change.assignment(tenant.id, person.id)?.is_some() {
        followed.merge(intents::unassign(change, tenant, &person)?);
    }
    let retired = retired(&user.public_id, &username);
    let edit = PersonEdit { username: Some(retired), status: Some(PersonStatus::Deactivated), ..PersonEdit::default() };
    followed.merge(intents::store(change, &person, &edit, None)?);
    change.cancel(tenant.id, TaskKind::Grants, Some(person.id))?;
    change.delete_scim_user(user, &username)?;
    // Once it is out of use it gives its names up in the application, too.
    let features = [Feature::PushUserDeactivation, Feature::PushProfileUpdates];
    if change.link(tenant.id, person.id)?.is_some() && features.iter().all(|one| one.is_on(&tenant.config)) {
        let now = change.person_by_id(person.id)?;
        let task = NewTask { tenant, person: Some(&now), kind: TaskKind::Push, password: None };
        followed.tasks.insert(change.ask(task)?);
    }
    Ok(followed)
}

/// The username that a person takes whose user was deleted: one that nobody has, and that is hardly longer, since applications bound
/// usernames.
fn retired(id: &str, username: &str) -> String {
    let mark: String = id.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    let mut retired = format!("{mark}.{username}");
    retired.truncate(retired.floor_char_boundary(512));
    retired.trim_end().to_owned()
}

/// Takes back a creation that the application has refused, unless something of it may be there. Returns whether it was taken back.
///
/// # Errors
/// The database's.
pub fn undo_create(
    change: &WriteTransaction<'_>,
    client: &ScimClient,
    tenant: &TenantRecord,
    id: &str,
) -> Result<bool, DirectoryError> {
    let Some(user) = change.scim_user(client.id, id)? else { return Ok(false) };
    let is_there = change.link(tenant.id, user.person)?.is_some()
        || change.attempt(tenant.id, user.person, TaskKind::Push)?.is_some()
        || change.leftover(tenant.id, user.person)?.is_some();
    // Since then the client may have changed it, and then it is not only what was refused.
    if is_there || user.version != 1 || change.is_known_elsewhere(tenant.id, user.person)? {
        return Ok(false);
    }
    let person = change.person_by_id(user.person)?;
    change.delete_person(&person)?;
    Ok(true)
}
