//! The directory: people, the tenants that they are provisioned to, and how far each tenant is in step.
//!
//! One SQLite file in a data folder holds everything, so that what belongs together changes together: a page of an import
//! and its cursor, a pushed user and the end of its task. [`Directory::read`] gives a consistent view, [`Directory::write`] a
//! transaction that is kept whole or not at all, with the name of who acts for the audit trail:
//!
//! ```
//! use provisioning_directory::{Actor, Directory, DirectoryError, NewPerson};
//!
//! # fn main() -> Result<(), DirectoryError> {
//! # let folder = tempfile::tempdir().unwrap();
//! let directory = Directory::open(folder.path())?;
//! let admin = Actor::new("ada");
//! directory.write(&admin, |change| change.add_person(&NewPerson::new("E1", "grace@example.com")))?;
//! let grace = directory.read(|view| view.person("E1"))?;
//! assert_eq!(grace.username, "grace@example.com");
//! # Ok(())
//! # }
//! ```
//!
//! What is acknowledged survives the end of the process and of the machine: SQLite runs in WAL mode with full
//! synchronisation. Secrets are sealed before they are stored ([`Vault`]). [`Directory::lock_tenant`] keeps two
//! processes from running jobs for one tenant at a time; the operating system frees the lock whatever ends the process.
//!
//! # Who waits for whom
//! One transaction writes at a time; writers take turns in the order in which they came. Readers have connections of their own,
//! see what was kept when they began, and neither wait for a writer nor hold one up. Processes that share a folder take turns
//! as well, and a writer waits at most [`BUSY`] for the others.
//!
//! Calls block. On a thread of Tokio's multi-threaded runtime the other tasks go on meanwhile
//! ([`block_in_place`](tokio::task::block_in_place)), though not the other futures of the same task: what is to run side by side belongs in
//! tasks of its own, and not in a `LocalSet`, where Tokio forbids this.
//!
//! So that nobody waits for long, whoever has much to write does it in pieces, and ends a transaction when
//! [`WriteTransaction::has_had_its_turn`].

mod approvals;
mod assignments;
mod attempts;
mod audit;
mod audit_words;
mod backlog;
mod backup;
mod causes;
mod chores;
mod claims;
mod components;
mod console;
mod database;
mod due;
mod entitlements;
mod error;
mod failure_kind;
mod folder;
mod hashes;
mod imports;
mod job_runs;
mod job_status;
mod keys;
mod links;
mod listener;
mod locks;
mod owners;
mod people;
mod personal;
mod plans;
mod prune;
#[cfg(test)]
mod query_plans;
pub(crate) mod random;
mod readiness;
mod remote_users;
mod removed_tenants;
mod scim_allowance;
mod scim_clients;
mod scim_groups;
mod scim_requests;
mod scim_users;
mod secrets;
mod sources;
mod task_filter;
mod tasks;
mod tenants;
#[cfg(test)]
pub(crate) mod testing;
mod time;
mod upstream;
mod usage;
mod values;
mod vault;

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::{Handle, RuntimeFlavor};

