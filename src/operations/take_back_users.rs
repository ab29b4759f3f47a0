//! Undoing what pushes that were cut off have left of people who are no longer wanted.
//!
//! Such a push was about to make a user: it had looked for one and found none. So a user who has the name that it was about to
//! give, and doesn't belong to somebody else, is its work, and is taken out of use; Salesforce deletes no users (H). Where it got
//! no further than the contact, that is deleted: a contact that carries the person's key or its e-mail address, that this admin
//! user has created, and that no user has.

use std::borrow::Cow;

use super::deactivate_users::deactivate_for;
use super::digest;
use super::index::Index;
use super::known::{Known, Paths};
use super::push_users::{Tenant, check_digests, drifted, find, no_longer_wanted};
use super::{ID, is_portal_user_type};
use crate::host::Host;
use crate::model::{
    Abandoned, Action, Deactivation, Error, ErrorKind, FieldChange, Intent, Outcome, Progress, PushMode, Result,
};
use crate::salesforce::collections;
use crate::salesforce::id::Id;
use crate::salesforce::soql::{Condition, Literal, Name};

const USER: &str = "User";
const CONTACT: &str = "Contact";
/// What is looked for, in errors.
const LEFT: &str = "what pushes have left";

/// What is left of one person.
enum Left {
    User(Id),
    Contact(Id),
    Nothing,
}

/// Undoes what is left. Results stand in the order of the people.
pub(super) fn take_back_users<H: Host>(
    tenant: &Tenant<'_, H>,
    people: &[Abandoned],
    how: Deactivation,
    mode: &PushMode,
) -> Result<Vec<Result<Outcome>>> {
    check_digests(mode, people.len())?;
    let left = look(tenant, people)?;
    let digest = |at: usize| match mode {
        PushMode::ApplyPlanned(digests) => digests.get(at).cloned(),
        PushMode::Plan | PushMode::Apply => None,
    };
    let (mut subjects, mut ids, mut digests) = (Vec::new(), Vec::new(), Vec::new());
    for (at, (person, left)) in people.iter().zip(&left).enumerate() {
        if let Left::User(id) = left {
            subjects.push(person.key.clone());
            ids.push(id.to_string());
            digests.extend(digest(at));
        }
    }
    let of_users =
        if matches!(mode, PushMode::ApplyPlanned(_)) { PushMode::ApplyPlanned(digests) } else { mode.clone() };
    let users = if ids.is_empty() { Vec::new() } else { deactivate_for(tenant, &subjects, &ids, how, &of_users)? };
    let mut users = users.into_iter();
    let mut results: Vec<Result<Outcome>> = Vec::with_capacity(people.len());
    let mut contacts = Vec::new();
    for (at, (person, left)) in people.iter().zip(&left).enumerate() {
        let outcome = match left {
            Left::User(_) => users.next().unwrap_or_else(|| Err(unresolved())),
            Left::Contact(id) => Ok(deleted(person, *id)),
            Left::Nothing => Ok(nothing(person)),
        };
        results.push(match (outcome, digest(at)) {
            (Ok(now), Some(approved)) if now.digest != approved => Err(drifted(&subject(person), &now.changes)),
            (Ok(now), _) => {
                if let Left::Contact(id) = left {
                    contacts.push((at, *id));
                }
                Ok(now)
            }
            (error, _) => error,
        });
    }
    if *mode != PushMode::Plan {
        delete(tenant, people, &contacts, &mut results);
    }
    Ok(results)
}

fn subject(person: &Abandoned) -> String {
    format!("what a push has left of the user {}", person.begun(USER, "Username").unwrap_or(&person.key))
}

fn unresolved() -> Error {
    Error::new(ErrorKind::Transient, "the batch was not resolved")
}

fn nothing(person: &Abandoned) -> Outcome {
    Outcome {
        id: None,
        action: Action::Unchanged,
        changes: Vec::new(),
        side_effects: Vec::new(),
        digest: digest::digest(&["take-back", &person.key], &[]),
    }
}

