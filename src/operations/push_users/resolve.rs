//! Finding who is there already: a user by its stored id, the host's key, its federation id or its username, and where
//! there is none a contact of the portal's account by the host's key or its e-mail address.
//!
//! More than one candidate, or one that may be somebody else's ([`Claims`]), stops the push of this person, with the
//! candidates named: usernames and e-mail addresses come back, and no second user is ever made for a contact.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::Tenant;
use super::assignment::{self, Held, Kind};
use super::claims::{Also, Claims};
use super::contacts::match_contacts;
use super::out_of_use;
use super::rows::{ContactRow, UserRow};
use super::wanted::CheckedUser;
use crate::attributes::FEDERATION_ID;
use crate::host::Host;
use crate::model::{Error, ErrorKind, Result, Retry};
use crate::operations::rows::{Columns, Extra, Row, untold};
use crate::operations::schema::Schema;
use crate::operations::{ID, is_portal_user_type};
use crate::salesforce::client::Client;
use crate::salesforce::gather::{gather_all, split};
use crate::salesforce::id::Id;
use crate::salesforce::soql::{Condition, Name, Select};
use crate::together::both;

/// Who was found for a wanted user.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Match {
    /// A user, with what is assigned to it as far as that matters; and with a sentence where it was not found as expected.
    User(Box<UserRow>, Vec<Held>, Option<String>),
    /// No user, but a contact that has none.
    Contact(Box<ContactRow>),
    /// Nobody.
    Nobody,
    /// What it is found by is still another user's of this batch, which gets something else: why it cannot be done before
    /// that, and the key of the person whose user it is.
    Later(Error, String),
}

/// Finds the users and contacts of a batch. Results stand in order.
pub(super) async fn resolve<H: Host>(
    tenant: &Tenant<'_, H>,
    schema: Option<&Schema>,
    wanted: &[&CheckedUser],
) -> Result<Vec<Result<Match>>> {
    let client = tenant.client;
    let users = Users::find(tenant, schema, wanted).await?;
    let key_field = tenant.writing.user_key.as_ref().map(Name::as_str);
    let claims = Claims::of(client, key_field, &users.users, wanted);
    let mut found: Vec<Result<Match>> = wanted.iter().map(|wanted| users.match_one(client, &claims, wanted)).collect();
    refuse_shared(client, &claims, wanted, &mut found);
    // Contacts concern those who have no user; what is held and who is out of use, those who have one.
    let of_users = both(held(tenant, schema, wanted, &found), out_of_use::frozen(client, &found));
    let (contacts, (held, frozen)) = both(match_contacts(tenant, wanted, &found), of_users).await;
    for (at, matched) in contacts? {
        if let Some(slot) = found.get_mut(at) {
            *slot = matched;
        }
    }
    for (at, held) in held? {
        if let Some(Ok(Match::User(_, slot, _))) = found.get_mut(at) {
            *slot = held;
        }
    }
    out_of_use::report(client, wanted, &found, &frozen?);
    Ok(found)
}

/// Refuses all who are found to be the same user; the one whose id the host knows was found by it, and keeps it.
fn refuse_shared<H: Host>(
    client: &Client<H>,
    claims: &Claims<'_>,
    wanted: &[&CheckedUser],
    found: &mut [Result<Match>],
) {
    let mut places: HashMap<Id, Vec<usize>> = HashMap::new();
    for (at, found) in found.iter().enumerate() {
        if let Ok(Match::User(user, ..)) = found {
            places.entry(user.id).or_default().push(at);
        }
    }
    for (at, slot) in found.iter_mut().enumerate() {
        let (Ok(Match::User(user, ..)), Some(one)) = (&*slot, wanted.get(at)) else { continue };
        let other = places.get(&user.id).into_iter().flatten().find(|other| **other != at);
        if let Some(other) = other.and_then(|other| wanted.get(*other))
            && one.id != Some(user.id)
        {
            let objection = format!("{} of this push is found to be it, too", other.subject());
            let also = Also { evidence: None, objection: Some(&objection) };
            *slot = Err(claims.undecided(client, one, &[user], also));
        }
    }
}

/// Reads what is assigned to the users of whom assignments are wanted, with their places.
async fn held<H: Host>(
    tenant: &Tenant<'_, H>,
    schema: Option<&Schema>,
    wanted: &[&CheckedUser],
    found: &[Result<Match>],
) -> Result<Vec<(usize, Vec<Held>)>> {
    let (mut places, mut ids) = (Vec::new(), Vec::new());
    for (at, (wanted, found)) in wanted.iter().zip(found).enumerate() {
        if let Ok(Match::User(user, ..)) = found
            && (wanted.exact || !wanted.assignments.is_empty())
        {
            places.push(at);
            ids.push(user.id);
        }
    }
    // Only the schema tells whether assignments of permission sets have an end.
    let has_sets = wanted.iter().any(|wanted| wanted.assignments.iter().any(|one| one.kind == Kind::Set));
    let schema = match schema {
        None if has_sets && !ids.is_empty() => Some(tenant.schema.answer(tenant.client).await?),
        schema => schema,
    };
    Ok(places.into_iter().zip(assignment::held(tenant.client, &ids, schema).await?).collect())
}