use self::database::postgres::{Lease, Postgres};
use self::database::sqlite::Connections;
use self::database::{Database, Session};
pub use approvals::ApprovalRecord;
pub use assignments::{Assignment, GrantName, NewAssignment};
pub use attempts::RecordChange;
pub(crate) use attempts::{Attempt, Leftover};
pub use audit::{AuditCheck, AuditEntry, AuditFault, AuditFaultKind, AuditFilter, ChainCheck, Note};
pub use audit_words::Difference;
pub use backlog::Backlog;
pub use backup::BackedUp;
pub use causes::{OpenCause, TaskFailure};
pub(crate) use claims::NewClaim;
pub use claims::{Claim, ClaimFilter};
pub use components::{AddedComponent, NewComponent};
pub use console::{ConsoleSession, SESSION_IDLE, SESSION_LIFE, ShelfKind, SignInFailures};
pub use database::postgres::{LeaseTimes, Word};
pub use database::{Copied, Place, StoreError, copy_database};
pub(crate) use due::Rest;
pub use entitlements::{EntitlementFilter, EntitlementKind, ListedEntitlement};
pub use error::DirectoryError;
pub use failure_kind::FailureKind;
pub use folder::default_folder;
pub use imports::{ImportCounts, ImportPhase, ImportRun, ImportScopeKind, NewImport, RunId};
pub(crate) use job_runs::EndedJob;
pub use job_runs::{JobKind, JobOutcome, JobRun, JobRunFilter};
pub use job_status::{JobProgress, JobStatus, JobTeller};
pub use keys::Rotated;
pub use links::{Link, LinkReason};
pub use listener::Listener;
pub use locks::TenantLock;
pub(crate) use owners::UserOwner;
pub(crate) use people::MatchColumn;
pub use people::{NewPerson, Person, PersonEdit, PersonFilter, PersonId, PersonStatus};
pub use personal::Erased;
pub use plans::{Plan, PlanId, PlanItem, PlanState, PlannedOutcome};
pub use prune::Pruned;
pub(crate) use remote_users::{Pending, Staged};
pub use remote_users::{QueueFilter, QueueReason, Queued, RemoteStatus, RemoteUser};
pub use scim_clients::{ScimClient, ScimClientId, ScimPlatform, ScimSettings, ScimToken};
pub use scim_groups::{GrantConflict, ScimGroup, ScimMember};
pub use scim_requests::ScimRequest;
pub(crate) use scim_users::UserNames;
pub use scim_users::{ScimKey, ScimUser};
pub use sources::{AttributeSchema, Source};
pub(crate) use sources::{imported_names, source_of_attribute, source_of_status, sourced_edit};
pub use task_filter::TaskFilter;
pub use tasks::{NewTask, Task, TaskId, TaskKind, TaskState, Waiting};
pub use tenants::{LastFailure, TenantId, TenantRecord};
pub use time::Timestamp;
pub use upstream::Upstream;
pub use usage::{Allowance, Day, DayUsage, USAGE_DAYS};
pub use values::{AttributeValue, Attributes, FEDERATION_ID};
pub(crate) use values::{MatchKeys, from_wit};
pub use vault::Vault;

/// How long a call waits for another process that is writing.
pub const BUSY: Duration = Duration::from_secs(20);

/// How long a transaction goes on that could end. A job of a small tenant takes half a dozen turns beside one that writes all the
/// time; what it costs to end one is a twentieth of this.
const TURN: Duration = Duration::from_millis(50);

/// How long it goes on where nobody waits. A page that many users change is written once for each transaction, so longer ones write
/// less; and who comes in the meantime ends it.
const LONG_TURN: Duration = Duration::from_millis(100);

/// Who acts: stands in every audit row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor(String);

impl Actor {
    /// An actor by its name: a person, `schedule`, or whatever the embedder calls it.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// An open data folder. Cheap to clone; clones share everything.
#[derive(Clone, Debug)]
pub struct Directory {
    open: Arc<Open>,
    /// What its transactions are held to: a job that has lost its lease changes nothing any more.
    lease: Option<Arc<Lease>>,
}

/// How a directory is opened.
#[derive(Clone, Debug, Default)]
pub struct DirectoryOptions {
    /// A command line of a shell that prints the key in base64. By default the key is in `PROVISIONING_KEY` or the data folder.
    pub key_command: Option<String>,
    /// The URL of a PostgreSQL database, and how long a tenant is this host's. By default everything is in the data folder.
    pub postgres: Option<(String, LeaseTimes)>,
    /// Whether the key takes the place of another one that is lost.
    pub lost_key: bool,
}

#[derive(Debug)]
struct Open {
    folder: PathBuf,
    database: Database,
    vault: Vault,
}

/// A consistent view of the directory.
pub struct ReadTransaction<'a> {
    db: Session<'a>,
    vault: &'a Vault,
}

/// A transaction. It sees everything that [`ReadTransaction`] does.
pub struct WriteTransaction<'a> {
    view: ReadTransaction<'a>,
    actor: &'a Actor,
    began: Instant,
    /// Those who may wait for its end. `None` if nobody can.
    others: Option<&'a Database>,
    /// Rows of the audit trail that are written when the transaction is kept.
    notes: RefCell<Vec<audit::Collected>>,
    /// How many parts of the transaction are under way that may be undone by themselves.
    parts: Cell<u32>,
}

impl<'a> WriteTransaction<'a> {
    fn new(view: ReadTransaction<'a>, actor: &'a Actor, others: Option<&'a Database>) -> Self {
        Self { view, actor, began: Instant::now(), others, notes: RefCell::default(), parts: Cell::default() }
    }

    /// Whether this transaction has taken as long as one may that others wait for. Whoever has more to do ends it, and goes on in
    /// another.
    pub fn has_had_its_turn(&self) -> bool {
        self.others.is_some_and(|others| {
            let time = self.began.elapsed();
            time >= LONG_TURN || time >= TURN && others.is_waited_for()
        })
    }
}

