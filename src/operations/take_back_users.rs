//! Undoing what pushes that were cut off have left of people who are no longer wanted.
//!
//! Such a push was about to make a user: it had looked for one and found none. So a user who carries the person's key, or whom
//! this admin user has created with the name that the push was about to give, is its work unless something speaks for its being
//! somebody else's. It is taken out of use; Salesforce deletes no users (H). Where the push got no further than the contact, that
//! is deleted: a contact that carries the person's key or its e-mail address and last name, that this admin user has created,
//! and that no user has; as many as were begun, and none if there are more.

use std::borrow::Cow;
use std::collections::HashMap;

use super::deactivate_users::deactivate_for;
use super::digest;
use super::push_users::{Tenant, check_digests, drifted, find, is_gone, no_longer_wanted};
use super::rows::{Columns, Extra, Row, id, text};
use super::{ID, is_portal_user_type};
use crate::host::Host;
use crate::model::{
    Abandoned, Action, Begun, Deactivation, Error, ErrorKind, FieldChange, Intent, Outcome, Progress, PushMode, Result,
};
use crate::salesforce::collections;
use crate::salesforce::id::Id;
use crate::salesforce::record::Record;
use crate::salesforce::soql::{Condition, Literal, Name};
use crate::text::quoted;

const USER: &str = "User";
const CONTACT: &str = "Contact";
/// What is looked for, in errors.
const LEFT: &str = "what pushes have left";

/// What is left of one person.
enum Left {
    User(Id),
    Contacts(Vec<Id>),
    /// Nothing; with a sentence where something was found that may be somebody else's.
    Nothing(Option<String>),
}

