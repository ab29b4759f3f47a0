//! The connections to the database: one that writes, and a few that read beside it.
//!
//! Writers of this process queue up at the one connection that writes, in the order in which they came, and the first of them
//! takes its turn with the other processes ([`Gate`]). Readers have connections of their own, and in WAL mode neither wait for a writer nor hold one up.
//!
//! SQLite copies its log into the database file while a writer commits, by default every 1,000 pages. Here this happens after a
//! writer's turn, on a connection that reads, so that nobody waits for it but the one whose transaction has filled the log; and
//! rarely, since a page that many transactions change is copied once.

use std::ffi::c_int;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::backup::Backup;
use rusqlite::hooks::Wal;
use rusqlite::{Connection, OpenFlags};

use super::gate::Gate;
use super::queue::Queue;
use super::{DirectoryError, folder, schema};

/// Connections that read at once. Each is open for the rest of the process once it was needed, and holds up to 2 MB of pages.
const READERS: usize = 8;

/// Pages of the log, 40 MB, from which on it is copied into the database file.
const LOG: u32 = 10_000;

/// What a data folder is read and written through.
#[derive(Debug)]
pub(super) struct Connections {
    writers: Queue,
    /// For the one whose turn it is.
    writer: Mutex<Connection>,
    gate: Gate,
    /// Pages of the log after the last transaction of this process.
    logged: Arc<AtomicU32>,
    readers: Readers,
}

impl Connections {
    /// Opens the database of a folder, and brings it up to date.
    pub(super) fn open(data: &Path) -> Result<Self, DirectoryError> {
        let path = data.join(folder::DATABASE);
        let mut connection = Connection::open(&path)?;
        folder::protect(data)?;
        schema::prepare(&mut connection)?;
        #[cfg(test)]
        super::query_plans::watch(&mut connection);
        let logged = Arc::new(AtomicU32::new(0));
        let of_writer = Arc::clone(&logged);
        // In the place of SQLite's own hook, which copies the log.
        connection.wal_hook(Some(move |_: &mut Wal, pages: c_int| {
            of_writer.store(u32::try_from(pages).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))?;
        let (writer, gate) = (Mutex::new(connection), Gate::open(data)?);
        Ok(Self { writers: Queue::default(), writer, gate, logged, readers: Readers::new(path) })
    }

    /// Lends `work` a connection that reads, once one is free.
    pub(super) fn read<T>(&self, work: impl FnOnce(&mut Connection) -> T) -> Result<T, DirectoryError> {
        self.readers.lend(work)
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

    /// Lends `work` the connection that writes, once everybody has had it who asked before.
    pub(super) fn write<T>(&self, work: impl FnOnce(&mut Connection) -> T) -> Result<T, DirectoryError> {
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

#[derive(Debug)]
struct Readers {
    path: PathBuf,
    pool: Mutex<Pool>,
    returned: Condvar,
}

#[derive(Debug, Default)]
struct Pool {
    /// The one that was used last is used next: it has the pages at hand.
    idle: Vec<Connection>,
    lent: usize,
}

impl Readers {
    fn new(path: PathBuf) -> Self {
        Self { path, pool: Mutex::default(), returned: Condvar::new() }
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        // It is only changed in steps that leave it whole.
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lend<T>(&self, work: impl FnOnce(&mut Connection) -> T) -> Result<T, DirectoryError> {
        let _place = self.place();
        let idle = self.pool().idle.pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => open_reader(&self.path)?,
        };
        let value = work(&mut connection);
        // One whose view could not be ended would read the same old view for ever.
        if connection.is_autocommit() {
            self.pool().idle.push(connection);
        }
        Ok(value)
    }

    /// Waits for a place among those who read.
    fn place(&self) -> ReaderPermit<'_> {
        let full = |pool: &mut Pool| pool.lent >= READERS;
        let mut pool = self.returned.wait_while(self.pool(), full).unwrap_or_else(PoisonError::into_inner);
        pool.lent += 1;
        ReaderPermit(self)
    }
}

fn open_reader(path: &Path) -> Result<Connection, DirectoryError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    #[cfg_attr(not(test), expect(unused_mut, reason = "tests watch it"))]
    let mut connection = Connection::open_with_flags(path, flags)?;
    schema::prepare_reader(&connection)?;
    #[cfg(test)]
    super::query_plans::watch(&mut connection);
    Ok(connection)
}

/// A place among those who read, given back however the reading ends.
struct ReaderPermit<'a>(&'a Readers);

impl Drop for ReaderPermit<'_> {
    fn drop(&mut self) {
        self.0.pool().lent -= 1;
        self.0.returned.notify_one();
    }
}
