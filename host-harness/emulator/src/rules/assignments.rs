//! Permission sets, permission set licences and public groups: who may be assigned.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};

use super::{Actor, missing};
use crate::error::ApiError;
use crate::org::store::{self, Row};
use crate::org::unconfirmed::Unconfirmed;
use crate::org::{catalogue, ids, licences};

struct Assignee {
    user_type: String,
    licence_id: String,
}

fn assignee(actor: &Actor<'_>, id: &str) -> Result<Assignee, ApiError> {
    actor
        .db
        .prepare_cached(
            "SELECT u.UserType, p.UserLicenseId FROM User u JOIN Profile p ON p.Id = u.ProfileId WHERE u.Id = ?1",
        )?
        .query_row([id], |row| Ok(Assignee { user_type: row.get(0)?, licence_id: row.get(1)? }))
        .optional()?
        .ok_or_else(missing)
}

fn taken(actor: &Actor<'_>, sql: &str, a: &str, b: &str) -> Result<bool, ApiError> {
    Ok(actor.db.prepare_cached(sql)?.query_row([a, b], |_| Ok(())).optional()?.is_some())
}

/// What is assigned: the set that the row names, and the sets that the user's licence must allow for it.
struct AssignedSet {
    set_id: String,
    /// Label and licence of each.
    sets: Vec<(String, Option<String>)>,
}