impl<'a> Deref for WriteTransaction<'a> {
    type Target = ReadTransaction<'a>;

    fn deref(&self) -> &ReadTransaction<'a> {
        &self.view
    }
}

impl Directory {
    /// Opens the data folder, and makes it where it is not there: readable by its owner only, with a new key for secrets
    /// unless `PROVISIONING_KEY` holds one.
    ///
    /// # Errors
    /// When the folder cannot be made or read, others can read its key, or a newer version of this program has written it.
    pub fn open(folder: &Path) -> Result<Self, DirectoryError> {
        Self::open_by(folder, &DirectoryOptions::default())
    }

    /// Opens the data folder with a key of the caller's.
    ///
    /// # Errors
    /// As [`Directory::open`], without the key.
    pub fn open_with(folder: &Path, vault: Vault) -> Result<Self, DirectoryError> {
        Self::open_sqlite(folder, vault, false)
    }

    /// Opens a directory that is kept in a PostgreSQL database (`postgres://USER:PASSWORD@HOST:PORT/NAME`), which any number of hosts
    /// share. The data folder has the key alone, which has to be the same one for all of them.
    ///
    /// # Errors
    /// As [`Directory::open`], and when the database cannot be reached or used.
    pub fn open_postgres(folder: &Path, url: &str, leases: LeaseTimes) -> Result<Self, DirectoryError> {
        let postgres = Some((url.to_owned(), leases));
        Self::open_by(folder, &DirectoryOptions { postgres, ..DirectoryOptions::default() })
    }

    /// Opens a directory in the way that options say.
    ///
    /// # Errors
    /// As [`Directory::open`] and [`Directory::open_postgres`], and if the key's command fails.
    pub fn open_by(folder: &Path, options: &DirectoryOptions) -> Result<Self, DirectoryError> {
        folder::prepare(folder)?;
        let vault = match &options.key_command {
            Some(line) => Vault::from_command(line)?,
            None => Vault::open(folder)?,
        };
        match &options.postgres {
            Some((url, leases)) => {
                let database = Database::Postgres(Arc::new(Postgres::open(url, *leases)?));
                Self::opened(folder, database, vault, options.lost_key)
            }
            None => Self::open_sqlite(folder, vault, options.lost_key),
        }
    }

    fn open_sqlite(folder: &Path, vault: Vault, lost_key: bool) -> Result<Self, DirectoryError> {
        folder::prepare(folder)?;
        Self::opened(folder, Database::Sqlite(Box::new(Connections::open(folder)?)), vault, lost_key)
    }

    fn opened(folder: &Path, database: Database, vault: Vault, lost_key: bool) -> Result<Self, DirectoryError> {
        let directory = Self { open: Arc::new(Open { folder: folder.to_owned(), database, vault }), lease: None };
        directory.settle_key(lost_key).inspect_err(|error| {
            if matches!(error, DirectoryError::WrongKey { .. }) {
                directory.open.vault.take_back();
            }
        })?;
        directory.link_older_rows()?;
        Ok(directory)
    }

    /// Whether the key comes from elsewhere than the data folder.
    pub fn keeps_key_elsewhere(&self) -> bool {
        self.open.vault.is_kept_elsewhere()
    }

    /// Whether a data folder is there already.
    pub fn exists(folder: &Path) -> bool {
        folder.join(folder::DATABASE).is_file()
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.open.folder
    }

