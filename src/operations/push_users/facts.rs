//! What Salesforce has of the profiles, licences, roles, permission sets and groups that a push assigns.

use std::collections::{HashMap, HashSet};

use super::assignment::Kind;
use super::plan::UserPlan;
use crate::host::{Host, Level};
use crate::model::Result;
use crate::operations::known::{Known, Paths};
use crate::salesforce::client::Client;
use crate::salesforce::gather::gather;
use crate::salesforce::id::Id;
use crate::salesforce::soql::{Condition, STANDARD_FIELDS, Select};

/// Most ids asked for in one query; always fit into a URL.
const MOST: usize = 400;

/// The kinds of records, with the fields that matter and the part of the remedy that says where they are found.
const OBJECTS: [(&str, &[&str]); 7] = [
    ("Profile", &["Id", "Name", "UserType", "UserLicenseId"]),
    ("UserLicense", &["Id", "Name", "TotalLicenses", "UsedLicenses"]),
    ("UserRole", &["Id", "Name", "PortalType", "PortalAccountId"]),
    ("PermissionSet", &["Id", "Label", "LicenseId", "IsOwnedByProfile"]),
    ("PermissionSetGroup", &["Id", "MasterLabel", "Status"]),
    ("Group", &["Id", "Name", "Type"]),
    ("Account", &["Id", "Name", "IsPersonAccount", "Owner.Username", "Owner.UserRoleId"]),
];
const PROFILES: usize = 0;
const LICENCES: usize = 1;
const ROLES: usize = 2;
const ACCOUNTS: usize = 6;

/// What a query asks for to know these fields. Of an account it asks for all: the field that tells persons from companies is
/// there only where persons may be (H). With an API older than that, Salesforce has to judge.
fn selected(at: usize, fields: &[&'static str]) -> Vec<&'static str> {
    if at != ACCOUNTS {
        return fields.to_vec();
    }
    let mut selected = vec![STANDARD_FIELDS];
    selected.extend(fields.iter().filter(|name| name.contains('.')));
    selected
}

fn place(kind: Kind) -> usize {
    match kind {
        Kind::Set => 3,
        Kind::SetGroup => 4,
        Kind::Group => 5,
    }
}

/// What was found of an id.
#[derive(Clone, Copy)]
pub(super) enum Fact<'a> {
    Known(&'a Known),
    /// The organisation has no such record.
    Missing,
    /// The admin user may not see such records, so Salesforce has to judge.
    Unseen,
}

/// Records by their ids.
#[derive(Default)]
pub(super) struct Facts {
    records: HashMap<Id, Known>,
    /// Kinds of records that could not be read.
    unseen: [bool; OBJECTS.len()],
}

impl Facts {
    /// Reads what concerns the plans that change something that has to fit; where there is none, nothing is asked.
    pub(super) fn of<H: Host>(client: &Client<H>, plans: &[&UserPlan]) -> Result<Self> {
        let mut ids: [Vec<Id>; OBJECTS.len()] = Default::default();
        let mut seen = HashSet::new();
        let mut add = |at: usize, id: Id| {
            if seen.insert(id)
                && let Some(list) = ids.get_mut(at)
            {
                list.push(id);
            }
        };
        for plan in plans.iter().filter(|plan| !plan.fit.is_same) {
            let fit = &plan.fit;
            for profile in fit.profile.iter().chain(&fit.old_profile) {
                add(PROFILES, *profile);
            }
            fit.role.iter().for_each(|role| add(ROLES, *role));
            plan.given.iter().for_each(|one| add(place(one.kind), one.id));
            if fit.old_profile.is_none() {
                fit.account.iter().for_each(|account| add(ACCOUNTS, *account));
            }
        }
        let mut facts = Self::default();
        if ids.iter().all(Vec::is_empty) {
            return Ok(facts);
        }
        let (mut queries, mut kinds) = (Vec::new(), Vec::new());
        let mut paths = Vec::new();
        for (at, ((object, fields), ids)) in OBJECTS.iter().zip(&ids).enumerate() {
            let query = || Select::new(object, &selected(at, fields));
            // There are few licences, and which ones are concerned only their profiles tell.
            if at == LICENCES {
                queries.push(query());
                kinds.push(at);
            }
            for ids in ids.chunks(MOST) {
                queries.push(query().filter(&Condition::ids("Id", ids)));
                kinds.push(at);
            }
            paths.push(Paths::of(fields).share());
        }
        let subject = "the profiles, licences and groups of a push";
        let outcomes = gather(client, &queries, subject, &mut |at, record| {
            let paths = kinds.get(at).and_then(|kind| paths.get(*kind));
            if let Some(known) = paths.and_then(|paths| Known::read(record, paths)) {
                facts.records.insert(known.id, known);
            }
        })?;
        for (outcome, kind) in outcomes.into_iter().zip(kinds) {
            if let (Err(error), Some((object, _)), Some(unseen)) =
                (outcome, OBJECTS.get(kind), facts.unseen.get_mut(kind))
            {
                *unseen = true;
                let fields = [("object", *object), ("reason", error.message.as_str())];
                client.host().log(Level::Info, "what is assigned cannot be checked before the call", &fields);
            }
        }
        Ok(facts)
    }

    pub(super) fn profile(&self, id: Id) -> Fact<'_> {
        self.get(PROFILES, id)
    }

    pub(super) fn licence(&self, id: Id) -> Fact<'_> {
        self.get(LICENCES, id)
    }

    pub(super) fn role(&self, id: Id) -> Fact<'_> {
        self.get(ROLES, id)
    }

    pub(super) fn account(&self, id: Id) -> Fact<'_> {
        self.get(ACCOUNTS, id)
    }

    pub(super) fn assigned(&self, kind: Kind, id: Id) -> Fact<'_> {
        self.get(place(kind), id)
    }

    fn get(&self, kind: usize, id: Id) -> Fact<'_> {
        match self.records.get(&id) {
            Some(known) => Fact::Known(known),
            None if self.unseen.get(kind).copied().unwrap_or(true) => Fact::Unseen,
            None => Fact::Missing,
        }
    }
}
