//! The exact list of what a push changes, field by field, before anything is written.

use std::borrow::Cow;

mod create;
mod defaults;
mod difference;
mod update;

pub(super) use self::defaults::Defaults;

use self::create::create;
use self::update::update;
use super::assignment::{Assignment, Held};
use super::digest;
use super::resolve::Match;
use super::wanted::CheckedUser;
use crate::attributes::Form;
use crate::model::{Action, FieldChange, Intent, Outcome, Result};
use crate::salesforce::id::Id;
use crate::salesforce::json::Datum;
use crate::salesforce::number::decimal;
use crate::settings::Writing;

pub(super) const USER: &str = "User";
pub(super) const CONTACT: &str = "Contact";

/// Which records a plan is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// Both are to be made.
    New,
    /// The contact is there, the user is to be made.
    Adopt(Id),
    /// Both are there.
    Existing { user: Id, contact: Option<Id> },
}

/// What a push would do to one user.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct UserPlan {
    /// The host's key of the person.
    pub(super) key: String,
    /// The user, for the middle of a sentence.
    pub(super) subject: String,
    pub(super) target: Target,
    pub(super) action: Action,
    /// Those of the contact first, those of assignments last.
    pub(super) changes: Vec<FieldChange>,
    /// The username, where the nickname is made up from it.
    pub(super) made_up_nickname: Option<String>,
    /// Fields of the changes that are no plain texts.
    pub(super) forms: Vec<(&'static str, Cow<'static, str>, Form)>,
    /// What is assigned.
    pub(super) given: Vec<Assignment>,
    /// What is taken away.
    pub(super) taken: Vec<Held>,
    /// What has to fit together once the plan is applied.
    pub(super) fit: Fit,
    pub(super) side_effects: Vec<String>,
    pub(super) digest: String,
}

/// What one kind of request writes of a plan.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// The fields of the contact or the user, without feature licences.
    Record(&'static str),
    /// The feature licences.
    Flags,
    /// An assignment that is given.
    Given(Assignment),
    /// One that is taken away.
    Taken(Assignment),
}

/// What of a plan has to fit together.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Fit {
    /// The profile that the user has so far.
    pub(super) old_profile: Option<Id>,
    /// The profile that the user will have.
    pub(super) profile: Option<Id>,
    /// The account of the user's contact.
    pub(super) account: Option<Id>,
    /// The role, where it is set anew or the profile changes.
    pub(super) role: Option<Id>,
    /// Feature licences, where they are set anew or the profile changes.
    pub(super) flags: Vec<String>,
    /// Whether the user takes a seat of its profile's licence.
    pub(super) is_active: bool,
    /// Whether nothing that has to fit changes.
    pub(super) is_same: bool,
}

impl UserPlan {
    /// What the plan would come to.
    pub(super) fn into_outcome(self) -> Outcome {
        let id = match self.target {
            Target::Existing { user, .. } => Some(user.to_string()),
            Target::New | Target::Adopt(_) => None,
        };
        Outcome { id, action: self.action, changes: self.changes, side_effects: self.side_effects, digest: self.digest }
    }

    /// The changes of one of the two records, without feature licences.
    pub(super) fn changes_of(&self, object: &'static str) -> impl Iterator<Item = &FieldChange> {
        self.changes.iter().filter(move |change| change.object == object && !is_flag(change))
    }

    /// What the host is told before any of it is written.
    pub(super) fn intent(&self) -> Intent {
        let id = match self.target {
            Target::Existing { user, .. } => Some(user.to_string()),
            Target::New | Target::Adopt(_) => None,
        };
        Intent { subject: self.key.clone(), id, changes: self.changes.clone() }
    }

    /// The positions of the changes that a step writes.
    pub(super) fn positions(&self, step: Step) -> Vec<u32> {
        let is_of = |change: &FieldChange| match step {
            Step::Record(object) => change.object == object && !is_flag(change),
            Step::Flags => is_flag(change),
            Step::Given(one) | Step::Taken(one) => {
                let value = if matches!(step, Step::Given(_)) { &change.new } else { &change.old };
                change.object == one.kind.object()
                    && change.field == one.kind.field()
                    && value.as_deref() == Some(one.id.as_str())
            }
        };
        (0..).zip(&self.changes).filter(|(_, change)| is_of(change)).map(|(at, _)| at).collect()
    }

