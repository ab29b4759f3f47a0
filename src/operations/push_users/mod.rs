//! Making and changing users: resolve who is there, plan the differences, apply them.
//!
//! Each step works on the whole batch: one query finds the users, one their contacts; one call makes the contacts, one
//! the users, and one each changes them. A push can be repeated at any time: what an earlier one left is found and used.

mod apply;
mod plan;
mod resolve;
mod wanted;

use self::plan::Plan;
use self::wanted::Wanted;
use super::digest;
use crate::host::Host;
use crate::model::{DesiredUser, Error, ErrorKind, FieldChange, Outcome, PushMode, Result};
use crate::salesforce::client::Client;
use crate::salesforce::id::Id;

/// Makes or changes users, or says what would be done.
pub(super) fn push_users<H: Host>(
    client: &Client<H>,
    account_id: Id,
    users: &[DesiredUser],
    mode: &PushMode,
) -> Result<Vec<Result<Outcome>>> {
    check_digests(mode, users.len())?;
    let mut plans = plan_all(client, account_id, users)?;
    if let PushMode::ApplyPlanned(digests) = mode {
        for (plan, digest) in plans.iter_mut().zip(digests) {
            if let Ok(now) = plan
                && now.digest != *digest
            {
                *plan = Err(drifted(&now.subject, &now.changes));
            }
        }
    }
    match mode {
        PushMode::Plan => Ok(plans.into_iter().map(|plan| plan.map(Plan::into_outcome)).collect()),
        PushMode::Apply | PushMode::ApplyPlanned(_) => Ok(apply::apply(client, plans)),
    }
}

fn plan_all<H: Host>(client: &Client<H>, account_id: Id, users: &[DesiredUser]) -> Result<Vec<Result<Plan>>> {
    let checked = wanted::check_all(users);
    let sound: Vec<&Wanted> = checked.iter().flatten().collect();
    let mut matches = resolve::resolve(client, account_id, &sound)?.into_iter();
    let defaults = plan::Defaults::of(&client.identity()?);
    let plans = checked.into_iter().map(|wanted| {
        let wanted = wanted?;
        // There is a match for every sound user, in order.
        let found = matches.next().ok_or_else(|| Error::new(ErrorKind::Transient, "the batch was not resolved"))??;
        plan::plan(&wanted, found, account_id, &defaults)
    });
    Ok(plans.collect())
}

/// Plans and users go together one by one.
pub(super) fn check_digests(mode: &PushMode, users: usize) -> Result<()> {
    match mode {
        PushMode::ApplyPlanned(digests) if digests.len() != users => Err(Error::new(
            ErrorKind::InvalidValue,
            format!("{} plans were approved for {users} users, so nothing was done", digests.len()),
        )
        .with_remedy("Give one plan's digest for each user, in the users' order")),
        _ => Ok(()),
    }
}

/// The error for a plan that is another now; `changes` is what it would do now.
pub(super) fn drifted(subject: &str, changes: &[FieldChange]) -> Error {
    let now = match changes {
        [] => "nothing would be changed".to_owned(),
        changes => changes.iter().map(describe_change).collect::<Vec<_>>().join(", "),
    };
    Error::new(
        ErrorKind::Drifted,
        format!("{subject} has changed in Salesforce since the plan was approved, so nothing was done; now the plan would be: {now}"),
    )
    .with_remedy("Look at the new plan and approve it")
}

fn describe_change(change: &FieldChange) -> String {
    let quoted =
        |value: &Option<String>| value.as_ref().map_or_else(|| "empty".to_owned(), |value| format!("{value:?}"));
    format!("{}.{} from {} to {}", change.object, change.field, quoted(&change.old), quoted(&change.new))
}

#[cfg(test)]
mod tests;
