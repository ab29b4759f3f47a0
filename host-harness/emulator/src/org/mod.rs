//! The org itself: its rows, its clock and what makes it this org and no other. No HTTP here.

pub(crate) mod addresses;
pub(crate) mod catalogue;
pub(crate) mod clock;
pub(crate) mod credentials;
pub(crate) mod decimals;
pub(crate) mod facts;
pub(crate) mod ids;
pub(crate) mod licences;
mod names;
pub(crate) mod seats;
pub(crate) mod seed;
pub(crate) mod store;
pub(crate) mod switches;
pub(crate) mod unconfirmed;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension};

use clock::Clock;
use facts::Facts;
use switches::Switches;

/// A Salesforce organisation.
#[derive(Debug)]
pub(crate) struct Org {
    db: Mutex<Connection>,
    /// Identity and secrets that follow from the seed.
    pub(crate) facts: Facts,
    /// The org's time.
    pub(crate) clock: Clock,
    switches: RwLock<Arc<Switches>>,
}

/// Why an org could not be opened.
#[derive(Debug)]
pub(crate) enum OpenError {
    /// The store failed.
    Store(rusqlite::Error),
    /// The file holds an org whose tables have another form.
    Outdated,
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error)
    }
}

impl Org {
    /// Makes the org of this seed with this many portal users, or opens the one in the file, whatever made that.
    ///
    /// # Errors
    /// When SQLite cannot open, create or fill the store, or the file's org was made by another emulator.
    pub(crate) fn open(
        file: Option<&Path>,
        seed: u64,
        plain_password: bool,
        users: u32,
        switches: Switches,
    ) -> Result<Self, OpenError> {
        let db = match file {
            Some(file) => Connection::open(file)?,
            None => Connection::open_in_memory()?,
        };
        db.set_prepared_statement_cache_capacity(256);
        // Without it, SQLite plans a statement anew for each new value, as its statistics could lead another way: a sixth of the
        // time that writes of collections took.
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        decimals::register(&db)?;
        addresses::register(&db)?;
        // Larger pages than SQLite's 4 KiB: measured with a million users, a tenth less time to fill and to read.
        db.execute_batch(
            "PRAGMA page_size = 16384; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;",
        )?;
        let seed_of_file = stored(&db, "seed")?.and_then(|seed| seed.parse().ok());
        if seed_of_file.is_some() && !store::is_current(&db)? {
            return Err(OpenError::Outdated);
        }
        let facts = match seed_of_file {
            Some(seed) => Facts::of_seed(seed, stored(&db, PLAIN_PASSWORD)?.is_some()),
            None => {
                let facts = Facts::of_seed(seed, plain_password);
                let transaction = db.unchecked_transaction()?;
                store::create_tables(&db)?;
                seats::seed_features(&db)?;
                seed::populate(&db, &facts, users, switches.sandbox)?;
                credentials::set(&db, &facts.admin_id, &facts.admin_password, Some(&facts.security_token))?;
                db.execute("INSERT INTO _org VALUES ('seed', ?1)", [facts.seed.to_string()])?;
                if plain_password {
                    db.execute("INSERT INTO _org VALUES (?1, 'true')", [PLAIN_PASSWORD])?;
                }
                transaction.commit()?;
                facts
            }
        };
        catalogue::record_types::renew(&db, &facts, switches.record_types)?;
        Ok(Self { db: Mutex::new(db), facts, clock: Clock::default(), switches: RwLock::new(Arc::new(switches)) })
    }

    /// Its answers to what is not known about Salesforce, as they are now.
    #[must_use]
    pub(crate) fn switches(&self) -> Arc<Switches> {
        Arc::clone(&self.switches.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the switches; what is under way keeps those it read.
    pub(crate) fn set_switches(&self, switches: Switches) {
        if switches.record_types != self.switches().record_types {
            let renewed = self.transact(|db| catalogue::record_types::renew(db, &self.facts, switches.record_types));
            if let Err(error) = renewed.and_then(|renewed| renewed) {
                tracing::error!(%error, "the record types could not be changed");
            }
        }
        *self.switches.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(switches);
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic while the store was held has rolled its transaction back, so the store is sound.
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs something inside one transaction, which is kept whatever the result: parts that fail undo themselves by
    /// [`savepoint`].
    ///
    /// # Errors
    /// When SQLite fails to begin or to commit.
    pub(crate) fn transact<T>(&self, work: impl FnOnce(&Connection) -> T) -> rusqlite::Result<T> {
        let db = self.lock();
        let transaction = db.unchecked_transaction()?;
        let result = work(&db);
        transaction.commit()?;
        Ok(result)
    }
}

/// Runs something that leaves no trace when it fails. Savepoints nest.
///
/// # Errors
/// The work's own, or SQLite's.
pub(crate) fn savepoint<T, E: From<rusqlite::Error>>(
    db: &Connection,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    db.execute_batch("SAVEPOINT part")?;
    let result = work();
    if result.is_err() {
        db.execute_batch("ROLLBACK TO part")?;
    }
    db.execute_batch("RELEASE part")?;
    result
}

/// Under which name the store remembers that the administrator's password is plain.
const PLAIN_PASSWORD: &str = "plain password";

/// What the store remembers under a name.
fn stored(db: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    let exists: bool = db.query_row("SELECT count(*) FROM sqlite_schema WHERE name = '_org'", [], |row| row.get(0))?;
    if !exists {
        return Ok(None);
    }
    db.query_row("SELECT Value FROM _org WHERE Name = ?1", [name], |row| row.get(0)).optional()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(org: &Org) -> Vec<String> {
        let db = org.lock();
        let mut statement = db
            .prepare(
                "SELECT Id || Username || coalesce(UserRoleId, '-') || coalesce(ContactId, '-') FROM User ORDER BY Id",
            )
            .unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn the_same_seed_makes_the_same_org() {
        let [a, b, c] = [7, 7, 8].map(|seed| dump(&Org::open(None, seed, false, 50, Switches::default()).unwrap()));
        assert_eq!(a, b);
        assert_ne!(a, c);
    }

    #[test]
    fn a_failed_part_leaves_no_trace_and_its_neighbours_stay() {
        let org = Org::open(None, 1, false, 5, Switches::default()).unwrap();
        let count = |db: &Connection| -> i64 {
            db.query_row("SELECT count(*) FROM _taken_username WHERE Username LIKE 'part%'", [], |row| row.get(0))
                .unwrap()
        };
        org.transact(|db| {
            for (name, good) in [("part1", true), ("part2", false), ("part3", true)] {
                let _ = savepoint(db, || {
                    db.execute("INSERT INTO _taken_username VALUES (?1)", [name])?;
                    if good { Ok(()) } else { Err(rusqlite::Error::InvalidQuery) }
                });
            }
        })
        .unwrap();
        assert_eq!(count(&org.lock()), 2);
    }
}