    /// The changes of feature licences.
    pub(super) fn flags(&self) -> impl Iterator<Item = &FieldChange> {
        self.changes.iter().filter(|change| is_flag(change))
    }

    /// Takes another nickname than the one made up from the username, with `seed` to tell it apart; not where somebody wants
    /// the one that there is.
    pub(super) fn take_other_nickname(&mut self, seed: &str) -> bool {
        let Some(username) = &self.made_up_nickname else { return false };
        let other = defaults::nickname(username, &format!("{username} {seed}"));
        let mut changes = self.changes.iter_mut();
        let change = changes.find(|change| change.object == USER && change.field == defaults::NICKNAME);
        change.is_some_and(|change| change.new.replace(other).is_some())
    }

    /// What a change writes.
    pub(super) fn datum(&self, change: &FieldChange) -> Option<Datum> {
        let new = change.new.clone()?;
        let form = self.forms.iter().find(|(object, field, _)| *object == change.object && *field == change.field);
        Some(match form {
            Some((_, _, Form::Boolean)) => Datum::Boolean(new == "true"),
            Some((_, _, Form::Number | Form::Whole)) => decimal(&new).map_or(Datum::Text(new), Datum::Number),
            _ if is_flag(change) => Datum::Boolean(new == "true"),
            _ => Datum::Text(new),
        })
    }
}

/// Feature licences are fields of the user that begin so.
const FLAG: &str = "UserPermissions";

/// Whether a change gives or takes a feature licence, which is a step of its own.
pub(super) fn is_flag(change: &FieldChange) -> bool {
    change.object == USER && change.field.starts_with(FLAG)
}

/// What plans are made from beside the users themselves.
pub(super) struct Terms<'a> {
    pub(super) account_id: Id,
    pub(super) writing: &'a Writing,
    pub(super) defaults: Defaults,
}

/// Plans one user.
pub(super) fn plan(wanted: &CheckedUser, found: Match, terms: &Terms<'_>) -> Result<UserPlan> {
    let account_id = wanted.account.unwrap_or(terms.account_id);
    let (mut plan, kind, user, contact) = match found {
        Match::User(user, held, note) => {
            let plan = update(wanted, &user, &held, note, terms);
            let contact = user.contact.map_or_else(String::new, |id| id.to_string());
            (plan, "existing", user.id.to_string(), contact)
        }
        Match::Contact(contact) => {
            let plan = create(wanted, Some(&contact), terms)?;
            (plan, "adopt", String::new(), contact.id.to_string())
        }
        Match::Nobody => (create(wanted, None, terms)?, "new", String::new(), account_id.to_string()),
        Match::Later(reason, _) => return Err(reason),
    };
    plan.digest = digest::digest(&[kind, &user, &contact], &plan.changes);
    // Thousands of plans stand in memory at a time.
    plan.changes.shrink_to_fit();
    Ok(plan)
}

/// The names of the key fields and what they are to hold.
fn keys<'a>(wanted: &'a CheckedUser, terms: &Terms<'a>) -> [Option<(&'static str, &'a str, &'a str)>; 2] {
    let key = wanted.key.as_str();
    [(CONTACT, &terms.writing.contact_key), (USER, &terms.writing.user_key)]
        .map(|(object, name)| Some((object, name.as_ref()?.as_str(), key)))
}

/// The forms of the fields that are no plain texts.
fn forms(wanted: &CheckedUser) -> Vec<(&'static str, Cow<'static, str>, Form)> {
    let special = wanted.values.iter().filter(|entry| !matches!(entry.form, Form::Plain));
    let fields = special.flat_map(|entry| {
        let contact = entry.contact.iter().map(|field| (CONTACT, field.clone(), entry.form));
        contact.chain(entry.user.iter().map(|field| (USER, field.clone(), entry.form)))
    });
    fields.collect()
}

fn assignment_change(one: Assignment, is_given: bool) -> FieldChange {
    let id = Some(one.id.to_string());
    let (old, new) = if is_given { (None, id) } else { (id, None) };
    FieldChange { object: one.kind.object(), field: Cow::Borrowed(one.kind.field()), old, new }
}
