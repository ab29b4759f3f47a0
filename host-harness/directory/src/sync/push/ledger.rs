//! What a connector tells of single people while a batch of theirs is under way, kept at once.
//!
//! Before the first write the directory gets to know what is about to be written ([`Attempt`]), and says who is still wanted;
//! after each request it learns what was. So whatever ends the call, or the process, a user that was made is linked, and the
//! audit trail tells of every write. What an attempt left behind may have written is noted by the next job
//! ([`note_cut_off`]).

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::json;

use super::leftovers::{end_attempt, leave};
use super::wanted::is_pointless;
use crate::directory::{
    Actor, Attempt, Directory, DirectoryError, LinkReason, NewClaim, Note, Person, PersonId, ReadTransaction,
    RemoteStatus, TaskKind, TenantRecord, Timestamp, WriteTransaction,
};
use crate::sync::WindDown;
use crate::sync::trail::{action, fields, filled, record_change};
use provisioning_runtime::wit::Status;
use provisioning_runtime::{Candidate, Intent, Ledger, Owner, Progress};

/// Attempts that are noted in one transaction.
const NOTED_AT_ONCE: u32 = 500;

/// Somebody of the batch under way.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) person: PersonId,
    pub(super) kind: TaskKind,
    /// Names of the attributes that are set.
    pub(super) names: Vec<String>,
    /// Whether only what attempts have left beside its user is undone.
    pub(super) is_leftover: bool,
}

/// What the connector has said of a batch, beside what is in the directory already.
#[derive(Debug, Default)]
pub(super) struct Heard {
    subjects: HashMap<String, Subject>,
    /// Subjects that nobody wants any more.
    pub(super) unwanted: HashSet<String>,
    /// Subjects that are for the next push, since this one is ending.
    pub(super) postponed: HashSet<String>,
    /// Subjects whose users a push has left out of use.
    pub(super) out_of_use: HashMap<String, RemoteStatus>,
    /// Users that may be a subject's.
    pub(super) claims: HashMap<String, Vec<NewClaim>>,
}

/// Keeps what a tenant's connector tells in the directory.
#[derive(Debug)]
pub(in crate::sync) struct PushLedger {
    directory: Directory,
    tenant: TenantRecord,
    actor: Actor,
    wind_down: WindDown,
    heard: Mutex<Heard>,
}

