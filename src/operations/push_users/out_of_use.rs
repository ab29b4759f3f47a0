//! Which of the users that a push finds cannot sign in. A push leaves that as it is, and tells the host.

use super::resolve::Match;
use super::wanted::CheckedUser;
use crate::host::Host;
use crate::model::{Result, Status};
use crate::salesforce::client::Client;
use crate::salesforce::gather::{gather, split};
use crate::salesforce::id::Id;
use crate::salesforce::soql::{Condition, Literal, Select};

/// Tells the host of those whose users are deactivated or frozen.
///
/// # Errors
/// When Salesforce does not answer. Where the admin user may not see the records of sign-ins, nobody counts as frozen.
pub(super) fn report<H: Host>(client: &Client<H>, wanted: &[&CheckedUser], found: &[Result<Match>]) -> Result<()> {
    let (mut idle, mut in_use) = (Vec::new(), Vec::new());
    for (wanted, found) in wanted.iter().zip(found) {
        if let Ok(Match::User(user, ..)) = found {
            if user.is_active {
                in_use.push((user.id, wanted.key.as_str()));
            } else {
                idle.push((wanted.key.clone(), Status::Inactive));
            }
        }
    }
    let frozen = frozen(client, &in_use.iter().map(|(id, _)| *id).collect::<Vec<_>>())?;
    for (id, key) in in_use {
        if frozen.contains(&id) {
            idle.push((key.to_owned(), Status::Frozen));
        }
    }
    if !idle.is_empty() {
        client.host().out_of_use(&idle);
    }
    Ok(())
}

fn frozen<H: Host>(client: &Client<H>, users: &[Id]) -> Result<Vec<Id>> {
    let queries = split(users.len(), |part| {
        let among = Condition::ids("UserId", users.get(part).unwrap_or_default());
        Select::new("UserLogin", &["UserId"])
            .filter(&Condition::all(&[among, Condition::equals("IsFrozen", Literal::Boolean(true))]))
    });
    let mut found = Vec::new();
    gather(client, &queries, "the frozen users of a push", |_, record| {
        found.extend(record.text("UserId").and_then(|id| Id::parse(id).ok()));
    })?;
    Ok(found)
}
