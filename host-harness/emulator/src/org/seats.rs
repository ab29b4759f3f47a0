//! The org's seats: how many each user licence and permission set licence has, and how many are taken.

use rusqlite::{Connection, params};
use serde::Serialize;

use super::licences;

/// A pool of seats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LicencePool {
    /// `UserLicense`, `PermissionSetLicense` or `FeatureLicense`.
    pub kind: String,
    /// The licence's name.
    pub name: String,
    /// Seats that the org has.
    pub total: u32,
    /// Seats that are taken.
    pub used: u32,
}

/// Seats of each feature licence in a new org.
const FEATURE_SEATS: u32 = 10;

/// Gives a new org its feature licences.
///
/// # Errors
/// When SQLite fails.
pub(super) fn seed_features(db: &Connection) -> rusqlite::Result<()> {
    for flag in licences::features_with_seats() {
        db.execute("INSERT INTO _feature_seats (Flag, Total) VALUES (?1, ?2)", params![flag, FEATURE_SEATS])?;
    }
    Ok(())
}

/// All pools.
///
/// # Errors
/// When SQLite fails.
pub(crate) fn list(db: &Connection) -> rusqlite::Result<Vec<LicencePool>> {
    db.prepare_cached(
        "SELECT 'UserLicense', Name, TotalLicenses, UsedLicenses FROM UserLicense
         UNION ALL SELECT 'PermissionSetLicense', DeveloperName, TotalLicenses, UsedLicenses FROM PermissionSetLicense
         UNION ALL SELECT 'FeatureLicense', Flag, Total, Used FROM _feature_seats",
    )?
    .query_map([], |row| {
        Ok(LicencePool { kind: row.get(0)?, name: row.get(1)?, total: row.get(2)?, used: row.get(3)? })
    })?
    .collect()
}

/// Sets the seats of the licence of this name; says whether there is one.
///
/// # Errors
/// When SQLite fails.
pub(crate) fn set(db: &Connection, name: &str, total: u32) -> rusqlite::Result<bool> {
    let mut changed = 0;
    for sql in [
        "UPDATE UserLicense SET TotalLicenses = ?2 WHERE Name = ?1",
        "UPDATE PermissionSetLicense SET TotalLicenses = ?2 WHERE DeveloperName = ?1",
        "UPDATE _feature_seats SET Total = ?2 WHERE Flag = ?1",
    ] {
        changed += db.execute(sql, params![name, total])?;
    }
    Ok(changed > 0)
}
