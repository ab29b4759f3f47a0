//! Users of an application that may be a person's, where a push could not tell: an admin decides.

use super::database::{Optional as _, Row, Value as Sql, params, params_from_iter};
use serde::Serialize;

use super::people::searched;
use super::{DirectoryError, PersonId, ReadTransaction, RemoteStatus, TenantId, WriteTransaction};

/// A user that may be a person's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// The person's key.
    pub person: String,
    /// The person's username here.
    pub person_username: String,
    /// The user's id in the application.
    pub remote_id: String,
    /// The user's username there.
    pub username: String,
    /// Whether the user can sign in.
    pub status: RemoteStatus,
    /// What speaks for it, one clause each.
    pub evidence: Vec<String>,
    /// What speaks against it, one clause each.
    pub objections: Vec<String>,
}

/// Which claims are wanted, in the order of the users' ids and of the people's keys.
#[derive(Clone, Debug, Default)]
pub struct ClaimFilter {
    /// Those whose user's id or username, or whose person's key or username, contains this, without regard to case.
    pub contains: Option<String>,
    /// Behind the claim of this user's id and this person's key.
    pub after: Option<(String, String)>,
    /// At most so many; all of them without one.
    pub limit: Option<u32>,
}

impl ClaimFilter {
    /// The conditions and their values; ?1 is the tenant.
    fn sql(&self, tenant: TenantId) -> (String, Vec<Sql>) {
        let mut sql = String::from("c.tenant_id = ?1");
        let mut values: Vec<Sql> = vec![tenant.number().into()];
        if let Some((user, person)) = &self.after {
            values.extend([user.clone().into(), person.clone().into()]);
            // The first condition is for the index; the second alone would be looked at for each row.
            sql.push_str(" AND c.remote_id >= ?2 AND (c.remote_id, p.key) > (?2, ?3)");
        }
        if let Some(text) = &self.contains {
            values.push(searched(text).into());
            let at = values.len();
            sql.push_str(&format!(
                " AND (instr(lower(c.remote_id), ?{at}) > 0 OR instr(lower(c.username), ?{at}) > 0 OR instr(lower(p.key), ?{at}) > 0
                   OR instr(p.username_key, ?{at}) > 0)"
            ));
        }
        (sql, values)
    }
}

/// A user that may be a person's, as a push tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewClaim {
    pub(crate) remote_id: String,
    pub(crate) username: String,
    pub(crate) status: RemoteStatus,
    pub(crate) evidence: Vec<String>,
    pub(crate) objections: Vec<String>,
}

const SELECT: &str = "SELECT p.key, p.username, c.remote_id, c.username, c.status, c.evidence, c.objections
  FROM claim c JOIN person p ON p.id = c.person_id";

fn claim(row: Row<'_>) -> Result<Claim, DirectoryError> {
    let text = |index: usize| row.text(index);
    Ok(Claim {
        person: row.get(0)?,
        person_username: row.get(1)?,
        remote_id: row.get(2)?,
        username: row.get(3)?,
        status: RemoteStatus::parse(text(4)?)?,
        evidence: serde_json::from_str(text(5)?)?,
        objections: serde_json::from_str(text(6)?)?,
    })
}

impl ReadTransaction<'_> {
    /// Users that may be people's.
    ///
    /// # Errors
    /// The database's.
    pub fn claims(&self, tenant: TenantId, filter: &ClaimFilter) -> Result<Vec<Claim>, DirectoryError> {
        let (conditions, values) = filter.sql(tenant);
        let limit = filter.limit.map_or_else(String::new, |limit| format!(" LIMIT {limit}"));
        let mut statement =
            self.db.prepare_cached(&format!("{SELECT} WHERE {conditions} ORDER BY c.remote_id, p.key{limit}"))?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(claim(row)?);
        }
        Ok(found)
    }

    /// How many users may be people's; one that several people may have counts once.
    ///
    /// # Errors
    /// The database's.
    pub fn count_claimed_users(&self, tenant: TenantId) -> Result<u64, DirectoryError> {
        self.db
            .prepare_cached("SELECT count(DISTINCT remote_id) FROM claim WHERE tenant_id = ?1")?
            .query_row([tenant.number()], |row| row.get(0))
    }

    /// Whether there are users that may be a person's.
    ///
    /// # Errors
    /// The database's.
    pub fn has_claims(&self, tenant: TenantId, person: PersonId) -> Result<bool, DirectoryError> {
        let found: Option<i64> = self
            .db
            .prepare_cached("SELECT 1 FROM claim WHERE person_id = ?1 AND tenant_id = ?2 LIMIT 1")?
            .query_row(params![person.0, tenant.number()], |row| row.get(0))
            .optional()?;
        Ok(found.is_some())
    }

    /// The people that a user may be.
    ///
    /// # Errors
    /// The database's.
    pub fn claims_on(&self, tenant: TenantId, remote_id: &str) -> Result<Vec<Claim>, DirectoryError> {
        let mut statement =
            self.db.prepare_cached(&format!("{SELECT} WHERE c.tenant_id = ?1 AND c.remote_id = ?2 ORDER BY p.key"))?;
        let mut rows = statement.query(params![tenant.number(), remote_id])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(claim(row)?);
        }
        Ok(found)
    }
}

impl WriteTransaction<'_> {
    /// Keeps the users that may be a person's, in the place of those from before.
    pub(crate) fn store_claims(
        &self,
        tenant: TenantId,
        person: PersonId,
        claims: &[NewClaim],
    ) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached("DELETE FROM claim WHERE tenant_id = ?1 AND person_id = ?2")?
            .execute(params![tenant.number(), person.0])?;
        let mut insert = self.db.prepare_cached(
            "INSERT INTO claim (tenant_id, person_id, remote_id, username, status, evidence, objections)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (person_id, tenant_id, remote_id) DO NOTHING",
        )?;
        for claim in claims {
            insert.execute(params![
                tenant.number(),
                person.0,
                claim.remote_id,
                claim.username,
                claim.status.name(),
                serde_json::to_string(&claim.evidence)?,
                serde_json::to_string(&claim.objections)?
            ])?;
        }
        Ok(())
    }

    /// Drops the claims on a user, which an admin has decided on.
    pub(crate) fn drop_claims_on(&self, tenant: TenantId, remote_id: &str) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached("DELETE FROM claim WHERE tenant_id = ?1 AND remote_id = ?2")?
            .execute(params![tenant.number(), remote_id])?;
        Ok(())
    }
}
