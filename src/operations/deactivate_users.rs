//! Taking users out of use, and putting them back.
//!
//! A deactivation sends `IsActive` alone: a malformed e-mail address of somebody who leaves must not keep them signed in.
//! Freezing is a record of its own, `UserLogin`, that Salesforce keeps for every user (H).

mod find;
mod plan;

use std::borrow::Cow;
use std::collections::HashSet;

use self::plan::{LifecyclePlan, Round, Step, USER, USER_LOGIN};
use super::push_users::{Tenant, check_digests, drifted, no_longer_wanted};
use super::seats::Seats;
use crate::diagnosis;
use crate::host::Host;
use crate::model::{Action, Deactivation, Error, ErrorKind, Intent, Outcome, Progress, PushMode, Result};
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
    fn of(how: Deactivation) -> Self {
        match how {
            Deactivation::Deactivate => Self::Inactive,
            Deactivation::Freeze => Self::Frozen,
            Deactivation::DeactivateOrFreeze => Self::InactiveOrFrozen,
            Deactivation::Unlink => Self::Unlinked,
        }
    }

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
    deactivate_for(tenant, ids, ids, how, mode)
}

/// As [`deactivate_users`], where the host knows the users by these subjects.
pub(super) fn deactivate_for<H: Host>(
    tenant: &Tenant<'_, H>,
    subjects: &[String],
    ids: &[String],
    how: Deactivation,
    mode: &PushMode,
) -> Result<Vec<Result<Outcome>>> {
    run(tenant, subjects, ids, Goal::of(how), mode)
}

/// Puts users back into use, and thaws those that are frozen. Results stand in the order of the ids.
pub(super) fn reactivate_users<H: Host>(
    tenant: &Tenant<'_, H>,
    ids: &[String],
    mode: &PushMode,
) -> Result<Vec<Result<Outcome>>> {
    run(tenant, ids, ids, Goal::Active, mode)
}

fn run<H: Host>(
    tenant: &Tenant<'_, H>,
    subjects: &[String],
    ids: &[String],
    goal: Goal,
    mode: &PushMode,
) -> Result<Vec<Result<Outcome>>> {
    check_digests(mode, ids.len())?;
    let ids = check_ids(ids);
    let sound: Vec<Id> = ids.iter().flatten().copied().collect();
    let found = find::find(tenant.client, &sound, goal)?;
    let mut seats = Seats::default();
    let planned = ids.into_iter().map(|id| plan::plan(id?, &found, goal, tenant.writing.rename, &mut seats));
    let mut plans: Vec<Result<LifecyclePlan>> = planned.collect();
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
        PushMode::Plan => Ok(plans.into_iter().map(|plan| plan.map(LifecyclePlan::into_prospect)).collect()),
        PushMode::Apply | PushMode::ApplyPlanned(_) => Ok(apply(tenant.client, subjects, plans)),
    }
}

/// Reads the ids; each user counts once.
pub(super) fn check_ids(ids: &[String]) -> Vec<Result<Id>> {
    let mut seen = HashSet::new();
    let checked = ids.iter().map(|text| {
        let id = Id::parse_of(text.trim(), prefix::USER).map_err(|reason| {
            Error::new(ErrorKind::InvalidValue, format!("the user id {} {reason}", quoted(text)))
                .with_remedy("Give the id of the user in Salesforce, which starts with 005")
        })?;
        if seen.insert(id) {
            Ok(id)
        } else {
            Err(Error::new(ErrorKind::InvalidValue, format!("the user {id} is given twice in this call"))
                .with_remedy("Give each user once"))
        }
    });
    checked.collect()
}

fn apply<H: Host>(
    client: &Client<H>,
    subjects: &[String],
    mut plans: Vec<Result<LifecyclePlan>>,
) -> Vec<Result<Outcome>> {
    begin(client, subjects, &mut plans);
    // A reactivation makes the user active first, since that is what Salesforce refuses when no seat is left.
    write(client, subjects, &mut plans, Round::State, USER);
    write(client, subjects, &mut plans, Round::Login, USER_LOGIN);
    write(client, subjects, &mut plans, Round::Name, USER);
    plans.into_iter().map(|plan| plan.map(LifecyclePlan::into_outcome)).collect()
}

/// Tells the host what is about to be written, and drops what it no longer wants.
fn begin<H: Host>(client: &Client<H>, subjects: &[String], plans: &mut [Result<LifecyclePlan>]) {
    let (mut intents, mut open) = (Vec::new(), Vec::new());
    for (subject, slot) in subjects.iter().zip(plans) {
        if let Ok(plan) = slot
            && !plan.steps.is_empty()
        {
            let id = Some(plan.user.to_string());
            intents.push(Intent { subject: subject.clone(), id, changes: plan.intent() });
            open.push(slot);
        }
    }
    if intents.is_empty() {
        return;
    }
    let mut wanted = client.host().begin(intents).into_iter();
    for slot in open {
        if !wanted.next().unwrap_or(false)
            && let Ok(plan) = slot
        {
            *slot = Err(no_longer_wanted(&plan.subject));
        }
    }
}

/// Writes the steps of one round of all plans.
fn write<H: Host>(
    client: &Client<H>,
    subjects: &[String],
    plans: &mut [Result<LifecyclePlan>],
    round: Round,
    object: &'static str,
) {
    let (mut writes, mut places) = (Vec::new(), Vec::new());
    for (at, plan) in plans.iter().enumerate() {
        for step in plan.iter().flat_map(|plan| &plan.steps).filter(|step| step.round == round) {
            let fields = vec![(Cow::Borrowed(step.field), step.new.clone())];
            writes.push(Write { object, id: Some(step.id.clone()), fields });
            places.push(at);
        }
    }
    let mut report = |done: &[(usize, &str)]| {
        let progress = done.iter().filter_map(|(record, _)| {
            let at = *places.get(*record)?;
            let plan = plans.get(at)?.as_ref().ok()?;
            // What Salesforce does by itself, it does with the state.
            let is_done =
                |step: &Step| step.round == round || round == Round::State && step.round == Round::Consequence;
            let written = plan.positions(is_done);
            Some(Progress { subject: subjects.get(at)?.clone(), id: Some(plan.user.to_string()), written })
        });
        client.host().written(&progress.collect::<Vec<_>>());
    };
    let written = client.wait_for(collections::update(client, &writes, "the users to change", &mut report));
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