fn deleted(person: &Abandoned, contact: Id) -> Outcome {
    let old = Some(contact.to_string());
    let changes = vec![FieldChange { object: CONTACT, field: Cow::Borrowed(ID), old, new: None }];
    Outcome {
        id: None,
        action: Action::Updated,
        digest: digest::digest(&["take-back", &person.key], &changes),
        changes,
        side_effects: vec![format!(
            "The contact {contact}, which a push had made for a user that is not there, is deleted."
        )],
    }
}

/// Deletes contacts, given with the places of their people.
fn delete<H: Host>(
    tenant: &Tenant<'_, H>,
    people: &[Abandoned],
    contacts: &[(usize, Id)],
    results: &mut [Result<Outcome>],
) {
    let key = |at: usize| people.get(at).map(|person| person.key.clone()).unwrap_or_default();
    let changes = |at: usize| match results.get(at) {
        Some(Ok(outcome)) => outcome.changes.clone(),
        _ => Vec::new(),
    };
    let intents: Vec<Intent> =
        contacts.iter().map(|(at, _)| Intent { subject: key(*at), id: None, changes: changes(*at) }).collect();
    if intents.is_empty() {
        return;
    }
    let mut wanted = tenant.client.host().begin(intents).into_iter();
    let mut open = Vec::new();
    for (at, id) in contacts {
        if wanted.next().unwrap_or(false) {
            open.push((*at, id.to_string()));
        } else if let (Some(slot), Some(person)) = (results.get_mut(*at), people.get(*at)) {
            *slot = Err(no_longer_wanted(&subject(person)));
        }
    }
    let ids: Vec<String> = open.iter().map(|(_, id)| id.clone()).collect();
    let what = "the contacts that pushes have left";
    let deleted = collections::delete(tenant.client, &ids, what, &mut |done| {
        let of = |record: &usize| open.get(*record).map(|(at, _)| key(*at));
        let progress =
            done.iter().filter_map(|(record, _)| Some(Progress { subject: of(record)?, id: None, written: vec![0] }));
        tenant.client.host().written(&progress.collect::<Vec<_>>());
    });
    for ((at, id), deleted) in open.into_iter().zip(deleted) {
        if let (Err(refused), Some(slot)) = (deleted, results.get_mut(at)) {
            *slot = Err(refused.into_error(&format!("the contact {id}")));
        }
    }
}

/// Looks for what is left. Results stand in order.
fn look<H: Host>(tenant: &Tenant<'_, H>, people: &[Abandoned]) -> Result<Vec<Left>> {
    let users = Users::find(tenant, people)?;
    let mut left: Vec<Left> =
        people.iter().map(|person| users.left(person).map_or(Left::Nothing, |user| Left::User(user.id))).collect();
    let open: Vec<usize> = (0..people.len())
        .filter(|at| {
            let is_new = people.get(*at).is_some_and(|person| person.begun(CONTACT, "AccountId").is_some());
            is_new && matches!(left.get(*at), Some(Left::Nothing))
        })
        .collect();
    for (at, contact) in open.iter().zip(lone_contacts(tenant, people, &open)?) {
        if let (Some(slot), Some(id)) = (left.get_mut(*at), contact) {
            *slot = Left::Contact(id);
        }
    }
    Ok(left)
}

/// Users that may have been made.
struct Users<'a> {
    key_field: Option<&'a Name>,
    users: Vec<Known>,
    by_key: Index,
    by_name: Index,
    /// Keys of the people whose users they are, by the host.
    owners: Vec<Option<String>>,
}