/// Undoes what is left. Results stand in the order of the people.
pub(super) fn take_back_users<H: Host>(
    tenant: &Tenant<'_, H>,
    people: &[Abandoned],
    how: Deactivation,
    mode: &PushMode,
) -> Result<Vec<Result<Outcome>>> {
    check_digests(mode, people.len())?;
    let left = tenant.client.wait_for(look(tenant, people))?;
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
    for (at, (person, left)) in people.iter().zip(left).enumerate() {
        let lone = if let Left::Contacts(ids) = &left { ids.clone() } else { Vec::new() };
        let now = match left {
            // Whether it is still what was planned has been looked at before anything was written.
            Left::User(_) => {
                results.push(users.next().unwrap_or_else(|| Err(unresolved())));
                continue;
            }
            Left::Contacts(ids) => deleted(person, &ids),
            Left::Nothing(others) => nothing(person, others),
        };
        results.push(match digest(at) {
            Some(approved) if now.digest != approved => Err(drifted(&subject(person), &now.changes)),
            _ => {
                contacts.extend((!lone.is_empty()).then_some((at, lone)));
                Ok(now)
            }
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

fn nothing(person: &Abandoned, others: Option<String>) -> Outcome {
    Outcome {
        id: None,
        action: Action::Unchanged,
        changes: Vec::new(),
        side_effects: others.into_iter().collect(),
        digest: digest::digest(&["take-back", &person.key], &[]),
    }
}

fn deleted(person: &Abandoned, contacts: &[Id]) -> Outcome {
    let change =
        |id: &Id| FieldChange { object: CONTACT, field: Cow::Borrowed(ID), old: Some(id.to_string()), new: None };
    let changes: Vec<FieldChange> = contacts.iter().map(change).collect();
    let effect = |id: &Id| format!("The contact {id}, which a push had made for a user that is not there, is deleted.");
    Outcome {
        id: None,
        action: Action::Updated,
        digest: digest::digest(&["take-back", &person.key], &changes),
        changes,
        side_effects: contacts.iter().map(effect).collect(),
    }
}

/// Deletes contacts, given with the places of their people.
fn delete<H: Host>(
    tenant: &Tenant<'_, H>,
    people: &[Abandoned],
    contacts: &[(usize, Vec<Id>)],
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
    for (at, ids) in contacts {
        if wanted.next().unwrap_or(false) {
            open.extend((0..).zip(ids).map(|(position, id)| (*at, position, id.to_string())));
        } else if let (Some(slot), Some(person)) = (results.get_mut(*at), people.get(*at)) {
            *slot = Err(no_longer_wanted(&subject(person)));
        }
    }
    let ids: Vec<String> = open.iter().map(|(_, _, id)| id.clone()).collect();
    let what = "the contacts that pushes have left";
    let mut report = |done: &[(usize, &str)]| {
        let progress = done.iter().filter_map(|(record, _)| {
            let (at, position, _) = open.get(*record)?;
            Some(Progress { subject: key(*at), id: None, written: vec![*position] })
        });
        tenant.client.host().written(&progress.collect::<Vec<_>>());
    };
    let deleted = tenant.client.wait_for(collections::delete(tenant.client, &ids, what, &mut report));
    for ((at, _, id), deleted) in open.into_iter().zip(deleted) {
        if let (false, Err(refused), Some(slot)) = (is_gone(&deleted), deleted, results.get_mut(at)) {
            *slot = Err(refused.into_error(&format!("the contact {id}")));
        }
    }
}

/// Looks for what is left. Results stand in order.
async fn look<H: Host>(tenant: &Tenant<'_, H>, people: &[Abandoned]) -> Result<Vec<Left>> {
    let users = Users::find(tenant, people).await?;
    let mut left: Vec<Left> = people.iter().map(|person| users.of(person)).collect();
    let open: Vec<usize> = (0..people.len())
        .filter(|at| {
            // A new contact always has an address, and is looked for by it.
            let is_new = people.get(*at).is_some_and(|person| {
                ["AccountId", "Email"].iter().all(|field| person.begun(CONTACT, field).is_some())
            });
            is_new && matches!(left.get(*at), Some(Left::Nothing(_)))
        })
        .collect();
    for (at, lone) in open.iter().zip(lone_contacts(tenant, people, &open).await?) {
        let (Some(slot), Some(person)) = (left.get_mut(*at), people.get(*at)) else { continue };
        let is_new = |one: &&Begun| one.object == CONTACT && one.field == "AccountId" && one.new.is_some();
        let begun = person.begun.iter().filter(is_new).count();
        if lone.len() > begun {
            let named: Vec<String> = lone.iter().map(Id::to_string).collect();
            let sentence = format!(
                "More contacts than pushes have begun could be left of them, and none is deleted: {}.",
                named.join(", ")
            );
            *slot = Left::Nothing(Some(sentence));
        } else if !lone.is_empty() {
            *slot = Left::Contacts(lone);
        }
    }
    Ok(left)
}

/// The username of the user that a push was about to make. Returns `None` if it was about to change one, whose username isn't
/// empty.
fn new_username(person: &Abandoned) -> Option<&str> {
    let name = person.begun.iter().find(|one| one.object == USER && one.field == "Username")?;
    if name.old.is_none() { name.new.as_deref() } else { None }
}

/// A user that may have been made.
struct LeftUser {
    id: Id,
    username: String,
    user_type: String,
    federation_id: Option<String>,
    created_by: Option<Id>,
    /// The host's key.
    extra: Extra,
}

impl Row for LeftUser {
    const OBJECT: &'static str = USER;
    const COLUMNS: &'static [&'static str] = &["Username", "UserType", "FederationIdentifier", "CreatedById"];

    fn read(record: &Record<'_>, extra: Extra) -> Option<Self> {
        Some(Self {
            id: id(record, ID)?,
            username: text(record, "Username").unwrap_or_default(),
            user_type: text(record, "UserType").unwrap_or_default(),
            federation_id: text(record, "FederationIdentifier"),
            created_by: id(record, "CreatedById"),
            extra,
        })
    }

    fn id(&self) -> Id {
        self.id
    }
}

/// A contact that may have been made.
struct LeftContact {
    id: Id,
    email: String,
    last_name: String,
    /// The host's key.
    extra: Extra,
}

impl Row for LeftContact {
    const OBJECT: &'static str = CONTACT;
    const COLUMNS: &'static [&'static str] = &["Email", "LastName"];

    fn read(record: &Record<'_>, extra: Extra) -> Option<Self> {
        let (email, last_name) =
            (text(record, "Email").unwrap_or_default(), text(record, "LastName").unwrap_or_default());
        Some(Self { id: id(record, ID)?, email, last_name, extra })
    }

    fn id(&self) -> Id {
        self.id
    }
}

/// A user, with its contact.
struct UserOfContact {
    id: Id,
    contact: Option<Id>,
}

impl Row for UserOfContact {
    const OBJECT: &'static str = USER;
    const COLUMNS: &'static [&'static str] = &["ContactId"];

    fn read(record: &Record<'_>, _: Extra) -> Option<Self> {
        Some(Self { id: id(record, ID)?, contact: id(record, "ContactId") })
    }

    fn id(&self) -> Id {
        self.id
    }
}

/// Users that may have been made.
struct Users<'a> {
    key_field: Option<&'a Name>,
    users: Vec<LeftUser>,
    by_key: HashMap<String, usize>,
    by_name: HashMap<String, usize>,
    /// Keys of the people whose users they are, by the host.
    owners: Vec<Option<String>>,
    /// The admin user that the connector is signed in as.
    admin: Option<Id>,
}

