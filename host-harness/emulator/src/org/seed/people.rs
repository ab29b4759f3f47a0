//! Staff, accounts, and portal users with their contacts.

use fastrand::Rng;
use rusqlite::{Statement, params};

use super::access::{Profile, SetGroup};
use super::{EPOCH, Generator, staff_of};
use crate::org::{licences, names};

/// An account and its portal roles from the top down, where it has them.
pub(super) struct Account {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) domain: String,
    pub(super) customer_roles: Option<[String; 3]>,
    pub(super) partner_roles: Option<[String; 3]>,
}

/// What portal users hold besides a profile.
pub(super) struct Grants {
    /// Permission sets, each with the licence that it is bound to.
    pub(super) sets: Vec<(String, Option<&'static str>)>,
    pub(super) set_groups: Vec<SetGroup>,
    /// Public groups.
    pub(super) groups: Vec<String>,
}

impl Generator<'_> {
    /// The administrator and the internal users. The second internal user has no role, so that an account of theirs
    /// cannot take portal users.
    pub(super) fn staff(&mut self, profiles: &[Profile], roles: &[String]) -> rusqlite::Result<Vec<String>> {
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
                grade: match (index, profile.licence.user_type) {
                    (0, _) => "Executive",
                    (_, "Standard") => "Professional",
                    _ => "Associate",
                },
            };
            user.insert(&mut insert_user, &self.facts.admin_id)?;
            insert_login.execute(params![self.id("0Yw"), id, false, user.date, self.facts.admin_id])?;
            insert_assignment.execute(params![self.id("0Pa"), profile.set_id, id, user.date])?;
            staff.push(id);
        }
        Ok(staff)
    }

    pub(super) fn accounts(&mut self, staff: &[String]) -> rusqlite::Result<Vec<Account>> {
        let mut insert = self.db.prepare(
            "INSERT INTO Account (Id, Name, Type, BillingCity, BillingCountry, IsCustomerPortal, External_Id__c,
               OwnerId, CreatedDate, CreatedById, LastModifiedDate, LastModifiedById, SystemModstamp)
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

    pub(super) fn portal_users(
        &mut self,
        profiles: &[Profile],
        accounts: &[Account],
        grants: &Grants,
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
        let mut insert_set_group = self.db.prepare(
            "INSERT INTO PermissionSetAssignment (Id, PermissionSetId, PermissionSetGroupId, AssigneeId, SystemModstamp)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
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
                grade: "Associate",
            };
            user.insert(&mut insert_user, &self.facts.admin_id)?;
            let frozen = self.rng.u8(..100) < 2;
            insert_login.execute(params![self.id("0Yw"), id, frozen, date, self.facts.admin_id])?;
            insert_assignment.execute(params![self.id("0Pa"), profile.set_id, id, date])?;
            if index % 5 == 0
                && let Some((set, _)) =
                    grants.sets.iter().find(|(_, licence)| licence.is_none() || *licence == Some(profile.licence.name))
            {
                insert_assignment.execute(params![self.id("0Pa"), set, id, date])?;
            }
            if index % 11 == 0
                && let Some(group) = grants.set_groups.first()
            {
                insert_set_group.execute(params![self.id("0Pa"), group.set_id, group.id, id, date])?;
            }
            if index % 7 == 0 && !licences::is_high_volume(profile.licence.user_type) {
                let group = &grants.groups[self.rng.usize(..2)];
                insert_member.execute(params![self.id("011"), group, id, date])?;
            }
        }
        Ok(())
    }

    /// Contacts that have no user: most could become one, some cannot because they have no account.
    pub(super) fn spare_contacts(&mut self, accounts: &[Account]) -> rusqlite::Result<()> {
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

    /// An account that is a person, with the contact that is the same person (H).
    pub(super) fn person_account(&mut self) -> rusqlite::Result<()> {
        let (first, last) = names::person(&mut self.rng);
        let (account, contact) = (self.id("001"), self.id("003"));
        self.db.execute(
            "INSERT INTO Account (Id, Name, IsPersonAccount, OwnerId, CreatedDate, CreatedById, LastModifiedDate,
               LastModifiedById, SystemModstamp) VALUES (?1, ?2, 1, ?3, ?4, ?3, ?4, ?3, ?4)",
            params![account, format!("{first} {last}"), self.facts.admin_id, EPOCH],
        )?;
        let email = format!("{}@person.example.com", names::handle(first, last));
        let phone = names::phone(&mut self.rng);
        let key = Option::<String>::None;
        let row = params![contact, account, first, last, email, phone, key, EPOCH, self.facts.admin_id];
        self.db.execute(INSERT_CONTACT, row)?;
        Ok(())
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

const INSERT_USER: &str =
    "INSERT INTO User (Id, Username, FirstName, LastName, CompanyName, Email, Alias, CommunityNickname, IsActive,
    TimeZoneSidKey, UserRoleId, LocaleSidKey, EmailEncodingKey, LanguageLocaleKey, ProfileId, UserType, ContactId,
    AccountId, PortalRole, IsPortalEnabled, FederationIdentifier, CreatedDate, CreatedById, LastModifiedDate,
    LastModifiedById, SystemModstamp, HasUserVerifiedEmail, Cost_Center__c, Employee_Grade__c)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'Europe/London', ?10, 'en_GB', 'UTF-8', 'en_US', ?11, ?12, ?13, ?14,
    (SELECT PortalRole FROM UserRole WHERE Id = ?10), ?15, ?16, ?17, ?18, ?17, ?18, ?17, 1,
    'CC-' || substr(?1, 14, 2), ?19)";
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
    /// The choice of a picklist of the organization's own.
    grade: &'static str,
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
            self.grade,
        ])?;
        Ok(())
    }
}