impl<'a> Users<'a> {
    fn find<H: Host>(tenant: &Tenant<'a, H>, people: &[Abandoned]) -> Result<Self> {
        let key_field = tenant.writing.user_key.as_ref();
        let mut paths = Paths::of(&[ID, "Username", "UserType", "FederationIdentifier"]);
        if let Some(name) = key_field {
            paths.add(name.as_str());
        }
        let users = find(tenant.client, USER, paths, people.len(), LEFT, &|part| {
            let people = people.get(part).unwrap_or_default();
            let names = people.iter().filter_map(|person| person.begun(USER, "Username"));
            let mut ways = vec![Condition::texts("Username", names)];
            if let Some(name) = key_field {
                ways.push(Condition::texts_of(name, people.iter().map(|person| &*person.key)));
            }
            Condition::any(&ways)
        })?;
        let (mut by_key, mut by_name) = (Index::default(), Index::default());
        for (at, user) in users.iter().enumerate() {
            if let Some(key) = key_field.and_then(|name| user.text(name.as_str())) {
                by_key.insert(key, at);
            }
            by_name.insert(&user.username().to_ascii_lowercase(), at);
        }
        let ids: Vec<String> = users.iter().map(|user| user.id.to_string()).collect();
        let owners = if ids.is_empty() { Vec::new() } else { tenant.client.host().owners(&ids) };
        let owners = owners.into_iter().map(|owner| owner.map(|owner| owner.key)).collect();
        Ok(Self { key_field, users, by_key, by_name, owners })
    }

    /// The user that was made for a person who is to have none, unless it may be somebody else's.
    fn left(&self, person: &Abandoned) -> Option<&Known> {
        if person.id.is_some() {
            return None;
        }
        let by_name = || self.by_name.get(&person.begun(USER, "Username")?.to_ascii_lowercase());
        let at = self.by_key.get(&person.key).or_else(by_name)?;
        let user = self.users.get(at)?;
        let is_owners = self.owners.get(at).is_none_or(|owner| owner.as_ref().is_none_or(|owner| *owner == person.key));
        let key = self.key_field.and_then(|name| user.text(name.as_str()));
        let has_key = self.key_field.is_none() || key == Some(&*person.key);
        let federation = person.begun(USER, "FederationIdentifier");
        let has_federation = federation.is_none() || user.text("FederationIdentifier") == federation;
        let is_portal = is_portal_user_type(user.text("UserType").unwrap_or_default());
        (is_owners && has_key && has_federation && is_portal).then_some(user)
    }
}

/// The contacts that were made for the people at these places, and have no user.
fn lone_contacts<H: Host>(tenant: &Tenant<'_, H>, people: &[Abandoned], open: &[usize]) -> Result<Vec<Option<Id>>> {
    let open: Vec<&Abandoned> = open.iter().filter_map(|at| people.get(*at)).collect();
    let Ok(admin) = Id::parse(&tenant.client.signed_in().user_id) else {
        return Ok(open.iter().map(|_| None).collect());
    };
    let key_field = tenant.writing.contact_key.as_ref();
    let mut paths = Paths::of(&[ID, "Email", "LastName"]);
    if let Some(name) = key_field {
        paths.add(name.as_str());
    }
    let contacts = find(tenant.client, CONTACT, paths, open.len(), LEFT, &|part| {
        let open = open.get(part).unwrap_or_default();
        let way = match key_field {
            Some(name) => Condition::texts_of(name, open.iter().map(|person| &*person.key)),
            None => Condition::texts("Email", open.iter().filter_map(|person| person.begun(CONTACT, "Email"))),
        };
        let account = Condition::equals("AccountId", Literal::Id(tenant.account_id));
        Condition::all(&[account, Condition::equals("CreatedById", Literal::Id(admin)), way])
    })?;
    let users = find(tenant.client, USER, Paths::of(&[ID, "ContactId"]), contacts.len(), LEFT, &|part| {
        let ids: Vec<Id> = contacts.get(part).unwrap_or_default().iter().map(|contact| contact.id).collect();
        Condition::ids("ContactId", &ids)
    })?;
    let of = |person: &&Abandoned| {
        let mut fitting = contacts.iter().filter(|contact| match key_field {
            Some(name) => contact.text(name.as_str()) == Some(&*person.key),
            None => {
                let is = |field: &str| {
                    let has = contact.text(field).unwrap_or_default();
                    person.begun(CONTACT, field).is_some_and(|begun| begun.eq_ignore_ascii_case(has))
                };
                is("Email") && is("LastName")
            }
        });
        let (only, other) = (fitting.next()?.id, fitting.next());
        let has_user = users.iter().any(|user| user.id("ContactId") == Some(only));
        (other.is_none() && !has_user).then_some(only)
    };
    Ok(open.iter().map(of).collect())
}
