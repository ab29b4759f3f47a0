//! What is known of users whose lifecycle changes.

use std::collections::HashMap;
use std::ops::Range;

use super::Goal;
use super::plan::{USER, USER_LOGIN};
use crate::host::Host;
use crate::model::Result;
use crate::operations::known::{Known, Paths};
use crate::salesforce::client::Client;
use crate::salesforce::gather::{gather_all, split};
use crate::salesforce::id::Id;
use crate::salesforce::soql::{Condition, Literal, Select};

const USERS: [&str; 7] =
    ["Id", "Username", "IsActive", "UserType", "IsPortalEnabled", "ContactId", "Profile.UserLicenseId"];

/// A user, with what belongs to it.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) user: Known,
    /// Salesforce's record of the user's sign-in, where it was asked for and can be seen.
    pub(super) login: Option<Known>,
    /// The names of its public groups, where they were asked for.
    pub(super) groups: Vec<String>,
}

/// Users by their ids, and licences by theirs.
#[derive(Debug, Default)]
pub(super) struct Found {
    subjects: HashMap<Id, Subject>,
    licences: Vec<Known>,
}

impl Found {
    pub(super) fn get(&self, id: Id) -> Option<&Subject> {
        self.subjects.get(&id)
    }

    pub(super) fn licence(&self, id: Id) -> Option<&Known> {
        self.licences.iter().find(|licence| licence.id == id)
    }

    fn get_mut(&mut self, id: Id) -> Option<&mut Subject> {
        self.subjects.get_mut(&id)
    }
}

/// Reads the users of these ids, and what their goal makes worth knowing.
pub(super) fn find<H: Host>(client: &Client<H>, ids: &[Id], goal: Goal) -> Result<Found> {
    let among = |field: &'static str, part: Range<usize>| Condition::ids(field, ids.get(part).unwrap_or_default());
    let ask = |object: &'static str, fields: &[&'static str], condition: &dyn Fn(Range<usize>) -> Condition| {
        split(ids.len(), &|part| Select::new(object, fields).filter(&condition(part)))
    };
    let mut queries = ask(USER, &USERS, &|part| among("Id", part));
    let users = queries.len();
    if goal.leaves_groups() {
        queries.extend(ask("GroupMember", &["UserOrGroupId", "Group.Name"], &|part| {
            Condition::all(&[among("UserOrGroupId", part), Condition::equals("Group.Type", Literal::Text("Regular"))])
        }));
    }
    let groups = queries.len();
    if goal.needs_login() {
        let fields = ["Id", "UserId", "IsFrozen"];
        queries.extend(ask(USER_LOGIN, &fields, &|part| among("UserId", part)));
    }
    let logins = queries.len();
    let licence_fields = ["Id", "Name", "TotalLicenses", "UsedLicenses"];
    if goal == Goal::Active && !ids.is_empty() {
        queries.push(Select::new("UserLicense", &licence_fields));
    }
    let (user_paths, login_paths) = (Paths::of(&USERS).share(), Paths::of(&["Id", "UserId", "IsFrozen"]).share());
    let licence_paths = Paths::of(&licence_fields).share();
    let mut found = Found::default();
    gather_all(client, &queries, "the users to change", &mut |at, record| {
        let of = |field: &str| record.text(field).and_then(|id| Id::parse(id).ok());
        if at < users {
            if let Some(user) = Known::read(record, &user_paths) {
                found.subjects.entry(user.id).or_insert(Subject { user, login: None, groups: Vec::new() });
            }
        } else if at < groups {
            if let (Some(subject), Some(name)) =
                (of("UserOrGroupId").and_then(|id| found.get_mut(id)), record.text("Group.Name"))
            {
                subject.groups.push(name.to_owned());
            }
        } else if at < logins {
            if let Some(subject) = of("UserId").and_then(|id| found.get_mut(id)) {
                subject.login = Known::read(record, &login_paths);
            }
        } else {
            found.licences.extend(Known::read(record, &licence_paths));
        }
    })?;
    Ok(found)
}
