//! Assignments: who is to have a user in a tenant, and what that user is to hold.

use super::database::params;
use serde::Serialize;
use serde_json::json;

use super::audit::Note;
use super::{
    Attributes, DirectoryError, Person, PersonId, ReadTransaction, TenantId, TenantRecord, Timestamp, WriteTransaction,
};

/// Something to be assigned to a user: a kind of the connector's, and a name or id in the application.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct GrantName {
    /// The name of a grant kind of the connector's descriptor.
    pub kind: String,
    /// A name or an id; resolved when it is pushed.
    pub name: String,
}

/// An assignment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Assignment {
    /// The tenant.
    #[serde(skip)]
    pub tenant: TenantId,
    /// The person.
    #[serde(skip)]
    pub person: PersonId,
    /// What the user is to hold.
    pub grants: Vec<GrantName>,
    /// The application's attributes that this assignment sets, over those of the person.
    pub attributes: Attributes,
    /// Whether the user loses what is not listed.
    pub exact_grants: bool,
    /// Since when.
    pub created_at: Timestamp,
    /// When it last changed.
    pub changed_at: Timestamp,
}

/// What an assignment is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewAssignment {
    /// See [`Assignment::grants`].
    pub grants: Vec<GrantName>,
    /// See [`Assignment::attributes`].
    pub attributes: Attributes,
    /// See [`Assignment::exact_grants`].
    pub exact_grants: bool,
}

impl ReadTransaction<'_> {
    /// The assignment of a person to a tenant.
    ///
    /// # Errors
    /// The database's.
    pub fn assignment(&self, tenant: TenantId, person: PersonId) -> Result<Option<Assignment>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT attributes, exact_grants, created_at, changed_at FROM assignment WHERE tenant_id = ?1 AND person_id = ?2",
        )?;
        let mut rows = statement.query(params![tenant.0, person.0])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let mut grants = self.db.prepare_cached(
            "SELECT kind, name FROM assignment_grant WHERE tenant_id = ?1 AND person_id = ?2 ORDER BY kind, name",
        )?;
        let grants = grants
            .query_map(params![tenant.0, person.0], |row| Ok(GrantName { kind: row.get(0)?, name: row.get(1)? }))?;
        Ok(Some(Assignment {
            tenant,
            person,
            grants: grants.collect::<Result<_, _>>()?,
            attributes: serde_json::from_str(row.text(0)?)?,
            exact_grants: row.get(1)?,
            created_at: row.get(2)?,
            changed_at: row.get(3)?,
        }))
    }

    /// The tenants that a person is assigned to.
    ///
    /// # Errors
    /// The database's.
    pub fn tenants_assigned_to(&self, person: PersonId) -> Result<Vec<TenantRecord>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT t.name FROM assignment a JOIN tenant t ON t.id = a.tenant_id
             WHERE a.person_id = ?1 AND t.removed_at IS NULL ORDER BY t.name_key",
        )?;
        let names = statement.query_map([person.0], |row| row.get::<String>(0))?;
        let names: Vec<String> = names.collect::<Result<_, _>>()?;
        names.iter().map(|name| self.tenant(name)).collect()
    }

    /// The people who are assigned to a tenant.
    ///
    /// # Errors
    /// The database's.
    pub fn assigned_people(&self, tenant: TenantId) -> Result<Vec<PersonId>, DirectoryError> {
        let mut statement =
            self.db.prepare_cached("SELECT person_id FROM assignment WHERE tenant_id = ?1 ORDER BY person_id")?;
        let ids = statement.query_map([tenant.0], |row| row.get(0).map(PersonId))?;
        ids.collect::<Result<_, _>>()
    }

    /// The next people who are assigned to a tenant, behind one of them; from the first where there is none.
    pub(crate) fn assigned_people_after(
        &self,
        tenant: TenantId,
        after: Option<PersonId>,
        most: u32,
    ) -> Result<Vec<PersonId>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT person_id FROM assignment WHERE tenant_id = ?1 AND person_id > ?2 ORDER BY person_id LIMIT ?3",
        )?;
        let after = after.map_or(0, |id| id.0);
        let ids = statement.query_map(params![tenant.0, after, most], |row| row.get(0).map(PersonId))?;
        ids.collect::<Result<_, _>>()
    }
}

impl WriteTransaction<'_> {
    /// Makes an assignment what it is to be. Returns whether anything is different now.
    pub(crate) fn store_assignment(
        &self,
        tenant: &TenantRecord,
        person: &Person,
        new: &NewAssignment,
    ) -> Result<bool, DirectoryError> {
        let mut grants = new.grants.clone();
        grants.sort();
        grants.dedup();
        let old = self.assignment(tenant.id, person.id)?;
        let same = old.as_ref().is_some_and(|old| {
            old.grants == grants && old.attributes == new.attributes && old.exact_grants == new.exact_grants
        });
        if same {
            return Ok(false);
        }
        let ids = params![tenant.id.0, person.id.0];
        self.db
            .prepare_cached(
                "INSERT INTO assignment (tenant_id, person_id, attributes, exact_grants, created_at, changed_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?5)
                 ON CONFLICT (tenant_id, person_id) DO UPDATE SET attributes = excluded.attributes, exact_grants = excluded.exact_grants,
                   changed_at = excluded.changed_at",
            )?
            .execute(params![
                tenant.id.0,
                person.id.0,
                serde_json::to_string(&new.attributes)?,
                new.exact_grants,
                Timestamp::now()
            ])?;
        self.db.prepare_cached("DELETE FROM assignment_grant WHERE tenant_id = ?1 AND person_id = ?2")?.execute(ids)?;
        for grant in &grants {
            self.db
                .prepare_cached(
                    "INSERT INTO assignment_grant (tenant_id, person_id, kind, name) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![tenant.id.0, person.id.0, grant.kind, grant.name])?;
        }
        let describe = |grants: &[GrantName], attributes: &Attributes, exact: bool| json!({ "grants": grants, "attributes": attributes, "exact": exact });
        self.note(&Note {
            tenant: Some(&tenant.name),
            person: Some(&person.key),
            action: if old.is_some() { "assignment.edit" } else { "assignment.add" },
            old: old.as_ref().map(|old| describe(&old.grants, &old.attributes, old.exact_grants)),
            new: Some(describe(&grants, &new.attributes, new.exact_grants)),
            result: "assigned",
        })?;
        Ok(true)
    }

    /// Takes an assignment away. Returns whether there was one.
    pub(crate) fn remove_assignment(&self, tenant: &TenantRecord, person: &Person) -> Result<bool, DirectoryError> {
        let Some(old) = self.assignment(tenant.id, person.id)? else { return Ok(false) };
        self.db
            .prepare_cached("DELETE FROM assignment WHERE tenant_id = ?1 AND person_id = ?2")?
            .execute(params![tenant.id.0, person.id.0])?;
        self.note(&Note {
            tenant: Some(&tenant.name),
            person: Some(&person.key),
            action: "assignment.remove",
            old: Some(json!({ "grants": old.grants, "attributes": old.attributes })),
            new: None,
            result: "unassigned",
        })?;
        Ok(true)
    }
}
