//! The seeded generator: `users` and `seed` decide every row of a new org.
//!
//! Rows go in by prepared statements inside one transaction and before the indexes exist, because a million users must
//! be there in well under a minute.

use fastrand::Rng;
use rusqlite::{Connection, Statement, params};

use super::facts::Facts;
use super::licences::{self, LICENCES, Licence};
use super::{ids, names, store};

/// 2024-01-01T00:00:00Z. Seeded rows are dated over the two years that follow.
pub(crate) const EPOCH: i64 = 1_704_067_200;
const TWO_YEARS: i64 = 63_072_000;

/// Usernames that another org holds.
const TAKEN_ELSEWHERE: u32 = 25;

/// Internal roles from the top down; each reports to the first.
const ROLES: [&str; 4] = ["CEO", "Customer Support", "Partner Sales", "Marketing Team"];

/// Regular permission sets: label, and the licence they are bound to.
const PERMISSION_SETS: [(&str, &str, Option<&str>); 6] = [
    ("Portal_Case_Access", "Portal Case Access", None),
    ("Portal_Knowledge_Reader", "Portal Knowledge Reader", None),
    ("Community_Moderation", "Community Moderation", Some("Customer Community")),
    ("Portal_Delegated_Admin", "Portal Delegated Admin", Some("Customer Community Plus")),
    ("Partner_Deal_Registration", "Partner Deal Registration", Some("Partner Community")),
    ("Manage_Campaigns", "Manage Campaigns", Some("Salesforce")),
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

/// How many internal users an org with this many portal users has, besides the administrator.
#[must_use]
pub(crate) fn staff_of(portal_users: u32) -> u32 {
    (5 + portal_users / 50).min(2_000)
}

struct Profile {
    id: String,
    set_id: String,
    licence: &'static Licence,
}

struct Account {
    id: String,
    name: String,
    domain: String,
    customer_roles: Option<[String; 3]>,
    partner_roles: Option<[String; 3]>,
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
    let roles = generator.roles()?;
    let staff = generator.staff(&profiles, &roles)?;
    generator.grades()?;
    let mut accounts = generator.accounts(&staff)?;
    let groups = generator.groups()?;
    generator.portal_roles(&mut accounts, &roles)?;
    generator.portal_users(&profiles, &accounts, &sets, &groups)?;
    generator.spare_contacts(&accounts)?;
    generator.seats()?;
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
               DefaultLocaleSidKey, TimeZoneSidKey, CreatedDate, CreatedById, LastModifiedDate, LastModifiedById, SystemModstamp)
             VALUES (?1, 'Northwind Customer Care', 'EU42', ?2, 'Enterprise Edition', 'en_US', 'en_US', 'Europe/London', ?3, ?4, ?3, ?4, ?3)",
            params![self.facts.organization_id, sandbox, EPOCH, self.facts.admin_id],
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

    fn licences_and_profiles(&mut self) -> rusqlite::Result<Vec<Profile>> {
        let mut profiles = Vec::new();
        for licence in &LICENCES {
            let licence_id = self.id("100");
            self.db.execute(
                "INSERT INTO UserLicense (Id, LicenseDefinitionKey, MasterLabel, Name, Status, TotalLicenses, CreatedDate,
                   LastModifiedDate, SystemModstamp) VALUES (?1, ?2, ?3, ?3, 'Active', 0, ?4, ?4, ?4)",
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
                    params![set_id, format!("X{}", ids::short(&id)), ids::short(&id), licence_id, id, EPOCH, self.facts.admin_id],
                )?;
                profiles.push(Profile { id, set_id, licence });
            }
        }
        Ok(profiles)
    }

    fn permission_sets(&mut self) -> rusqlite::Result<Vec<(String, Option<&'static str>)>> {
        let mut sets = Vec::new();
        for (name, label, licence) in PERMISSION_SETS {
            let id = self.id("0PS");
            self.db.execute(
                "INSERT INTO PermissionSet (Id, Name, Label, LicenseId, IsOwnedByProfile, IsCustom, Type, CreatedDate,
                   CreatedById, LastModifiedDate, LastModifiedById, SystemModstamp)
                 VALUES (?1, ?2, ?3, (SELECT Id FROM UserLicense WHERE Name = ?4), 0, 1, 'Regular', ?5, ?6, ?5, ?6, ?5)",
                params![id, name, label, licence, EPOCH, self.facts.admin_id],
            )?;
            sets.push((id, licence));
        }
        for (name, label, key, total) in FEATURE_LICENCES {
            let id = self.id("0PL");
            self.db.execute(
                "INSERT INTO PermissionSetLicense (Id, DeveloperName, MasterLabel, PermissionSetLicenseKey, TotalLicenses,
                   CreatedDate, CreatedById, LastModifiedDate, LastModifiedById, SystemModstamp)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?6, ?7, ?6)",
                params![id, name, label, key, total, EPOCH, self.facts.admin_id],
            )?;
        }
        Ok(sets)
    }

    fn role(
        &mut self,
        name: &str,
        parent: Option<&str>,
        portal: Option<(&str, &str, &str)>,
    ) -> rusqlite::Result<String> {
        let id = self.id("00E");
        let developer_name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        self.db.execute(
            "INSERT INTO UserRole (Id, Name, DeveloperName, ParentRoleId, PortalType, PortalRole, PortalAccountId,
               PortalAccountOwnerId, LastModifiedDate, LastModifiedById, SystemModstamp)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, (SELECT OwnerId FROM Account WHERE Id = ?7), ?8, ?9, ?8)",
            params![
                id,
                name,
                developer_name,
                parent,
                portal.map_or("None", |(kind, ..)| kind),
                portal.map(|(_, level, _)| level),
                portal.map(|(_, _, account)| account),
                EPOCH,
                self.facts.admin_id
            ],
        )?;
        Ok(id)
    }

    fn roles(&mut self) -> rusqlite::Result<Vec<String>> {
        let mut roles: Vec<String> = Vec::new();
        for name in ROLES {
            let parent = roles.first().cloned();
            roles.push(self.role(name, parent.as_deref(), None)?);
        }
        Ok(roles)
    }

    /// The administrator and the internal users. The second internal user has no role, so that an account of theirs
    /// cannot take portal users.
    fn staff(&mut self, profiles: &[Profile], roles: &[String]) -> rusqlite::Result<Vec<String>> {
        let (mut insert_user, mut insert_login, mut insert_assignment) =
            (self.db.prepare(INSERT_USER)?, self.db.prepare(INSERT_LOGIN)?, self.db.prepare(INSERT_ASSIGNMENT)?);
        let of = |name: &str| profiles.iter().find(|profile| profile.licence.profiles.contains(&name));
        let (Some(admin), Some(free)) = (of("System Administrator"), of("Chatter Free User")) else {
            return Ok(Vec::new());
        };
        let standard = profiles.get(1).unwrap_or(admin);
        let mut staff = Vec::new();
        for index in 0..=staff_of(self.users) {
            let id = self.id("005");
            let (first, last) = names::person(&mut self.rng);
            let (profile, role, username) = match index {
                0 => (admin, roles.get(1), self.facts.admin_username.clone()),
                2 => (standard, None, String::new()),
                _ if index % 5 == 4 => (free, None, String::new()),
                _ => (standard, roles.get(self.rng.usize(..roles.len())), String::new()),
            };
            let username = if username.is_empty() {
                format!("{}{index}@northwind.example.com", names::handle(first, last))
            } else {
                username
            };
            let user = NewUser {
                id: &id,
                username: &username,
                first,
                last,
                company: "Northwind Customer Care",
                active: index < 4 || index % 9 != 0,
                profile,
                role: role.map(String::as_str),
                contact: None,
                federation: None,
                date: self.date(index),
                nickname: format!("{}{index}n", names::handle(first, last)),
            };
            user.insert(&mut insert_user, &self.facts.admin_id)?;
            insert_login.execute(params![self.id("0Yw"), id, false, user.date, self.facts.admin_id])?;
            insert_assignment.execute(params![self.id("0Pa"), profile.set_id, id, user.date])?;
            staff.push(id);
        }
        Ok(staff)
    }

    /// A custom field of the staff. By hand of the ids, so that no random number moves.
    fn grades(&self) -> rusqlite::Result<()> {
        self.db.execute_batch(
            "UPDATE User SET Cost_Center__c = 'CC-' || substr(Id, 14, 2), Employee_Grade__c = CASE
               WHEN Id = (SELECT min(Id) FROM User) THEN 'Executive'
               WHEN UserType = 'Standard' THEN 'Professional' ELSE 'Associate' END",
        )
    }

    fn accounts(&mut self, staff: &[String]) -> rusqlite::Result<Vec<Account>> {
        let mut insert = self.db.prepare(
            "INSERT INTO Account (Id, Name, Type, BillingCity, BillingCountry, IsCustomerPortal, External_Id__c, OwnerId,
               CreatedDate, CreatedById, LastModifiedDate, LastModifiedById, SystemModstamp)
             VALUES (?1, ?2, 'Customer', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?8, ?9, ?8)",
        )?;
        let mut accounts = Vec::new();
        for index in 0..(5 + self.users / 20).min(10_000) {
            let id = self.id("001");
            let name = names::company(&mut self.rng, index);
            // The first is the connector's account; the second belongs to the user without a role.
            let owner = match index {
                0 => &staff[0],
                1 => &staff[2],
                _ => &staff[[0, 1, 3][self.rng.usize(..3)]],
            };
            let (city, country) = names::place(&mut self.rng);
            insert.execute(params![
                id,
                name,
                city,
                country,
                index != 1,
                format!("ACC-{:06}", index + 1),
                owner,
                EPOCH,
                self.facts.admin_id
            ])?;
            let domain = name.to_lowercase().replace([' ', '&', ',', '.', '\''], "");
            accounts.push(Account { id, name, domain, customer_roles: None, partner_roles: None });
        }
        Ok(accounts)
    }

    /// Portal roles for every account that will have role-based users: all but the second.
    fn portal_roles(&mut self, accounts: &mut [Account], roles: &[String]) -> rusqlite::Result<()> {
        for (index, account) in accounts.iter_mut().enumerate() {
            if index == 1 {
                continue;
            }
            for (portal_type, word) in [("CustomerPortal", "Customer"), ("Partner", "Partner")] {
                if portal_type == "Partner" && index % 4 != 0 {
                    continue;
                }
                let mut parent = roles.get(1).cloned();
                let mut levels = Vec::new();
                for (level, title) in [("Executive", "Executive"), ("Manager", "Manager"), ("Worker", "User")] {
                    let name: String = format!("{} {word} {title}", account.name).chars().take(80).collect();
                    let id = self.role(&name, parent.as_deref(), Some((portal_type, level, &account.id)))?;
                    parent = Some(id.clone());
                    levels.push(id);
                }
                let levels = <[String; 3]>::try_from(levels).ok();
                if portal_type == "Partner" {
                    account.partner_roles = levels;
                } else {
                    account.customer_roles = levels;
                }
            }
        }
        Ok(())
    }

    fn groups(&mut self) -> rusqlite::Result<Vec<String>> {
        let mut groups = Vec::new();
        for (developer_name, name) in GROUPS {
            let id = self.id("00G");
            self.db.execute(
                "INSERT INTO \"Group\" (Id, Name, DeveloperName, Type, OwnerId, CreatedDate, CreatedById, LastModifiedDate,
                   LastModifiedById, SystemModstamp) VALUES (?1, ?2, ?3, 'Regular', ?4, ?5, ?4, ?5, ?4, ?5)",
                params![id, name, developer_name, self.facts.admin_id, EPOCH],
            )?;
            groups.push(id);
        }
        Ok(groups)
    }

    fn portal_users(
        &mut self,
        profiles: &[Profile],
        accounts: &[Account],
        sets: &[(String, Option<&'static str>)],
        groups: &[String],
    ) -> rusqlite::Result<()> {
        let (mut insert_user, mut insert_login, mut insert_assignment, mut insert_contact) = (
            self.db.prepare(INSERT_USER)?,
            self.db.prepare(INSERT_LOGIN)?,
            self.db.prepare(INSERT_ASSIGNMENT)?,
            self.db.prepare(INSERT_CONTACT)?,
        );
        let mut insert_member = self
            .db
            .prepare("INSERT INTO GroupMember (Id, GroupId, UserOrGroupId, SystemModstamp) VALUES (?1, ?2, ?3, ?4)")?;
        let portal: Vec<&Profile> =
            profiles.iter().filter(|profile| licences::is_portal(profile.licence.user_type)).collect();
        let offset = staff_of(self.users) + 1;
        for index in 0..self.users {
            let profile = pick(&mut self.rng, &portal);
            let account = loop {
                // Four in ten belong to the connector's own account; none to the one whose owner has no role.
                let at = if self.rng.u8(..10) < 4 { 0 } else { self.rng.usize(..accounts.len()) };
                let partner = profile.licence.user_type == "PowerPartner";
                if at != 1 && (!partner || accounts[at].partner_roles.is_some()) {
                    break &accounts[at];
                }
            };
            let roles = match licences::portal_type(profile.licence.user_type) {
                "Partner" => account.partner_roles.as_ref(),
                "CustomerPortal" => account.customer_roles.as_ref(),
                _ => None,
            };
            let role = roles.map(|roles| roles[[2, 2, 2, 1, 0][self.rng.usize(..5)]].as_str());
            let (first, last) = names::person(&mut self.rng);
            let handle = format!("{}{}", names::handle(first, last), index + 1);
            let email = format!("{handle}@{}.example.com", account.domain);
            let date = self.date(offset + index);
            let contact_id = self.id("003");
            insert_contact.execute(params![
                contact_id,
                account.id,
                first,
                last,
                email,
                names::phone(&mut self.rng),
                format!("CON-{:07}", index + 1),
                date,
                self.facts.admin_id
            ])?;
            let id = self.id("005");
            let user = NewUser {
                id: &id,
                username: &email,
                first,
                last,
                company: &account.name,
                active: self.rng.u8(..100) >= 6,
                profile,
                role,
                contact: Some((&contact_id, &account.id)),
                federation: self.rng.bool().then_some(handle.as_str()),
                date,
                nickname: handle.clone(),
            };
            user.insert(&mut insert_user, &self.facts.admin_id)?;
            let frozen = self.rng.u8(..100) < 2;
            insert_login.execute(params![self.id("0Yw"), id, frozen, date, self.facts.admin_id])?;
            insert_assignment.execute(params![self.id("0Pa"), profile.set_id, id, date])?;
            if index % 5 == 0
                && let Some((set, _)) =
                    sets.iter().find(|(_, licence)| licence.is_none() || *licence == Some(profile.licence.name))
            {
                insert_assignment.execute(params![self.id("0Pa"), set, id, date])?;
            }
            if index % 7 == 0 && !licences::is_high_volume(profile.licence.user_type) {
                let group = &groups[self.rng.usize(..2)];
                insert_member.execute(params![self.id("011"), group, id, date])?;
            }
        }
        Ok(())
    }

    /// Contacts that have no user: most could become one, some cannot because they have no account.
    fn spare_contacts(&mut self, accounts: &[Account]) -> rusqlite::Result<()> {
        let mut insert_contact = self.db.prepare(INSERT_CONTACT)?;
        for index in 0..5 + self.users / 4 {
            let account = &accounts[self.rng.usize(..accounts.len())];
            let (first, last) = names::person(&mut self.rng);
            let email = format!("{}.c{index}@{}.example.com", names::handle(first, last), account.domain);
            let account_id = (index % 20 != 3).then_some(&account.id);
            insert_contact.execute(params![
                self.id("003"),
                account_id,
                first,
                last,
                email,
                names::phone(&mut self.rng),
                Option::<String>::None,
                EPOCH,
                self.facts.admin_id
            ])?;
        }
        Ok(())
    }

    /// A tenth of free seats for each licence, and never fewer than ten.
    fn seats(&self) -> rusqlite::Result<()> {
        self.db.execute_batch(
            "UPDATE UserLicense SET TotalLicenses = (
               SELECT count(*) + max(10, count(*) / 10) FROM User u JOIN Profile p ON p.Id = u.ProfileId
               WHERE u.IsActive = 1 AND p.UserLicenseId = UserLicense.Id)",
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

fn pick<'a>(rng: &mut Rng, portal: &[&'a Profile]) -> &'a Profile {
    let mut draw = rng.u32(..100);
    for profile in portal {
        // A licence's share goes to its profiles in equal parts.
        let share = profile.licence.share / u32::try_from(profile.licence.profiles.len()).unwrap_or(1);
        if draw < share {
            return profile;
        }
        draw -= share;
    }
    portal[0]
}

