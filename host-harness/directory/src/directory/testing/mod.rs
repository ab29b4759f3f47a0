//! Directories for tests: in SQLite, or, where `PROVISIONING_TEST_POSTGRES` names a server, each in a schema of its own there.

mod both;
mod hosts;

use std::fmt::Write as _;
use std::path::Path;

use super::database::{Session, params};
use super::*;

/// Leases that are over soon, so that tests don't wait for a minute.
pub(crate) const LEASES: LeaseTimes = LeaseTimes { heartbeat: Duration::from_secs(1), expiry: Duration::from_secs(4) };

/// Opens the directory of a folder. Whoever opens the same folder again has the same directory.
pub(crate) fn open(folder: &Path) -> Directory {
    match server() {
        Some(server) => open_postgres(&server, folder),
        None => Directory::open(folder).unwrap(),
    }
}

/// As [`open`], where that may fail.
pub(crate) fn try_open(folder: &Path) -> Result<Directory, DirectoryError> {
    match server() {
        Some(server) => Directory::open_postgres(folder, &schema_of(&server, folder), LEASES),
        None => Directory::open(folder),
    }
}

/// The server that tests are to be on, if there is one.
pub(crate) fn server() -> Option<String> {
    std::env::var("PROVISIONING_TEST_POSTGRES").ok()
}

/// Opens the directory of a folder in a schema of its own.
pub(crate) fn open_postgres(server: &str, folder: &Path) -> Directory {
    open_postgres_with(server, folder, LEASES)
}

/// As [`open_postgres`], with leases of these times.
pub(crate) fn open_postgres_with(server: &str, folder: &Path, times: LeaseTimes) -> Directory {
    Directory::open_postgres(folder, &schema_of(server, folder), times).unwrap()
}

/// The URL of a schema that a folder has for itself, which is made if it isn't there.
fn schema_of(server: &str, folder: &Path) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, folder.as_os_str().as_encoded_bytes());
    let mut name = "t".to_owned();
    digest.as_ref()[..12].iter().for_each(|byte| write!(name, "{byte:02x}").unwrap());
    database::postgres::make_schema(server, &name).unwrap();
    format!("{server}&options=-csearch_path%3D{name}")
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
