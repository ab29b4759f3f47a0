//! The tables, and how an older file becomes a newer one.
//!
//! `user_version` counts the migrations that a file has had; each runs once, in a transaction of its own with the count. A
//! migration that has been released is never changed: what comes later is appended.

use rusqlite::{Connection, TransactionBehavior};

use super::{BUSY, DirectoryError};

const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
    include_str!("migrations/0005.sql"),
    include_str!("migrations/0006.sql"),
    include_str!("migrations/0007.sql"),
    include_str!("migrations/0008.sql"),
    include_str!("migrations/0009.sql"),
];

/// Statements that a connection keeps prepared.
const STATEMENTS: usize = 128;

/// Sets up a connection that only reads a file which is up to date.
pub(super) fn prepare_reader(connection: &Connection) -> Result<(), DirectoryError> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

/// Sets up a connection to a copy that is thrown away: nothing of it has to survive anything.
pub(super) fn prepare_copy(connection: &Connection) -> Result<(), DirectoryError> {
    connection.pragma_update(None, "journal_mode", "MEMORY")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

/// Sets the connection up and brings the file up to date.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), DirectoryError> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // An acknowledged change must survive a power cut too; with NORMAL, WAL may lose the last ones.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What is deleted is overwritten: personal data and sealed secrets do not linger in free pages.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    // Opening is common and migrating is rare: look before taking the lock that holds up every writer.
    if version(connection)? == known {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    if found > known {
        return Err(DirectoryError::Newer { found, known });
    }
    for migration in MIGRATIONS.iter().skip(found as usize) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}

fn version(connection: &Connection) -> Result<u32, DirectoryError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_newer_version_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d.sqlite3");
        let mut connection = Connection::open(&path).unwrap();
        prepare(&mut connection).unwrap();
        prepare(&mut connection).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let error = prepare(&mut connection).unwrap_err();
        let known_now = MIGRATIONS.len();
        assert!(matches!(error, DirectoryError::Newer { found: 99, known } if known as usize == known_now), "{error}");
    }

    #[test]
    fn a_file_of_an_older_version_is_brought_up_to_date_with_all_that_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d.sqlite3");
        let mut connection = Connection::open(&path).unwrap();
        connection.execute_batch(MIGRATIONS[0]).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        connection
            .execute_batch(
                "INSERT INTO tenant (name, name_key, config, created_at, changed_at) VALUES ('acme', 'acme', '{}', 0, 0);
                 INSERT INTO task (tenant_id, kind, state, idempotency_key, next_attempt_at, actor, created_at, changed_at)
                 VALUES (1, 'push', 'waiting', 'push:1', 0, 'x', 0, 0);",
            )
            .unwrap();
        prepare(&mut connection).unwrap();
        let (version, under_way): (u32, bool) = connection
            .query_row("SELECT user_version, under_way FROM pragma_user_version, task", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!((version as usize, under_way), (MIGRATIONS.len(), false));
    }
}