/// A permission set, or a permission set group, for which its own set stands in the row (H).
fn wanted(actor: &Actor<'_>, row: &mut Row) -> Result<AssignedSet, ApiError> {
    let unclear = || Err(Unconfirmed::AssignmentTarget.refusal());
    match (store::text(row, "PermissionSetId"), store::text(row, "PermissionSetGroupId")) {
        (Some(set_id), None) => {
            let (licence, kind, label): (Option<String>, String, String) = actor
                .db
                .prepare_cached("SELECT LicenseId, Type, Label FROM PermissionSet WHERE Id = ?1")?
                .query_row([set_id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()?
                .ok_or_else(missing)?;
            match kind.as_str() {
                "Profile" => Err(not_allowed(&label)),
                "Group" => unclear(),
                _ => Ok(AssignedSet { set_id: set_id.to_owned(), sets: vec![(label, licence)] }),
            }
        }
        (None, Some(group_id)) => {
            let (set_id, status): (String, String) = actor
                .db
                .prepare_cached(
                    "SELECT s.Id, g.Status FROM PermissionSetGroup g JOIN PermissionSet s ON s.PermissionSetGroupId = g.Id
                     WHERE g.Id = ?1",
                )?
                .query_row([group_id], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?
                .ok_or_else(missing)?;
            if status != "Updated" {
                return Err(Unconfirmed::SetGroupNotUpdated.refusal());
            }
            let sets: Result<Vec<(String, Option<String>)>, rusqlite::Error> = actor
                .db
                .prepare_cached(
                    "SELECT s.Label, s.LicenseId FROM PermissionSetGroupComponent c JOIN PermissionSet s
                     ON s.Id = c.PermissionSetId WHERE c.PermissionSetGroupId = ?1 ORDER BY s.Label",
                )?
                .query_map([group_id], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect();
            row.insert("PermissionSetId", Value::Text(set_id.clone()));
            Ok(AssignedSet { set_id, sets: sets? })
        }
        _ => unclear(),
    }
}

fn not_allowed(label: &str) -> ApiError {
    ApiError::dml("FIELD_INTEGRITY_EXCEPTION", format!("The user license doesn't allow the permission: {label}"), &[])
}

/// A permission set bound to a user licence goes to users of that licence only, and to each once (H). That a group goes to
/// no user whose licence does not fit one of its sets, and is refused in the same words, is by analogy (L).
pub(super) fn before_permission_set(actor: &Actor<'_>, row: &mut Row) -> Result<(), ApiError> {
    let user_id = store::text(row, "AssigneeId").unwrap_or_default().to_owned();
    let assignee = assignee(actor, &user_id)?;
    let wanted = wanted(actor, row)?;
    if taken(
        actor,
        "SELECT 1 FROM PermissionSetAssignment WHERE AssigneeId = ?1 AND PermissionSetId = ?2",
        &user_id,
        &wanted.set_id,
    )? {
        return Err(ApiError::dml(
            "DUPLICATE_VALUE",
            format!(
                "Duplicate PermissionSetAssignment.  Assignee: {}; Permission Set: {}",
                ids::short(&user_id),
                ids::short(&wanted.set_id)
            ),
            &["AssigneeId", "PermissionSetId"],
        ));
    }
    let misfit = wanted.sets.iter().find(|(_, licence)| {
        licence.as_ref().is_some_and(|licence| licence.starts_with("100") && *licence != assignee.licence_id)
    });
    if let Some((label, _)) = misfit {
        return Err(not_allowed(label));
    }
    let active = activity(actor, row.get("ExpirationDate"));
    row.insert("IsActive", active);
    Ok(())
}

/// Whether an assignment with this date of expiry is active now.
pub(super) fn activity(actor: &Actor<'_>, expires: Option<&Value>) -> Value {
    let over = matches!(expires, Some(Value::Integer(at)) if *at <= actor.org.clock.now());
    Value::Integer(i64::from(!over))
}

/// Ends the assignments whose time has come, so that `IsActive` is true of this moment. Their rows stay (U).
pub(crate) fn expire(db: &Connection, now: i64) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE PermissionSetAssignment SET IsActive = ExpirationDate > ?1
         WHERE ExpirationDate IS NOT NULL AND IsActive <> (ExpirationDate > ?1)",
    )?
    .execute([now])?;
    Ok(())
}

/// Permission set licences are counted (H for the text).
pub(super) fn before_permission_set_licence(actor: &Actor<'_>, row: &Row) -> Result<(), ApiError> {
    let user_id = store::text(row, "AssigneeId").unwrap_or_default();
    let licence_id = store::text(row, "PermissionSetLicenseId").unwrap_or_default();
    assignee(actor, user_id)?;
    let (total, used): (i64, i64) = actor
        .db
        .prepare_cached("SELECT TotalLicenses, UsedLicenses FROM PermissionSetLicense WHERE Id = ?1")?
        .query_row([licence_id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .ok_or_else(missing)?;
    if taken(
        actor,
        "SELECT 1 FROM PermissionSetLicenseAssign WHERE AssigneeId = ?1 AND PermissionSetLicenseId = ?2",
        user_id,
        licence_id,
    )? {
        return Err(ApiError::dml(
            "DUPLICATE_VALUE",
            format!(
                "Duplicate PermissionSetLicenseAssign.  Assignee: {}; Permission Set License: {}",
                ids::short(user_id),
                ids::short(licence_id)
            ),
            &["AssigneeId", "PermissionSetLicenseId"],
        ));
    }
    if used >= total {
        return Err(ApiError::dml("LICENSE_LIMIT_EXCEEDED", "License limit exceeded", &[]));
    }
    Ok(())
}

/// High-volume users cannot be in groups (H that it is refused; U in which words). A second membership of the same user
/// is the first one (H), whose id this returns.
pub(super) fn before_group_member(actor: &Actor<'_>, row: &Row) -> Result<Option<String>, ApiError> {
    let group_id = store::text(row, "GroupId").unwrap_or_default();
    let member_id = store::text(row, "UserOrGroupId").unwrap_or_default();
    let known = actor
        .db
        .prepare_cached("SELECT 1 FROM \"Group\" WHERE Id = ?1")?
        .query_row([group_id], |_| Ok(()))
        .optional()?;
    if known.is_none() {
        return Err(missing());
    }
    if member_id.starts_with("005") {
        let assignee = assignee(actor, member_id)?;
        if licences::is_high_volume(&assignee.user_type) {
            return Err(Unconfirmed::GroupForHighVolumeUser.refusal());
        }
    }
    let same = actor
        .db
        .prepare_cached("SELECT Id FROM GroupMember WHERE GroupId = ?1 AND UserOrGroupId = ?2")?
        .query_row([group_id, member_id], |row| row.get(0))
        .optional()?;
    Ok(same)
}

/// Ends memberships.
pub(super) fn leave(actor: &Actor<'_>, condition: &str, ids: &[&str]) -> Result<(), ApiError> {
    if let Some(object) = catalogue::object("GroupMember") {
        store::remove(actor.db, object, condition, ids, actor.org.clock.now())?;
    }
    Ok(())
}
