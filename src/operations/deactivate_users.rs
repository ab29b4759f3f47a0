//! Taking users out of use, and putting them back.
//!
//! A deactivation sends `IsActive` alone: a malformed e-mail address of somebody who leaves must not keep them signed in.
//! Freezing is a record of its own, `UserLogin`, that Salesforce keeps for every user (H).

mod find;
mod plan;

use std::borrow::Cow;

use self::plan::{Plan, Round, Step, USER, USER_LOGIN};
use super::index::Index;
use super::push_users::{Tenant, check_digests, drifted};
use super::seats::Seats;
use crate::diagnosis;
use crate::host::Host;
use crate::model::{Action, Deactivation, Error, ErrorKind, Outcome, PushMode, Result};
use crate::salesforce::client::Client;
use crate::salesforce::collections::{self, Refused};
use crate::salesforce::id::{Id, prefix};
use crate::salesforce::json::Write;
use crate::text::quoted;

/// The states that a call can put users into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    Inactive,
    Frozen,
    InactiveOrFrozen,
    Unlinked,
    Active,
}

impl Goal {
    fn needs_login(self) -> bool {
        matches!(self, Self::Frozen | Self::InactiveOrFrozen | Self::Active)
    }

    fn leaves_groups(self) -> bool {
        matches!(self, Self::Inactive | Self::InactiveOrFrozen | Self::Unlinked)
    }
}

/// Takes users out of use. Results stand in the order of the ids.
pub(super) fn deactivate_users<H: Host>(
    tenant: &Tenant<'_, H>,
    ids: &[String],
    how: Deactivation,
    mode: &PushMode,
) -> Result<Vec<Result<Outcome>>> {
    let goal = match how {
        Deactivation::Deactivate => Goal::Inactive,
        Deactivation::Freeze => Goal::Frozen,
        Deactivation::DeactivateOrFreeze => Goal::InactiveOrFrozen,
        Deactivation::Unlink => Goal::Unlinked,
    };
    run(tenant, ids, goal, mode)
}

/// Puts users back into use, and thaws those that are frozen. Results stand in the order of the ids.
pub(super) fn reactivate_users<H: Host>(
    tenant: &Tenant<'_, H>,
    ids: &[String],
    mode: &PushMode,
) -> Result<Vec<Result<Outcome>>> {
    run(tenant, ids, Goal::Active, mode)
}

fn run<H: Host>(tenant: &Tenant<'_, H>, ids: &[String], goal: Goal, mode: &PushMode) -> Result<Vec<Result<Outcome>>> {
    check_digests(mode, ids.len())?;
    let ids = check_ids(ids);
    let sound: Vec<Id> = ids.iter().flatten().copied().collect();
    let found = find::find(tenant.client, &sound, goal)?;
    let mut seats = Seats::default();
    let planned = ids.into_iter().map(|id| plan::plan(id?, &found, goal, tenant.writing.rename, &mut seats));
    let mut plans: Vec<Result<Plan>> = planned.collect();
    if let PushMode::ApplyPlanned(digests) = mode {
        for (slot, digest) in plans.iter_mut().zip(digests) {
            if let Ok(now) = slot
                && now.digest() != *digest
            {
                *slot = Err(drifted(&now.subject, &now.changes()));
            }
        }
    }
    match mode {
        PushMode::Plan => Ok(plans.into_iter().map(|plan| plan.map(Plan::into_prospect)).collect()),
        PushMode::Apply | PushMode::ApplyPlanned(_) => Ok(apply(tenant.client, plans)),
    }
}

/// Reads the ids; each user counts once.
pub(super) fn check_ids(ids: &[String]) -> Vec<Result<Id>> {
    let mut seen = Index::default();
    let checked = ids.iter().map(|text| {
        let id = Id::parse_of(text.trim(), prefix::USER).map_err(|reason| {
            Error::new(ErrorKind::InvalidValue, format!("the user id {} {reason}", quoted(text)))
                .with_remedy("Give the id of the user in Salesforce, which starts with 005")
        })?;
        if seen.insert(id.as_str(), 0) {
            Ok(id)
        } else {
            Err(Error::new(ErrorKind::InvalidValue, format!("the user {id} is given twice in this call"))
                .with_remedy("Give each user once"))
        }
    });
    checked.collect()
}

fn apply<H: Host>(client: &Client<H>, mut plans: Vec<Result<Plan>>) -> Vec<Result<Outcome>> {
    // A reactivation makes the user active first, since that is what Salesforce refuses when no seat is left.
    write(client, &mut plans, Round::State, USER);
    write(client, &mut plans, Round::Login, USER_LOGIN);
    write(client, &mut plans, Round::Name, USER);
    plans.into_iter().map(|plan| plan.map(Plan::into_outcome)).collect()
}

/// Writes the steps of one round of all plans.
fn write<H: Host>(client: &Client<H>, plans: &mut [Result<Plan>], round: Round, object: &'static str) {
    let mut writes = Vec::new();
    let mut places = Vec::new();
    for (at, plan) in plans.iter().enumerate() {
        for step in plan.iter().flat_map(|plan| &plan.steps).filter(|step| step.round == round) {
            let fields = vec![(Cow::Borrowed(step.field), step.new.clone())];
            writes.push(Write { object, id: Some(step.id.clone()), fields });
            places.push(at);
        }
    }
    let written = collections::update(client, &writes, "the users to change");
    for (at, written) in places.into_iter().zip(written) {
        let (Err(refused), Some(slot)) = (written, plans.get_mut(at)) else { continue };
        let Ok(plan) = slot else { continue };
        // Only a refusal of the record itself has another way; after a cut connection nothing is known.
        let is_final = matches!(&refused, Refused::Record(fault) if !diagnosis::is_passing(fault));
        let mut error = refused.into_error(&plan.subject);
        let otherwise = plan.otherwise.take().filter(|_| is_final && round == Round::State);
        *slot = match otherwise {
            Some(mut otherwise) => {
                otherwise.side_effects.push(format!("The user could not be deactivated: {}.", error.message));
                Ok(*otherwise)
            }
            None => {
                let is_before = |step: &Step| step.round == Round::State;
                if round != Round::State && plan.steps.iter().any(is_before) {
                    error.message.push_str(match plan.action {
                        Action::Reactivated => "; the user itself is active again",
                        _ => "; the user itself is out of use already",
                    });
                }
                Err(error)
            }
        };
    }
}

#[cfg(test)]
mod tests;
