//! Which of the users that a push finds cannot sign in. A push leaves that as it is, and tells the host.

use std::collections::HashSet;

use super::resolve::Match;
use super::wanted::CheckedUser;
use crate::host::Host;
use crate::model::{Result, Status};
use crate::salesforce::client::Client;
use crate::salesforce::gather::{gather, split};
use crate::salesforce::id::Id;
use crate::salesforce::soql::{Condition, Literal, Select};

/// Tells the host of those whose users are deactivated, or are among the frozen ones.
pub(super) fn report<H: Host>(
    client: &Client<H>,
    wanted: &[&CheckedUser],
    found: &[Result<Match>],
    frozen: &HashSet<Id>,
) {
    let (mut idle, mut cold) = (Vec::new(), Vec::new());
    for (wanted, found) in wanted.iter().zip(found) {
        match found {
            Ok(Match::User(user, ..)) if !user.is_active => idle.push((wanted.key.clone(), Status::Inactive)),
            Ok(Match::User(user, ..)) if frozen.contains(&user.id) => cold.push((wanted.key.clone(), Status::Frozen)),
            _ => {}
        }
    }
    idle.extend(cold);
    if !idle.is_empty() {
        client.host().out_of_use(&idle);
    }
}

/// Which of the users that were found are frozen.
///
/// # Errors
///
/// When Salesforce does not answer. Where the admin user may not see the records of sign-ins, nobody counts as frozen.
pub(super) async fn frozen<H: Host>(client: &Client<H>, found: &[Result<Match>]) -> Result<HashSet<Id>> {
    let in_use = found.iter().filter_map(|found| match found {
        Ok(Match::User(user, ..)) if user.is_active => Some(user.id),
        _ => None,
    });
    let users: Vec<Id> = in_use.collect();
    let queries = split(users.len(), |part| {
        let among = Condition::ids("UserId", users.get(part).unwrap_or_default());
        Select::new("UserLogin", &["UserId"])
            .filter(&Condition::all(&[among, Condition::equals("IsFrozen", Literal::Boolean(true))]))
    });
    let mut frozen = HashSet::new();
    gather(client, &queries, "the frozen users of a push", |_, record| {
        frozen.extend(record.text("UserId").and_then(|id| Id::parse(id).ok()));
    })
    .await?;
    Ok(frozen)
}
