//! Making and changing users: resolve who is there, plan the differences, apply them.
//!
//! Each step works on the whole batch: one query finds the users, one their contacts; one call makes the contacts, one
//! the users, and one each changes them. A push can be repeated at any time: what an earlier one left is found and used.

mod apply;
mod assign;
mod assignment;
mod circles;
mod claims;
mod compatibility;
mod contacts;
mod facts;
mod out_of_use;
mod plan;
mod references;
mod resolve;
mod rows;
mod wanted;

pub(super) use self::apply::{is_gone, no_longer_wanted};
use self::facts::Facts;
use self::plan::{Terms, UserPlan};
use self::resolve::Match;
pub(super) use self::resolve::find;
use self::wanted::CheckedUser;
use super::digest;
use super::schema::{Cached, Schema};
use super::seats::Seats;
use crate::host::Host;
use crate::model::{DesiredUser, Error, ErrorKind, FieldChange, Outcome, PushMode, Result};
use crate::salesforce::client::Client;
use crate::salesforce::id::Id;
use crate::settings::Writing;
use crate::text::quoted;

/// Users that are resolved, planned and written together. It bounds what stands in memory.
const BATCH: usize = 10_000;

/// How often those who wait for names that come free are looked at again. Each time costs some calls and a host bounds a call's
/// time; a longer chain of renames is gone on with by the next push.
const WAVES: u32 = 50;

/// The tenant that users are pushed to.
pub(super) struct Tenant<'a, H: Host> {
    pub(super) client: &'a Client<H>,
    /// The account of new contacts.
    pub(super) account_id: Id,
    pub(super) writing: &'a Writing,
    pub(super) schema: &'a Cached,
}

/// Makes or changes users, or says what would be done.
pub(super) fn push_users<H: Host>(
    tenant: &Tenant<'_, H>,
    users: &[DesiredUser],
    mode: &PushMode,
) -> Result<Vec<Result<Outcome>>> {
    check_digests(mode, users.len())?;
    let schema = if wanted::needs_schema(users) { Some(tenant.schema.get(tenant.client)?) } else { None };
    let mut checked = wanted::check_all(users, schema);
    references::resolve(tenant, &mut checked)?;
    let mut results: Vec<Result<Outcome>> = Vec::with_capacity(users.len());
    while !checked.is_empty() {
        let rest = checked.split_off(checked.len().min(BATCH));
        let approved = match mode {
            PushMode::ApplyPlanned(digests) => digests.get(results.len()..).unwrap_or_default(),
            PushMode::Plan | PushMode::Apply => &[],
        };
        let count = checked.len();
        match push_batch(tenant, schema, checked, approved, mode) {
            Ok(done) => results.extend(done),
            // Of an earlier batch something is done already, which the error must not hide.
            Err(error) if !results.is_empty() => results.extend((0..count).map(|_| Err(error.clone()))),
            Err(error) => return Err(error),
        }
        checked = rest;
    }
    Ok(results)
}

fn push_batch<H: Host>(
    tenant: &Tenant<'_, H>,
    schema: Option<&Schema>,
    mut checked: Vec<Result<CheckedUser>>,
    approved: &[String],
    mode: &PushMode,
) -> Result<Vec<Result<Outcome>>> {
    let (mut plans, mut later) = plan_all(tenant, schema, &checked)?;
    for (plan, digest) in plans.iter_mut().zip(approved) {
        if let Ok(now) = plan
            && now.digest != *digest
        {
            *plan = Err(drifted(&now.subject, &now.changes));
        }
    }
    if *mode == PushMode::Plan {
        return Ok(plans.into_iter().map(|plan| plan.map(UserPlan::into_outcome)).collect());
    }
    // What the others are to have stands in their plans, which takes memory enough.
    let mut waiting = taken(&mut checked, &later);
    drop(checked);
    let mut results = tenant.client.wait_for(apply::apply(tenant.client, plans));
    // Names that go round come free one after the other: whoever waits for one is looked at again as long as others got on.
    let mut got_on = results.iter().any(Result::is_ok);
    let mut waves = if *mode == PushMode::Apply { WAVES } else { 0 };
    while waves > 0 && got_on && !later.is_empty() {
        waves -= 1;
        let (plans, still) = match plan_all(tenant, schema, &waiting) {
            Ok(planned) => planned,
            // What was done is done, so a failure here is for those alone that wait.
            Err(error) => (waiting.iter().map(|_| Err(error.clone())).collect(), Vec::new()),
        };
        let again = tenant.client.wait_for(apply::apply(tenant.client, plans));
        got_on = again.iter().any(Result::is_ok);
        for (at, result) in later.iter().zip(again) {
            if let Some(slot) = results.get_mut(*at) {
                *slot = result;
            }
        }
        waiting = taken(&mut waiting, &still);
        later = still.into_iter().filter_map(|at| later.get(at).copied()).collect();
    }
    Ok(results)
}

/// Takes some out of a batch, given by their places.
fn taken(batch: &mut [Result<CheckedUser>], places: &[usize]) -> Vec<Result<CheckedUser>> {
    let take = |at: &usize| batch.get_mut(*at).map_or_else(looked_at, |place| std::mem::replace(place, looked_at()));
    places.iter().map(take).collect()
}

fn looked_at() -> Result<CheckedUser> {
    Err(Error::new(ErrorKind::Transient, "it is being looked at again"))
}

/// The plans of a batch, and the places of those who wait for others of it.
fn plan_all<H: Host>(
    tenant: &Tenant<'_, H>,
    schema: Option<&Schema>,
    checked: &[Result<CheckedUser>],
) -> Result<(Vec<Result<UserPlan>>, Vec<usize>)> {
    let sound: Vec<&CheckedUser> = checked.iter().flatten().collect();
    let mut matches = tenant.client.wait_for(resolve::resolve(tenant, schema, &sound))?.into_iter();
    let defaults = plan::Defaults::of(&tenant.client.signed_in());
    let terms = Terms { account_id: tenant.account_id, writing: tenant.writing, defaults };
    let (mut later, mut waits) = (Vec::new(), Vec::new());
    let plans = checked.iter().enumerate().map(|(at, wanted)| {
        let wanted = wanted.as_ref().map_err(Clone::clone)?;
        // There is a match for every sound user, in order.
        let found = matches.next().ok_or_else(|| Error::new(ErrorKind::Transient, "the batch was not resolved"))??;
        if let Match::Later(_, holder) = &found {
            later.push(at);
            waits.push((wanted.key.as_str(), holder.clone()));
        }
        plan::plan(wanted, found, &terms)
    });
    let mut plans: Vec<Result<UserPlan>> = plans.collect();
    let mut endless = circles::endless(&waits).into_iter();
    later.retain(|at| {
        let is_endless = endless.next().unwrap_or(false);
        if let (true, Some(Err(error))) = (is_endless, plans.get_mut(*at)) {
            circles::explain(error);
        }
        !is_endless
    });
    let concerned: Vec<&UserPlan> = plans.iter().flatten().collect();
    let facts = tenant.client.wait_for(Facts::of(tenant.client, &concerned))?;
    let mut seats = Seats::default();
    for slot in &mut plans {
        if let Ok(plan) = slot
            && let Err(error) = compatibility::check(plan, &facts, &mut seats)
        {
            *slot = Err(error);
        }
    }
    Ok((plans, later))
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
    let quoted = |value: &Option<String>| value.as_ref().map_or_else(|| "empty".to_owned(), |value| quoted(value));
    format!("{}.{} from {} to {}", change.object, change.field, quoted(&change.old), quoted(&change.new))
}

#[cfg(test)]
mod tests;
