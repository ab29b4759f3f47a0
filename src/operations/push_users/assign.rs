//! Giving and taking permission sets, public groups and feature licences, once the users are there.
//!
//! Whatever fails here leaves the user itself as it is, and the next push gives what is missing.

use std::borrow::Cow;

use super::apply::{Slot, add, is_gone, report_written};
use super::assignment::{Assignment, GROUP_MEMBER, SET_ASSIGNMENT};
use super::plan::{Step, Target, USER};
use crate::host::Host;
use crate::model::{Error, Result};
use crate::salesforce::client::Client;
use crate::salesforce::collections::{self, Refused, Written};
use crate::salesforce::json::{Datum, Write};

/// Gives and takes what the plans say. Users that were stopped before get nothing.
pub(super) fn assign<H: Host>(client: &Client<H>, slots: &mut [Result<Slot>]) {
    let mut slots: Vec<&mut Slot> = slots.iter_mut().flatten().filter(|slot| slot.error.is_none()).collect();
    let slots = slots.as_mut_slice();
    for object in [SET_ASSIGNMENT, GROUP_MEMBER] {
        take(client, object, slots);
        give(client, object, slots);
    }
    set_flags(client, slots);
}

fn take<H: Host>(client: &Client<H>, object: &str, slots: &mut [&mut Slot]) {
    let (mut records, mut places) = (Vec::new(), Vec::new());
    for (at, slot) in slots.iter().enumerate() {
        for held in slot.plan.taken.iter().filter(|held| held.assignment.kind.object() == object) {
            records.push(held.record.clone());
            places.push((at, held.assignment));
        }
    }
    let written = collections::delete(client, &records, "the grants that a push takes away", &mut |done| {
        report_assigned(client, slots, &places, Step::Taken, done);
    });
    for ((at, assignment), written) in places.into_iter().zip(written) {
        if !is_gone(&written) {
            note(slots, at, assignment, written);
        }
    }
}

fn give<H: Host>(client: &Client<H>, object: &'static str, slots: &mut [&mut Slot]) {
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
    let written = collections::relate(client, &records, "the grants of a push", &mut |done| {
        report_assigned(client, slots, &places, Step::Given, done);
    });
    for ((at, assignment), written) in places.into_iter().zip(written) {
        // A call that was repeated after a cut connection, or somebody else, has given it already.
        if !matches!(&written, Err(Refused::Record(fault)) if fault.code == "DUPLICATE_VALUE") {
            note(slots, at, assignment, written);
        }
    }
}

fn set_flags<H: Host>(client: &Client<H>, slots: &mut [&mut Slot]) {
    let (mut records, mut places) = (Vec::new(), Vec::new());
    for (at, slot) in slots.iter().enumerate() {
        let fields: Vec<_> = slot.plan.flags().map(|change| (change.field.clone(), slot.plan.datum(change))).collect();
        if !fields.is_empty() {
            records.push(Write { object: USER, id: slot.user.clone(), fields });
            places.push(at);
        }
    }
    let written = collections::update(client, &records, "the feature licences of a push", &mut |done| {
        let done: Vec<_> = done.iter().filter_map(|(at, id)| Some((*places.get(*at)?, *id))).collect();
        report_written(client, slots, Step::Flags, &done);
    });
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
