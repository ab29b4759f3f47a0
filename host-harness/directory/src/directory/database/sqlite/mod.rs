//! SQLite in a data folder: one connection that writes, and a few that read beside it.
//!
//! Writers of this process queue up at the one connection that writes, in the order in which they came, and the first of them
//! takes its turn with the other processes ([`Gate`]). Readers have connections of their own, and in WAL mode neither wait for a writer nor hold one up.
//!
//! SQLite copies its log into the database file while a writer commits, by default every 1,000 pages. Here this happens after a
//! writer's turn, on a connection that reads, so that nobody waits for it but the one whose transaction has filled the log; and
//! rarely, since a page that many transactions change is copied once.

mod gate;
mod queue;
mod schema;

use std::ffi::c_int;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::backup::Backup;
use rusqlite::hooks::Wal;
use rusqlite::types::{ToSqlOutput, ValueRef as Stored};
use rusqlite::{Connection, OpenFlags, Statement, ToSql, TransactionBehavior};

use self::gate::Gate;
use self::queue::Queue;
use super::lending::Lending;
use super::{StoreError, ValueRef};
use crate::directory::{DirectoryError, folder};

/// Connections that read at once. Each is open for the rest of the process once it was needed, and holds up to 2 MB of pages.
const READERS: usize = 8;

/// Pages of the log, 40 MB, from which on it is copied into the database file.
const LOG: u32 = 10_000;

/// What a data folder is read and written through.
#[derive(Debug)]
pub(in super::super) struct Connections {
    writers: Queue,
    /// For the one whose turn it is.
    writer: Mutex<Connection>,
    gate: Gate,
    /// Pages of the log after the last transaction of this process.
    logged: Arc<AtomicU32>,
    path: PathBuf,
    readers: Lending<Connection>,
}

impl Connections {
    /// Opens the database of a folder, and brings it up to date.
    pub(in super::super) fn open(data: &Path) -> Result<Self, DirectoryError> {
        let path = data.join(folder::DATABASE);
        let mut connection = Connection::open(&path)?;
        folder::protect(data)?;
        schema::prepare(&mut connection)?;
        #[cfg(test)]
        crate::directory::query_plans::watch(&mut connection);
        let logged = Arc::new(AtomicU32::new(0));
        let of_writer = Arc::clone(&logged);
        // In the place of SQLite's own hook, which copies the log.
        connection.wal_hook(Some(move |_: &mut Wal, pages: c_int| {
            of_writer.store(u32::try_from(pages).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))?;
        let (writer, gate) = (Mutex::new(connection), Gate::open(data)?);
        Ok(Self { writers: Queue::default(), writer, gate, logged, path, readers: Lending::new(READERS) })
    }

    /// Runs `work` on a view of one moment.
    pub(super) fn view<T, E: From<DirectoryError>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.read(|connection| {
            let transaction = connection.transaction().map_err(DirectoryError::from)?;
            let value = work(&transaction);
            #[cfg(test)]
            crate::directory::query_plans::check(&transaction);
            value
        })?
    }

    /// Runs `work` in a transaction, which is kept if `keep` says so and `work` succeeds.
    pub(super) fn transact<T, E: From<DirectoryError>>(
        &self,
        keep: bool,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.write(|connection| {
            // Immediate, so that a writer that comes by another way than the gate is waited for here, and not at the first
            // write.
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(DirectoryError::from)?;
            let value = work(&transaction)?;
            #[cfg(test)]
            crate::directory::query_plans::check(&transaction);
            if keep {
                transaction.commit().map_err(DirectoryError::from)?;
            }
            Ok(value)
        })?
    }

    /// Lends `work` a connection that reads, once one is free.
    fn read<T>(&self, work: impl FnOnce(&mut Connection) -> T) -> Result<T, DirectoryError> {
        // One whose view could not be ended would read the same old view for ever.
        self.readers.lend(|| open_reader(&self.path), Connection::is_autocommit, work)
    }

    /// A copy of everything as it is now, which is this connection's alone and goes with it. SQLite keeps it in a temporary file
    /// without a name, as far as it doesn't fit into a few pages of memory, so that nothing of it outlives the process.
    pub(super) fn copy(&self) -> Result<Connection, DirectoryError> {
        let mut copy = Connection::open("")?;
        // A negative size is one in KiB.
        copy.pragma_update(None, "cache_size", -16 * 1024)?;
        self.read(|connection| -> Result<(), DirectoryError> {
            // All pages in one step: a step that is behind the writers would begin again, and again.
            Backup::new(connection, &mut copy)?.step(-1)?;
            Ok(())
        })??;
        schema::prepare_copy(&copy)?;
        Ok(copy)
    }

    /// Writes a copy of everything as it is now into a new file.
    pub(in super::super) fn back_up(&self, to: &Path) -> Result<(), DirectoryError> {
        match std::fs::remove_file(to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(folder::failed(to)(error)),
            _ => {}
        }
        let mut copy = Connection::open(to)?;
        self.read(|connection| -> Result<(), DirectoryError> {
            Backup::new(connection, &mut copy)?.step(-1)?;
            Ok(())
        })?
    }

    /// Lends `work` the connection that writes, once everybody has had it who asked before.
    fn write<T>(&self, work: impl FnOnce(&mut Connection) -> T) -> Result<T, DirectoryError> {
        let value = self.write_in_turn(work)?;
        if self.logged.load(Ordering::Relaxed) >= LOG {
            self.copy_log()?;
        }
        Ok(value)
    }

    fn write_in_turn<T>(&self, work: impl FnOnce(&mut Connection) -> T) -> Result<T, DirectoryError> {
        let _turn = self.writers.enter();
        // A panic inside a transaction has undone it.
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let _pass = self.gate.enter()?;
        Ok(work(&mut writer))
    }

    /// Whether somebody waits for the writer's turn to end, in this process or another.
    pub(super) fn is_waited_for(&self) -> bool {
        self.writers.is_waited_in() || self.gate.is_waited_at()
    }

    /// Copies the log into the database file and empties it, once no reader needs it any more. If one does for long, the log stays
    /// until it is full.
    pub(super) fn forget_log(&self) -> Result<(), DirectoryError> {
        let emptied = self.write_in_turn(|connection| {
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i32>(0))
        })?;
        if emptied? != 0 {
            tracing::warn!(
                "the log of the database is still being read, and keeps what was erased until it is next copied"
            );
        }
        Ok(())
    }