impl<'a> Users<'a> {
    async fn find<H: Host>(tenant: &Tenant<'a, H>, people: &[Abandoned]) -> Result<Self> {
        let key_field = tenant.writing.user_key.as_ref();
        let mut columns = Columns::default();
        if let Some(name) = key_field {
            columns.add(name.as_str());
        }
        let made: Vec<(&str, &str)> =
            people.iter().filter_map(|person| Some((person.key.as_str(), new_username(person)?))).collect();
        let users: Vec<LeftUser> = find(tenant.client, columns, made.len(), LEFT, |part| {
            let made = made.get(part).unwrap_or_default();
            let mut ways = vec![Condition::texts("Username", made.iter().map(|(_, name)| *name))];
            if let Some(field) = key_field {
                ways.push(Condition::texts_of(field, made.iter().map(|(key, _)| *key)));
            }
            Condition::any(&ways)
        })
        .await?;
        let (mut by_key, mut by_name) = (HashMap::new(), HashMap::new());
        for (at, user) in users.iter().enumerate() {
            if let Some(key) = key_field.and_then(|name| user.extra.text(name.as_str())) {
                by_key.entry(key.to_owned()).or_insert(at);
            }
            by_name.entry(user.username.to_ascii_lowercase()).or_insert(at);
        }
        let ids: Vec<String> = users.iter().map(|user| user.id.to_string()).collect();
        let owners = if ids.is_empty() { Vec::new() } else { tenant.client.host().owners(&ids) };
        let owners = owners.into_iter().map(|owner| owner.map(|owner| owner.key)).collect();
        let admin = Id::parse(&tenant.client.signed_in().user_id).ok();
        Ok(Self { key_field, users, by_key, by_name, owners, admin })
    }

    /// The user that was made for a person who is to have none, unless it may be somebody else's.
    fn of(&self, person: &Abandoned) -> Left {
        if person.id.is_some() {
            return Left::Nothing(None);
        }
        let Some(name) = new_username(person) else { return Left::Nothing(None) };
        let at = self.by_key.get(&person.key).or_else(|| self.by_name.get(&name.to_ascii_lowercase()));
        let Some((at, user)) = at.and_then(|at| Some((*at, self.users.get(*at)?))) else { return Left::Nothing(None) };
        let objections = self.objections(person, at, user);
        if objections.is_empty() {
            return Left::User(user.id);
        }
        let (name, id) = (&user.username, user.id);
        Left::Nothing(Some(format!("The user {name} ({id}) is left as it is: {}.", objections.join(", "))))
    }

