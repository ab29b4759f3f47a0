//! Taking users out of use, and putting them back.
//!
//! A deactivation sends `IsActive` alone: a malformed e-mail address of somebody who leaves must not keep them signed in.
//! Freezing is a record of its own, `UserLogin`, that Salesforce keeps for every user (H).

use std::borrow::Cow;

use super::digest::digest;
use super::index::Index;
use super::push_users::{check_digests, drifted};
use super::{ID, is_portal_user_type};
use crate::diagnosis;
use crate::host::Host;
use crate::model::{Action, Deactivation, Error, ErrorKind, FieldChange, Outcome, PushMode, Result};
use crate::salesforce::client::Client;
use crate::salesforce::collections::{self, Refused};
use crate::salesforce::id::{Id, prefix};
use crate::salesforce::json::{Datum, Write};
use crate::salesforce::query;
use crate::salesforce::soql::{Condition, Literal, Name, Select};

const USER: &str = "User";
const USER_LOGIN: &str = "UserLogin";

/// Users asked for in one query; their ids always fit into a URL.
const BATCH: usize = 200;

/// A user as far as its lifecycle is concerned.
#[derive(Debug, Clone)]
struct Known {
    username: String,
    is_active: bool,
    is_portal_user: bool,
    login: Option<Login>,
}

/// Salesforce's record of a user's sign-in.
#[derive(Debug, Clone)]
struct Login {
    id: String,
    is_frozen: bool,
}

/// Users by their ids.
#[derive(Debug, Default)]
struct Users {
    index: Index,
    users: Vec<Known>,
}

impl Users {
    fn insert(&mut self, id: Id, user: Known) {
        if self.index.insert(id.as_str(), self.users.len()) {
            self.users.push(user);
        }
    }

    fn get(&self, id: Id) -> Option<&Known> {
        self.users.get(self.index.get(id.as_str())?)
    }

    fn get_mut(&mut self, id: Id) -> Option<&mut Known> {
        self.users.get_mut(self.index.get(id.as_str())?)
    }
}

/// What would be done to one user.
#[derive(Debug, Clone)]
struct Plan {
    user: Id,
    subject: String,
    action: Action,
    /// The records to write, with one field each.
    steps: Vec<Step>,
    side_effects: Vec<String>,
    /// What to do where Salesforce refuses.
    otherwise: Option<Box<Plan>>,
}

/// One field of one record.
#[derive(Debug, Clone)]
struct Step {
    object: &'static str,
    id: String,
    field: &'static str,
    new: bool,
}

/// The states that a call can put users into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    Inactive,
    Frozen,
    InactiveOrFrozen,
    Active,
}

impl Goal {
    fn needs_login(self) -> bool {
        self != Self::Inactive
    }
}

/// Takes users out of use. Results stand in the order of the ids.
pub(super) fn deactivate_users<H: Host>(
    client: &Client<H>,
    ids: &[String],
    how: Deactivation,
    mode: &PushMode,
) -> Result<Vec<Result<Outcome>>> {
    let goal = match how {
        Deactivation::Deactivate => Goal::Inactive,
        Deactivation::Freeze => Goal::Frozen,
        Deactivation::DeactivateOrFreeze => Goal::InactiveOrFrozen,
        Deactivation::Unlink => {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "this version of the connector does not unlink users from their contacts, which could not be undone",
            )
            .with_remedy("Deactivate the users instead"));
        }
    };
    run(client, ids, goal, mode)
}

/// Puts users back into use, and thaws those that are frozen. Results stand in the order of the ids.
pub(super) fn reactivate_users<H: Host>(
    client: &Client<H>,
    ids: &[String],
    mode: &PushMode,
) -> Result<Vec<Result<Outcome>>> {
    run(client, ids, Goal::Active, mode)
}

