//! Writing what was planned, in batches.
//!
//! The order keeps half-done work findable and small. New contacts come before the users that need them; when a user is
//! then refused, the contact that this call made is deleted again. Of two records that exist, the user comes first, since
//! it is the one that licences and rules refuse. What is left half done by a cut connection is finished by the next push:
//! it finds the user by its username, and a contact without a user by its e-mail address.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use super::assign::assign;
use super::plan::{CONTACT, Step, Target, USER, UserPlan};
use crate::host::Host;
use crate::model::{Error, ErrorKind, Outcome, Progress, Result};
use crate::salesforce::client::Client;
use crate::salesforce::collections::{self, MOST, Refused, Written};
use crate::salesforce::id::Id;
use crate::salesforce::json::{Datum, Write};
use crate::together::{Turn, all, until};

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

/// What the parts of a push that go side by side have one after the other.
pub(super) struct Turns {
    /// Accounts whose contacts are being written: Salesforce locks the account of each, and of two calls for contacts of one
    /// account the second is refused (M, jsforce issue 773).
    accounts: RefCell<HashSet<Id>>,
    /// Memberships of groups.
    pub(super) groups: Turn,
}

/// Holds accounts.
struct Locked<'a> {
    turns: &'a Turns,
    accounts: HashSet<Id>,
}

impl Turns {
    fn new() -> Self {
        Self { accounts: RefCell::default(), groups: Turn::default() }
    }

    /// Waits until no contact of these accounts is being written.
    async fn lock(&self, accounts: HashSet<Id>) -> Locked<'_> {
        until(|| self.accounts.borrow().is_disjoint(&accounts).then_some(())).await;
        self.accounts.borrow_mut().extend(&accounts);
        Locked { turns: self, accounts }
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.turns.accounts.borrow_mut().retain(|account| !self.accounts.contains(account));
    }
}

/// Writes the plans, as far as the host still wants them. Results stand in order.
///
/// As many users as one call takes are written together, from the contact to the grants; while one such group waits, the others
/// go on. People of one account are put into as few groups as they can be, since groups with contacts of the same account wait
/// for each other.
pub(super) async fn apply<H: Host>(client: &Client<H>, plans: Vec<Result<UserPlan>>) -> Vec<Result<Outcome>> {
    let mut slots: Vec<Result<Slot>> = plans.into_iter().map(|plan| plan.map(Slot::new)).collect();
    let mut changing: Vec<&mut Slot> =
        slots.iter_mut().flatten().filter(|slot| !slot.plan.changes.is_empty()).collect();
    by_account(&mut changing);
    let turns = Turns::new();
    all(changing.chunks_mut(MOST).map(|group| write(client, &turns, group))).await;
    slots.into_iter().map(|slot| slot.and_then(Slot::into_result)).collect()
}

/// Puts those of one account together, in the order in which the accounts first come.
fn by_account(slots: &mut [&mut Slot]) {
    let mut ranks: HashMap<Option<Id>, usize> = HashMap::new();
    for slot in &*slots {
        let rank = ranks.len();
        ranks.entry(slot.plan.fit.account).or_insert(rank);
    }
    slots.sort_by_key(|slot| ranks.get(&slot.plan.fit.account).copied());
}

/// Writes a group of users, one kind of record after the other.
async fn write<H: Host>(client: &Client<H>, turns: &Turns, slots: &mut [&mut Slot]) {
    let makes_contact = |slot: &Slot| slot.plan.target == Target::New;
    let locked = lock(turns, slots, makes_contact).await;
    begin(client, slots);
    make_contacts(client, &mut pick(slots, makes_contact)).await;
    drop(locked);
    make_users(client, turns, &mut pick(slots, |slot| slot.user.is_none())).await;
    // Users that were just made have all their fields; only those that existed are changed.
    let exists = |slot: &Slot| matches!(slot.plan.target, Target::Existing { .. });
    let changed = |slot: &Slot| exists(slot) && slot.plan.changes_of(USER).next().is_some();
    change_users(client, &mut pick(slots, changed)).await;
    // Contacts that were just made, too.
    let known = |slot: &Slot| slot.plan.target != Target::New && slot.plan.changes_of(CONTACT).next().is_some();
    change_contacts(client, turns, &mut pick(slots, known)).await;
    assign(client, turns, slots).await;
}

