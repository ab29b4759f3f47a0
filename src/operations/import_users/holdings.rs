//! What the users of a page hold: permission sets, permission set groups, public groups; and which of them are frozen.

use std::collections::HashMap;

use super::super::describe::{PERMISSION_SET, PERMISSION_SET_GROUP, PUBLIC_GROUP};
use super::super::schema::{END, Schema, has_ended};
use super::cursor::Population;
use super::{has_type, user_id};
use crate::diagnosis;
use crate::host::{Host, Level};
use crate::model::{Details, Error, ErrorKind, Grant, Result, Status, User};
use crate::salesforce::client::{Call, Client};
use crate::salesforce::composite::Answer;
use crate::salesforce::id::Id;
use crate::salesforce::query;
use crate::salesforce::record::Record;
use crate::salesforce::soql::{Condition, Literal, Select};

/// Users whose permission sets one query asks for. An answer has up to 2,000 rows (H), so it holds two sets for each of
/// these; a page of 2,000 users takes two such queries, and the next 2,000 users go along with them.
const USERS_A_QUERY: usize = 1000;

/// Whose holdings a query asks for.
pub(super) enum Who<'a> {
    /// The portal users with these ids, which are all of their population between the first and the last.
    Range(&'a [Id], Population),
    /// The users with these ids.
    Listed(&'a [Id]),
}

/// What a query asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Frozen,
    PermissionSets,
    Groups,
}

impl Kind {
    fn subject(self) -> &'static str {
        match self {
            Self::Frozen => "the frozen users of an import",
            Self::PermissionSets => "the permission sets of an import's users",
            Self::Groups => "the public groups of an import's users",
        }
    }
}

/// The queries for what users hold; grants only where there is a schema. They are at most four.
pub(super) fn queries(who: &Who<'_>, schema: Option<&Schema>) -> Vec<(Kind, Select)> {
    let (Who::Range(ids, _) | Who::Listed(ids)) = who;
    let mut queries = vec![(Kind::Frozen, frozen(who))];
    let Some(schema) = schema else { return queries };
    let group = Condition::equals("Group.Type", Literal::Text("Regular"));
    let members = Select::new("GroupMember", &["UserOrGroupId", "GroupId"])
        .filter(&Condition::all(&[group, among("UserOrGroupId", who)]));
    queries.push((Kind::Groups, members));

    let mut fields = vec!["AssigneeId", "PermissionSetId"];
    fields.extend(schema.has_set_groups.then_some("PermissionSetGroupId"));
    fields.extend(schema.has_ends.then_some(END));
    for part in ids.chunks(USERS_A_QUERY) {
        let who = match who {
            Who::Range(_, population) => Who::Range(part, *population),
            Who::Listed(_) => Who::Listed(part),
        };
        // Every user also has the set that its profile owns (H).
        let own = Condition::equals("PermissionSet.IsOwnedByProfile", Literal::Boolean(false));
        let sets =
            Select::new("PermissionSetAssignment", &fields).filter(&Condition::all(&[own, among("AssigneeId", &who)]));
        queries.push((Kind::PermissionSets, sets));
    }
    queries
}

/// Who is frozen: few, so that the range of ids is enough.
fn frozen(who: &Who<'_>) -> Select {
    let mut conditions = vec![Condition::equals("IsFrozen", Literal::Boolean(true))];
    match who {
        Who::Range(ids, _) => conditions.extend(range("UserId", ids)),
        Who::Listed(ids) => conditions.push(Condition::ids("UserId", ids)),
    }
    Select::new("UserLogin", &["UserId"]).filter(&Condition::all(&conditions))
}

/// The condition that a field names one of the users, and no internal user whose id lies between theirs.
fn among(field: &'static str, who: &Who<'_>) -> Condition {
    match who {
        Who::Range(ids, population) => {
            let mut conditions = vec![has_type("UserType", &population.user_types())];
            conditions.extend(range("Id", ids));
            Condition::among(field, &Select::new("User", &["Id"]).filter(&Condition::all(&conditions)))
        }
        Who::Listed(ids) => Condition::ids(field, ids),
    }
}

