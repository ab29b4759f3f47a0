//! Licences with their profiles, permission sets, and public groups.

use rusqlite::params;

use super::{EPOCH, Generator};
use crate::org::ids;
use crate::org::licences::{LICENCES, Licence};

/// Regular permission sets: label, and the licence they are bound to.
const PERMISSION_SETS: [(&str, &str, Option<&str>); 6] = [
    ("Portal_Case_Access", "Portal Case Access", None),
    ("Portal_Knowledge_Reader", "Portal Knowledge Reader", None),
    ("Community_Moderation", "Community Moderation", Some("Customer Community")),
    ("Portal_Delegated_Admin", "Portal Delegated Admin", Some("Customer Community Plus")),
    ("Partner_Deal_Registration", "Partner Deal Registration", Some("Partner Community")),
    ("Manage_Campaigns", "Manage Campaigns", Some("Salesforce")),
];

/// Permission set groups: name, label, status, and the sets they are made of.
const PERMISSION_SET_GROUPS: [(&str, &str, &str, &[&str]); 4] = [
    ("Portal_Service", "Portal Service", "Updated", &["Portal_Case_Access", "Portal_Knowledge_Reader"]),
    ("Portal_Delegation", "Portal Delegation", "Updated", &["Portal_Case_Access", "Portal_Delegated_Admin"]),
    ("Partner_Sales", "Partner Sales", "Updated", &["Portal_Case_Access", "Partner_Deal_Registration"]),
    ("Portal_Rework", "Portal Rework", "Failed", &["Portal_Knowledge_Reader"]),
];

const FEATURE_LICENCES: [(&str, &str, &str, i64); 2] = [
    ("IdentityConnect", "Identity Connect", "IdentityConnect", 20),
    ("SalesConsoleUser", "Sales Console User", "SalesConsoleUser", 5),
];

const GROUPS: [(&str, &str); 3] = [
    ("Portal_Managers", "Portal Managers"),
    ("Priority_Customers", "Priority Customers"),
    ("Support_Staff", "Support Staff"),
];

/// A permission set group with the permission set that stands for it.
pub(super) struct SetGroup {
    pub(super) id: String,
    pub(super) set_id: String,
}

/// A profile with the permission set that it owns.
pub(super) struct Profile {
    pub(super) id: String,
    pub(super) set_id: String,
    pub(super) licence: &'static Licence,
}

