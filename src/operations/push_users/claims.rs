//! Whose user a found user is: what speaks for its being the wanted one, and what against.
//!
//! Usernames, e-mail addresses and federation ids come back: a company gives the address of somebody who left to somebody
//! new. So a user that carries another person's key or federation id, or that the host knows as another person's, is never
//! written, however well its name fits; an admin decides.

use std::collections::HashMap;

use super::rows::UserRow;
use super::wanted::CheckedUser;
use crate::attributes::{EMAIL, FEDERATION_ID};
use crate::host::Host;
use crate::model::{Candidate, Error, ErrorKind, Owner, Status};
use crate::salesforce::client::Client;
use crate::salesforce::id::Id;
use crate::text::quoted;

/// What is known beside the users themselves.
pub(super) struct Claims<'a> {
    /// The field of users that holds the host's key.
    key_field: Option<&'a str>,
    owners: HashMap<Id, Owner>,
    /// Those of the batch whose users the host knows, by the users' ids.
    linked: HashMap<Id, &'a CheckedUser>,
}

/// What speaks for and against one user.
struct Claim {
    evidence: Vec<String>,
    objections: Vec<String>,
}

/// What speaks for and against users beside what they carry, one clause each.
#[derive(Clone, Copy, Default)]
pub(super) struct Also<'a> {
    pub(super) evidence: Option<&'a str>,
    pub(super) objection: Option<&'a str>,
}

