//! Writing what was planned, in batches.
//!
//! The order keeps half-done work findable and small. New contacts come before the users that need them; when a user is
//! then refused, the contact that this call made is deleted again. Of two records that exist, the user comes first, since
//! it is the one that licences and rules refuse. What is left half done by a cut connection is finished by the next push:
//! it finds the user by its username, and a contact without a user by its e-mail address.

use std::borrow::Cow;

use super::assign::assign;
use super::plan::{CONTACT, Step, Target, USER, UserPlan};
use crate::host::Host;
use crate::model::{Error, ErrorKind, Intent, Outcome, Progress, Result};
use crate::salesforce::client::Client;
use crate::salesforce::collections::{self, Refused, Written};
use crate::salesforce::json::{Datum, Write};

/// One user on its way.
pub(super) struct Slot {
    pub(super) plan: UserPlan,
    /// The contact, once it is there.
    contact: Option<String>,
    /// The user, once it is there.
    pub(super) user: Option<String>,
    /// What stopped it.
    pub(super) error: Option<Error>,
}

impl Slot {
    fn new(plan: UserPlan) -> Self {
        let (user, contact) = match plan.target {
            Target::New => (None, None),
            Target::Adopt(contact) => (None, Some(contact)),
            Target::Existing { user, contact } => (Some(user), contact),
        };
        Self { plan, contact: contact.map(|id| id.to_string()), user: user.map(|id| id.to_string()), error: None }
    }

    fn write(&self, object: &'static str, id: Option<String>) -> Write {
        let fields = self.plan.changes_of(object).map(|change| (change.field.clone(), self.plan.datum(change)));
        Write { object, id, fields: fields.collect() }
    }

    /// The user to be made.
    fn new_user(&self) -> Write {
        let mut write = self.write(USER, None);
        // A plan names the contact only where it exists; explicit null would break the creation.
        if self.plan.target == Target::New
            && let Some(contact) = &self.contact
        {
            write.fields.push((Cow::Borrowed("ContactId"), Some(Datum::Text(contact.clone()))));
        }
        write
    }

    /// What the host is told once a step is written.
    pub(super) fn progress(&self, step: Step) -> Progress {
        Progress { subject: self.plan.key.clone(), id: self.user.clone(), written: self.plan.positions(step) }
    }

    fn into_result(self) -> Result<Outcome> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(Outcome { id: self.user, ..self.plan.into_outcome() }),
        }
    }
}

/// Writes the plans, as far as the host still wants them. Results stand in order.
pub(super) fn apply<H: Host>(client: &Client<H>, mut plans: Vec<Result<UserPlan>>) -> Vec<Result<Outcome>> {
    begin(client, &mut plans);
    let mut slots: Vec<Result<Slot>> = plans.into_iter().map(|plan| plan.map(Slot::new)).collect();
    make_contacts(client, &mut pick(&mut slots, |slot| slot.plan.target == Target::New));
    make_users(client, &mut pick(&mut slots, |slot| slot.user.is_none()));
    // Users that were just made have all their fields; only those that existed are changed.
    let exists = |slot: &Slot| matches!(slot.plan.target, Target::Existing { .. });
    change_users(client, &mut pick(&mut slots, |slot| exists(slot) && slot.plan.changes_of(USER).next().is_some()));
    // Contacts that were just made, too.
    let known = |slot: &Slot| slot.plan.target != Target::New;
    change_contacts(
        client,
        &mut pick(&mut slots, |slot| known(slot) && slot.plan.changes_of(CONTACT).next().is_some()),
    );
    assign(client, &mut slots);
    slots.into_iter().map(|slot| slot.and_then(Slot::into_result)).collect()
}

/// Tells the host what is about to be written, and drops what it no longer wants.
fn begin<H: Host>(client: &Client<H>, plans: &mut [Result<UserPlan>]) {
    let mut open: Vec<&mut Result<UserPlan>> =
        plans.iter_mut().filter(|plan| matches!(plan, Ok(plan) if !plan.changes.is_empty())).collect();
    let intents: Vec<Intent> = open.iter().filter_map(|plan| plan.as_ref().ok()).map(UserPlan::intent).collect();
    if intents.is_empty() {
        return;
    }
    let mut wanted = client.host().begin(intents).into_iter();
    for slot in &mut open {
        // A host that gives fewer answers than it was asked for wants none of the rest.
        if !wanted.next().unwrap_or(false)
            && let Ok(plan) = slot
        {
            **slot = Err(no_longer_wanted(&plan.subject));
        }
    }
}

