//! What would be done to one user, field by field.

use std::borrow::Cow;

use super::Goal;
use super::find::{Found, Subject};
use crate::model::{Action, Error, ErrorKind, FieldChange, Outcome, Result};
use crate::operations::digest::digest;
use crate::operations::is_portal_user_type;
use crate::operations::retired::{is_retired, restored, retired};
use crate::operations::seats::Seats;
use crate::salesforce::id::Id;
use crate::salesforce::json::Datum;

pub(super) const USER: &str = "User";
/// Salesforce keeps one for every user (H).
pub(super) const USER_LOGIN: &str = "UserLogin";

/// When a step is written. Each round is one call for the whole batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Round {
    /// Salesforce does it by itself.
    Consequence,
    /// Whether the user is in use.
    State,
    /// Whether its sign-in is frozen.
    Login,
    /// Its username; after the state, so that a name which is refused keeps nobody signed in.
    Name,
}

/// One field of one record.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) round: Round,
    pub(super) object: &'static str,
    pub(super) id: String,
    pub(super) field: &'static str,
    pub(super) old: Option<String>,
    pub(super) new: Option<Datum>,
}

/// What would be done to one user.
#[derive(Debug, Clone)]
pub(super) struct LifecyclePlan {
    pub(super) user: Id,
    pub(super) subject: String,
    pub(super) action: Action,
    pub(super) steps: Vec<Step>,
    /// The position of the first step in what the host is told before anything is written.
    pub(super) first: u32,
    pub(super) side_effects: Vec<String>,
    /// What to do where Salesforce refuses.
    pub(super) otherwise: Option<Box<LifecyclePlan>>,
}

/// Plans one user; `rename` is whether a username is given up.
pub(super) fn plan(id: Id, found: &Found, goal: Goal, rename: bool, seats: &mut Seats) -> Result<LifecyclePlan> {
    let subject = found.get(id).ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("the user {id} does not exist in this organization"))
            .with_remedy("Import again; ids of a sandbox die when it is refreshed")
    })?;
    let username = &subject.username;
    if !is_portal_user_type(&subject.user_type) {
        return Err(Error::new(
            ErrorKind::InvalidValue,
            format!("the user {username} ({id}) is no portal user, and is not touched"),
        )
        .with_remedy("Give the id of a portal user"));
    }
    let plan = LifecyclePlan {
        user: id,
        subject: format!("the user {username}"),
        action: Action::Unchanged,
        steps: Vec::new(),
        first: 0,
        side_effects: Vec::new(),
        otherwise: None,
    };
    match goal {
        Goal::Inactive => Ok(plan.deactivate(subject, rename)),
        Goal::Frozen => plan.freeze(subject),
        Goal::InactiveOrFrozen => {
            let otherwise = plan.clone().freeze(subject).ok();
            let mut plan = plan.deactivate(subject, rename);
            if plan.action == Action::Deactivated {
                let first = (0..).zip(&plan.steps).map(|(at, _)| at + 1).last().unwrap_or(0);
                plan.otherwise = otherwise.map(|otherwise| Box::new(LifecyclePlan { first, ..otherwise }));
            }
            Ok(plan)
        }
        Goal::Unlinked => Ok(plan.unlink(subject, rename)),
        Goal::Active => plan.reactivate(subject, found, seats),
    }
}

impl LifecyclePlan {
    fn user_step(&mut self, round: Round, field: &'static str, old: bool) {
        self.steps.push(Step {
            round,
            object: USER,
            id: self.user.to_string(),
            field,
            old: Some(old.to_string()),
            new: Some(Datum::Boolean(!old)),
        });
    }

    fn login_step(&mut self, id: Id, old: bool) {
        let (old, new) = (Some(old.to_string()), Some(Datum::Boolean(!old)));
        let id = id.to_string();
        self.steps.push(Step { round: Round::Login, object: USER_LOGIN, id, field: "IsFrozen", old, new });
    }

    fn name_step(&mut self, old: &str, new: String) {
        self.steps.push(Step {
            round: Round::Name,
            object: USER,
            id: self.user.to_string(),
            field: "Username",
            old: Some(old.to_owned()),
            new: Some(Datum::Text(new)),
        });
    }

    fn leave(&mut self, subject: &Subject) {
        self.side_effects.push("The seat of the user's licence becomes free.".to_owned());
        if !subject.groups.is_empty() {
            let groups = subject.groups.join(", ");
            let effect = format!(
                "The user leaves its public groups for good, a reactivation does not bring them back: {groups}."
            );
            self.side_effects.push(effect);
        }
    }

    fn give_name_up(&mut self, subject: &Subject, rename: bool) {
        let username = subject.username.as_str();
        if rename && !is_retired(self.user, username) {
            self.name_step(username, retired(self.user, username));
            self.side_effects.push(format!("The username {username} becomes free for others."));
            if self.action == Action::Unchanged {
                self.action = Action::Updated;
            }
        }
    }

