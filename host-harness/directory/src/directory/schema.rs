//! The tables, and how an older file becomes a newer one.
//!
//! `user_version` counts the migrations that a file has had, from [`UNRELEASED`] on; each runs once, in a transaction with the count. A
//! migration that has been released is never changed: what comes later is appended.

use rusqlite::{Connection, TransactionBehavior};

use super::{BUSY, DirectoryError};

const MIGRATIONS: &[&str] = &[include_str!("migrations/0001.sql"), include_str!("migrations/0002.sql")];

/// What `user_version` is before the first migration that counts. Up to this number, versions were written before the first
/// release.
const UNRELEASED: u32 = 100;

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
    let known = known();
    // Opening is common and migrating is rare: look before taking the lock that holds up every writer.
    if version(connection)? == known {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    if found > known {
        return Err(DirectoryError::Newer { found, known });
    }
    if (1..=UNRELEASED).contains(&found) {
        return Err(DirectoryError::Older { found });
    }
    for migration in MIGRATIONS.iter().skip(found.saturating_sub(UNRELEASED) as usize) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}

/// The version of a file that has had every migration.
fn known() -> u32 {
    UNRELEASED + u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX - UNRELEASED)
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
        connection.pragma_update(None, "user_version", 999).unwrap();
        let error = prepare(&mut connection).unwrap_err();
        assert!(matches!(error, DirectoryError::Newer { found: 999, known } if known == super::known()), "{error}");
    }

    #[test]
    fn a_file_of_before_the_first_release_is_refused_in_a_sentence_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d.sqlite3");
        let mut connection = Connection::open(&path).unwrap();
        connection
            .execute_batch("CREATE TABLE person (id INTEGER PRIMARY KEY); INSERT INTO person VALUES (7)")
            .unwrap();
        for found in [1, 9, UNRELEASED] {
            connection.pragma_update(None, "user_version", found).unwrap();
            let error = prepare(&mut connection).unwrap_err();
            assert!(matches!(error, DirectoryError::Older { found: told } if told == found), "{error}");
            assert!(error.to_string().contains("move it away"), "{error}");
        }
        let left: i64 = connection.query_row("SELECT id FROM person", [], |row| row.get(0)).unwrap();
        assert_eq!(left, 7);
    }
}
