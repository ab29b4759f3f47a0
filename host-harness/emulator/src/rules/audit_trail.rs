//! The setup audit trail: who was given a permission set or a group of them, and from whom it was taken (M).

use chrono::DateTime;
use rusqlite::params;
use rusqlite::types::Value;

use super::Actor;
use crate::error::ApiError;
use crate::org::catalogue;
use crate::org::store::{self, Row};

/// Notes that a row of `PermissionSetAssignment` was made or removed.
pub(super) fn note_assignment(actor: &Actor<'_>, row: &Row, is_given: bool) -> Result<(), ApiError> {
    let Some(trail) = catalogue::object("SetupAuditTrail") else { return Ok(()) };
    let text = |field: &str| store::text(row, field).unwrap_or_default();
    let (kind, thing) = match store::text(row, "PermissionSetGroupId") {
        Some(_) => ("PermSetGroup", "Permission set group"),
        None => ("PermSet", "Permission set"),
    };
    let expires = match row.get("ExpirationDate") {
        Some(Value::Integer(at)) => DateTime::from_timestamp(*at, 0),
        _ => None,
    };
    // An action of its own (M), and where it is given the moment in the sentence.
    let action = if expires.is_some() { "_HasExpiration" } else { "" };
    let until = expires.filter(|_| is_given).map(|at| at.format(", expiring on %a %b %d %H:%M:%S GMT %Y").to_string());
    let (verb, words) = if is_given { ("Assign", "assigned to") } else { ("Unassign", "unassigned from") };
    let id = store::next_id(actor.db, trail, &actor.org.facts.pod)?;
    actor
        .db
        .prepare_cached(
            "INSERT INTO SetupAuditTrail (Id, Action, Section, Display, CreatedDate, CreatedById)
             SELECT ?1, ?2, 'Manage Users', ?3 || ' ' || s.Label || ': ' || ?4 || ' user ' || u.Name || ' (UserID: [' ||
               substr(u.Id, 1, 15) || '])' || ?9, ?5, ?6
             FROM User u, PermissionSet s WHERE u.Id = ?7 AND s.Id = ?8",
        )?
        .execute(params![
            id,
            format!("{kind}{verb}{action}"),
            thing,
            words,
            actor.org.clock.now(),
            actor.user_id,
            text("AssigneeId"),
            text("PermissionSetId"),
            until.unwrap_or_default()
        ])?;
    Ok(())
}