impl PushLedger {
    pub(super) fn new(directory: &Directory, tenant: &TenantRecord, actor: &Actor, wind_down: &WindDown) -> Self {
        Self {
            directory: directory.clone(),
            tenant: tenant.clone(),
            actor: actor.clone(),
            wind_down: wind_down.clone(),
            heard: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whom the next call is about; what was said so far is forgotten.
    pub(super) fn expect(&self, subjects: impl IntoIterator<Item = (String, Subject)>) {
        *self.lock() = Heard { subjects: subjects.into_iter().collect(), ..Heard::default() };
    }

    /// What the connector has said during the last call.
    pub(super) fn take(&self) -> Heard {
        std::mem::take(&mut self.lock())
    }

    fn subject(&self, name: &str) -> Option<Subject> {
        self.lock().subjects.get(name).cloned()
    }

    fn write<T>(&self, work: impl Fn(&WriteTransaction<'_>) -> Result<T, DirectoryError>) -> Result<T, String> {
        self.directory.write(&self.actor, work).map_err(|error| error.to_string())
    }

    /// Leaves subjects to the next push. What an earlier one has left is cleared away all the same: it may not be found later.
    fn postpone(&self, subjects: Vec<String>) -> Vec<bool> {
        let mut heard = self.lock();
        let is_leftover = |heard: &Heard, name: &str| heard.subjects.get(name).is_some_and(|one| one.is_leftover);
        let wanted = subjects.iter().map(|name| is_leftover(&heard, name)).collect();
        let postponed = subjects.into_iter().filter(|name| !is_leftover(&heard, name)).collect::<Vec<_>>();
        heard.postponed.extend(postponed);
        wanted
    }

    fn begin_one(&self, change: &WriteTransaction<'_>, intent: &Intent) -> Result<bool, DirectoryError> {
        let tenant = &self.tenant;
        let Some(subject) = self.subject(&intent.subject) else { return Ok(false) };
        let Some(person) = change.find_person_by_id(subject.person)? else { return Ok(false) };
        if subject.is_leftover {
            return Ok(true);
        }
        if !is_wanted(change, tenant, &person, subject.kind)? {
            return Ok(false);
        }
        let before = change.attempt(tenant.id, person.id, subject.kind)?;
        if let Some(before) = before.as_ref().filter(|before| !before.noted) {
            note(change, tenant, &person, before)?;
        }
        let link = change.link(tenant.id, person.id)?;
        if let (TaskKind::Push, Some(link)) = (subject.kind, &link) {
            let mut names = link.pushed.clone();
            names.extend(subject.names.iter().filter(|name| !link.pushed.contains(name)).cloned());
            if names.len() > link.pushed.len() {
                change.store_pushed_names(tenant.id, person.id, &names)?;
            }
        }
        if let (None, Some(id)) = (&link, &intent.id) {
            // It was found, and nothing speaks against it. Whatever comes now, it is known whose it is.
            link_free(change, tenant, &person, id)?;
        }
        let (earlier, mut names) = before.map(|before| (before.begun(), before.names)).unwrap_or_default();
        names.extend(subject.names.iter().filter(|name| !names.contains(name)).cloned().collect::<Vec<_>>());
        let attempt = Attempt {
            person: person.id,
            kind: subject.kind,
            remote_id: intent.id.clone(),
            changes: intent.changes.iter().map(record_change).collect(),
            earlier,
            written: Vec::new(),
            names,
            noted: false,
            begun_at: Timestamp::now(),
        };
        change.begin_attempt(tenant.id, &attempt)?;
        Ok(true)
    }

    fn written_one(&self, change: &WriteTransaction<'_>, progress: &Progress) -> Result<(), DirectoryError> {
        let tenant = &self.tenant;
        let Some(subject) = self.subject(&progress.subject) else { return Ok(()) };
        let Some(mut attempt) = change.attempt(tenant.id, subject.person, subject.kind)? else { return Ok(()) };
        for at in progress.written.iter().copied() {
            let is_one = usize::try_from(at).is_ok_and(|at| at < attempt.changes.len());
            if is_one && !attempt.written.contains(&at) {
                attempt.written.push(at);
            }
        }
        if progress.id.is_some() {
            attempt.remote_id.clone_from(&progress.id);
        }
        change.store_progress(tenant.id, &attempt)?;
        if let (TaskKind::Push, Some(id), Some(person)) =
            (subject.kind, &attempt.remote_id, change.find_person_by_id(subject.person)?)
            && change.link(tenant.id, person.id)?.is_none()
        {
            link_free(change, tenant, &person, id)?;
        }
        Ok(())
    }
}

/// Links a user that nobody is linked to. One that is somebody else's is reported with the result of the call.
pub(super) fn link_free(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    person: &Person,
    remote_id: &str,
) -> Result<(), DirectoryError> {
    match change.link_of_user(tenant.id, remote_id)? {
        None => change.add_link(tenant, person, remote_id, LinkReason::Pushed),
        Some(_) => Ok(()),
    }
}

/// Whether what a task of this kind does to a person is still wanted.
fn is_wanted(
    view: &ReadTransaction<'_>,
    tenant: &TenantRecord,
    person: &Person,
    kind: TaskKind,
) -> Result<bool, DirectoryError> {
    Ok(!is_pointless(view, tenant, person, kind)?)
}

impl Ledger for PushLedger {
    fn owners(&self, ids: &[String]) -> Result<Vec<Option<Owner>>, String> {
        let owners = self.directory.read(|view| -> Result<Vec<_>, DirectoryError> {
            ids.iter().map(|id| view.owner_of_user(self.tenant.id, id)).collect()
        });
        let owner = |owner: crate::directory::UserOwner| Owner {
            key: owner.key,
            linked: owner.linked,
            confirmed: owner.confirmed,
        };
        owners.map(|all| all.into_iter().map(|one| one.map(owner)).collect()).map_err(|error| error.to_string())
    }

    fn undecided(&self, subject: &str, candidates: Vec<Candidate>) -> Result<(), String> {
        let claims = candidates.into_iter().map(|candidate| NewClaim {
            remote_id: candidate.id,
            username: candidate.username,
            status: candidate.status.into(),
            evidence: candidate.evidence,
            objections: candidate.objections,
        });
        let mut heard = self.lock();
        if heard.subjects.contains_key(subject) {
            heard.claims.insert(subject.to_owned(), claims.collect());
        }
        Ok(())
    }

    fn out_of_use(&self, subjects: Vec<(String, Status)>) -> Result<(), String> {
        let mut heard = self.lock();
        for (subject, status) in subjects {
            if heard.subjects.contains_key(&subject) {
                heard.out_of_use.insert(subject, status.into());
            }
        }
        Ok(())
    }

    fn begin(&self, intents: Vec<Intent>) -> Result<Vec<bool>, String> {
        let subjects: Vec<String> = intents.iter().map(|intent| intent.subject.clone()).collect();
        if self.wind_down.has_begun() {
            return Ok(self.postpone(subjects));
        }
        let wanted = self.write(|change| {
            intents.iter().map(|intent| self.begin_one(change, intent)).collect::<Result<Vec<bool>, _>>()
        })?;
        let mut heard = self.lock();
        for (subject, wanted) in subjects.into_iter().zip(&wanted) {
            if !wanted {
                heard.unwanted.insert(subject);
            }
        }
        Ok(wanted)
    }

    fn written(&self, progress: Vec<Progress>) -> Result<(), String> {
        self.write(|change| progress.iter().try_for_each(|one| self.written_one(change, one)))
    }
}

/// Notes an attempt that nobody has heard the end of.
fn note(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    person: &Person,
    attempt: &Attempt,
) -> Result<(), DirectoryError> {
    let (all, written) = (attempt.changes.len(), attempt.written.len());
    let result = match (all, written) {
        (all, written) if all == written => "written; then the job was cut off".to_owned(),
        (_, 0) => "the job was cut off: all of it may have been written".to_owned(),
        (all, written) => {
            format!("the job was cut off: {written} of {all} fields were written, and the others may have been")
        }
    };
    let (old, mut new) = fields(&attempt.changes);
    if let Some(id) = &attempt.remote_id {
        new.insert("user".to_owned(), json!(id));
    }
    change.note(&Note {
        tenant: Some(&tenant.name),
        person: Some(&person.key),
        action: action(attempt.kind),
        old: filled(old),
        new: filled(new),
        result: &result,
    })?;
    change.attempt_is_noted(tenant.id, attempt)
}

/// Notes in the audit trail what jobs before this one have begun and did not end. Called while the tenant is locked, so that
/// none of them is still at it.
///
/// # Errors
/// The database's.
pub(in crate::sync) fn note_cut_off(
    directory: &Directory,
    tenant: &TenantRecord,
    actor: &Actor,
) -> Result<(), DirectoryError> {
    if directory.read(|view| view.attempts_to_note(tenant.id, 1))?.is_empty() {
        return Ok(());
    }
    loop {
        let noted = directory.write(actor, |change| -> Result<usize, DirectoryError> {
            let attempts = change.attempts_to_note(tenant.id, NOTED_AT_ONCE)?;
            for attempt in &attempts {
                let person = change.person_by_id(attempt.person)?;
                note(change, tenant, &person, attempt)?;
                // A user whose id is known is linked, and everything that was set is known.
                if attempt.kind != TaskKind::Push || attempt.remote_id.is_some() {
                    leave(change, tenant.id, attempt, attempt.earlier.clone(), &attempt.names)?;
                    end_attempt(change, tenant.id, attempt)?;
                }
            }
            Ok(attempts.len())
        })?;
        if noted == 0 {
            return Ok(());
        }
    }
}
