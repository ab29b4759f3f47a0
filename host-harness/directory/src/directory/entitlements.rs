//! What a tenant's application has to assign, as its connector last listed it. Listing costs requests, so forms are filled from
//! here, and say how old it is.

use super::database::{Row, Value as Sql, params, params_from_iter};

use super::{DirectoryError, ReadTransaction, TenantId, Timestamp, WriteTransaction};
use provisioning_runtime::wit::{Entitlement, GrantKind};

/// A kind of things that can be assigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntitlementKind {
    /// The connector's name of it.
    pub name: String,
    /// For a form.
    pub label: String,
    /// Whether a user may hold several.
    pub many: bool,
    /// Whether the connector can list them; where it cannot, they are known by their ids alone.
    pub listed: bool,
    /// When they were listed.
    pub listed_at: Timestamp,
}

/// Something that can be assigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedEntitlement {
    /// The name of its kind.
    pub kind: String,
    /// The application's id.
    pub id: String,
    /// Its name, which another of its kind may have too.
    pub name: String,
    /// Two fit together when they share a tag, or when one of them has none.
    pub compatibility: Vec<String>,
    /// Seats used and seats in all, where it takes one of a limited licence.
    pub seats: Option<(u64, u64)>,
}

impl ListedEntitlement {
    /// Whether the two can be assigned to one user, as far as the connector can tell.
    pub fn fits(&self, other: &Self) -> bool {
        let (one, two) = (&self.compatibility, &other.compatibility);
        one.is_empty() || two.is_empty() || one.iter().any(|tag| two.contains(tag))
    }
}

/// Which are wanted, in the order of their names.
#[derive(Clone, Debug, Default)]
pub struct EntitlementFilter {
    /// Whose name or id contains this, without regard to case.
    pub contains: Option<String>,
    /// At most so many; all where there is none.
    pub limit: Option<u32>,
}

const COLUMNS: &str = "kind, id, name, compatibility, seats_used, seats_total";

fn listed(row: Row<'_>) -> Result<ListedEntitlement, DirectoryError> {
    let (used, total): (Option<u64>, Option<u64>) = (row.get(4)?, row.get(5)?);
    Ok(ListedEntitlement {
        kind: row.get(0)?,
        id: row.get(1)?,
        name: row.get(2)?,
        compatibility: serde_json::from_str(row.text(3)?)?,
        seats: used.zip(total),
    })
}

impl ReadTransaction<'_> {
    /// The kinds that the tenant's connector has, in its order; empty before they were listed for the first time.
    ///
    /// # Errors
    /// The database's.
    pub fn entitlement_kinds(&self, tenant: TenantId) -> Result<Vec<EntitlementKind>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT name, label, many, listed, listed_at FROM entitlement_kind WHERE tenant_id = ?1 ORDER BY position",
        )?;
        let rows = statement.query_map([tenant.number()], |row| {
            Ok(EntitlementKind {
                name: row.get(0)?,
                label: row.get(1)?,
                many: row.get(2)?,
                listed: row.get(3)?,
                listed_at: row.get(4)?,
            })
        })?;
        rows.collect::<Result<_, _>>()
    }

    /// What there is of a kind.
    ///
    /// # Errors
    /// The database's.
    pub fn entitlements(
        &self,
        tenant: TenantId,
        kind: &str,
        filter: &EntitlementFilter,
    ) -> Result<Vec<ListedEntitlement>, DirectoryError> {
        let mut sql = format!("SELECT {COLUMNS} FROM entitlement WHERE tenant_id = ?1 AND kind = ?2");
        let mut values: Vec<Sql> = vec![tenant.number().into(), kind.to_owned().into()];
        if let Some(text) = &filter.contains {
            values.push(text.trim().to_lowercase().into());
            sql.push_str(" AND (instr(name_key, ?3) > 0 OR instr(lower(id), ?3) > 0)");
        }
        sql.push_str(" ORDER BY name_key, id");
        if let Some(limit) = filter.limit {
            sql.push_str(&format!(" LIMIT {limit}"));
        }
        self.collect_entitlements(&sql, values)
    }

    /// How many there are of a kind.
    ///
    /// # Errors
    /// The database's.
    pub fn count_entitlements(&self, tenant: TenantId, kind: &str) -> Result<u64, DirectoryError> {
        self.db
            .prepare_cached("SELECT count(*) FROM entitlement WHERE tenant_id = ?1 AND kind = ?2")?
            .query_row(params![tenant.number(), kind], |row| row.get(0))
    }

    /// Those of a kind that a name or id may stand for: one by its id, or else all of that name.
    ///
    /// # Errors
    /// The database's.
    pub fn entitlements_named(
        &self,
        tenant: TenantId,
        kind: &str,
        name: &str,
    ) -> Result<Vec<ListedEntitlement>, DirectoryError> {
        let values = |text: String| vec![tenant.number().into(), kind.to_owned().into(), text.into()];
        let by_id = format!("SELECT {COLUMNS} FROM entitlement WHERE tenant_id = ?1 AND kind = ?2 AND id = ?3");
        let found = self.collect_entitlements(&by_id, values(name.to_owned()))?;
        if !found.is_empty() {
            return Ok(found);
        }
        let by_name = format!(
            "SELECT {COLUMNS} FROM entitlement WHERE tenant_id = ?1 AND kind = ?2 AND name_key = ?3 ORDER BY id LIMIT 2"
        );
        self.collect_entitlements(&by_name, values(name.to_lowercase()))
    }

    fn collect_entitlements(&self, sql: &str, values: Vec<Sql>) -> Result<Vec<ListedEntitlement>, DirectoryError> {
        let mut statement = self.db.prepare_cached(sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(listed(row)?);
        }
        Ok(found)
    }
}

impl WriteTransaction<'_> {
    /// Keeps what the connector has listed, in the place of what it listed before. A kind that it cannot list has none.
    pub(crate) fn store_entitlements(
        &self,
        tenant: TenantId,
        kinds: &[(GrantKind, Option<Vec<Entitlement>>)],
    ) -> Result<(), DirectoryError> {
        let now = Timestamp::now();
        for table in ["entitlement", "entitlement_kind"] {
            self.db.prepare_cached(&format!("DELETE FROM {table} WHERE tenant_id = ?1"))?.execute([tenant.number()])?;
        }
        for (position, (kind, found)) in kinds.iter().enumerate() {
            self.db
                .prepare_cached(
                    "INSERT INTO entitlement_kind (tenant_id, position, name, label, many, listed, listed_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![
                    tenant.number(),
                    position as u64,
                    kind.name,
                    kind.label,
                    kind.many,
                    found.is_some(),
                    now
                ])?;
            for one in found.iter().flatten() {
                self.db
                    .prepare_cached(
                        "INSERT INTO entitlement
                           (tenant_id, kind, id, name, name_key, compatibility, seats_used, seats_total)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                         ON CONFLICT (tenant_id, kind, name_key, id) DO UPDATE SET name = excluded.name,
                           compatibility = excluded.compatibility, seats_used = excluded.seats_used,
                           seats_total = excluded.seats_total",
                    )?
                    .execute(params![
                        tenant.number(),
                        kind.name,
                        one.id,
                        one.name,
                        one.name.to_lowercase(),
                        serde_json::to_string(&one.compatibility)?,
                        one.seats.as_ref().map(|seats| seats.used),
                        one.seats.as_ref().map(|seats| seats.total)
                    ])?;
            }
        }
        Ok(())
    }
}
