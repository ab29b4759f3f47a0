//! How connections to SQLite are set up, and their file brought up to date.
//!
//! `user_version` counts the migrations that a file has had, from [`UNRELEASED`] on.

use rusqlite::config::DbConfig;
use rusqlite::{Connection, TransactionBehavior};

use crate::directory::database::schema::{self, Engine, UNRELEASED, known};
use crate::directory::{BUSY, DirectoryError};

/// Statements that a connection keeps prepared.
const STATEMENTS: usize = 128;

/// Has a connection prepare a statement once. Otherwise SQLite, to plan by the values, prepares each one again that has a value for
/// its LIMIT whenever that value is bound: a quarter of the computing of an import. It knows no statistics of the tables, so the
/// plans are the same.
fn prepare_statements_once(connection: &Connection) -> Result<(), DirectoryError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

/// Pages that the connection that writes keeps in memory, in KiB. Settling a user touches a page of each index, and a transaction
/// of several hundred users more pages than SQLite's default of 2 MB holds: then pages are written before the transaction ends,
/// and read again and again. With 32 MB, a process that pushes 100,000 tasks through a sandbox stays below 100 MB.
const WRITER_CACHE: i32 = 32 * 1024;

/// Sets up a connection that only reads a file which is up to date.
pub(super) fn prepare_reader(connection: &Connection) -> Result<(), DirectoryError> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "query_only", true)?;
    prepare_statements_once(connection)
}

/// Sets up a connection to a copy that is thrown away: nothing of it has to survive anything.
pub(super) fn prepare_copy(connection: &Connection) -> Result<(), DirectoryError> {
    connection.pragma_update(None, "journal_mode", "MEMORY")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    prepare_statements_once(connection)
}

/// Sets the connection up and brings the file up to date.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), DirectoryError> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // An acknowledged change must survive a power cut too; with NORMAL, WAL may lose the last ones.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // A negative size is one in KiB.
    connection.pragma_update(None, "cache_size", -WRITER_CACHE)?;
    // What is deleted is overwritten: personal data and sealed secrets do not linger in free pages.
    connection.pragma_update(None, "secure_delete", true)?;
    prepare_statements_once(connection)?;
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
    for migration in schema::missing(found, Engine::Sqlite) {
        transaction.execute_batch(&migration)?;
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
        connection.pragma_update(None, "user_version", 999).unwrap();
        let error = prepare(&mut connection).unwrap_err();
        assert!(matches!(error, DirectoryError::Newer { found: 999, known } if known == schema::known()), "{error}");
    }

    #[test]
    fn a_statement_is_prepared_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = Connection::open(folder.path().join("d.sqlite3")).unwrap();
        prepare(&mut connection).unwrap();
        let mut statement =
            connection.prepare_cached("SELECT id FROM person WHERE full_name_key = ?1 ORDER BY id LIMIT ?2").unwrap();
        for limit in 1..4 {
            let found = statement.query_map(rusqlite::params!["ada", limit], |row| row.get::<_, i64>(0)).unwrap();
            assert_eq!(found.count(), 0);
        }
        assert_eq!(statement.get_status(rusqlite::StatementStatus::RePrepare), 0);
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
            assert!(error.to_string().contains("move the data folder away"), "{error}");
        }
        let left: i64 = connection.query_row("SELECT id FROM person", [], |row| row.get(0)).unwrap();
        assert_eq!(left, 7);
    }
}
