//! Rows in SQLite: the schema that follows from the catalogue, and the few statements that every rule shares.
//!
//! Ids are text in their 18-character form and cluster their table (`WITHOUT ROWID`), so that keyset pages are range
//! scans. Instants are whole seconds since 1970. Text compares without regard to ASCII case, as SOQL does.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use sha2::{Digest, Sha256};

use super::catalogue::{Field, FieldType, OBJECTS, Object, Stored};
use super::ids;

/// Column values by API name.
pub(crate) type Row = BTreeMap<&'static str, Value>;

/// Text out of a row; `None` for null or another type.
#[must_use]
pub(crate) fn text<'a>(row: &'a Row, field: &str) -> Option<&'a str> {
    match row.get(field) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

/// A boolean out of a row; absent and null are false.
#[must_use]
pub(crate) fn flag(row: &Row, field: &str) -> bool {
    matches!(row.get(field), Some(Value::Integer(1)))
}

fn column(field: &Field) -> String {
    let mut sql = format!("\"{}\" ", field.name);
    sql.push_str(match field.kind {
        FieldType::Id => "TEXT NOT NULL PRIMARY KEY",
        FieldType::Reference => "TEXT",
        FieldType::Boolean | FieldType::Int | FieldType::DateTime => "INTEGER",
        FieldType::Double | FieldType::Currency => "TEXT COLLATE DECIMAL",
        _ => "TEXT COLLATE NOCASE",
    });
    if let Stored::Formula(expression) = field.stored {
        let _ = write!(sql, " GENERATED ALWAYS AS ({expression}) VIRTUAL");
    } else if let Stored::Aside(expression) = field.stored {
        // SQLite works out all of these for each new row, and nearly all rows have nothing aside: calling a function for each
        // of 87 preferences was a tenth of the time that a user took to make.
        let nothing = expression.replace(&format!("json_extract(_aside, '$.{}')", field.name), "NULL");
        let _ =
            write!(sql, " GENERATED ALWAYS AS (CASE WHEN _aside IS NULL THEN {nothing} ELSE {expression} END) VIRTUAL");
    } else if let Some(default) = field.default_sql {
        let _ = write!(sql, " NOT NULL DEFAULT {default}");
    }
    sql
}

/// Creates the tables, and marks the store with the [`fingerprint`] of their form.
///
/// # Errors
/// When SQLite refuses, for example because the tables exist.
pub(crate) fn create_tables(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(&tables())?;
    db.pragma_update(None, "user_version", fingerprint())
}

/// A number for the form of the tables, by which a file of an older emulator is told from one of this.
#[must_use]
pub(crate) fn fingerprint() -> i32 {
    let digest = Sha256::digest(tables().as_bytes());
    digest.iter().take(4).fold(0_i32, |number, byte| (number << 8) | i32::from(*byte))
}

/// Whether the store's tables have the form that this emulator works with.
///
/// # Errors
/// When SQLite fails.
pub(crate) fn is_current(db: &Connection) -> rusqlite::Result<bool> {
    let found: i32 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(found == fingerprint())
}

/// The tables as SQL; those that start with an underscore hold what no query may show.
fn tables() -> String {
    let mut sql = String::new();
    for object in OBJECTS {
        let mut columns: Vec<String> = object.fields.iter().map(column).collect();
        if object.fields.iter().any(|field| matches!(field.stored, Stored::Aside(_))) {
            columns.push("_aside TEXT".to_owned());
        }
        let _ = writeln!(sql, "CREATE TABLE \"{}\" ({}) WITHOUT ROWID;", object.name, columns.join(", "));
    }
    sql.push_str(
        "CREATE TABLE _org (Name TEXT PRIMARY KEY, Value TEXT NOT NULL) WITHOUT ROWID;
         CREATE TABLE _serial (Prefix TEXT PRIMARY KEY, Next INTEGER NOT NULL) WITHOUT ROWID;
         CREATE TABLE _taken_username (Username TEXT COLLATE NOCASE PRIMARY KEY) WITHOUT ROWID;
         CREATE TABLE _credential (
            UserId TEXT PRIMARY KEY, Salt TEXT NOT NULL, Hash BLOB NOT NULL, SecurityToken TEXT,
            IsExpired INTEGER NOT NULL DEFAULT 0, FailedLogins INTEGER NOT NULL DEFAULT 0
         ) WITHOUT ROWID;
         CREATE TABLE _removed (Id TEXT PRIMARY KEY, At INTEGER NOT NULL) WITHOUT ROWID;
         CREATE TABLE _feature_seats (
            Flag TEXT PRIMARY KEY, Total INTEGER NOT NULL, Used INTEGER NOT NULL DEFAULT 0
         ) WITHOUT ROWID;
         CREATE TABLE _old_password (UserId TEXT NOT NULL, Salt TEXT NOT NULL, Hash BLOB NOT NULL);
         CREATE TABLE _refresh_token (Hash BLOB PRIMARY KEY, UserId TEXT NOT NULL) WITHOUT ROWID;
         CREATE TABLE _api_disabled (UserId TEXT PRIMARY KEY) WITHOUT ROWID;",
    );
    sql
}

