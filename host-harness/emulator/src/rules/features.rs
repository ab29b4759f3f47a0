//! Feature licences are flags on the user: not every user licence allows every flag, and each flag takes a seat.

use rusqlite::{OptionalExtension, params};

use super::Actor;
use super::portal::Profile;
use crate::error::ApiError;
use crate::org::catalogue;
use crate::org::licences;
use crate::org::store::{self, Row};

const PREFIX: &str = "UserPermissions";

/// Refuses flags that are to be set and that the licence does not allow (H for the text, L for no fields).
pub(super) fn check(row: &Row, profile: &Profile) -> Result<(), ApiError> {
    let allowed = licences::by_name(&profile.licence_name).map(|licence| licence.features).unwrap_or_default();
    for name in row.keys().filter(|name| name.starts_with(PREFIX)) {
        if store::flag(row, name) && !allowed.contains(&&name[PREFIX.len()..]) {
            let label = catalogue::object("User").and_then(|user| user.field(name)).map_or(*name, |field| field.label);
            return Err(ApiError::dml(
                "FIELD_INTEGRITY_EXCEPTION",
                format!("{label} is not allowed for this License Type."),
                &[],
            ));
        }
    }
    Ok(())
}

/// Takes and frees the seats by which a user's flags change. Only active users take seats, as with user licences.
///
/// # Errors
/// `LICENSE_LIMIT_EXCEEDED` (H for code and text) when a seat is wanted and there is none.
pub(super) fn settle(actor: &Actor<'_>, before: Option<&Row>, after: &Row) -> Result<(), ApiError> {
    let holds = |row: &Row, name: &str| store::flag(row, "IsActive") && store::flag(row, name);
    for name in after.keys().filter(|name| name.starts_with(PREFIX)) {
        let flag = &name[PREFIX.len()..];
        match (before.is_some_and(|before| holds(before, name)), holds(after, name)) {
            (false, true) => take(actor, flag)?,
            (true, false) => free(actor, flag)?,
            _ => {}
        }
    }
    Ok(())
}

fn take(actor: &Actor<'_>, flag: &str) -> Result<(), ApiError> {
    let seats: Option<(i64, i64)> = actor
        .db
        .prepare_cached("SELECT Total, Used FROM _feature_seats WHERE Flag = ?1")?
        .query_row([flag], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    // A flag without a pool is a mere setting.
    let Some((total, used)) = seats else { return Ok(()) };
    if used >= total {
        return Err(ApiError::dml("LICENSE_LIMIT_EXCEEDED", "License limit exceeded", &[]));
    }
    change(actor, flag, 1)
}

fn free(actor: &Actor<'_>, flag: &str) -> Result<(), ApiError> {
    change(actor, flag, -1)
}

fn change(actor: &Actor<'_>, flag: &str, by: i64) -> Result<(), ApiError> {
    actor
        .db
        .prepare_cached("UPDATE _feature_seats SET Used = Used + ?2 WHERE Flag = ?1")?
        .execute(params![flag, by])?;
    Ok(())
}