/// The error for what the host has given up since it asked for it.
pub(in crate::operations) fn no_longer_wanted(subject: &str) -> Error {
    Error::new(ErrorKind::Drifted, format!("what was to be done to {subject} is no longer wanted, so nothing was done"))
}

/// Reports to the ledger what a request has written of some slots, given by their places, with the ids of the records.
pub(super) fn report_written<H: Host>(client: &Client<H>, slots: &[&mut Slot], step: Step, written: &[(usize, &str)]) {
    let progress = written.iter().filter_map(|(at, _)| Some(slots.get(*at)?.progress(step)));
    client.host().written(&progress.collect::<Vec<_>>());
}

/// The slots that a step concerns; those that were stopped before never are.
fn pick(slots: &mut [Result<Slot>], concerns: impl Fn(&Slot) -> bool) -> Vec<&mut Slot> {
    slots.iter_mut().flatten().filter(|slot| slot.error.is_none() && concerns(slot)).collect()
}

fn make_contacts<H: Host>(client: &Client<H>, slots: &mut [&mut Slot]) {
    let writes: Vec<Write> = slots.iter().map(|slot| slot.write(CONTACT, None)).collect();
    let written = collections::create(client, &writes, "the new contacts of a push", &mut |made| {
        report_written(client, slots, Step::Record(CONTACT), made);
    });
    for (slot, written) in slots.iter_mut().zip(written) {
        match written {
            Ok(id) => slot.contact = Some(id),
            Err(refused) => {
                let uncertain = refused.is_uncertain();
                let mut error = refused.into_error(&format!("the contact of {}", slot.plan.subject));
                if uncertain {
                    add(&mut error, "the contact may have been made all the same, and the next push then takes it");
                }
                slot.error = Some(error);
            }
        }
    }
}

fn make_users<H: Host>(client: &Client<H>, slots: &mut [&mut Slot]) {
    let subject = "the new users of a push";
    let writes: Vec<Write> = slots.iter().map(|slot| slot.new_user()).collect();
    let mut written = collections::create(client, &writes, subject, &mut |made| note_made(client, slots, made));
    // A nickname of our own making may be one that a former user of the same name still has.
    let is_taken =
        |written: &Written| matches!(written, Err(Refused::Record(fault)) if fault.code == "DUPLICATE_COMM_NICKNAME");
    let (mut places, mut writes) = (Vec::new(), Vec::new());
    for (at, slot) in slots.iter_mut().enumerate() {
        let contact = slot.contact.clone().unwrap_or_default();
        if written.get(at).is_some_and(is_taken) && slot.plan.take_other_nickname(&contact) {
            places.push(at);
            writes.push(slot.new_user());
        }
    }
    let again = collections::create(client, &writes, subject, &mut |made| {
        let made: Vec<_> = made.iter().filter_map(|(at, id)| Some((*places.get(*at)?, *id))).collect();
        note_made(client, slots, &made);
    });
    for (at, again) in places.into_iter().zip(again) {
        if let Some(written) = written.get_mut(at) {
            *written = again;
        }
    }
    let mut orphans = Vec::new();
    for (slot, written) in slots.iter_mut().zip(written) {
        match written {
            Ok(id) => slot.user = Some(id),
            Err(refused) => {
                let uncertain = refused.is_uncertain();
                let mut error = refused.into_error(&slot.plan.subject);
                name_references(&mut error, &slot.plan);
                if uncertain {
                    // Deleting the contact could take it from a user that is there.
                    add(&mut error, "the user may have been made all the same, and the next push then finds it");
                }
                slot.error = Some(error);
                if slot.plan.target == Target::New && !uncertain {
                    orphans.push(&mut **slot);
                }
            }
        }
    }
    remove_orphans(client, &mut orphans);
}

