//! Setting users' passwords.
//!
//! Each password is one request, sent side by side; the host puts the password in the place of its placeholder, so it is never seen
//! here.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Serialize;

use super::deactivate_users::check_ids;
use super::{ID, is_portal_user_type};
use crate::diagnosis;
use crate::host::{Host, Method};
use crate::model::{Error, ErrorKind, Result, Retry};
use crate::salesforce::client::{Call, Client, Repeat};
use crate::salesforce::id::Id;
use crate::salesforce::json;
use crate::salesforce::query;
use crate::salesforce::soql::{Condition, Select};

/// Users asked for in one query; their ids always fit into a URL.
const BATCH: usize = 200;

/// What stands before a username in a sentence.
const SUBJECT: &str = "the user ";

/// Usernames by id; none for users that are no portal users.
type Users = HashMap<Id, Option<String>>;

/// Sets passwords, by the users' ids. Results stand in the order of the pairs.
/// Where `portal` is given, each password that was set is tried there.
pub(super) fn sync_passwords<H: Host>(
    client: &Client<H>,
    portal: Option<Id>,
    passwords: &[(String, String)],
) -> Result<Vec<Result<()>>> {
    let ids: Vec<String> = passwords.iter().map(|(id, _)| id.clone()).collect();
    let ids = check_ids(&ids);
    let known = find(client, &ids.iter().flatten().copied().collect::<Vec<_>>())?;
    let mut results: Vec<Result<()>> = Vec::with_capacity(passwords.len());
    let mut calls = Vec::new();
    for (id, (_, password)) in ids.into_iter().zip(passwords) {
        let checked = id.and_then(|id| Ok((id, subject(id, &known)?)));
        results.push(match checked {
            Ok((id, subject)) => {
                calls.push((results.len(), call(id, password), subject));
                Ok(())
            }
            Err(error) => Err(error),
        });
    }
    let requests: Vec<&Call<'_>> = calls.iter().map(|(_, call, _)| call).collect();
    let subjects: Vec<&str> = calls.iter().map(|(_, _, subject)| subject.as_str()).collect();
    let answers = client.attempt_all(&requests, &subjects);
    let mut set = Vec::new();
    for ((at, _, subject), answer) in calls.iter().zip(answers) {
        match (answer, results.get_mut(*at)) {
            (Err(mut failed), Some(slot)) => {
                if failed.uncertain {
                    failed.error.message.push_str("; the password may have been set all the same");
                }
                // It may be the one that an earlier call has set, of which nobody heard.
                if failed.error.kind == ErrorKind::Other(Cow::Borrowed("password-reused")) {
                    set.push((*at, subject.as_str()));
                }
                *slot = Err(failed.error);
            }
            _ => set.push((*at, subject.as_str())),
        }
    }
    if let Some(portal) = portal {
        verify(client, portal, passwords, &set, &mut results);
    }
    Ok(results)
}

/// Tries the passwords that were set. That one does not let its user in is an error, although it is set. One that was refused as
/// used before and lets its user in is set.
fn verify<H: Host>(
    client: &Client<H>,
    portal: Id,
    passwords: &[(String, String)],
    set: &[(usize, &str)],
    results: &mut [Result<()>],
) {
    let users: Vec<(&str, &str)> = set
        .iter()
        .filter_map(|(at, subject)| Some((subject.strip_prefix(SUBJECT)?, passwords.get(*at)?.1.as_str())))
        .collect();
    let answers = client.try_portal_logins(portal.as_str(), &users);
    for ((at, subject), answer) in set.iter().zip(answers) {
        let (fault, slot) = match (answer, results.get_mut(*at)) {
            (Ok(()), Some(slot)) => {
                *slot = Ok(());
                continue;
            }
            (Err(fault), Some(slot)) if slot.is_ok() => (fault, slot),
            _ => continue,
        };
        let message = format!("the password of {subject} has been set, but signing in to the portal with it failed");
        let error = Error::new(ErrorKind::Other(Cow::Borrowed("password-not-verified")), message);
        *slot = Err(match fault {
            // Nothing speaks against the password.
            Some(fault) if diagnosis::is_passing(&fault) => {
                error.with_retry(Retry::After(30)).with_upstream(fault.into())
            }
            Some(fault) => error
                .with_remedy("Check that the user is active and not frozen, that its profile has API Enabled, that portal-id is right and that the organization allows SOAP login; or set verify-passwords to false")
                .with_upstream(fault.into()),
            None => error.with_retry(Retry::After(30)),
        });
    }
}

/// `POST sobjects/User/{id}/password` (H). It is not repeated where Salesforce may have acted on it: the second time, the
/// password would be refused as one that was used before.
fn call(id: Id, password: &str) -> Call<'static> {
    Call {
        method: Method::Post,
        path: Cow::Owned(format!("sobjects/User/{id}/password")),
        body: json::body(&New { new_password: password }),
        repeat: Repeat::Never,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct New<'a> {
    new_password: &'a str,
}

fn find<H: Host>(client: &Client<H>, ids: &[Id]) -> Result<Users> {
    let mut known = Users::new();
    for batch in ids.chunks(BATCH) {
        let query = Select::new("User", &["Id", "Username", "UserType"]).filter(&Condition::ids(ID, batch));
        query::for_each(client, &query, "the users whose passwords are set", |record| {
            if let Some(id) = record.text("Id").and_then(|id| Id::parse(id).ok()) {
                let is_portal_user = record.text("UserType").is_some_and(is_portal_user_type);
                known.insert(id, record.text("Username").filter(|_| is_portal_user).map(str::to_owned));
            }
        })?;
    }
    Ok(known)
}

fn subject(id: Id, known: &Users) -> Result<String> {
    match known.get(&id) {
        Some(Some(username)) => Ok(format!("{SUBJECT}{username}")),
        Some(None) => Err(Error::new(
            ErrorKind::InvalidValue,
            format!("the user {id} is no portal user, and its password is not touched"),
        )
        .with_remedy("Give the id of a portal user")),
        None => Err(Error::new(ErrorKind::NotFound, format!("the user {id} does not exist in this organization"))
            .with_remedy("Import again; ids of a sandbox die when it is refreshed")),
    }
}

#[cfg(test)]
mod tests;