/// The records that queries find, each once, with the columns of their kind and those that are added.
///
/// # Errors
///
/// When Salesforce doesn't answer, and when a record lacks a column: to compare what is wanted with what isn't known would
/// take the field for empty, and the record for one that nobody's key is on.
pub(in crate::operations) async fn find<H: Host, R: Row>(
    client: &Client<H>,
    added: Columns,
    count: usize,
    subject: &'static str,
    condition: impl Fn(Range<usize>) -> Condition,
) -> Result<Vec<R>> {
    let added = added.share();
    let others = added.iter().map(String::as_str).filter(|path| !R::COLUMNS.contains(path));
    let fields = [ID].into_iter().chain(R::COLUMNS.iter().copied()).chain(others);
    // Every path comes from our own table or the organisation's description, so none is lost here.
    let fields: Vec<Name> = fields.filter_map(Name::parse).collect();
    let queries = split(count, |part| Select::new(R::OBJECT, &[]).with(&fields).filter(&condition(part)));
    let (mut found, mut seen, mut lacking) = (Vec::new(), HashSet::new(), None);
    gather_all(client, &queries, subject, |_, record| {
        lacking = lacking.or_else(|| fields.iter().find(|field| !record.tells(field.as_str())));
        // A record may be found by its username in one query and by another key in the next.
        if let Some(row) = R::read(record, Extra::read(record, &added))
            && seen.insert(row.id())
        {
            found.push(row);
        }
    })
    .await?;
    match lacking {
        Some(field) => Err(untold(field.as_str(), subject)),
        None => Ok(found),
    }
}

/// What users are found by, in the order of trust, with the words for it.
const KEYS: [&str; 3] = ["key", "federation id", "username"];
/// The federation id's place among the [`KEYS`].
const FEDERATION: usize = 1;

/// The users that might be those of a batch.
struct Users {
    users: Vec<UserRow>,
    by_id: HashMap<Id, usize>,
    /// Places of users by each of the [`KEYS`].
    by_key: [HashMap<String, Vec<usize>>; KEYS.len()],
}

/// A key as it is compared: federation ids as they are, the other two without case, as Salesforce does.
fn folded(key: usize, text: &str) -> String {
    if key == FEDERATION { text.to_owned() } else { text.to_ascii_lowercase() }
}

impl Users {
    async fn find<H: Host>(tenant: &Tenant<'_, H>, schema: Option<&Schema>, wanted: &[&CheckedUser]) -> Result<Self> {
        let mut columns = Columns::default();
        let key_field = tenant.writing.user_key.as_ref();
        if let Some(name) = key_field {
            columns.add(name.as_str());
        }
        if let Some(name) = &tenant.writing.contact_key {
            columns.add(format!("Contact.{}", name.as_str()));
        }
        for wanted in wanted {
            for entry in &wanted.values {
                if let Some(field) = &entry.user {
                    columns.add(&**field);
                }
                if let Some(field) = &entry.contact {
                    columns.add(format!("Contact.{field}"));
                }
            }
            for flag in &wanted.flags {
                columns.add(flag.as_str());
            }
        }
        for flag in schema.iter().filter(|_| wanted.iter().any(|wanted| wanted.exact)).flat_map(|schema| &schema.flags)
        {
            columns.add(flag.field.as_str());
        }
        let users: Vec<UserRow> = find(tenant.client, columns, wanted.len(), "the users of a push", |part| {
            let wanted = wanted.get(part).unwrap_or_default();
            let mut conditions = Vec::new();
            let ids: Vec<Id> = wanted.iter().filter_map(|wanted| wanted.id).collect();
            if !ids.is_empty() {
                conditions.push(Condition::ids("Id", &ids));
            }
            if let Some(name) = key_field {
                conditions.push(Condition::texts_of(name, wanted.iter().map(|wanted| &*wanted.key)));
            }
            conditions.push(Condition::texts("Username", wanted.iter().map(|wanted| &*wanted.username)));
            let federation: Vec<&str> = wanted.iter().filter_map(|wanted| wanted.value(FEDERATION_ID)).collect();
            if !federation.is_empty() {
                conditions.push(Condition::texts("FederationIdentifier", federation));
            }
            Condition::any(&conditions)
        })
        .await?;
        let by_id = users.iter().enumerate().map(|(at, user)| (user.id, at)).collect();
        let mut by_key: [HashMap<String, Vec<usize>>; KEYS.len()] = Default::default();
        for (at, user) in users.iter().enumerate() {
            let key = key_field.and_then(|name| user.extra.text(name.as_str()));
            let texts = [key, user.federation_id.as_deref(), Some(user.username.as_str())];
            for ((number, places), text) in by_key.iter_mut().enumerate().zip(texts) {
                if let Some(text) = text {
                    places.entry(folded(number, text)).or_default().push(at);
                }
            }
        }
        Ok(Self { users, by_id, by_key })
    }

