//! What is assigned to a user by a record of its own: permission sets, permission set groups and public groups.

use std::collections::HashMap;

use crate::host::Host;
use crate::model::Result;
use crate::operations::schema::{self, END, Schema};
use crate::salesforce::client::Client;
use crate::salesforce::gather::{gather_all, split};
use crate::salesforce::id::{Id, prefix};
use crate::salesforce::soql::{Condition, Literal, Select};

/// Permission sets and their groups are assigned by records of this kind (H).
pub(super) const SET_ASSIGNMENT: &str = "PermissionSetAssignment";
/// Public groups are joined by records of this kind (H).
pub(super) const GROUP_MEMBER: &str = "GroupMember";

/// What is assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Set,
    SetGroup,
    Group,
}

impl Kind {
    /// How ids of this kind begin.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Set => prefix::PERMISSION_SET,
            Self::SetGroup => prefix::PERMISSION_SET_GROUP,
            Self::Group => prefix::GROUP,
        }
    }

    /// The kind in words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Set => "permission set",
            Self::SetGroup => "permission set group",
            Self::Group => "public group",
        }
    }

    /// The records that assign it.
    pub(super) fn object(self) -> &'static str {
        match self {
            Self::Set | Self::SetGroup => SET_ASSIGNMENT,
            Self::Group => GROUP_MEMBER,
        }
    }

    /// Their field that names what is assigned.
    pub(super) fn field(self) -> &'static str {
        match self {
            Self::Set => "PermissionSetId",
            Self::SetGroup => "PermissionSetGroupId",
            Self::Group => "GroupId",
        }
    }

    /// Their field that names the user.
    pub(super) fn assignee(self) -> &'static str {
        match self {
            Self::Set | Self::SetGroup => "AssigneeId",
            Self::Group => "UserOrGroupId",
        }
    }
}

/// One thing that is assigned, or is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) kind: Kind,
    pub(super) id: Id,
}

/// An assignment that a user has, with the record that makes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Held {
    pub(super) assignment: Assignment,
    pub(super) record: String,
    /// Whether it has ended. The user holds it no longer, and the record is in the way of a new one.
    pub(super) has_ended: bool,
}

/// Reads what users have. Results stand in the order of the users.
pub(super) async fn held<H: Host>(client: &Client<H>, users: &[Id], schema: Option<&Schema>) -> Result<Vec<Vec<Held>>> {
    const SUBJECT: &str = "the permission sets and groups of a push";

    let mut fields = vec!["Id", "AssigneeId", "PermissionSetId"];
    if let Some(schema) = schema {
        fields.extend(schema.has_set_groups.then_some("PermissionSetGroupId"));
        fields.extend(schema.has_ends.then_some(END));
    }
    let now = client.host().now();
    let among =
        |field: &'static str, part: std::ops::Range<usize>| Condition::ids(field, users.get(part).unwrap_or_default());
    let mut queries = split(users.len(), |part| {
        Select::new(SET_ASSIGNMENT, &fields).filter(&Condition::all(&[
            among("AssigneeId", part),
            // Every user also has the set that its profile owns (H).
            Condition::equals("PermissionSet.IsOwnedByProfile", Literal::Boolean(false)),
        ]))
    });
    let sets = queries.len();
    queries.extend(split(users.len(), |part| {
        Select::new(GROUP_MEMBER, &["Id", "UserOrGroupId", "GroupId"]).filter(&Condition::all(&[
            among("UserOrGroupId", part),
            Condition::equals("Group.Type", Literal::Text("Regular")),
        ]))
    }));
    let mut held: HashMap<Id, Vec<Held>> = users.iter().map(|user| (*user, Vec::new())).collect();
    gather_all(client, &queries, SUBJECT, |at, found| {
        let id = |field: &str| found.text(field).and_then(|id| Id::parse(id).ok());
        // A group's assignment also names the set that Salesforce makes for the group (H).
        let kind = match (at < sets, id(Kind::SetGroup.field())) {
            (true, Some(_)) => Kind::SetGroup,
            (true, None) => Kind::Set,
            (false, _) => Kind::Group,
        };
        let user = id(kind.assignee()).and_then(|user| held.get_mut(&user));
        if let (Some(user), Some(id), Some(record)) = (user, id(kind.field()), found.text("Id")) {
            let has_ended = schema::has_ended(found, now);
            user.push(Held { assignment: Assignment { kind, id }, record: record.to_owned(), has_ended });
        }
    })
    .await?;
    Ok(users.iter().map(|user| held.remove(user).unwrap_or_default()).collect())
}
