//! What is known of users whose lifecycle changes.

use std::collections::HashMap;
use std::ops::Range;

use super::Goal;
use super::plan::{USER, USER_LOGIN};
use crate::host::Host;
use crate::model::Result;
use crate::operations::rows::{LicenceRow, id, is, text};
use crate::salesforce::client::Client;
use crate::salesforce::gather::{gather_all, split};
use crate::salesforce::id::Id;
use crate::salesforce::record::Record;
use crate::salesforce::soql::{Condition, Literal, Select};

const USERS: [&str; 7] =
    ["Id", "Username", "IsActive", "UserType", "IsPortalEnabled", "ContactId", "Profile.UserLicenseId"];

/// A user, with what belongs to it.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) username: String,
    pub(super) is_active: bool,
    pub(super) user_type: String,
    pub(super) is_portal_enabled: bool,
    /// The id of its contact.
    pub(super) contact: Option<String>,
    /// The user licence of its profile.
    pub(super) licence: Option<Id>,
    /// Salesforce's record of the user's sign-in, where it was asked for and can be seen.
    pub(super) login: Option<Login>,
    /// The names of its public groups, where they were asked for.
    pub(super) groups: Vec<String>,
}

/// Salesforce's record of a user's sign-in.
#[derive(Debug, Clone)]
pub(super) struct Login {
    pub(super) id: Id,
    pub(super) is_frozen: bool,
}

impl Subject {
    fn read(record: &Record<'_>) -> Self {
        Self {
            username: text(record, "Username").unwrap_or_default(),
            is_active: is(record, "IsActive"),
            user_type: text(record, "UserType").unwrap_or_default(),
            is_portal_enabled: is(record, "IsPortalEnabled"),
            contact: text(record, "ContactId"),
            licence: id(record, "Profile.UserLicenseId"),
            login: None,
            groups: Vec::new(),
        }
    }

    pub(super) fn is_frozen(&self) -> bool {
        self.login.as_ref().is_some_and(|login| login.is_frozen)
    }
}

/// Users by their ids, and licences by theirs.
#[derive(Debug, Default)]
pub(super) struct Found {
    subjects: HashMap<Id, Subject>,
    licences: Vec<LicenceRow>,
}

impl Found {
    pub(super) fn get(&self, id: Id) -> Option<&Subject> {
        self.subjects.get(&id)
    }

    pub(super) fn licence(&self, id: Id) -> Option<&LicenceRow> {
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
        split(ids.len(), |part| Select::new(object, fields).filter(&condition(part)))
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
    if goal == Goal::Active && !ids.is_empty() {
        queries.push(Select::new(LicenceRow::OBJECT, &LicenceRow::COLUMNS));
    }
    let mut found = Found::default();
    client.wait_for(gather_all(client, &queries, "the users to change", |at, record| {
        if at < users {
            if let Some(user) = id(record, "Id") {
                found.subjects.entry(user).or_insert_with(|| Subject::read(record));
            }
        } else if at < groups {
            if let (Some(subject), Some(name)) =
                (id(record, "UserOrGroupId").and_then(|user| found.get_mut(user)), text(record, "Group.Name"))
            {
                subject.groups.push(name);
            }
        } else if at < logins {
            if let Some(subject) = id(record, "UserId").and_then(|user| found.get_mut(user)) {
                subject.login = id(record, "Id").map(|id| Login { id, is_frozen: is(record, "IsFrozen") });
            }
        } else {
            found.licences.extend(LicenceRow::read(record));
        }
    }))?;
    Ok(found)
}