/// Creates the indexes and the triggers that keep licence counts. Done after a bulk load, which they would slow.
///
/// # Errors
/// When SQLite refuses, for example because rows break a unique index.
pub(crate) fn create_indexes(db: &Connection) -> rusqlite::Result<()> {
    create_unique_indexes(db)?;
    db.execute_batch(
        r#"
        CREATE UNIQUE INDEX user_username ON "User" (Username);
        CREATE UNIQUE INDEX user_nickname ON "User" (CommunityNickname);
        CREATE UNIQUE INDEX user_contact ON "User" (ContactId) WHERE ContactId IS NOT NULL;
        CREATE INDEX user_email ON "User" (Email);
        CREATE INDEX user_federation ON "User" (FederationIdentifier) WHERE FederationIdentifier IS NOT NULL;
        CREATE INDEX user_modstamp ON "User" (SystemModstamp);
        CREATE INDEX user_account ON "User" (AccountId) WHERE AccountId IS NOT NULL;
        CREATE INDEX contact_account ON Contact (AccountId);
        CREATE INDEX contact_email ON Contact (Email);
        CREATE INDEX contact_modstamp ON Contact (SystemModstamp);
        CREATE INDEX contact_external ON Contact (External_Id__c) WHERE External_Id__c IS NOT NULL;
        CREATE UNIQUE INDEX login_user ON UserLogin (UserId);
        CREATE INDEX assignment_assignee ON PermissionSetAssignment (AssigneeId);
        CREATE INDEX assignment_expires ON PermissionSetAssignment (ExpirationDate) WHERE ExpirationDate IS NOT NULL;
        CREATE INDEX license_assign_assignee ON PermissionSetLicenseAssign (AssigneeId);
        CREATE INDEX member_user ON GroupMember (UserOrGroupId);
        CREATE INDEX member_group ON GroupMember (GroupId);

        UPDATE PermissionSetLicense SET UsedLicenses = (
            SELECT count(*) FROM PermissionSetLicenseAssign a WHERE a.PermissionSetLicenseId = PermissionSetLicense.Id);

        CREATE TRIGGER seat_taken AFTER INSERT ON "User" WHEN NEW.IsActive = 1 BEGIN
            UPDATE UserLicense SET UsedLicenses = UsedLicenses + 1
            WHERE Id = (SELECT UserLicenseId FROM Profile WHERE Id = NEW.ProfileId);
        END;
        CREATE TRIGGER seat_moved AFTER UPDATE OF IsActive, ProfileId ON "User" BEGIN
            UPDATE UserLicense SET UsedLicenses = UsedLicenses - 1
            WHERE OLD.IsActive = 1 AND Id = (SELECT UserLicenseId FROM Profile WHERE Id = OLD.ProfileId);
            UPDATE UserLicense SET UsedLicenses = UsedLicenses + 1
            WHERE NEW.IsActive = 1 AND Id = (SELECT UserLicenseId FROM Profile WHERE Id = NEW.ProfileId);
        END;
        CREATE TRIGGER feature_seat_taken AFTER INSERT ON PermissionSetLicenseAssign BEGIN
            UPDATE PermissionSetLicense SET UsedLicenses = UsedLicenses + 1 WHERE Id = NEW.PermissionSetLicenseId;
        END;
        CREATE TRIGGER feature_seat_freed AFTER DELETE ON PermissionSetLicenseAssign BEGIN
            UPDATE PermissionSetLicense SET UsedLicenses = UsedLicenses - 1 WHERE Id = OLD.PermissionSetLicenseId;
        END;
        CREATE TRIGGER user_follows_contact AFTER UPDATE OF AccountId ON Contact BEGIN
            UPDATE "User" SET AccountId = NEW.AccountId WHERE ContactId = NEW.Id;
        END;
        "#,
    )
}

/// Indexes of the fields that the catalogue calls unique. A record in the recycle bin does not hold its value.
fn create_unique_indexes(db: &Connection) -> rusqlite::Result<()> {
    for object in OBJECTS {
        let alive = if object.recycled { " AND IsDeleted = 0" } else { "" };
        for name in object.fields.iter().filter(|field| field.unique).map(|field| field.name) {
            db.execute_batch(&format!(
                "CREATE UNIQUE INDEX \"{0}_{name}\" ON \"{0}\" ({name}) WHERE {name} IS NOT NULL{alive}",
                object.name
            ))?;
        }
    }
    Ok(())
}

/// The next free id of an object.
///
/// # Errors
/// When SQLite fails.
pub(crate) fn next_id(db: &Connection, object: &Object, pod: &str) -> rusqlite::Result<String> {
    let serial: i64 = db
        .prepare_cached(
            "INSERT INTO _serial (Prefix, Next) VALUES (?1, 2)
             ON CONFLICT DO UPDATE SET Next = Next + 1 RETURNING Next - 1",
        )?
        .query_row(params![object.key_prefix], |row| row.get(0))?;
    Ok(ids::record_id(object.key_prefix, pod, serial.unsigned_abs()))
}