impl<'a> Claims<'a> {
    /// Asks the host whose these users are.
    pub(super) fn of<H: Host>(
        client: &Client<H>,
        key_field: Option<&'a str>,
        users: &[UserRow],
        batch: &[&'a CheckedUser],
    ) -> Self {
        let ids: Vec<String> = users.iter().map(|user| user.id.to_string()).collect();
        let owners = if ids.is_empty() { Vec::new() } else { client.host().owners(&ids) };
        let owners = users.iter().zip(owners).filter_map(|(user, owner)| Some((user.id, owner?))).collect();
        let linked = batch.iter().filter_map(|wanted| Some((wanted.id?, *wanted))).collect();
        Self { key_field, owners, linked }
    }

    fn key<'k>(&self, user: &'k UserRow) -> Option<&'k str> {
        user.extra.text(self.key_field?)
    }

    fn claim(&self, user: &UserRow, wanted: &CheckedUser) -> Claim {
        let (mut evidence, mut objections) = (Vec::new(), Vec::new());
        match self.key(user) {
            Some(key) if key == wanted.key => evidence.push("it carries the person's key".to_owned()),
            Some(key) => objections.push(format!("it carries the key {}", quoted(key))),
            None => {}
        }
        match self.owners.get(&user.id) {
            Some(owner) if owner.key == wanted.key && owner.linked => {
                evidence.push("the directory has it as this person's".to_owned());
            }
            Some(owner) if owner.key == wanted.key => evidence.push("it was this person's before".to_owned()),
            Some(Owner { key, linked: true, .. }) => {
                objections.push(format!("the directory has it as the user of the person {}", quoted(key)));
            }
            Some(Owner { key, .. }) => objections.push(format!("it was the user of the person {}", quoted(key))),
            None => {
                if let Some(other) = self.holder(user, wanted) {
                    objections.push(format!("in this push it is the user of the person {}", quoted(&other.key)));
                }
            }
        }
        // Somebody who is known by the key, or by the directory, may have got another federation id.
        let is_known = !evidence.is_empty();
        match (user.federation_id.as_deref(), wanted.value(FEDERATION_ID)) {
            (Some(has), Some(wants)) if has == wants => evidence.push("the federation id is the same".to_owned()),
            (Some(has), Some(wants)) if !is_known => {
                objections.push(format!("its federation id is {} and the person's is {}", quoted(has), quoted(wants)));
            }
            _ => {}
        }
        if user.username.eq_ignore_ascii_case(&wanted.username) {
            evidence.push("the username is the same".to_owned());
        }
        Claim { evidence, objections }
    }

    /// Whether nothing speaks against a user that was found.
    pub(super) fn is_clear(&self, user: &UserRow, wanted: &CheckedUser) -> bool {
        self.claim(user, wanted).objections.is_empty()
    }

    /// Whether the user that the person is linked to carries somebody else's key, and no admin has confirmed it.
    pub(super) fn contradicts_link(&self, user: &UserRow, wanted: &CheckedUser) -> bool {
        let is_others = self.owners.get(&user.id).is_some_and(|owner| owner.linked && owner.key != wanted.key);
        is_others || !self.is_confirmed(user, wanted) && self.key(user).is_some_and(|key| key != wanted.key)
    }

    /// The somebody else of the batch whose user it is.
    fn holder(&self, user: &UserRow, wanted: &CheckedUser) -> Option<&'a CheckedUser> {
        self.linked.get(&user.id).copied().filter(|other| other.key != wanted.key)
    }

    fn is_confirmed(&self, user: &UserRow, wanted: &CheckedUser) -> bool {
        self.owners.get(&user.id).is_some_and(|owner| owner.confirmed && owner.key == wanted.key)
    }

    /// Who holds the user, where it only stands in the way until this same batch has changed it: somebody else of the batch,
    /// who gets another username, federation id and key than the wanted ones. Names that go round, as in a chain of renames,
    /// come free one after the other.
    pub(super) fn vacated_by(&self, user: &UserRow, wanted: &CheckedUser) -> Option<&'a str> {
        let other = self.holder(user, wanted)?;
        let frees_name = !other.username.eq_ignore_ascii_case(&wanted.username);
        let has_federation = |id: &str| user.federation_id.as_deref() == Some(id);
        let frees_federation = wanted
            .value(FEDERATION_ID)
            .is_none_or(|id| !has_federation(id) || changes(other, FEDERATION_ID, |new| new != Some(id)));
        // A key that contradicts the link is overwritten only where an admin has confirmed the link.
        let frees_key = self.is_confirmed(user, other) || self.key(user) != Some(&*wanted.key);
        (frees_name && frees_federation && frees_key).then_some(&*other.key)
    }

    /// Who holds the user of a contact with this e-mail address, where it is somebody else of the batch who gets another one.
    pub(super) fn address_vacated_by(&self, user: &UserRow, wanted: &CheckedUser, email: &str) -> Option<&'a str> {
        let other = self.holder(user, wanted)?;
        let is_other = |new: Option<&str>| new.is_none_or(|new| !new.eq_ignore_ascii_case(email));
        changes(other, EMAIL, is_other).then_some(&*other.key)
    }

    /// Tells the host of users between which only an admin can decide, and gives the error for the person. `also` is what
    /// speaks for and against each of them beside what they carry.
    pub(super) fn undecided<H: Host>(
        &self,
        client: &Client<H>,
        wanted: &CheckedUser,
        users: &[&UserRow],
        also: Also<'_>,
    ) -> Error {
        let mut candidates = Vec::with_capacity(users.len());
        let mut told = Vec::with_capacity(users.len());
        for user in users {
            let Claim { mut evidence, mut objections } = self.claim(user, wanted);
            evidence.extend(also.evidence.map(str::to_owned));
            objections.extend(also.objection.map(str::to_owned));
            let clause = |clauses: &[String], nothing: &str| match clauses {
                [] => nothing.to_owned(),
                clauses => clauses.join(", "),
            };
            told.push(format!(
                "{} ({}), for which speaks: {}; and against it: {}",
                user.username,
                user.id,
                clause(&evidence, "nothing"),
                clause(&objections, "nothing")
            ));
            candidates.push(Candidate {
                id: user.id.to_string(),
                username: user.username.clone(),
                status: if user.is_active { Status::Active } else { Status::Inactive },
                evidence,
                objections,
            });
        }
        client.host().undecided(&wanted.key, &candidates);
        let subject = wanted.subject();
        let message = match told.as_slice() {
            [one] => format!("it isn't certain that {subject} is this one, so nothing was written: {one}"),
            several => {
                format!("several users could be {subject}, and none was touched: {}", several.join("; or "))
            }
        };
        Error::new(ErrorKind::AmbiguousMatch, message).with_remedy(
            "Confirm the user that is this person's, or give the person another username and federation id",
        )
    }
}

/// Whether somebody gets a value of an attribute, or none, for which this holds.
fn changes(wanted: &CheckedUser, name: &str, holds: impl Fn(Option<&str>) -> bool) -> bool {
    wanted.values.iter().any(|entry| entry.name == name && holds(entry.value.as_deref()))
}
