//! Setting users' passwords.
//!
//! Each password is one request, sent side by side; the host puts the password into the body, so it is never seen here.

use std::borrow::Cow;

use super::deactivate_users::check_ids;
use super::index::Index;
use super::{ID, is_portal_user_type};
use crate::host::{Escaping, Host, Method, Part};
use crate::model::{Error, ErrorKind, Result};
use crate::salesforce::client::{Call, Client, Repeat};
use crate::salesforce::id::Id;
use crate::salesforce::query;
use crate::salesforce::soql::{Condition, Literal, Name, Select};

/// Users asked for in one query; their ids always fit into a URL.
const BATCH: usize = 200;

/// Usernames by id; none for users that are no portal users.
#[derive(Debug, Default)]
struct Users {
    index: Index,
    usernames: Vec<Option<String>>,
}

/// Sets passwords, by the users' ids. Results stand in the order of the pairs.
pub(super) fn sync_passwords<H: Host>(
    client: &Client<H>,
    passwords: &[(String, H::Secret)],
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
    let requests: Vec<&Call<'_, H::Secret>> = calls.iter().map(|(_, call, _)| call).collect();
    let subjects: Vec<&str> = calls.iter().map(|(_, _, subject)| subject.as_str()).collect();
    let answers = client.attempt_all(&requests, &subjects);
    for ((at, _, _), answer) in calls.iter().zip(answers) {
        if let (Err(mut failed), Some(slot)) = (answer, results.get_mut(*at)) {
            if failed.uncertain {
                failed.error.message.push_str("; the password may have been set all the same");
            }
            *slot = Err(failed.error);
        }
    }
    Ok(results)
}

/// `POST sobjects/User/{id}/password` (H). It is not repeated where Salesforce may have acted on it: the second time, the
/// password would be refused as one that was used before.
fn call<S>(id: Id, password: &S) -> Call<'_, S> {
    Call {
        method: Method::Post,
        path: Cow::Owned(format!("sobjects/User/{id}/password")),
        body: vec![
            Part::Text(Cow::Borrowed("{\"NewPassword\":\"")),
            Part::Secret(password, Escaping::Json),
            Part::Text(Cow::Borrowed("\"}")),
        ],
        repeat: Repeat::Never,
    }
}

fn find<H: Host>(client: &Client<H>, ids: &[Id]) -> Result<Users> {
    let mut known = Users::default();
    for batch in ids.chunks(BATCH) {
        let fields = ["Id", "Username", "UserType"].map(Name::fixed).to_vec();
        let ids = batch.iter().copied().map(Literal::Id).collect();
        let query = Select::new(Name::fixed("User"), fields).filter(Condition::In(ID, ids));
        query::for_each(client, &query, "the users whose passwords are set", |record| {
            if let Some(id) = record.text("Id").and_then(|id| Id::parse(id).ok()) {
                let is_portal_user = record.text("UserType").is_some_and(is_portal_user_type);
                if known.index.insert(id.as_str(), known.usernames.len()) {
                    known.usernames.push(record.text("Username").filter(|_| is_portal_user).map(str::to_owned));
                }
            }
        })?;
    }
    Ok(known)
}

fn subject(id: Id, known: &Users) -> Result<String> {
    match known.index.get(id.as_str()).and_then(|at| known.usernames.get(at)) {
        Some(Some(username)) => Ok(format!("the user {username}")),
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