    /// Copies the log into the database file, as far as no reader still needs the pages that would be overwritten. Nobody waits for
    /// it: who writes meanwhile lengthens the log, and copies the rest.
    fn copy_log(&self) -> Result<(), DirectoryError> {
        self.logged.store(0, Ordering::Relaxed);
        let copied = self.read(|connection| connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())))?;
        // What was written is kept all the same, and the next transaction tries it again.
        if let Err(error) = copied {
            tracing::warn!(%error, "the log of the database could not be copied into it");
        }
        Ok(())
    }
}

fn open_reader(path: &Path) -> Result<Connection, DirectoryError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    #[cfg_attr(not(test), expect(unused_mut, reason = "tests watch it"))]
    let mut connection = Connection::open_with_flags(path, flags)?;
    schema::prepare_reader(&connection)?;
    #[cfg(test)]
    crate::directory::query_plans::watch(&mut connection);
    Ok(connection)
}

/// Puts values into the placeholders of a statement.
pub(super) fn bind(statement: &mut Statement<'_>, values: &[ValueRef<'_>]) -> Result<(), StoreError> {
    if statement.parameter_count() != values.len() {
        return Err(rusqlite::Error::InvalidParameterCount(values.len(), statement.parameter_count()).into());
    }
    for (index, value) in values.iter().enumerate() {
        statement.raw_bind_parameter(index + 1, value)?;
    }
    Ok(())
}

/// The value of a column.
pub(super) fn value<'r>(row: &'r rusqlite::Row<'r>, column: usize) -> Result<ValueRef<'r>, StoreError> {
    Ok(match row.get_ref(column)? {
        Stored::Null => ValueRef::Null,
        Stored::Integer(number) => ValueRef::Integer(number),
        Stored::Text(_) => ValueRef::Text(row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?.into()),
        Stored::Blob(bytes) => ValueRef::Blob(bytes),
        Stored::Real(_) => return Err(StoreError::Kind { column, found: "a fraction" }),
    })
}

impl ToSql for ValueRef<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => Stored::Null,
            Self::Boolean(flag) => Stored::Integer(i64::from(*flag)),
            Self::Integer(number) => Stored::Integer(*number),
            Self::Text(text) => Stored::Text(text.as_bytes()),
            Self::Blob(bytes) => Stored::Blob(bytes),
        }))
    }
}