/// Notes users that were created, and reports them to the ledger.
fn note_made<H: Host>(client: &Client<H>, slots: &mut [&mut Slot], made: &[(usize, &str)]) {
    for (at, id) in made {
        if let Some(slot) = slots.get_mut(*at) {
            slot.user = Some((*id).to_owned());
        }
    }
    report_written(client, slots, Step::Record(USER), made);
}

/// Deletes the contacts that this call made for users that were then refused.
fn remove_orphans<H: Host>(client: &Client<H>, orphans: &mut [&mut Slot]) {
    let ids: Vec<String> = orphans.iter().filter_map(|slot| slot.contact.clone()).collect();
    let deleted = collections::delete(client, &ids, "the contacts of users that were refused", &mut |_| {});
    for (slot, deleted) in orphans.iter_mut().zip(deleted) {
        let (Some(error), Some(contact)) = (&mut slot.error, &slot.contact) else { continue };
        if is_gone(&deleted) {
            add(error, "the contact that was made for it has been deleted again");
        } else {
            add(
                error,
                &format!(
                    "the contact {contact} that was made for it could not be deleted again, and the next push takes it"
                ),
            );
        }
    }
}

/// A deletion that was repeated after a cut connection finds the record gone: in the recycle bin, or, as grants are deleted for
/// good, nowhere (H).
pub(in crate::operations) fn is_gone(deleted: &Written) -> bool {
    match deleted {
        Ok(_) => true,
        Err(Refused::Record(fault)) => {
            matches!(fault.code.as_str(), "ENTITY_IS_DELETED" | "INVALID_CROSS_REFERENCE_KEY")
        }
        Err(Refused::Call { .. }) => false,
    }
}

fn change_users<H: Host>(client: &Client<H>, slots: &mut [&mut Slot]) {
    let writes: Vec<Write> = slots.iter().map(|slot| slot.write(USER, slot.user.clone())).collect();
    let written = collections::update(client, &writes, "the changed users of a push", &mut |done| {
        report_written(client, slots, Step::Record(USER), done);
    });
    for (slot, written) in slots.iter_mut().zip(written) {
        let Err(refused) = written else { continue };
        let mut error = refused.into_error(&slot.plan.subject);
        name_references(&mut error, &slot.plan);
        slot.error = Some(error);
    }
}

/// Where Salesforce says that a reference is dead, it does not say which (H), so all that the write names are told.
fn name_references(error: &mut Error, plan: &UserPlan) {
    if error.kind != ErrorKind::StaleReference {
        return;
    }
    let user = match plan.target {
        Target::Existing { user, .. } => Some(("Id", user.to_string())),
        Target::New | Target::Adopt(_) => None,
    };
    let named = plan.changes_of(USER).filter(|change| change.field.ends_with("Id"));
    let named = named.filter_map(|change| Some((&*change.field, change.new.clone()?)));
    let all: Vec<String> = user.into_iter().chain(named).map(|(field, id)| format!("{field} {id}")).collect();
    add(error, &format!("the write names {}", all.join(", ")));
}

fn change_contacts<H: Host>(client: &Client<H>, slots: &mut [&mut Slot]) {
    let writes: Vec<Write> = slots.iter().map(|slot| slot.write(CONTACT, slot.contact.clone())).collect();
    let written = collections::update(client, &writes, "the changed contacts of a push", &mut |done| {
        report_written(client, slots, Step::Record(CONTACT), done);
    });
    for (slot, written) in slots.iter_mut().zip(written) {
        let Err(refused) = written else { continue };
        let mut error = refused.into_error(&format!("the contact of {}", slot.plan.subject));
        let user = slot.user.as_deref().unwrap_or_default();
        if matches!(slot.plan.target, Target::Adopt(_)) {
            add(&mut error, &format!("the user {user} itself has been made, and the next push finds it"));
        } else if slot.plan.changes_of(USER).next().is_some() {
            add(&mut error, &format!("the user {user} itself has been changed"));
        }
        slot.error = Some(error);
    }
}

pub(super) fn add(error: &mut Error, clause: &str) {
    error.message.push_str("; ");
    error.message.push_str(clause);
}