fn run<H: Host>(client: &Client<H>, ids: &[String], goal: Goal, mode: &PushMode) -> Result<Vec<Result<Outcome>>> {
    check_digests(mode, ids.len())?;
    let ids = check_ids(ids);
    let sound: Vec<Id> = ids.iter().flatten().copied().collect();
    let known = find(client, &sound, goal.needs_login())?;
    let mut plans: Vec<Result<Plan>> = ids.into_iter().map(|id| plan(id?, &known, goal)).collect();
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
        PushMode::Apply | PushMode::ApplyPlanned(_) => Ok(apply(client, plans)),
    }
}

/// Reads the ids; each user counts once.
pub(super) fn check_ids(ids: &[String]) -> Vec<Result<Id>> {
    let mut seen = Index::default();
    let checked = ids.iter().map(|text| {
        let id = Id::parse_of(text.trim(), prefix::USER).map_err(|reason| {
            Error::new(ErrorKind::InvalidValue, format!("the user id {text:?} {reason}"))
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

fn find<H: Host>(client: &Client<H>, ids: &[Id], with_login: bool) -> Result<Users> {
    let mut known = Users::default();
    for batch in ids.chunks(BATCH) {
        let literals: Vec<Literal> = batch.iter().copied().map(Literal::Id).collect();
        let fields = ["Id", "Username", "IsActive", "UserType"].map(Name::fixed).to_vec();
        let query = Select::new(Name::fixed(USER), fields).filter(Condition::In(ID, literals.clone()));
        query::for_each(client, &query, "the users to change", |record| {
            if let Some(id) = record.text("Id").and_then(|id| Id::parse(id).ok()) {
                let user = Known {
                    username: record.text("Username").unwrap_or_default().to_owned(),
                    is_active: record.boolean("IsActive").unwrap_or_default(),
                    is_portal_user: record.text("UserType").is_some_and(is_portal_user_type),
                    login: None,
                };
                known.insert(id, user);
            }
        })?;
        if !with_login {
            continue;
        }
        let fields = ["Id", "UserId", "IsFrozen"].map(Name::fixed).to_vec();
        let query = Select::new(Name::fixed(USER_LOGIN), fields).filter(Condition::In(Name::fixed("UserId"), literals));
        query::for_each(client, &query, "whether users are frozen", |record| {
            let user = record.text("UserId").and_then(|id| Id::parse(id).ok()).and_then(|id| known.get_mut(id));
            if let (Some(user), Some(id)) = (user, record.text("Id")) {
                user.login =
                    Some(Login { id: id.to_owned(), is_frozen: record.boolean("IsFrozen").unwrap_or_default() });
            }
        })?;
    }
    Ok(known)
}

fn plan(id: Id, known: &Users, goal: Goal) -> Result<Plan> {
    let user = known.get(id).ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("the user {id} does not exist in this organization"))
            .with_remedy("Import again; ids of a sandbox die when it is refreshed")
    })?;
    if !user.is_portal_user {
        return Err(Error::new(
            ErrorKind::InvalidValue,
            format!("the user {} ({id}) is no portal user, and is not touched", user.username),
        )
        .with_remedy("Give the id of a portal user"));
    }
    let plan = Plan {
        user: id,
        subject: format!("the user {}", user.username),
        action: Action::Unchanged,
        steps: Vec::new(),
        side_effects: Vec::new(),
        otherwise: None,
    };
    match goal {
        Goal::Inactive => Ok(deactivation(plan, user)),
        Goal::Frozen => freezing(plan, user),
        Goal::InactiveOrFrozen => {
            let otherwise = freezing(plan.clone(), user).ok();
            let mut plan = deactivation(plan, user);
            if plan.action == Action::Deactivated {
                plan.otherwise = otherwise.map(Box::new);
            }
            Ok(plan)
        }
        Goal::Active => Ok(reactivation(plan, user)),
    }
}

fn deactivation(mut plan: Plan, user: &Known) -> Plan {
    if user.is_active {
        plan.action = Action::Deactivated;
        plan.steps.push(Step { object: USER, id: plan.user.to_string(), field: "IsActive", new: false });
        plan.side_effects
            .push("The seat of the user's licence becomes free, and the user leaves its groups and queues.".to_owned());
    }
    plan
}

fn freezing(mut plan: Plan, user: &Known) -> Result<Plan> {
    match &user.login {
        // A user that is out of use cannot sign in anyway.
        _ if !user.is_active => {}
        Some(login) if login.is_frozen => {}
        Some(login) => {
            plan.action = Action::Frozen;
            plan.steps.push(Step { object: USER_LOGIN, id: login.id.clone(), field: "IsFrozen", new: true });
            plan.side_effects.push("The user keeps the seat of its licence.".to_owned());
        }
        None => {
            return Err(Error::new(
                ErrorKind::PermissionDenied,
                format!("the sign-in record of {} cannot be seen, so the user cannot be frozen", plan.subject),
            )
            .with_remedy("Give the admin user's profile Manage Users under Setup > Users > Profiles"));
        }
    }
    Ok(plan)
}

fn reactivation(mut plan: Plan, user: &Known) -> Plan {
    if !user.is_active {
        plan.steps.push(Step { object: USER, id: plan.user.to_string(), field: "IsActive", new: true });
        plan.side_effects
            .push("The user takes a seat of its licence; groups that it was in before are not restored.".to_owned());
    }
    if let Some(login) = user.login.as_ref().filter(|login| login.is_frozen) {
        plan.steps.push(Step { object: USER_LOGIN, id: login.id.clone(), field: "IsFrozen", new: false });
    }
    if !plan.steps.is_empty() {
        plan.action = Action::Reactivated;
    }
    plan
}

impl Plan {
    fn changes(&self) -> Vec<FieldChange> {
        let changes = self.steps.iter().map(|step| FieldChange {
            object: step.object,
            field: Cow::Borrowed(step.field),
            old: Some((!step.new).to_string()),
            new: Some(step.new.to_string()),
        });
        changes.collect()
    }

    fn digest(&self) -> String {
        let otherwise = if self.otherwise.is_some() { "or-freeze" } else { "" };
        digest(&["lifecycle", self.user.as_str(), otherwise], &self.changes())
    }

    /// What the plan would come to, with what is not known before it is tried.
    fn into_prospect(mut self) -> Outcome {
        if self.otherwise.is_some() {
            self.side_effects.push("Where Salesforce refuses to deactivate the user, it is frozen instead.".to_owned());
        }
        self.into_outcome()
    }

    fn into_outcome(self) -> Outcome {
        Outcome {
            id: Some(self.user.to_string()),
            action: self.action,
            changes: self.changes(),
            digest: self.digest(),
            side_effects: self.side_effects,
        }
    }
}

fn apply<H: Host>(client: &Client<H>, mut plans: Vec<Result<Plan>>) -> Vec<Result<Outcome>> {
    // A reactivation makes the user active first, since that is what Salesforce refuses when no seat is left.
    write(client, &mut plans, USER);
    write(client, &mut plans, USER_LOGIN);
    plans.into_iter().map(|plan| plan.map(Plan::into_outcome)).collect()
}

/// Writes the steps of all plans that concern one kind of record.
fn write<H: Host>(client: &Client<H>, plans: &mut [Result<Plan>], object: &'static str) {
    let mut writes = Vec::new();
    let mut places = Vec::new();
    for (at, plan) in plans.iter().enumerate() {
        for step in plan.iter().flat_map(|plan| &plan.steps).filter(|step| step.object == object) {
            let fields = vec![(Cow::Borrowed(step.field), Some(Datum::Boolean(step.new)))];
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
        *slot = match plan.otherwise.take().filter(|_| is_final) {
            Some(mut otherwise) => {
                otherwise.side_effects.push(format!("The user could not be deactivated: {}.", error.message));
                Ok(*otherwise)
            }
            None => {
                if object == USER_LOGIN && plan.steps.len() > 1 {
                    error.message.push_str("; the user itself is active again");
                }
                Err(error)
            }
        };
    }
}

#[cfg(test)]
mod tests;
