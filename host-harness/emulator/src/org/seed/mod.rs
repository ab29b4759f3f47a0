//! The seeded generator: `users` and `seed` decide every row of a new org.
//!
//! Rows go in by prepared statements inside one transaction and before the indexes exist, because a million users must
//! be there in well under a minute. What comes first decides the random numbers of what follows, so the order of
//! [`populate`] is part of what a seed means.

mod access;
mod people;
mod roles;

use fastrand::Rng;
use rusqlite::{Connection, params};

use self::people::Grants;
use super::catalogue::currencies;
use super::facts::Facts;
use super::{ids, names, store};

/// 2024-01-01T00:00:00Z. Seeded rows are dated over the two years that follow.
pub(crate) const EPOCH: i64 = 1_704_067_200;
const TWO_YEARS: i64 = 63_072_000;

/// Usernames that another org holds.
const TAKEN_ELSEWHERE: u32 = 25;

/// How many internal users an org with this many portal users has, besides the administrator.
#[must_use]
pub(crate) fn staff_of(portal_users: u32) -> u32 {
    (5 + portal_users / 50).min(2_000)
}

struct Generator<'a> {
    db: &'a Connection,
    facts: &'a Facts,
    rng: Rng,
    serials: std::collections::BTreeMap<&'static str, u64>,
    users: u32,
}

/// Fills an org whose tables exist and are empty.
///
/// # Errors
/// When SQLite fails.
pub(crate) fn populate(db: &Connection, facts: &Facts, users: u32, sandbox: bool) -> rusqlite::Result<()> {
    let mut generator =
        Generator { db, facts, rng: Rng::with_seed(facts.seed), serials: std::collections::BTreeMap::new(), users };
    generator.organisation(sandbox)?;
    generator.taken_elsewhere()?;
    let profiles = generator.licences_and_profiles()?;
    let sets = generator.permission_sets()?;
    let set_groups = generator.permission_set_groups()?;
    let roles = generator.roles()?;
    let staff = generator.staff(&profiles, &roles)?;
    let mut accounts = generator.accounts(&staff)?;
    let groups = generator.groups()?;
    generator.portal_roles(&mut accounts, &roles)?;
    generator.portal_users(&profiles, &accounts, &Grants { sets, set_groups, groups })?;
    generator.spare_contacts(&accounts)?;
    generator.person_account()?;
    generator.seats()?;
    currencies::seed(db, &facts.pod, &facts.admin_id)?;
    generator.save_serials()
}

impl Generator<'_> {
    fn id(&mut self, prefix: &'static str) -> String {
        let serial = self.serials.entry(prefix).or_insert(0);
        *serial += 1;
        ids::record_id(prefix, &self.facts.pod, *serial)
    }

    /// The date of the `index`-th user, and of what was made for it.
    fn date(&self, index: u32) -> i64 {
        EPOCH + i64::from(index) * TWO_YEARS / i64::from(self.users + staff_of(self.users) + 1)
    }

    fn organisation(&self, sandbox: bool) -> rusqlite::Result<()> {
        self.db.execute(
            "INSERT INTO Organization (Id, Name, InstanceName, IsSandbox, OrganizationType, LanguageLocaleKey,
               DefaultLocaleSidKey, TimeZoneSidKey, CreatedDate, CreatedById, LastModifiedDate, LastModifiedById,
               SystemModstamp)
             VALUES (?1, 'Northwind Customer Care', 'EU42', ?2, 'Enterprise Edition', 'en_US', 'en_US', 'Europe/London',
               ?3, ?4, ?3, ?4, ?3)",
            params![self.facts.organization_id, sandbox, EPOCH, self.facts.admin_id],
        )?;
        // Nobody has "Use Any API Auth", and the administrator everything else.
        self.db.execute(
            "INSERT INTO UserPermissionAccess (Id, LastCacheUpdate, PermissionsApiEnabled, PermissionsAssignPermissionSets,
               PermissionsManageCustomerUsers, PermissionsManageInternalUsers, PermissionsManageUsers,
               PermissionsUseAnyApiAuth, PermissionsViewSetup)
             VALUES ('000000000000000AAA', ?1, 1, 1, 1, 1, 1, 0, 1)",
            params![EPOCH],
        )?;
        Ok(())
    }

    fn taken_elsewhere(&mut self) -> rusqlite::Result<()> {
        let mut insert = self.db.prepare("INSERT OR IGNORE INTO _taken_username VALUES (?1)")?;
        for index in 0..TAKEN_ELSEWHERE {
            let (first, last) = names::person(&mut self.rng);
            insert.execute([format!("{}{index}@elsewhere.example.com", names::handle(first, last))])?;
        }
        Ok(())
    }

    /// The seats that active users take, and a tenth of free ones for each licence, never fewer than ten. One pass over the
    /// users for all licences.
    fn seats(&self) -> rusqlite::Result<()> {
        self.db.execute_batch(
            "UPDATE UserLicense SET TotalLicenses = 10;
             UPDATE UserLicense SET UsedLicenses = taken.seats, TotalLicenses = taken.seats + max(10, taken.seats / 10)
             FROM (SELECT p.UserLicenseId AS licence, sum(users) AS seats
               FROM (SELECT ProfileId, count(*) AS users FROM User WHERE IsActive = 1 GROUP BY ProfileId)
               JOIN Profile p ON p.Id = ProfileId GROUP BY p.UserLicenseId) AS taken
             WHERE taken.licence = UserLicense.Id",
        )
    }

    fn save_serials(&self) -> rusqlite::Result<()> {
        let mut insert = self.db.prepare("INSERT INTO _serial VALUES (?1, ?2)")?;
        for (prefix, last) in &self.serials {
            insert.execute(params![prefix, i64::try_from(last + 1).unwrap_or(i64::MAX)])?;
        }
        store::create_indexes(self.db)
    }
}
