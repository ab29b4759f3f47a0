//! Directories for tests: in SQLite, or, where `PROVISIONING_TEST_POSTGRES` names a server, each in a schema of its own there.

mod both;
mod hosts;
mod listening;

use std::path::Path;

use super::database::{Session, params};
use super::*;

/// Leases that are over soon, so that a test that leaves one doesn't wait for a minute, and that a busy machine keeps all the same.
pub(crate) const LEASES: LeaseTimes = LeaseTimes { heartbeat: Duration::from_secs(1), expiry: Duration::from_secs(15) };

/// Opens the directory of a folder. Whoever opens the same folder again has the same directory.
pub(crate) fn open(folder: &Path) -> Directory {
    if server().is_some() { open_postgres(folder) } else { Directory::open(folder).unwrap() }
}

/// As [`open`], where that may fail.
pub(crate) fn try_open(folder: &Path) -> Result<Directory, DirectoryError> {
    match test_database::of(folder) {
        Some(url) => Directory::open_postgres(folder, &url, LEASES),
        None => Directory::open(folder),
    }
}

pub(crate) use test_database::server;

/// Opens the directory of a folder in a schema of its own.
pub(crate) fn open_postgres(folder: &Path) -> Directory {
    open_postgres_with(folder, LEASES)
}

/// As [`open_postgres`], with leases of these times.
pub(crate) fn open_postgres_with(folder: &Path, times: LeaseTimes) -> Directory {
    Directory::open_postgres(folder, &test_database::of(folder).unwrap(), times).unwrap()
}

impl Directory {
    /// Runs a statement of a test's, which may have a number in it.
    pub(crate) fn run(&self, sql: &str, number: Option<i64>) -> Result<usize, DirectoryError> {
        let Open { database, .. } = &*self.open;
        aside(|| {
            database.write(true, |db: Session<'_>| match number {
                Some(number) => db.execute(sql, [number]),
                None => db.execute(sql, params![]),
            })
        })
    }
}

impl ReadTransaction<'_> {
    /// When a tenant is due next.
    pub(crate) fn due_at(&self, tenant: TenantId) -> Result<Option<Timestamp>, DirectoryError> {
        self.db.query_row("SELECT due_at FROM tenant WHERE id = ?1", [tenant.number()], |row| row.get(0))
    }

    /// What a look at what is due has to go through: steps of SQLite's machine, or pages of PostgreSQL.
    pub(crate) fn cost_of_a_look(&self) -> Result<u64, DirectoryError> {
        let look = due::look().replace("?1", "8000000000000").replace("?2", "64");
        match self.db {
            Session::Sqlite(connection) => {
                let mut statement = connection.prepare(&look)?;
                statement.query_map([], |_| Ok(()))?.for_each(drop);
                Ok(statement.get_status(rusqlite::StatementStatus::VmStep).unsigned_abs().into())
            }
            Session::Postgres(_) => {
                // What was moved within the index before is found once more, and then no longer.
                let explained = format!("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) {look}");
                let mut least = u64::MAX;
                for _ in 0..3 {
                    let mut statement = self.db.prepare_cached(&explained)?;
                    let lines = statement.query_map(params![], |row| row.get::<String>(0))?;
                    let lines = lines.collect::<Result<Vec<_>, _>>()?;
                    let hit = lines.iter().find_map(|line| line.split("shared hit=").nth(1)).unwrap_or("0");
                    least = least.min(hit.split(' ').next().unwrap_or("0").parse().unwrap_or(u64::MAX));
                }
                Ok(least)
            }
        }
    }
}
