//! One tenant, signed in.

use super::import_users::{Population, UnderWay};
use super::push_users::Tenant;
use super::schema::Cached;
use super::{
    deactivate_users, endings, import_users, list_attributes, list_entitlements, push_users, sync_password,
    take_back_users,
};
use crate::host::Host;
use crate::model::{
    Abandoned, AttributeDefinition, Deactivation, DesiredUser, EntitlementPage, Error, ErrorKind, ImportPage,
    ImportQuery, Outcome, PushMode, Result, Settings, Usage,
};
use crate::salesforce::client::Client;
use crate::salesforce::id::Id;
use crate::settings::{self, Writing};

/// One tenant, signed in.
pub struct Session<H: Host> {
    client: Client<H>,
    account_id: Id,
    portal_id: Id,
    population: Population,
    /// The reading of users that goes on between two pages.
    reading: UnderWay<H>,
    schema: Cached,
    writing: Writing,
}

impl<H: Host> Session<H> {
    /// Checks the settings and signs in.
    ///
    /// # Errors
    ///
    /// When settings are missing or malformed, when Salesforce refuses the sign-in or cannot be reached, and when the
    /// sign-in leads to another organisation than the settings name: writing into the wrong one could not be undone.
    pub fn open(host: H, settings: Settings) -> Result<Self> {
        let settings = settings::check(settings).complete()?;
        // Before the sign-in, which fails once it has come to that.
        let ending = endings::of_sign_in(&settings.credentials.method, host.now());
        ending.iter().chain(&endings::of_api_version(&settings.api_version)).for_each(|ending| ending.log(&host));
        let client = Client::sign_in(host, settings.credentials, &settings.api_version)?
            .with_reserve(settings.api_reserve)
            .with_width(settings.requests_in_flight);
        let found = Id::parse(&client.signed_in().organization_id);
        if found != Ok(settings.organization_id) {
            return Err(wrong_organization(&client.signed_in().organization_id));
        }
        let population = Population::new(&settings.user_types);
        Ok(Self {
            client,
            account_id: settings.account_id,
            portal_id: settings.portal_id,
            population,
            reading: UnderWay::<H>::default(),
            schema: Cached::default(),
            writing: settings.writing,
        })
    }

    fn tenant(&self) -> Tenant<'_, H> {
        Tenant { client: &self.client, account_id: self.account_id, writing: &self.writing, schema: &self.schema }
    }

    /// The attributes of the application's users.
    ///
    /// # Errors
    ///
    /// When Salesforce does not describe its users or contacts.
    pub fn list_attributes(&self) -> Result<Vec<AttributeDefinition>> {
        list_attributes::list_attributes(&self.client, &self.schema)
    }

    /// What can be assigned to a user, of one kind of grant, from a cursor or from the start.
    ///
    /// # Errors
    ///
    /// When there is no such kind, the cursor cannot be read, or Salesforce does not answer.
    pub fn list_entitlements(&self, kind: &str, cursor: Option<&str>) -> Result<EntitlementPage> {
        list_entitlements::list_entitlements(&self.client, &self.schema, self.population, kind, cursor)
    }

    /// One page of users.
    ///
    /// # Errors
    ///
    /// When the cursor cannot be read, an attribute does not exist, or Salesforce does not answer.
    pub fn import_users(&self, query: &ImportQuery) -> Result<ImportPage> {
        import_users::import_users(&self.client, &self.schema, self.population, &self.reading, query)
    }

    /// Makes or changes users. Results stand in the order of the users.
    ///
    /// # Errors
    ///
    /// When none was dealt with.
    pub fn push_users(&self, users: &[DesiredUser], mode: &PushMode) -> Result<Vec<Result<Outcome>>> {
        push_users::push_users(&self.tenant(), users, mode)
    }

    /// Takes users out of use. Results stand in the order of the ids.
    ///
    /// # Errors
    ///
    /// When none was dealt with.
    pub fn deactivate_users(&self, ids: &[String], how: Deactivation, mode: &PushMode) -> Result<Vec<Result<Outcome>>> {
        deactivate_users::deactivate_users(&self.tenant(), ids, how, mode)
    }

    /// Puts users back into use. Results stand in the order of the ids.
    ///
    /// # Errors
    ///
    /// When none was dealt with.
    pub fn reactivate_users(&self, ids: &[String], mode: &PushMode) -> Result<Vec<Result<Outcome>>> {
        deactivate_users::reactivate_users(&self.tenant(), ids, mode)
    }

    /// Undoes what pushes that were cut off may have left of people who are no longer wanted. Results stand in the order of the
    /// people.
    ///
    /// # Errors
    ///
    /// When none was dealt with.
    pub fn take_back_users(
        &self,
        people: &[Abandoned],
        how: Deactivation,
        mode: &PushMode,
    ) -> Result<Vec<Result<Outcome>>> {
        take_back_users::take_back_users(&self.tenant(), people, how, mode)
    }

    /// Sets passwords, by the users' ids. Results stand in the order of the pairs.
    ///
    /// # Errors
    ///
    /// When none was dealt with.
    pub fn sync_passwords(&self, passwords: &[(String, String)]) -> Result<Vec<Result<()>>> {
        let portal = self.writing.verify_passwords.then_some(self.portal_id);
        sync_password::sync_passwords(&self.client, portal, passwords)
    }

    /// What this session has used so far.
    pub fn usage(&self) -> Usage {
        self.client.usage()
    }
}

/// The error for a sign-in that leads elsewhere; also told by the probe.
pub(super) fn wrong_organization(found: &str) -> Error {
    Error::new(
        ErrorKind::InvalidSettings,
        format!("the admin user belongs to the Salesforce organization {found}, and organization-id names another one"),
    )
    .with_remedy("Correct organization-id from Setup > Company Settings > Company Information, or sign in with a user of the organization that is meant")
}