const INSERT_USER: &str = "INSERT INTO User (Id, Username, FirstName, LastName, CompanyName, Email, Alias, CommunityNickname,
    IsActive, TimeZoneSidKey, UserRoleId, LocaleSidKey, EmailEncodingKey, LanguageLocaleKey, ProfileId, UserType, ContactId,
    AccountId, PortalRole, IsPortalEnabled, FederationIdentifier, CreatedDate, CreatedById, LastModifiedDate, LastModifiedById,
    SystemModstamp)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'Europe/London', ?10, 'en_GB', 'UTF-8', 'en_US', ?11, ?12, ?13, ?14,
    (SELECT PortalRole FROM UserRole WHERE Id = ?10), ?15, ?16, ?17, ?18, ?17, ?18, ?17)";
const INSERT_CONTACT: &str =
    "INSERT INTO Contact (Id, AccountId, FirstName, LastName, Email, Phone, External_Id__c, OwnerId,
    CreatedDate, CreatedById, LastModifiedDate, LastModifiedById, SystemModstamp)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?9, ?8, ?9, ?8, ?9, ?8)";
const INSERT_LOGIN: &str =
    "INSERT INTO UserLogin (Id, UserId, IsFrozen, LastModifiedDate, LastModifiedById) VALUES (?1, ?2, ?3, ?4, ?5)";