    /// The users that could be the wanted one, each once, with what speaks for them.
    fn candidates(&self, wanted: &CheckedUser) -> Vec<(&UserRow, &'static str)> {
        let mut found: Vec<(&UserRow, &'static str)> = Vec::new();
        let texts = [Some(wanted.key.as_str()), wanted.value(FEDERATION_ID), Some(wanted.username.as_str())];
        for (((number, places), text), what) in self.by_key.iter().enumerate().zip(texts).zip(KEYS) {
            let places = text.and_then(|text| places.get(&folded(number, text)));
            for user in places.into_iter().flatten().filter_map(|at| self.users.get(*at)) {
                if !found.iter().any(|(have, _)| have.id == user.id) {
                    found.push((user, what));
                }
            }
        }
        found
    }

    fn match_one<H: Host>(&self, client: &Client<H>, claims: &Claims<'_>, wanted: &CheckedUser) -> Result<Match> {
        let subject = wanted.subject();
        let candidates = self.candidates(wanted);
        let linked = wanted.id.and_then(|id| self.users.get(*self.by_id.get(&id)?));
        if let Some(user) = linked {
            check_portal(user, &subject)?;
            if claims.contradicts_link(user, wanted) {
                return Err(claims.undecided(client, wanted, &[user], Also::default()));
            }
            let mut later = None;
            for (other, what) in candidates.iter().filter(|(other, _)| other.id != user.id) {
                match claims.vacated_by(other, wanted) {
                    Some(holder) => later = Some(Match::Later(still_taken(&subject, what, other), holder.to_owned())),
                    None => return Err(belongs_to_other(&subject, what, other)),
                }
            }
            return Ok(later.unwrap_or_else(|| Match::User(Box::new(user.clone()), Vec::new(), None)));
        }
        for (user, what) in &candidates {
            if let Some(holder) = claims.vacated_by(user, wanted) {
                return Ok(Match::Later(still_taken(&subject, what, user), holder.to_owned()));
            }
        }
        let (user, what) = match (candidates.as_slice(), wanted.id) {
            ([one], _) => *one,
            ([], None) => return Ok(Match::Nobody),
            ([], Some(id)) => {
                return Err(Error::new(
                    ErrorKind::StaleReference,
                    format!("the user {id} that {subject} is linked to does not exist any more, and no other has this username"),
                )
                .with_remedy("Take the link away, so that a new user is made; after a refresh of a sandbox import first"));
            }
            _ => {
                let users: Vec<&UserRow> = candidates.iter().map(|(user, _)| *user).collect();
                return Err(claims.undecided(client, wanted, &users, Also::default()));
            }
        };
        if !is_portal_user_type(&user.user_type) {
            return Err(Error::new(
                ErrorKind::UsernameTaken,
                format!("the {what} of {subject} belongs to {} ({}), which is no portal user", user.username, user.id),
            )
            .with_remedy("Choose another username for the portal user"));
        }
        if !claims.is_clear(user, wanted) {
            return Err(claims.undecided(client, wanted, &[user], Also::default()));
        }
        let note = wanted
            .id
            .map(|id| format!("The stored id {id} does not exist any more; the user was found by its {what}."));
        Ok(Match::User(Box::new(user.clone()), Vec::new(), note))
    }
}

/// The error for what another user has, which is not this person's.
fn belongs_to_other(subject: &str, what: &str, other: &UserRow) -> Error {
    let kind = if what == "username" { ErrorKind::UsernameTaken } else { ErrorKind::AmbiguousMatch };
    let message = format!("the {what} of {subject} belongs to another user, {} ({})", other.username, other.id);
    Error::new(kind, message).with_remedy("Choose another value, or link the person to that user")
}

/// The error for what another user of the batch has until it is changed.
pub(super) fn still_taken(subject: &str, what: &str, other: &UserRow) -> Error {
    let message = format!(
        "the {what} of {subject} is still that of another user, {} ({}), which is to get another one first",
        other.username, other.id
    );
    Error::new(ErrorKind::UsernameTaken, message)
        .with_remedy("Push again once the other user has its new name")
        .with_retry(Retry::AtOnce)
}

fn check_portal(user: &UserRow, subject: &str) -> Result<()> {
    if is_portal_user_type(&user.user_type) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidValue,
        format!("the user {} that {subject} is linked to is no portal user", user.id),
    )
    .with_remedy("Link the person to a portal user; internal users are not touched"))
}

pub(super) fn ambiguous(subject: &str, what: &str, candidates: &str) -> Error {
    Error::new(
        ErrorKind::AmbiguousMatch,
        format!("several {what} could be {subject}, and none was touched: {candidates}"),
    )
    .with_remedy("Link the person to the right one, or merge them in Salesforce")
}
