//! What Salesforce has of the profiles, licences, roles, permission sets and groups that a push assigns.

use std::collections::{HashMap, HashSet};

use super::assignment::Kind;
use super::plan::UserPlan;
use crate::host::{Host, Level};
use crate::model::Result;
use crate::operations::rows::{LicenceRow, id, is, text};
use crate::salesforce::client::Client;
use crate::salesforce::gather::gather;
use crate::salesforce::id::Id;
use crate::salesforce::record::Record;
use crate::salesforce::soql::{Condition, STANDARD_FIELDS, Select};

/// Most ids asked for in one query; always fit into a URL.
const MOST: usize = 400;

/// The kinds of records, with the columns that matter.
const OBJECTS: [(&str, &[&str]); 7] = [
    ("Profile", &["Id", "Name", "UserType", "UserLicenseId"]),
    (LicenceRow::OBJECT, &LicenceRow::COLUMNS),
    ("UserRole", &["Id", "Name", "PortalType", "PortalAccountId"]),
    ("PermissionSet", &["Id", "Label", "LicenseId", "IsOwnedByProfile"]),
    ("PermissionSetGroup", &["Id", "MasterLabel", "Status"]),
    ("Group", &["Id", "Name", "Type"]),
    ("Account", &["Id", "Name", "IsPersonAccount", "Owner.Username", "Owner.UserRoleId"]),
];
const PROFILES: usize = 0;
const LICENCES: usize = 1;
const ROLES: usize = 2;
const SETS: usize = 3;
const SET_GROUPS: usize = 4;
const GROUPS: usize = 5;
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
        Kind::Set => SETS,
        Kind::SetGroup => SET_GROUPS,
        Kind::Group => GROUPS,
    }
}

/// A profile.
pub(super) struct ProfileRow {
    pub(super) name: String,
    pub(super) user_type: String,
    pub(super) licence: Option<Id>,
}

/// A role.
pub(super) struct RoleRow {
    pub(super) name: String,
    pub(super) portal_type: Option<String>,
    pub(super) account: Option<Id>,
}

/// A permission set.
pub(super) struct SetRow {
    pub(super) name: String,
    pub(super) licence: Option<Id>,
    pub(super) is_owned_by_profile: bool,
}

/// A permission set group.
pub(super) struct SetGroupRow {
    pub(super) name: String,
    pub(super) status: Option<String>,
}

/// A group, public or of another type.
pub(super) struct GroupRow {
    pub(super) name: String,
    pub(super) kind: Option<String>,
}

/// An account.
pub(super) struct AccountRow {
    pub(super) name: String,
    pub(super) is_person: bool,
    pub(super) owner: Option<String>,
    pub(super) has_owner_role: bool,
}

/// What was found of an id.
pub(super) enum Fact<'a, T> {
    Known(&'a T),
    /// The organisation has no such record.
    Missing,
    /// The admin user may not see such records, so Salesforce has to judge.
    Unseen,
}

/// Records by their ids.
#[derive(Default)]
pub(super) struct Facts {
    profiles: HashMap<Id, ProfileRow>,
    licences: HashMap<Id, LicenceRow>,
    roles: HashMap<Id, RoleRow>,
    sets: HashMap<Id, SetRow>,
    set_groups: HashMap<Id, SetGroupRow>,
    groups: HashMap<Id, GroupRow>,
    accounts: HashMap<Id, AccountRow>,
    /// Kinds of records that could not be read.
    unseen: [bool; OBJECTS.len()],
}

impl Facts {
    /// Reads what concerns the plans that change something that has to fit; where there is none, nothing is asked.
    pub(super) async fn of<H: Host>(client: &Client<H>, plans: &[&UserPlan]) -> Result<Self> {
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
        }
        let subject = "the profiles, licences and groups of a push";
        let outcomes = gather(client, &queries, subject, |at, record| {
            if let Some(kind) = kinds.get(at) {
                facts.add(*kind, record);
            }
        })
        .await?;
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

    /// Adds a record of one of the [`OBJECTS`].
    fn add(&mut self, kind: usize, record: &Record<'_>) {
        let Some(id) = id(record, "Id") else { return };
        let name = |path: &str| text(record, path).unwrap_or_else(|| id.to_string());
        match kind {
            PROFILES => {
                let (user_type, licence) =
                    (text(record, "UserType").unwrap_or_default(), self::id(record, "UserLicenseId"));
                self.profiles.insert(id, ProfileRow { name: name("Name"), user_type, licence });
            }
            LICENCES => self.licences.extend(LicenceRow::read(record).map(|licence| (id, licence))),
            ROLES => {
                let (portal_type, account) = (text(record, "PortalType"), self::id(record, "PortalAccountId"));
                self.roles.insert(id, RoleRow { name: name("Name"), portal_type, account });
            }
            SETS => {
                let (licence, is_owned_by_profile) = (self::id(record, "LicenseId"), is(record, "IsOwnedByProfile"));
                self.sets.insert(id, SetRow { name: name("Label"), licence, is_owned_by_profile });
            }
            SET_GROUPS => {
                self.set_groups.insert(id, SetGroupRow { name: name("MasterLabel"), status: text(record, "Status") });
            }
            GROUPS => {
                self.groups.insert(id, GroupRow { name: name("Name"), kind: text(record, "Type") });
            }
            _ => {
                let account = AccountRow {
                    name: name("Name"),
                    is_person: is(record, "IsPersonAccount"),
                    owner: text(record, "Owner.Username"),
                    has_owner_role: record.text("Owner.UserRoleId").is_some(),
                };
                self.accounts.insert(id, account);
            }
        }
    }

    pub(super) fn profile(&self, id: Id) -> Fact<'_, ProfileRow> {
        self.get(&self.profiles, PROFILES, id)
    }

    pub(super) fn licence(&self, id: Id) -> Option<&LicenceRow> {
        self.licences.get(&id)
    }

    pub(super) fn role(&self, id: Id) -> Fact<'_, RoleRow> {
        self.get(&self.roles, ROLES, id)
    }

    pub(super) fn set(&self, id: Id) -> Fact<'_, SetRow> {
        self.get(&self.sets, SETS, id)
    }

    pub(super) fn set_group(&self, id: Id) -> Fact<'_, SetGroupRow> {
        self.get(&self.set_groups, SET_GROUPS, id)
    }

    pub(super) fn group(&self, id: Id) -> Fact<'_, GroupRow> {
        self.get(&self.groups, GROUPS, id)
    }

    pub(super) fn account(&self, id: Id) -> Fact<'_, AccountRow> {
        self.get(&self.accounts, ACCOUNTS, id)
    }

    fn get<'f, T>(&self, rows: &'f HashMap<Id, T>, kind: usize, id: Id) -> Fact<'f, T> {
        match rows.get(&id) {
            Some(row) => Fact::Known(row),
            None if self.unseen.get(kind).copied().unwrap_or(true) => Fact::Unseen,
            None => Fact::Missing,
        }
    }
}
