//! Tenants: their settings, feature switches, mapping, rules and limits, kept as one document each.

use std::fmt;

use super::database::{Optional as _, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::audit::Note;
use super::{DirectoryError, FailureKind, ReadTransaction, Timestamp, Upstream, WriteTransaction};
use crate::config::TenantConfig;
use provisioning_runtime::Tenant;

/// A tenant's number in this directory; never used again once the tenant is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TenantId(pub(super) i64);

impl TenantId {
    pub(super) fn number(self) -> i64 {
        self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A tenant as the directory keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantRecord {
    /// The directory's number.
    pub id: TenantId,
    /// Unique without regard to case; never changes.
    pub name: String,
    /// Everything but secrets.
    pub config: TenantConfig,
    /// Where the next incremental import starts.
    pub watermark: Option<String>,
    /// When the last import ended.
    pub imported_at: Option<Timestamp>,
    /// When the last import of everybody ended.
    pub fully_imported_at: Option<Timestamp>,
    /// When the last push ended.
    pub pushed_at: Option<Timestamp>,
    /// When it came into the directory.
    pub created_at: Timestamp,
    /// When it was last edited.
    pub changed_at: Timestamp,
    /// Why its last job ended before its work was done; none where it did not.
    pub last_failure: Option<LastFailure>,
}

/// Why the last job of a tenant ended before its work was done: the application, its connector or the tenant's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastFailure {
    /// When it ended.
    #[serde(with = "millis")]
    pub at: Timestamp,
    /// What kind of thing went wrong, for programs.
    pub kind: FailureKind,
    /// What happened, in a sentence.
    pub message: String,
    /// What to do about it.
    pub remedy: Option<String>,
    /// What the application itself answered, where it did.
    #[serde(default)]
    pub upstream: Option<Upstream>,
}

/// Times in JSON that is stored, as in columns.
mod millis {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::Timestamp;

    pub(super) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(time.millis())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::from_millis)
    }
}

pub(super) const COLUMNS: &str =
    "id, name, config, watermark, imported_at, fully_imported_at, pushed_at, created_at, changed_at, last_failure";

pub(super) fn tenant(row: Row<'_>) -> Result<TenantRecord, DirectoryError> {
    Ok(TenantRecord {
        id: TenantId(row.get(0)?),
        name: row.get(1)?,
        config: serde_json::from_str(row.text(2)?)?,
        watermark: row.get(3)?,
        imported_at: row.get(4)?,
        fully_imported_at: row.get(5)?,
        pushed_at: row.get(6)?,
        created_at: row.get(7)?,
        changed_at: row.get(8)?,
        last_failure: row.get::<Option<String>>(9)?.map(|text| serde_json::from_str(&text)).transpose()?,
    })
}

/// Names stand in commands, logs and TOML keys, so they are plain.
fn check_name(name: &str) -> Result<(), DirectoryError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 64 || !name.chars().all(plain) || name.starts_with(['-', '.']) {
        return Err(DirectoryError::Invalid(format!(
            "`{}` isn't a tenant name; use up to 64 letters, digits, `-`, `_` and `.`, starting with a letter or digit",
            name.chars().take(64).filter(|c| !c.is_control()).collect::<String>()
        )));
    }
    Ok(())
}

fn stored(config: &TenantConfig) -> Result<String, DirectoryError> {
    Ok(serde_json::to_string(config)?)
}

impl ReadTransaction<'_> {
    /// All tenants, in the order of their names.
    ///
    /// # Errors
    /// The database's.
    pub fn tenants(&self) -> Result<Vec<TenantRecord>, DirectoryError> {
        let mut statement = self
            .db
            .prepare_cached(&format!("SELECT {COLUMNS} FROM tenant WHERE removed_at IS NULL ORDER BY name_key"))?;
        let mut rows = statement.query(params![])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(tenant(row)?);
        }
        Ok(found)
    }

    /// A tenant by its name.
    ///
    /// # Errors
    /// When there is none.
    pub fn tenant(&self, name: &str) -> Result<TenantRecord, DirectoryError> {
        self.find_tenant(name)?.ok_or_else(|| DirectoryError::NotFound {
            what: "tenant",
            name: name.to_owned(),
            hint: "`tenant list` shows those of the data folder",
        })
    }

    /// A tenant by its name; none where there is none.
    ///
    /// # Errors
    /// The database's.
    pub fn find_tenant(&self, name: &str) -> Result<Option<TenantRecord>, DirectoryError> {
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM tenant WHERE name_key = ?1 AND removed_at IS NULL{}",
            self.db.to_change()
        ))?;
        let mut rows = statement.query([name.to_lowercase()])?;
        rows.next()?.map(tenant).transpose()
    }

    /// What a job of the tenant runs with: settings, limits and egress, and its secrets opened.
    ///
    /// # Errors
    /// When a secret does not open, or an egress rule is malformed.
    pub fn runtime_tenant(&self, tenant: &TenantRecord) -> Result<Tenant, DirectoryError> {
        let secrets = self.secrets(tenant)?;
        tenant.config.with_secrets(&tenant.name, secrets).map_err(|error| DirectoryError::Invalid(error.to_string()))
    }
}

