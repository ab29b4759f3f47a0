//! Tenants' secrets, sealed.

use std::collections::BTreeMap;

use super::database::params;
use serde_json::json;

use super::audit::Note;
use super::{DirectoryError, ReadTransaction, TenantRecord, Timestamp, WriteTransaction};
use provisioning_runtime::Secret;

impl ReadTransaction<'_> {
    /// A tenant's secrets, opened.
    ///
    /// # Errors
    /// When one does not open with this directory's key.
    pub fn secrets(&self, tenant: &TenantRecord) -> Result<BTreeMap<String, Secret>, DirectoryError> {
        let mut statement = self.db.prepare_cached("SELECT name, sealed FROM secret WHERE tenant_id = ?1")?;
        let mut rows = statement.query([tenant.id.number()])?;
        let mut secrets = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let name: String = row.get(0)?;
            let sealed: Vec<u8> = row.get(1)?;
            let secret = self.unseal(&tenant.name, &name, &sealed)?;
            secrets.insert(name, secret);
        }
        Ok(secrets)
    }

    /// The names of a tenant's secrets, and when each was last set.
    ///
    /// # Errors
    /// The database's.
    pub fn secret_names(&self, tenant: &TenantRecord) -> Result<BTreeMap<String, Timestamp>, DirectoryError> {
        let mut statement = self.db.prepare_cached("SELECT name, changed_at FROM secret WHERE tenant_id = ?1")?;
        let names = statement.query_map([tenant.id.number()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        names.collect::<Result<_, _>>()
    }
}

impl WriteTransaction<'_> {
    /// Sets a tenant's secret; none takes it away.
    ///
    /// # Errors
    /// The database's.
    pub fn set_secret(&self, tenant: &TenantRecord, name: &str, secret: Option<&Secret>) -> Result<(), DirectoryError> {
        match secret {
            Some(secret) => {
                let sealed = self.seal(&tenant.name, name, secret)?;
                self.db
                    .prepare_cached(
                        "INSERT INTO secret (tenant_id, name, sealed, changed_at) VALUES (?1, ?2, ?3, ?4)
                         ON CONFLICT (tenant_id, name) DO UPDATE SET sealed = excluded.sealed, changed_at = excluded.changed_at",
                    )?
                    .execute(params![tenant.id.number(), name, sealed, Timestamp::now()])?;
            }
            None => {
                self.db
                    .prepare_cached("DELETE FROM secret WHERE tenant_id = ?1 AND name = ?2")?
                    .execute(params![tenant.id.number(), name])?;
            }
        }
        self.note(&Note {
            tenant: Some(&tenant.name),
            person: None,
            action: "secret.set",
            old: None,
            new: Some(json!({ "name": name, "kept": secret.is_some() })),
            result: if secret.is_some() { "sealed" } else { "taken away" },
        })
    }
}