/// The values that have columns of their own, and those that are kept in `_aside`, as the text of an object.
fn parted<'a>(object: &Object, row: &'a Row) -> (Vec<(&'static str, &'a Value)>, Option<Value>) {
    let is_aside =
        |name: &str| object.fields.iter().any(|field| field.name == name && matches!(field.stored, Stored::Aside(_)));
    let mut aside = serde_json::Map::new();
    let mut own = Vec::with_capacity(row.len());
    for (name, value) in row {
        if !is_aside(name) {
            own.push((*name, value));
            continue;
        }
        let value = match value {
            Value::Integer(number) => (*number).into(),
            Value::Text(text) => text.as_str().into(),
            Value::Null | Value::Real(_) | Value::Blob(_) => serde_json::Value::Null,
        };
        aside.insert((*name).to_owned(), value);
    }
    let text = (!aside.is_empty()).then(|| Value::Text(serde_json::Value::Object(aside).to_string()));
    (own, text)
}

/// Inserts a row; fields that it leaves out take their defaults.
///
/// # Errors
/// When SQLite refuses.
pub(crate) fn insert(db: &Connection, object: &Object, row: &Row) -> rusqlite::Result<()> {
    let (own, aside) = parted(object, row);
    let mut names: Vec<String> = own.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    names.extend(aside.iter().map(|_| "_aside".to_owned()));
    let marks = vec!["?"; names.len()].join(",");
    let sql = format!("INSERT INTO \"{}\" ({}) VALUES ({marks})", object.name, names.join(","));
    let values = own.iter().map(|(_, value)| *value).chain(&aside);
    db.prepare_cached(&sql)?.execute(params_from_iter(values))?;
    Ok(())
}

/// Changes some fields of a row.
///
/// # Errors
/// When SQLite refuses.
pub(crate) fn update(db: &Connection, object: &Object, id: &str, changes: &Row) -> rusqlite::Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let (own, aside) = parted(object, changes);
    let mut assignments: Vec<String> = own.iter().map(|(name, _)| format!("\"{name}\" = ?")).collect();
    let merged = "_aside = json_patch(coalesce(_aside, '{}'), ?)";
    assignments.extend(aside.iter().map(|_| merged.to_owned()));
    let sql = format!("UPDATE \"{}\" SET {} WHERE Id = ?", object.name, assignments.join(", "));
    let id = Value::Text(id.to_owned());
    let values = own.iter().map(|(_, value)| *value).chain(&aside).chain([&id]);
    db.prepare_cached(&sql)?.execute(params_from_iter(values))?;
    Ok(())
}

/// Removes rows for good and remembers when. The condition is SQL whose parameters stand for these ids.
///
/// # Errors
/// When SQLite refuses.
pub(crate) fn remove(db: &Connection, object: &Object, condition: &str, ids: &[&str], at: i64) -> rusqlite::Result<()> {
    let table = object.name;
    // The instant is an integer of our own, so it may stand in the text.
    let remember = format!("INSERT OR REPLACE INTO _removed SELECT Id, {at} FROM \"{table}\" WHERE {condition}");
    db.execute(&remember, params_from_iter(ids))?;
    db.prepare_cached(&format!("DELETE FROM \"{table}\" WHERE {condition}"))?.execute(params_from_iter(ids))?;
    Ok(())
}

/// The whole row with this 18-character id, deleted or not.
///
/// # Errors
/// When SQLite fails.
pub(crate) fn load(db: &Connection, object: &'static Object, id: &str) -> rusqlite::Result<Option<Row>> {
    find(db, object, "Id", &Value::Text(id.to_owned()))
}

/// The first row whose field has this value.
///
/// # Errors
/// When SQLite fails.
pub(crate) fn find(
    db: &Connection,
    object: &'static Object,
    field: &str,
    value: &Value,
) -> rusqlite::Result<Option<Row>> {
    let names: Vec<String> = object.fields.iter().map(|field| format!("\"{}\"", field.name)).collect();
    let sql = format!("SELECT {} FROM \"{}\" WHERE \"{field}\" = ? LIMIT 1", names.join(","), object.name);
    db.prepare_cached(&sql)?
        .query_row([value], |row| {
            object.fields.iter().enumerate().map(|(index, field)| Ok((field.name, row.get(index)?))).collect()
        })
        .optional()
}

/// The ids of the rows whose field has this value, in order; those in the recycle bin do not count.
///
/// # Errors
/// When SQLite fails.
pub(crate) fn ids_by(db: &Connection, object: &Object, field: &Field, value: &Value) -> rusqlite::Result<Vec<String>> {
    let alive = if object.recycled { " AND IsDeleted = 0" } else { "" };
    let sql = format!("SELECT Id FROM \"{}\" WHERE \"{}\" = ?{alive} ORDER BY Id", object.name, field.name);
    db.prepare_cached(&sql)?.query_map([value], |row| row.get(0))?.collect()
}