fn range(field: &'static str, ids: &[Id]) -> Vec<Condition> {
    let (Some(first), Some(last)) = (ids.first(), ids.last()) else { return Vec::new() };
    vec![Condition::at_least(field, Literal::Id(*first)), Condition::up_to(field, Literal::Id(*last))]
}

/// What the users of a page hold.
pub(super) struct Holdings(HashMap<Id, Held>);

/// What one user holds.
#[derive(Default)]
struct Held {
    is_frozen: bool,
    grants: Vec<Grant>,
}

impl Holdings {
    /// Of these users, who hold nothing yet.
    pub(super) fn new(ids: &[Id]) -> Self {
        Self(ids.iter().map(|id| (*id, Held::default())).collect())
    }

    /// Gives a user what it holds.
    pub(super) fn give(&mut self, id: Id, user: &mut User) {
        let Held { is_frozen, grants } = self.0.remove(&id).unwrap_or_default();
        if is_frozen && user.status == Status::Active {
            user.status = Status::Frozen;
        }
        user.grants.extend(grants);
    }

    /// Reads the answers to [`queries`], and what follows those that Salesforce has cut.
    pub(super) fn read<H: Host>(&mut self, client: &Client<H>, kinds: &[Kind], answers: &[Answer<'_>]) -> Result<()> {
        let mut open = Vec::new();
        for (kind, answer) in kinds.iter().zip(answers) {
            match answer.fault().map(|fault| diagnosis::diagnose(fault, kind.subject())) {
                None => open.extend(self.page(client, *kind, &*answer.page(kind.subject())?)),
                Some(error) if *kind == Kind::Frozen => tolerate(client, error, UNSEEN_FREEZES)?,
                Some(error) => return Err(error),
            }
        }
        while !open.is_empty() {
            let kinds: Vec<Kind> = open.iter().map(|(kind, _)| *kind).collect();
            let calls: Vec<_> = open.drain(..).map(|(_, next)| Call::get_absolute(next)).collect();
            let calls: Vec<&_> = calls.iter().collect();
            let subjects: Vec<&str> = kinds.iter().map(|kind| kind.subject()).collect();
            for (kind, response) in kinds.iter().zip(client.attempt_all(&calls, &subjects)) {
                let response = response.map_err(|failed| failed.error)?;
                open.extend(self.page(client, *kind, &query::page(&response, kind.subject())?));
            }
        }
        Ok(())
    }

    /// Takes one answer in, and gives where it goes on.
    fn page<H: Host>(&mut self, client: &Client<H>, kind: Kind, page: &query::Page<'_>) -> Option<(Kind, String)> {
        let now = client.host().now();
        for record in page.records.iter().filter(|record| !has_ended(record, now)) {
            self.note(kind, record);
        }
        Some((kind, page.rest()?))
    }

    fn note(&mut self, kind: Kind, record: &Record<'_>) {
        let field = match kind {
            Kind::Frozen => "UserId",
            Kind::PermissionSets => "AssigneeId",
            Kind::Groups => "UserOrGroupId",
        };
        let Some(held) = user_id(record, field).and_then(|id| self.0.get_mut(&id)) else { return };
        let grant = match kind {
            Kind::Frozen => {
                held.is_frozen = true;
                return;
            }
            Kind::Groups => (PUBLIC_GROUP, record.text("GroupId")),
            // A group of sets is assigned by a row of its own, which names a set that nobody knows beside it (H).
            Kind::PermissionSets => match record.text("PermissionSetGroupId") {
                Some(group) => (PERMISSION_SET_GROUP, Some(group)),
                None => (PERMISSION_SET, record.text("PermissionSetId")),
            },
        };
        if let (kind, Some(id)) = grant {
            held.grants.push(Grant { kind: kind.to_owned(), id: id.to_owned() });
        }
    }
}

/// What an import logs that may not see who is frozen.
pub(super) const UNSEEN_FREEZES: &str = "could not read which users are frozen; they are imported as active";

/// Goes on without what the admin user has no right to see, and logs what is missing: an import that fails over it would be
/// worse.
pub(super) fn tolerate<H: Host>(client: &Client<H>, error: Error, missing: &str) -> Result<()> {
    let Details { kind: ErrorKind::PermissionDenied, message, .. } = &*error else { return Err(error) };
    client.host().log(Level::Warn, missing, &[("reason", message.as_str())]);
    Ok(())
}