    /// Reads a consistent view.
    ///
    /// # Errors
    /// Those of `work`, and the database's.
    pub fn read<T, E: From<DirectoryError>>(
        &self,
        work: impl FnOnce(&ReadTransaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let Open { database, vault, .. } = &*self.open;
        aside(|| database.read(|db| work(&ReadTransaction { db, vault })))
    }

    /// Runs a transaction. It is kept when `work` succeeds, and undone when it fails or panics. On PostgreSQL, `work` is run again if
    /// another transaction was in its way, so what it does beside its transaction may be done twice.
    ///
    /// # Errors
    /// Those of `work`, and the database's.
    pub fn write<T, E: From<DirectoryError>>(
        &self,
        actor: &Actor,
        work: impl Fn(&WriteTransaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transact(actor, true, work)
    }

    /// Runs `work` on one item after another, in as many transactions as it takes for others to have their turns in between.
    /// When an item fails, its transaction is undone, and those before it stay. Returns what `work` has returned, in the order of the
    /// items.
    ///
    /// # Errors
    /// The first of `work`, and the database's.
    pub fn write_in_turns<I, T, E: From<DirectoryError>>(
        &self,
        actor: &Actor,
        items: impl IntoIterator<Item = I>,
        work: impl Fn(&WriteTransaction<'_>, &I) -> Result<T, E>,
    ) -> Result<Vec<T>, E> {
        let mut items = items.into_iter();
        let mut kept = Vec::new();
        // Taken from the iterator, and not kept yet: a transaction that is run again has the same ones.
        let begun = RefCell::new(Vec::new());
        loop {
            let source = RefCell::new(&mut items);
            let done = self.write(actor, |change| -> Result<Vec<T>, E> {
                let mut done = Vec::new();
                while !change.has_had_its_turn() || done.is_empty() {
                    let mut begun = begun.borrow_mut();
                    if begun.len() == done.len() {
                        let Some(next) = source.borrow_mut().next() else { break };
                        begun.push(next);
                    }
                    done.push(work(change, &begun[done.len()])?);
                }
                Ok(done)
            })?;
            if done.is_empty() {
                return Ok(kept);
            }
            begun.borrow_mut().drain(..done.len());
            kept.extend(done);
        }
    }

    /// Runs a transaction and undoes it: what it returns is what would have happened. Others wait for it meanwhile, so it is for what
    /// is done within a turn; for more there is [`Directory::rehearse_apart`].
    ///
    /// # Errors
    /// Those of `work`, and the database's.
    pub fn rehearse<T, E: From<DirectoryError>>(
        &self,
        actor: &Actor,
        work: impl Fn(&WriteTransaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transact(actor, false, work)
    }

    /// As [`Directory::rehearse`], for work that may take long. It gives up with `None` once it [has had its turn]; then it is done
    /// anew on a copy of the directory, for which nobody waits and where a turn has no end.
    ///
    /// # Errors
    /// Those of `work`, and the database's.
    ///
    /// [has had its turn]: WriteTransaction::has_had_its_turn
    pub fn rehearse_apart<T, E: From<DirectoryError>>(
        &self,
        actor: &Actor,
        work: impl Fn(&WriteTransaction<'_>) -> Result<Option<T>, E>,
    ) -> Result<T, E> {
        if let Some(value) = self.rehearse(actor, &work)? {
            return Ok(value);
        }
        let Open { database, vault, .. } = &*self.open;
        let unfinished = || {
            DirectoryError::Invalid(
                "the dry run gave up on its own copy of the directory; report this with the command that was run"
                    .to_owned(),
            )
        };
        aside(|| {
            database.rehearse_apart(|db| {
                let view = ReadTransaction { db, vault };
                let value = work(&WriteTransaction::new(view, actor, None))?;
                Ok(value.ok_or_else(unfinished)?)
            })
        })
    }

    fn transact<T, E: From<DirectoryError>>(
        &self,
        actor: &Actor,
        keep: bool,
        work: impl Fn(&WriteTransaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let Open { database, vault, .. } = &*self.open;
        aside(|| {
            database.write(keep, |db| {
                if let Some(lease) = &self.lease
                    && !lease.check(db)?
                {
                    return Err(DirectoryError::LeaseLost.into());
                }
                let view = ReadTransaction { db, vault };
                let change = WriteTransaction::new(view, actor, Some(database));
                let value = work(&change)?;
                if keep {
                    change.write_notes()?;
                }
                Ok(value)
            })
        })
    }
}

/// Runs what blocks, without holding up the other tasks of an executor's thread.
fn aside<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|executor| executor.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        // Outside a runtime nobody is held up; on the one thread of the other kind, nobody else could go on.
        _ => work(),
    }
}

impl WriteTransaction<'_> {
    /// Does a part of the transaction, which alone is undone where it fails: what cannot be kept of one record costs its
    /// neighbours nothing.
    ///
    /// # Errors
    /// Those of `part`, and the database's.
    pub(crate) fn apart<T>(&self, part: impl FnOnce() -> Result<T, DirectoryError>) -> Result<T, DirectoryError> {
        self.db.execute_batch("SAVEPOINT part")?;
        let noted = self.notes.borrow().len();
        self.parts.set(self.parts.get() + 1);
        let done = part();
        self.parts.set(self.parts.get() - 1);
        match done {
            Ok(value) => {
                self.db.execute_batch("RELEASE part")?;
                Ok(value)
            }
            Err(error) => {
                self.notes.borrow_mut().truncate(noted);
                self.db.execute_batch("ROLLBACK TO part; RELEASE part")?;
                Err(error)
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::redundant_closure_for_method_calls, reason = "a path is not general over the view's lifetime")]
mod tests;
