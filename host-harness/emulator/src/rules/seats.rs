//! User licences are counted: an active user takes a seat, and there must be one.

use super::Actor;
use super::portal::Profile;
use crate::error::ApiError;

/// Refuses when the profile's licence has no free seat. The store counts the seat itself.
pub(super) fn take(actor: &Actor<'_>, profile: &Profile) -> Result<(), ApiError> {
    let (total, used): (i64, i64) = actor
        .db
        .prepare_cached("SELECT TotalLicenses, UsedLicenses FROM UserLicense WHERE Id = ?1")?
        .query_row([&profile.licence_id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if used < total {
        return Ok(());
    }
    Err(ApiError::dml("LICENSE_LIMIT_EXCEEDED", format!("License Limit Exceeded - {}", profile.licence_name), &[]))
}