impl Generator<'_> {
    pub(super) fn licences_and_profiles(&mut self) -> rusqlite::Result<Vec<Profile>> {
        let mut profiles = Vec::new();
        for licence in &LICENCES {
            let licence_id = self.id("100");
            self.db.execute(
                "INSERT INTO UserLicense (Id, LicenseDefinitionKey, MasterLabel, Name, Status, TotalLicenses,
                   CreatedDate, LastModifiedDate, SystemModstamp) VALUES (?1, ?2, ?3, ?3, 'Active', 0, ?4, ?4, ?4)",
                params![licence_id, licence.key, licence.name, EPOCH],
            )?;
            for name in licence.profiles {
                let (id, set_id) = (self.id("00e"), self.id("0PS"));
                self.db.execute(
                    "INSERT INTO Profile (Id, Name, UserLicenseId, UserType, CreatedDate, CreatedById, LastModifiedDate,
                       LastModifiedById, SystemModstamp) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?5, ?6, ?5)",
                    params![id, name, licence_id, licence.user_type, EPOCH, self.facts.admin_id],
                )?;
                // Each profile owns a permission set of its own, named X plus its id (H: they must be filtered out).
                self.db.execute(
                    "INSERT INTO PermissionSet (Id, Name, Label, LicenseId, ProfileId, IsOwnedByProfile, IsCustom, Type,
                       CreatedDate, CreatedById, LastModifiedDate, LastModifiedById, SystemModstamp)
                     VALUES (?1, ?2, ?3, ?4, ?5, 1, 0, 'Profile', ?6, ?7, ?6, ?7, ?6)",
                    params![
                        set_id,
                        format!("X{}", ids::short(&id)),
                        ids::short(&id),
                        licence_id,
                        id,
                        EPOCH,
                        self.facts.admin_id
                    ],
                )?;
                profiles.push(Profile { id, set_id, licence });
            }
        }
        Ok(profiles)
    }

    pub(super) fn permission_sets(&mut self) -> rusqlite::Result<Vec<(String, Option<&'static str>)>> {
        let mut sets = Vec::new();
        for (name, label, licence) in PERMISSION_SETS {
            let id = self.id("0PS");
            self.db.execute(
                "INSERT INTO PermissionSet (Id, Name, Label, LicenseId, IsOwnedByProfile, IsCustom, Type, CreatedDate,
                   CreatedById, LastModifiedDate, LastModifiedById, SystemModstamp)
                 VALUES (?1, ?2, ?3, (SELECT Id FROM UserLicense WHERE Name = ?4), 0, 1, 'Regular', ?5, ?6, ?5, ?6,
                   ?5)",
                params![id, name, label, licence, EPOCH, self.facts.admin_id],
            )?;
            sets.push((id, licence));
        }
        for (name, label, key, total) in FEATURE_LICENCES {
            let id = self.id("0PL");
            self.db.execute(
                "INSERT INTO PermissionSetLicense (Id, DeveloperName, MasterLabel, PermissionSetLicenseKey,
                   TotalLicenses, CreatedDate, CreatedById, LastModifiedDate, LastModifiedById, SystemModstamp)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?6, ?7, ?6)",
                params![id, name, label, key, total, EPOCH, self.facts.admin_id],
            )?;
        }
        Ok(sets)
    }

    /// Each group has a set of its own that holds what its members grant together (H).
    pub(super) fn permission_set_groups(&mut self) -> rusqlite::Result<Vec<SetGroup>> {
        let mut groups = Vec::new();
        for (name, label, status, members) in PERMISSION_SET_GROUPS {
            let (id, set_id) = (self.id("0PG"), self.id("0PS"));
            self.db.execute(
                "INSERT INTO PermissionSetGroup (Id, DeveloperName, MasterLabel, Status, CreatedDate, CreatedById,
                   LastModifiedDate, LastModifiedById, SystemModstamp) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?5, ?6, ?5)",
                params![id, name, label, status, EPOCH, self.facts.admin_id],
            )?;
            self.db.execute(
                "INSERT INTO PermissionSet (Id, Name, Label, PermissionSetGroupId, IsOwnedByProfile, IsCustom, Type,
                   CreatedDate, CreatedById, LastModifiedDate, LastModifiedById, SystemModstamp)
                 VALUES (?1, ?2, ?3, ?4, 0, 1, 'Group', ?5, ?6, ?5, ?6, ?5)",
                params![set_id, name, label, id, EPOCH, self.facts.admin_id],
            )?;
            for member in members {
                self.db.execute(
                    "INSERT INTO PermissionSetGroupComponent (Id, PermissionSetGroupId, PermissionSetId, CreatedDate,
                       CreatedById, LastModifiedDate, LastModifiedById, SystemModstamp)
                     VALUES (?1, ?2, (SELECT Id FROM PermissionSet WHERE Name = ?3), ?4, ?5, ?4, ?5, ?4)",
                    params![self.id("0PM"), id, member, EPOCH, self.facts.admin_id],
                )?;
            }
            groups.push(SetGroup { id, set_id });
        }
        Ok(groups)
    }

    pub(super) fn groups(&mut self) -> rusqlite::Result<Vec<String>> {
        let mut groups = Vec::new();
        for (developer_name, name) in GROUPS {
            let id = self.id("00G");
            self.db.execute(
                "INSERT INTO \"Group\" (Id, Name, DeveloperName, Type, OwnerId, CreatedDate, CreatedById,
                   LastModifiedDate, LastModifiedById, SystemModstamp)
                 VALUES (?1, ?2, ?3, 'Regular', ?4, ?5, ?4, ?5, ?4, ?5)",
                params![id, name, developer_name, self.facts.admin_id, EPOCH],
            )?;
            groups.push(id);
        }
        Ok(groups)
    }
}