    /// What speaks for a user's being somebody else's, one clause each.
    fn objections(&self, person: &Abandoned, at: usize, user: &LeftUser) -> Vec<String> {
        let mut found = Vec::new();
        let key = self.key_field.and_then(|field| user.extra.text(field.as_str()));
        if let Some(Some(owner)) = self.owners.get(at)
            && *owner != person.key
        {
            found.push(format!("by the directory it is that of the person {}", quoted(owner)));
        }
        match key {
            Some(key) if key == person.key => {}
            Some(key) => found.push(format!("it carries the key {}", quoted(key))),
            None if self.key_field.is_some() => found.push("it carries no key".to_owned()),
            None if self.admin.is_none() || user.created_by != self.admin => {
                found.push("somebody else has created it".to_owned());
            }
            None => {}
        }
        let begun = person.begun(USER, "FederationIdentifier");
        let has = user.federation_id.as_deref();
        // Whoever carries the person's key may have got another federation id since.
        if key != Some(&*person.key) && begun.is_some() && has != begun {
            found.push(has.map_or_else(
                || "it has no federation id".to_owned(),
                |has| format!("it has the federation id {}", quoted(has)),
            ));
        }
        if !is_portal_user_type(&user.user_type) {
            found.push("it is no portal user".to_owned());
        }
        found
    }
}

/// The contacts that were made for the people at these places, and have no user.
async fn lone_contacts<H: Host>(tenant: &Tenant<'_, H>, people: &[Abandoned], open: &[usize]) -> Result<Vec<Vec<Id>>> {
    let open: Vec<&Abandoned> = open.iter().filter_map(|at| people.get(*at)).collect();
    let Ok(admin) = Id::parse(&tenant.client.signed_in().user_id) else {
        return Ok(open.iter().map(|_| Vec::new()).collect());
    };
    let key_field = tenant.writing.contact_key.as_ref();
    let mut columns = Columns::default();
    if let Some(name) = key_field {
        columns.add(name.as_str());
    }
    let contacts: Vec<LeftContact> = find(tenant.client, columns, open.len(), LEFT, |part| {
        let open = open.get(part).unwrap_or_default();
        let way = match key_field {
            Some(name) => Condition::texts_of(name, open.iter().map(|person| &*person.key)),
            None => Condition::texts("Email", open.iter().filter_map(|person| person.begun(CONTACT, "Email"))),
        };
        let account = Condition::equals("AccountId", Literal::Id(tenant.account_id));
        Condition::all(&[account, Condition::equals("CreatedById", Literal::Id(admin)), way])
    })
    .await?;
    let users: Vec<UserOfContact> = find(tenant.client, Columns::default(), contacts.len(), LEFT, |part| {
        let ids: Vec<Id> = contacts.get(part).unwrap_or_default().iter().map(|contact| contact.id).collect();
        Condition::ids("ContactId", &ids)
    })
    .await?;
    let of = |person: &&Abandoned| {
        // The contact of a user that is there is nobody's leftover.
        let has_user = |contact: &LeftContact| users.iter().any(|user| user.contact == Some(contact.id));
        let fitting = contacts.iter().filter(|contact| !has_user(contact)).filter(|contact| match key_field {
            Some(name) => contact.extra.text(name.as_str()) == Some(&*person.key),
            None => {
                let was_to_have = |field: &str, has: &str| {
                    person.begun(CONTACT, field).is_some_and(|begun| begun.eq_ignore_ascii_case(has))
                };
                was_to_have("Email", &contact.email) && was_to_have("LastName", &contact.last_name)
            }
        });
        fitting.map(|contact| contact.id).collect()
    };
    Ok(open.iter().map(of).collect())
}

#[cfg(test)]
mod tests;