/// Waits until no other group writes contacts of the accounts of these slots, and keeps others from it.
async fn lock<'t>(turns: &'t Turns, slots: &[&mut Slot], concerns: impl Fn(&Slot) -> bool) -> Locked<'t> {
    let concerned = slots.iter().filter(|slot| slot.error.is_none() && concerns(slot));
    turns.lock(concerned.filter_map(|slot| slot.plan.fit.account).collect()).await
}

/// Tells the host what is about to be written, and stops what it no longer wants.
fn begin<H: Host>(client: &Client<H>, slots: &mut [&mut Slot]) {
    let mut wanted = client.host().begin(slots.iter().map(|slot| slot.plan.intent()).collect()).into_iter();
    for slot in slots {
        // A host that gives fewer answers than it was asked for wants none of the rest.
        if !wanted.next().unwrap_or(false) {
            slot.error = Some(no_longer_wanted(&slot.plan.subject));
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
pub(super) fn pick<'s>(slots: &'s mut [&mut Slot], concerns: impl Fn(&Slot) -> bool) -> Vec<&'s mut Slot> {
    let slots = slots.iter_mut().map(|slot| &mut **slot);
    slots.filter(|slot| slot.error.is_none() && concerns(slot)).collect()
}

async fn make_contacts<H: Host>(client: &Client<H>, slots: &mut [&mut Slot]) {
    let writes: Vec<Write> = slots.iter().map(|slot| slot.write(CONTACT, None)).collect();
    let mut report = |made: &[(usize, &str)]| report_written(client, slots, Step::Record(CONTACT), made);
    let written = collections::create(client, &writes, "the new contacts of a push", &mut report).await;
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

async fn make_users<H: Host>(client: &Client<H>, turns: &Turns, slots: &mut [&mut Slot]) {
    let subject = "the new users of a push";
    let writes: Vec<Write> = slots.iter().map(|slot| slot.new_user()).collect();
    let mut report = |made: &[(usize, &str)]| note_made(client, slots, made);
    let mut written = collections::create(client, &writes, subject, &mut report).await;
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
    let mut report = |made: &[(usize, &str)]| {
        let made: Vec<_> = made.iter().filter_map(|(at, id)| Some((*places.get(*at)?, *id))).collect();
        note_made(client, slots, &made);
    };
    let again = collections::create(client, &writes, subject, &mut report).await;
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
    remove_orphans(client, turns, &mut orphans).await;
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
async fn remove_orphans<H: Host>(client: &Client<H>, turns: &Turns, orphans: &mut [&mut Slot]) {
    let _locked = turns.lock(orphans.iter().filter_map(|slot| slot.plan.fit.account).collect()).await;
    let ids: Vec<String> = orphans.iter().filter_map(|slot| slot.contact.clone()).collect();
    let deleted = collections::delete(client, &ids, "the contacts of users that were refused", &mut |_| {}).await;
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

async fn change_users<H: Host>(client: &Client<H>, slots: &mut [&mut Slot]) {
    let writes: Vec<Write> = slots.iter().map(|slot| slot.write(USER, slot.user.clone())).collect();
    let mut report = |done: &[(usize, &str)]| report_written(client, slots, Step::Record(USER), done);
    let written = collections::update(client, &writes, "the changed users of a push", &mut report).await;
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

async fn change_contacts<H: Host>(client: &Client<H>, turns: &Turns, slots: &mut [&mut Slot]) {
    let _locked = lock(turns, slots, |_| true).await;
    let writes: Vec<Write> = slots.iter().map(|slot| slot.write(CONTACT, slot.contact.clone())).collect();
    let mut report = |done: &[(usize, &str)]| report_written(client, slots, Step::Record(CONTACT), done);
    let written = collections::update(client, &writes, "the changed contacts of a push", &mut report).await;
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
