//! What a host keeps of single users, as the bundled one does, and what it is told of every write.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use salesforce_portal_connector::model::{
    Abandoned, Begun, Candidate, Deactivation, DesiredUser, Intent, Owner, Progress, PushMode, Status,
};
use salesforce_portal_connector::operations::Session;

use crate::lifecycle::ada;
use crate::support::{Native, Org, at_width, grant, person, set};

/// What was told of one subject.
#[derive(Default)]
pub(crate) struct Attempt {
    pub(crate) begun: Vec<Begun>,
    pub(crate) written: BTreeSet<u32>,
}

/// What was told of all of them.
#[derive(Default)]
pub(crate) struct Kept {
    /// By the users' ids.
    pub(crate) owners: BTreeMap<String, Owner>,
    pub(crate) attempts: BTreeMap<String, Attempt>,
    pub(crate) undecided: BTreeMap<String, Vec<Candidate>>,
    pub(crate) out_of_use: Vec<(String, Status)>,
}

impl Kept {
    pub(crate) fn new() -> Rc<RefCell<Self>> {
        Rc::default()
    }

    /// Links a person and a user that nobody is linked to.
    pub(crate) fn link(&mut self, key: &str, id: &str) {
        self.owners.entry(id.to_owned()).or_insert_with(|| Owner {
            key: key.to_owned(),
            linked: true,
            confirmed: false,
        });
    }

    /// The user that a person is linked to.
    pub(crate) fn user_of(&self, key: &str) -> Option<String> {
        let owned = |owner: &Owner| owner.linked && owner.key == key;
        self.owners.iter().find(|(_, owner)| owned(owner)).map(|(id, _)| id.clone())
    }

    pub(crate) fn begin(&mut self, intent: Intent) -> bool {
        if let Some(id) = intent.id.as_ref().filter(|id| **id != intent.subject) {
            self.link(&intent.subject, id);
        }
        let begun = intent.changes.into_iter().map(|change| Begun {
            object: change.object.to_owned(),
            field: change.field.into_owned(),
            old: change.old,
            new: change.new,
        });
        let attempt = Attempt { begun: begun.collect(), written: BTreeSet::new() };
        self.attempts.insert(intent.subject, attempt);
        true
    }

    pub(crate) fn written(&mut self, progress: &Progress) {
        if let Some(id) = progress.id.as_ref().filter(|id| **id != progress.subject) {
            self.link(&progress.subject, id);
        }
        let attempt = self.attempts.get_mut(&progress.subject).expect("it was never begun");
        for at in &progress.written {
            assert!((*at as usize) < attempt.begun.len(), "{progress:?}");
            assert!(attempt.written.insert(*at), "it was written twice: {progress:?}");
        }
    }

    /// What is to be taken back of people for whom a push had begun, and whose users nobody knows.
    pub(crate) fn abandoned(&self) -> Vec<Abandoned> {
        let unknown = self.attempts.iter().filter(|(key, _)| self.user_of(key).is_none());
        unknown.map(|(key, attempt)| Abandoned { key: key.clone(), id: None, begun: attempt.begun.clone() }).collect()
    }

    /// The subjects of whom something was begun and not told as written.
    fn unwritten(&self) -> Vec<String> {
        let open = self.attempts.iter().filter(|(_, attempt)| attempt.written.len() < attempt.begun.len());
        open.map(|(subject, _)| subject.clone()).collect()
    }
}

/// A session whose host keeps what it is told.
pub(crate) fn session(org: &Org, kept: &Rc<RefCell<Kept>>, more: &[(&str, &str)]) -> Session<Native> {
    Session::open(Native::keeping(kept), org.settings_with(more)).unwrap()
}

#[test]
fn every_change_of_a_push_is_told_exactly_once_when_it_is_written() {
    let org = Org::start(5, 961);
    let kept = Kept::new();
    let session = session(&org, &kept, &[]);
    let mut user = ada(&org);
    user.grants.push(grant("feature-license", "UserPermissionsSFContentUser"));
    let id = session.push_users(std::slice::from_ref(&user), &PushMode::Apply).unwrap().remove(0).unwrap().id.unwrap();
    assert_eq!(kept.borrow().unwritten(), Vec::<String>::new());
    assert_eq!(kept.borrow().user_of("Ada"), Some(id.clone()));
    assert!(kept.borrow().attempts["Ada"].begun.iter().any(|one| one.field == "UserPermissionsSFContentUser"));

    // Now fields of both records, one set and the group less, and the licence taken away.
    let mut other = DesiredUser { id: Some(id.clone()), exact_grants: true, ..user };
    other.changes.push(set("title", "Countess"));
    other.grants.truncate(2);
    let outcome = session.push_users(&[other], &PushMode::Apply).unwrap().remove(0).unwrap();
    assert_eq!(kept.borrow().unwritten(), Vec::<String>::new());
    let begun = &kept.borrow().attempts["Ada"].begun;
    assert_eq!(begun.len(), outcome.changes.len());
    assert_eq!(begun.len(), 5, "{begun:?}");
}

#[test]
fn users_that_are_frozen_or_deactivated_are_told_as_out_of_use_and_left_so() {
    let org = Org::start(5, 962);
    let kept = Kept::new();
    let session = session(&org, &kept, &[]);
    let profile = org.profile("Customer Community Plus User");
    let people = ["Ada", "Eve", "Max"].map(|name| person(name, &profile));
    let made = session.push_users(&people, &PushMode::Apply).unwrap();
    let ids: Vec<String> = made.into_iter().map(|one| one.unwrap().id.unwrap()).collect();
    assert_eq!(kept.borrow().out_of_use, []);
    session.deactivate_users(&ids[..1], Deactivation::Deactivate, &PushMode::Apply).unwrap().remove(0).unwrap();
    session.deactivate_users(&ids[1..2], Deactivation::Freeze, &PushMode::Apply).unwrap().remove(0).unwrap();
    session.push_users(&people, &PushMode::Apply).unwrap().into_iter().for_each(|one| _ = one.unwrap());
    let told = [("Ada".to_owned(), Status::Inactive), ("Eve".to_owned(), Status::Frozen)];
    assert_eq!(kept.borrow().out_of_use, told);
    assert_eq!(org.count(&format!("User WHERE Id = '{}' AND IsActive = false", ids[0])), 1);
    assert_eq!(org.count(&format!("UserLogin WHERE UserId = '{}' AND IsFrozen = true", ids[1])), 1);
}

#[test]
fn both_hold_with_one_request_at_a_time_and_with_as_many_as_may_be() {
    for width in [1, 25] {
        at_width(width, every_change_of_a_push_is_told_exactly_once_when_it_is_written);
        at_width(width, users_that_are_frozen_or_deactivated_are_told_as_out_of_use_and_left_so);
    }
}