const INSERT_ASSIGNMENT: &str =
    "INSERT INTO PermissionSetAssignment (Id, PermissionSetId, AssigneeId, SystemModstamp) VALUES (?1, ?2, ?3, ?4)";

struct NewUser<'a> {
    id: &'a str,
    username: &'a str,
    first: &'a str,
    last: &'a str,
    company: &'a str,
    active: bool,
    profile: &'a Profile,
    role: Option<&'a str>,
    contact: Option<(&'a str, &'a str)>,
    federation: Option<&'a str>,
    date: i64,
    nickname: String,
}

impl NewUser<'_> {
    fn insert(&self, statement: &mut Statement<'_>, admin: &str) -> rusqlite::Result<()> {
        let alias: String = self.first.chars().take(1).chain(self.last.chars()).take(8).collect();
        let nickname: String = self.nickname.chars().take(40).collect();
        statement.execute(params![
            self.id,
            self.username,
            self.first,
            self.last,
            self.company,
            self.username,
            alias.to_lowercase(),
            nickname,
            self.active,
            self.role,
            self.profile.id,
            self.profile.licence.user_type,
            self.contact.map(|(contact, _)| contact),
            self.contact.map(|(_, account)| account),
            self.contact.is_some(),
            self.federation,
            self.date,
            admin,
        ])?;
        Ok(())
    }
}
