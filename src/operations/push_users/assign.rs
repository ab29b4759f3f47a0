//! Giving and taking permission sets, public groups and feature licences, once the users are there.
//!
//! Whatever fails here leaves the user itself as it is, and the next push gives what is missing. Permission sets and groups go
//! side by side. Only one call at a time changes memberships of groups, since those are in each other's way: Salesforce refuses
//! some with "group membership operation already in progress" (M).

use std::borrow::Cow;

use super::apply::{Slot, Turns, add, is_gone, pick, report_written};
use super::assignment::{Assignment, GROUP_MEMBER, Held, SET_ASSIGNMENT};
use super::plan::{Step, Target, USER};
use crate::host::Host;
use crate::model::Error;
use crate::salesforce::client::Client;
use crate::salesforce::collections::{self, Refused, Written};
use crate::salesforce::json::{Datum, Write};
use crate::together::both;

/// What became of an assignment of the slot at a place.
type Noted = (usize, Assignment, Written);

/// Gives and takes what the plans say. Users that were stopped before get nothing.
pub(super) async fn assign<H: Host>(client: &Client<H>, turns: &Turns, slots: &mut [&mut Slot]) {
    let slots = &mut pick(slots, |_| true);
    let groups = async {
        let concerns =
            |slot: &&mut Slot| slot.plan.given.iter().any(is_group) || slot.plan.taken.iter().any(is_held_group);
        let _turn = if slots.iter().any(concerns) { Some(turns.groups.take().await) } else { None };
        take_and_give(client, GROUP_MEMBER, slots).await
    };
    let (sets, groups) = both(take_and_give(client, SET_ASSIGNMENT, slots), groups).await;
    for (at, assignment, written) in sets.into_iter().chain(groups) {
        note(slots, at, assignment, written);
    }
    set_flags(client, slots).await;
}

fn is_group(one: &Assignment) -> bool {
    one.kind.object() == GROUP_MEMBER
}

fn is_held_group(held: &Held) -> bool {
    is_group(&held.assignment)
}

/// Takes assignments of a kind away, and then gives others: one that has ended is in the way of a new one. Returns those that were
/// refused.
async fn take_and_give<H: Host>(client: &Client<H>, object: &'static str, slots: &[&mut Slot]) -> Vec<Noted> {
    let mut noted = take(client, object, slots).await;
    noted.extend(give(client, object, slots).await);
    noted
}

async fn take<H: Host>(client: &Client<H>, object: &str, slots: &[&mut Slot]) -> Vec<Noted> {
    let (mut records, mut places) = (Vec::new(), Vec::new());
    for (at, slot) in slots.iter().enumerate() {
        for held in slot.plan.taken.iter().filter(|held| held.assignment.kind.object() == object) {
            records.push(held.record.clone());
            places.push((at, held.assignment));
        }
    }
    let mut report = |done: &[(usize, &str)]| report_assigned(client, slots, &places, Step::Taken, done);
    let written = collections::delete(client, &records, "the grants that a push takes away", &mut report).await;
    let noted = places.into_iter().zip(written).filter(|(_, written)| !is_gone(written));
    noted.map(|((at, assignment), written)| (at, assignment, written)).collect()
}

async fn give<H: Host>(client: &Client<H>, object: &'static str, slots: &[&mut Slot]) -> Vec<Noted> {
    let (mut records, mut places) = (Vec::new(), Vec::new());
    for (at, slot) in slots.iter().enumerate() {
        let Some(user) = &slot.user else { continue };
        for one in slot.plan.given.iter().filter(|one| one.kind.object() == object) {
            let field = |name, text: &str| (Cow::Borrowed(name), Some(Datum::Text(text.to_owned())));
            let fields = vec![field(one.kind.assignee(), user), field(one.kind.field(), one.id.as_str())];
            records.push(Write { object, id: None, fields });
            places.push((at, *one));
        }
    }
    let mut report = |done: &[(usize, &str)]| report_assigned(client, slots, &places, Step::Given, done);
    let written = collections::relate(client, &records, "the grants of a push", &mut report).await;
    // A call that was repeated after a cut connection, or somebody else, has given it already.
    let is_there =
        |written: &Written| matches!(written, Err(Refused::Record(fault)) if fault.code == "DUPLICATE_VALUE");
    let noted = places.into_iter().zip(written).filter(|(_, written)| !is_there(written));
    noted.map(|((at, assignment), written)| (at, assignment, written)).collect()
}

async fn set_flags<H: Host>(client: &Client<H>, slots: &mut [&mut Slot]) {
    let (mut records, mut places) = (Vec::new(), Vec::new());
    for (at, slot) in slots.iter().enumerate() {
        let fields: Vec<_> = slot.plan.flags().map(|change| (change.field.clone(), slot.plan.datum(change))).collect();
        if !fields.is_empty() {
            records.push(Write { object: USER, id: slot.user.clone(), fields });
            places.push(at);
        }
    }
    let mut report = |done: &[(usize, &str)]| {
        let done: Vec<_> = done.iter().filter_map(|(at, id)| Some((*places.get(*at)?, *id))).collect();
        report_written(client, slots, Step::Flags, &done);
    };
    let written = collections::update(client, &records, "the feature licences of a push", &mut report).await;
    for (at, written) in places.into_iter().zip(written) {
        if let (Err(refused), Some(slot)) = (written, slots.get_mut(at)) {
            let error = refused.into_error(&slot.plan.subject);
            fail(slot, error);
        }
    }
}

/// Reports to the ledger which assignments were written; `places` has the slot and the assignment of each record.
fn report_assigned<H: Host>(
    client: &Client<H>,
    slots: &[&mut Slot],
    places: &[(usize, Assignment)],
    step: fn(Assignment) -> Step,
    done: &[(usize, &str)],
) {
    let progress = done.iter().filter_map(|(record, _)| {
        let (at, assignment) = places.get(*record)?;
        Some(slots.get(*at)?.progress(step(*assignment)))
    });
    client.host().written(&progress.collect::<Vec<_>>());
}

/// Notes what became of an assignment.
fn note(slots: &mut [&mut Slot], at: usize, assignment: Assignment, written: Written) {
    if let (Err(refused), Some(slot)) = (written, slots.get_mut(at)) {
        let what = assignment.kind.words();
        let error = refused.into_error(&format!("{} with the {what} {}", slot.plan.subject, assignment.id));
        fail(slot, error);
    }
}

/// The first failure counts; the others are told behind it.
fn fail(slot: &mut Slot, mut error: Error) {
    match &mut slot.error {
        Some(first) => add(first, &error.message),
        none => {
            let user = slot.user.as_deref().unwrap_or_default();
            if !matches!(slot.plan.target, Target::Existing { .. }) {
                add(&mut error, &format!("the user {user} itself has been made, and the next push finds it"));
            }
            *none = Some(error);
        }
    }
}