    fn deactivate(mut self, subject: &Subject, rename: bool) -> Self {
        if subject.is_active {
            self.action = Action::Deactivated;
            self.user_step(Round::State, "IsActive", true);
            self.leave(subject);
        }
        self.give_name_up(subject, rename);
        self
    }

    fn freeze(mut self, subject: &Subject) -> Result<Self> {
        match &subject.login {
            // A user that is out of use cannot sign in anyway.
            _ if !subject.is_active || subject.is_frozen() => {}
            Some(login) => {
                self.action = Action::Frozen;
                self.login_step(login.id, false);
                self.side_effects.push("The user keeps the seat of its licence.".to_owned());
            }
            None => {
                return Err(Error::new(
                    ErrorKind::PermissionDenied,
                    format!("the sign-in record of {} cannot be seen, so the user cannot be frozen", self.subject),
                )
                .with_remedy("Give the admin user's profile Manage Users under Setup > Users > Profiles"));
            }
        }
        Ok(self)
    }

    /// `IsPortalEnabled` is sent alone: Salesforce takes the user out of use and from its contact by itself, and refuses an
    /// `IsActive` beside it (M).
    fn unlink(mut self, subject: &Subject, rename: bool) -> Self {
        let contact = subject.contact.as_deref();
        if subject.is_portal_enabled || contact.is_some() {
            self.action = Action::Unlinked;
            self.user_step(Round::State, "IsPortalEnabled", true);
            if subject.is_active {
                self.user_step(Round::Consequence, "IsActive", true);
            }
            if let Some(contact) = contact {
                let (object, id, old) = (USER, self.user.to_string(), Some(contact.to_owned()));
                self.steps.push(Step { round: Round::Consequence, object, id, field: "ContactId", old, new: None });
                self.side_effects.push(format!("Salesforce parts the user from its contact {contact} for good: this cannot be undone, the user can never sign in again, and the contact is free for a new user."));
            }
            self.leave(subject);
        }
        self.give_name_up(subject, rename);
        self
    }

    fn reactivate(mut self, subject: &Subject, found: &Found, seats: &mut Seats) -> Result<Self> {
        if !subject.is_active {
            if subject.contact.is_none() {
                return Err(Error::new(
                    ErrorKind::StaleReference,
                    format!("{} was parted from its contact for good and cannot be reactivated", self.subject),
                )
                .with_remedy("Push the person without the stored id and with another username, so that a new user is made for the contact"));
            }
            if let Some(licence) = subject.licence.and_then(|id| found.licence(id)) {
                seats.take(licence, &self.subject)?;
            }
            self.user_step(Round::State, "IsActive", false);
            self.side_effects.push(
                "The user takes a seat of its licence; groups that it was in before are not restored.".to_owned(),
            );
        }
        if let Some(login) = subject.login.as_ref().filter(|_| subject.is_frozen()) {
            self.login_step(login.id, true);
        }
        let username = subject.username.as_str();
        match restored(self.user, username) {
            Some(before) => self.name_step(username, before.to_owned()),
            None if is_retired(self.user, username) => {
                self.side_effects
                    .push("The username from before is not known here; push the user to set it.".to_owned());
            }
            None => {}
        }
        if !self.steps.is_empty() {
            self.action = Action::Reactivated;
        }
        Ok(self)
    }

    pub(super) fn changes(&self) -> Vec<FieldChange> {
        let changes = self.steps.iter().map(|step| FieldChange {
            object: step.object,
            field: Cow::Borrowed(step.field),
            old: step.old.clone(),
            new: step.new.as_ref().map(|new| match new {
                Datum::Text(text) => text.clone(),
                Datum::Boolean(value) => value.to_string(),
                Datum::Number(number) => number.to_string(),
            }),
        });
        changes.collect()
    }

    /// What the host is told before anything is written: the changes, and behind them those that come in their place where
    /// Salesforce refuses.
    pub(super) fn intent(&self) -> Vec<FieldChange> {
        let mut changes = self.changes();
        changes.extend(self.otherwise.iter().flat_map(|otherwise| otherwise.changes()));
        changes
    }

    /// The positions of some steps in what the host was told.
    pub(super) fn positions(&self, is_one: impl Fn(&Step) -> bool) -> Vec<u32> {
        (self.first..).zip(&self.steps).filter(|(_, step)| is_one(step)).map(|(at, _)| at).collect()
    }

    pub(super) fn digest(&self) -> String {
        let otherwise = if self.otherwise.is_some() { "or-freeze" } else { "" };
        digest(&["lifecycle", self.user.as_str(), otherwise], &self.changes())
    }

    /// What the plan would come to, with what is not known before it is tried.
    pub(super) fn into_prospect(mut self) -> Outcome {
        if self.otherwise.is_some() {
            self.side_effects.push("Where Salesforce refuses to deactivate the user, it is frozen instead.".to_owned());
        }
        self.into_outcome()
    }

    pub(super) fn into_outcome(self) -> Outcome {
        Outcome {
            id: Some(self.user.to_string()),
            action: self.action,
            changes: self.changes(),
            digest: self.digest(),
            side_effects: self.side_effects,
        }
    }
}
