//! What an admin decides of users that wait.

use super::import::{Settling, take_over};
use super::intents::{self, Followed};
use super::push::is_in_use;
use crate::directory::{
    DirectoryError, LinkReason, Note, Person, QueueFilter, QueueReason, TenantRecord, WriteTransaction,
};

/// What a user that waits is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// This person, by key or username.
    Person(String),
    /// A new person.
    New,
    /// Nobody: it is left alone, also by later imports.
    Ignore,
}

/// What a decision has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decided {
    /// The user is this person's.
    Linked {
        /// The person.
        person: Box<Person>,
        /// Sentences that say what does not follow, because a feature is off.
        off: Vec<String>,
    },
    /// The user is left alone, also by later imports.
    LeftAlone,
    /// The user stays as it is. A push of one of these people that finds it again asks again.
    NotTheirs {
        /// Their keys.
        people: Vec<String>,
    },
}

/// Decides of one user that waits since an import, or of which a push could not tell whose it is.
///
/// # Errors
/// When the user does not wait, it is somebody else's, or the person is linked to another user of the tenant.
pub fn confirm(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    remote_id: &str,
    decision: &Decision,
) -> Result<Decided, DirectoryError> {
    let staged = change.staged_user(tenant.id, remote_id)?;
    let waits = match &staged {
        Some(staged) => change.waits_for(staged.row)?.is_some() && !staged.gone,
        None => false,
    };
    if !waits && !change.claims_on(tenant.id, remote_id)?.is_empty() {
        return decide_claim(change, tenant, remote_id, decision);
    }
    let staged = staged.ok_or_else(|| DirectoryError::NotFound {
        what: "user",
        name: remote_id.to_owned(),
        hint: "`confirm TENANT` lists those that wait",
    })?;
    if !waits {
        return Err(DirectoryError::Invalid(format!(
            "the user {remote_id} of {} does not wait to be confirmed; `confirm {}` lists those that do",
            tenant.name, tenant.name
        )));
    }
    match decision {
        Decision::Person(name) => {
            let person = change.person(name)?;
            take_over(change, tenant, &staged, &person)?;
            linked(change, tenant, remote_id, person)
        }
        Decision::New => {
            // A push may have found it meanwhile.
            if let Some(link) = change.link_of_user(tenant.id, remote_id)? {
                let owner = change.person_by_id(link.person)?;
                return Err(DirectoryError::Invalid(format!(
                    "the user {remote_id} of {} is linked to the person {} already, so no person is made of it",
                    tenant.name, owner.key
                )));
            }
            let person = Settling::new(change, tenant)?.make_person(change, &staged)?;
            linked(change, tenant, remote_id, person)
        }
        Decision::Ignore => {
            change.drop_claims_on(tenant.id, remote_id)?;
            change.settle_user(staged.row, Some((QueueReason::Ignored, &[])))?;
            change.note(&Note {
                tenant: Some(&tenant.name),
                person: None,
                action: "import.ignore",
                old: None,
                new: Some(serde_json::json!({ "user": remote_id, "username": staged.user.username })),
                result: "left alone",
            })?;
            Ok(Decided::LeftAlone)
        }
    }
}

/// Decides of a user that a push found and could not tell whose it is.
fn decide_claim(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    remote_id: &str,
    decision: &Decision,
) -> Result<Decided, DirectoryError> {
    let name = &tenant.name;
    let key = match decision {
        Decision::Person(key) => key,
        Decision::New => {
            return Err(DirectoryError::Invalid(format!(
                "the user {remote_id} of {name} is one that a push found for somebody who is here already, so no new person is made of it; say whose it is with `confirm {name} {remote_id} --person KEY`"
            )));
        }
        Decision::Ignore => return reject(change, tenant, remote_id),
    };
    let person = change.person(key)?;
    match change.link(tenant.id, person.id)? {
        Some(link) if link.remote_id == remote_id => change.confirm_link(tenant, &person, &link)?,
        _ => change.add_link(tenant, &person, remote_id, LinkReason::Confirmed)?,
    }
    linked(change, tenant, remote_id, person)
}

/// Drops all claims on a user, with a row of the audit trail for each.
fn reject(change: &WriteTransaction<'_>, tenant: &TenantRecord, remote_id: &str) -> Result<Decided, DirectoryError> {
    let claims = change.claims_on(tenant.id, remote_id)?;
    for claim in &claims {
        change.note(&Note {
            tenant: Some(&tenant.name),
            person: Some(&claim.person),
            action: "claim.reject",
            old: Some(serde_json::json!({ "user": remote_id, "username": claim.username })),
            new: None,
            result: "not this person's",
        })?;
    }
    change.drop_claims_on(tenant.id, remote_id)?;
    Ok(Decided::NotTheirs { people: claims.into_iter().map(|claim| claim.person).collect() })
}

/// Has a person brought up to date whose user is known now.
fn linked(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    remote_id: &str,
    person: Person,
) -> Result<Decided, DirectoryError> {
    change.drop_claims_on(tenant.id, remote_id)?;
    change.store_claims(tenant.id, person.id, &[])?;
    let mut followed = Followed::default();
    if is_in_use(change, tenant, &person)? {
        intents::put_into_use(change, tenant, &person, &mut followed)?;
    }
    Ok(Decided::Linked { person: Box::new(person), off: followed.off })
}

/// What confirming several has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confirmed {
    /// Users that were linked to their people.
    pub linked: u64,
    /// People that were made of users.
    pub made: u64,
    /// Users that were looked at.
    pub looked: u64,
    /// The place in the queue of the last user that was looked at; `None` if there wasn't one. The next piece starts behind it.
    pub last: Option<i64>,
}

/// Of those that the filter finds, confirms everybody who waits with one candidate by an exact rule, and, where asked, makes
/// people of those whom nobody matches, until the transaction has had its turn. What is unclear stays, and so does every user of
/// which a push could not tell whose it is.
///
/// # Errors
/// The database's.
pub fn confirm_all(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    filter: &QueueFilter,
    make: bool,
) -> Result<Confirmed, DirectoryError> {
    let mut confirmed = Confirmed::default();
    for queued in change.queue(tenant.id, filter)? {
        confirmed.last = Some(queued.place);
        confirmed.looked += 1;
        let id = &queued.user.remote_id;
        let is_claimed = !change.claims_on(tenant.id, id)?.is_empty();
        match (queued.reason, queued.candidates.as_slice()) {
            _ if is_claimed => {}
            (QueueReason::Matched, [(key, ..)]) => {
                // A user before it may have taken the person.
                let person = change.person(key)?;
                if change.link(tenant.id, person.id)?.is_none() {
                    confirm(change, tenant, id, &Decision::Person(key.clone()))?;
                    confirmed.linked += 1;
                }
            }
            (QueueReason::Nobody, _) if make => match confirm(change, tenant, id, &Decision::New) {
                Ok(_) => confirmed.made += 1,
                Err(DirectoryError::Invalid(_) | DirectoryError::Exists { .. }) => {}
                Err(error) => return Err(error),
            },
            _ => {}
        }
        if change.has_had_its_turn() {
            break;
        }
    }
    Ok(confirmed)
}