impl WriteTransaction<'_> {
    /// Adds a tenant. Where its secrets come from is not kept; [`WriteTransaction::set_secret`] keeps the secrets themselves.
    ///
    /// # Errors
    /// When there is one of that name, or the name is malformed.
    pub fn add_tenant(&self, name: &str, config: &TenantConfig) -> Result<TenantRecord, DirectoryError> {
        check_name(name)?;
        if self.find_tenant(name)?.is_some() {
            return Err(DirectoryError::Exists {
                what: "tenant",
                name: name.to_owned(),
                hint: "`tenant edit` changes it",
            });
        }
        self.db
            .prepare_cached(
                "INSERT INTO tenant (name, name_key, config, created_at, changed_at) VALUES (?1, ?2, ?3, ?4, ?4)",
            )?
            .execute(params![name, name.to_lowercase(), stored(config)?, Timestamp::now()])?;
        self.note(&Note {
            tenant: Some(name),
            person: None,
            action: "tenant.add",
            old: None,
            new: Some(json!(config)),
            result: "added",
        })?;
        self.tenant(name)
    }

    /// Replaces what is kept of a tenant, apart from its secrets. Returns whether anything is different now.
    ///
    /// # Errors
    /// The database's.
    pub(crate) fn store_tenant(&self, tenant: &TenantRecord, config: &TenantConfig) -> Result<bool, DirectoryError> {
        let (old, new) = (stored(&tenant.config)?, stored(config)?);
        if old == new {
            return Ok(false);
        }
        self.db.prepare_cached("UPDATE tenant SET config = ?2, changed_at = ?3 WHERE id = ?1")?.execute(params![
            tenant.id.0,
            new,
            Timestamp::now()
        ])?;
        self.note(&Note {
            tenant: Some(&tenant.name),
            person: None,
            action: "tenant.edit",
            old: Some(json!(tenant.config)),
            new: Some(json!(config)),
            result: "changed",
        })?;
        Ok(true)
    }

    /// Keeps why a job ended before its work was done, or that the last one did not.
    pub(crate) fn store_last_failure(
        &self,
        tenant: TenantId,
        failure: Option<&LastFailure>,
    ) -> Result<(), DirectoryError> {
        let text = failure.map(serde_json::to_string).transpose()?;
        self.db
            .prepare_cached("UPDATE tenant SET last_failure = ?2 WHERE id = ?1 AND last_failure IS DISTINCT FROM ?2")?
            .execute(params![tenant.0, text])?;
        Ok(())
    }

    /// Keeps where the next incremental import starts, and when this one ended.
    pub(crate) fn store_watermark(
        &self,
        tenant: TenantId,
        watermark: Option<&str>,
        full: bool,
    ) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached(
                "UPDATE tenant SET watermark = coalesce(?2, watermark), imported_at = ?3,
                   fully_imported_at = CASE WHEN ?4 THEN ?3 ELSE fully_imported_at END WHERE id = ?1",
            )?
            .execute(params![tenant.0, watermark, Timestamp::now(), full])?;
        Ok(())
    }

    /// Forgets where the next incremental import starts, so that it is a full one.
    ///
    /// # Errors
    /// The database's.
    pub fn forget_watermark(&self, tenant: TenantId) -> Result<(), DirectoryError> {
        self.db.prepare_cached("UPDATE tenant SET watermark = NULL WHERE id = ?1")?.execute([tenant.0])?;
        Ok(())
    }

    /// Keeps when a push ended.
    pub(crate) fn store_pushed(&self, tenant: TenantId) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached("UPDATE tenant SET pushed_at = ?2 WHERE id = ?1")?
            .execute(params![tenant.0, Timestamp::now()])?;
        Ok(())
    }

    /// Keeps the attributes that the tenant's connector lists.
    pub(crate) fn store_attribute_schema(&self, tenant: TenantId, schema: &str) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached(
                "UPDATE tenant SET attribute_schema = ?2 WHERE id = ?1 AND attribute_schema IS DISTINCT FROM ?2",
            )?
            .execute(params![tenant.0, schema])?;
        Ok(())
    }
}

impl ReadTransaction<'_> {
    pub(super) fn stored_attribute_schema(&self, tenant: TenantId) -> Result<Option<String>, DirectoryError> {
        let schema = self
            .db
            .prepare_cached("SELECT attribute_schema FROM tenant WHERE id = ?1")?
            .query_row([tenant.0], |row| row.get(0))
            .optional()?;
        Ok(schema.flatten())
    }
}
