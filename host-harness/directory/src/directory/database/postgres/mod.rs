//! PostgreSQL, which any number of hosts share.
//!
//! Each thread that asks has a connection of its own for as long as its transaction takes. Views are `REPEATABLE READ`, so that all
//! of a view is of one moment. Transactions that write are `READ COMMITTED`, and lock the row of what they are about before they look
//! at it; where two are in each other's way all the same, PostgreSQL ends one, and it is run again.
//!
//! The server's answers are waited for on the thread that asks. A runtime of this module's reads and writes the connections, so that
//! it doesn't matter in which executor, or in none, the directory is used.

mod client;
mod convert;
mod leases;
mod listening;
mod rehearsal;
mod tls;

use std::str::FromStr as _;
use std::sync::{Once, OnceLock, mpsc};
use std::thread::sleep;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Config, NoTls};

pub(in super::super) use self::client::Client;
use self::client::Failed;
pub(super) use self::convert::{text, value};
pub use self::leases::LeaseTimes;
use self::leases::Leases;
pub(in super::super) use self::leases::{Lease, put_orphans_first};
use self::listening::Listening;
pub use self::listening::Word;
use super::StoreError;
use super::lending::Lending;
use super::schema::{self, Engine, UNRELEASED, known};
use crate::directory::hashes::hexadecimal;
use crate::directory::{BUSY, DirectoryError, random};

/// Connections of one process. A server has 100 by default, so that six hosts fit beside an admin's.
const CONNECTIONS: usize = 16;

/// How long it may take to connect.
const CONNECT: Duration = Duration::from_secs(10);

/// How often a transaction is run again that another was in the way of. Each time it waits longer, 1.1 s in all.
const AGAIN: u32 = 10;

/// What migrations of one schema take turns by; any number that nobody else uses.
const MIGRATION_LOCK: i64 = 0x7072_6f76_6973;

/// Where a directory is, and the connections to it.
pub(in super::super) struct Postgres {
    config: Config,
    place: String,
    lending: Lending<Client>,
    /// This process's name among those that have leases.
    holder: String,
    times: LeaseTimes,
    leases: Leases,
    /// Whether somebody puts off the leases.
    heart: Once,
    listening: Listening,
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Postgres {
    /// Connects to the database at a URL (`postgres://USER:PASSWORD@HOST:PORT/NAME`), and brings it up to date.
    pub(in super::super) fn open(url: &str, times: LeaseTimes) -> Result<Self, DirectoryError> {
        // The parser's own words could quote a part of a password.
        let mut config = Config::from_str(url).map_err(|_| StoreError::Connect {
            place: "the database that --database or PROVISIONING_DATABASE names".to_owned(),
            reason: "its address is malformed; write it as postgres://USER:PASSWORD@HOST:PORT/NAME, with special characters of the password percent-encoded".to_owned(),
        })?;
        config.application_name("provisioning").connect_timeout(CONNECT);
        let place = place(&config);
        let postgres = Self {
            config,
            place,
            lending: Lending::new(CONNECTIONS),
            holder: name_of_this_process()?,
            times,
            leases: Leases::default(),
            heart: Once::new(),
            listening: Listening::default(),
        };
        postgres.lend(|client| postgres.migrate(client))??;
        Ok(postgres)
    }

    /// Runs `work` on a view of one moment.
    pub(in super::super) fn read<T, E: From<DirectoryError>>(
        &self,
        work: impl FnOnce(&Client) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut work = Some(work);
        let mut lost = 0;
        loop {
            let begun = self.lend(|client| {
                match client.begin_view() {
                    Ok(()) => {}
                    // It has ended while nobody used it, as all of them may have; nothing was asked yet.
                    Err(error) if error.is_lost() && lost < CONNECTIONS => return None,
                    Err(error) => return Some(Err(DirectoryError::from(error).into())),
                }
                let value = work.take().map(|work| work(client));
                client.give_up();
                value
            })?;
            match begun {
                Some(value) => return value,
                None => lost += 1,
            }
        }
    }

    /// Runs `work` in a transaction, again if another one was in its way, and keeps what it did if it says so.
    pub(in super::super) fn write<T, E: From<DirectoryError>>(
        &self,
        keep: bool,
        mut work: impl FnMut(&Client) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut again = 0;
        loop {
            let ended = self.lend(|client| attempt(client, keep, &mut work))?;
            match ended {
                Ended::With(value) => return value,
                Ended::InTheWay(error) if again == AGAIN => return error,
                Ended::InTheWay(_) => {
                    again += 1;
                    sleep(Duration::from_millis(u64::from(again) * 20));
                }
            }
        }
    }

    fn lend<T>(&self, work: impl FnOnce(&Client) -> T) -> Result<T, DirectoryError> {
        Ok(self.lending.lend(|| self.connect(), Client::is_usable, |client| work(client))?)
    }

    fn connect(&self) -> Result<Client, StoreError> {
        let (connecting, (sender, receiver)) = (self.connecting(|_| {})?, mpsc::channel());
        driver().map_err(|reason| self.refused(reason))?.spawn(async move {
            // The receiver is gone only where its thread is.
            let _ = sender.send(connecting.await);
        });
        let client = receiver.recv().map_err(|_| self.refused("its connection ended at once".to_owned()))?;
        let client = Client::new(client.map_err(|error| self.refused(StoreError::Postgres(error).to_string()))?);
        client.batch(&self.set_up())?;
        Ok(client)
    }

    /// A connection for a task of the driver's. `hears` is called with what hosts tell each other on it.
    async fn connect_alone(
        &self,
        hears: impl FnMut(&str) + Send + 'static,
    ) -> Result<tokio_postgres::Client, StoreError> {
        Ok(self.connecting(hears)?.await?)
    }

    fn connecting<H: FnMut(&str) + Send + 'static>(
        &self,
        hears: H,
    ) -> Result<impl Future<Output = Result<tokio_postgres::Client, tokio_postgres::Error>> + use<H>, StoreError> {
        let config = self.config.clone();
        let encrypted = config.get_ssl_mode() != SslMode::Disable;
        let connector = encrypted.then(tls::connector).transpose().map_err(|reason| self.refused(reason))?;
        Ok(async move {
            match connector {
                Some(connector) => config.connect(connector).await.map(|(client, connection)| {
                    tokio::spawn(listening::drive(connection, hears));
                    client
                }),
                None => config.connect(NoTls).await.map(|(client, connection)| {
                    tokio::spawn(listening::drive(connection, hears));
                    client
                }),
            }
        })
    }

    /// What a connection begins with: waiting for a row's lock ends as waiting for the file of SQLite does; a host that is stopped
    /// within a transaction loses it with its leases; and a server hears within a minute that a machine is gone.
    fn set_up(&self) -> String {
        format!(
            "SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {}; SET client_min_messages = warning;
             SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 4",
            BUSY.as_millis(),
            self.times.expiry.as_millis()
        )
    }

    fn refused(&self, reason: String) -> StoreError {
        StoreError::Connect { place: self.place.clone(), reason }
    }

    /// Brings the tables up to date. Hosts that open the database at once take turns.
    fn migrate(&self, client: &Client) -> Result<(), DirectoryError> {
        client.begin_change()?;
        let done = self.migrate_within(client);
        match &done {
            Ok(()) => client.keep()?,
            Err(_) => client.give_up(),
        }
        done
    }

    fn migrate_within(&self, client: &Client) -> Result<(), DirectoryError> {
        let session = super::Session::Postgres(client);
        session.query_row("SELECT pg_advisory_xact_lock(?1), 1", [MIGRATION_LOCK], |row| row.get::<i64>(1))?;
        client.batch("CREATE TABLE IF NOT EXISTS schema_version (version bigint NOT NULL)")?;
        let found: u32 =
            session.query_row("SELECT coalesce(max(version), 0) FROM schema_version", [0_i64; 0], |row| row.get(0))?;
        if found > known() {
            return Err(DirectoryError::Newer { found, known: known() });
        }
        if (1..=UNRELEASED).contains(&found) {
            return Err(DirectoryError::Older { found });
        }
        if found == known() {
            return Ok(());
        }
        for migration in schema::missing(found, Engine::Postgres) {
            client.batch(&migration)?;
        }
        session.execute("DELETE FROM schema_version", [0_i64; 0])?;
        session.execute("INSERT INTO schema_version (version) VALUES (?1)", [known()])?;
        Ok(())
    }
}

/// How a transaction has ended.
enum Ended<T> {
    With(T),
    /// Another one was in its way; nothing of it was kept.
    InTheWay(T),
}

fn attempt<T, E: From<DirectoryError>>(
    client: &Client,
    keep: bool,
    work: &mut impl FnMut(&Client) -> Result<T, E>,
) -> Ended<Result<T, E>> {
    let failed = |error: StoreError| Err(E::from(DirectoryError::from(error)));
    if let Err(error) = client.begin_change() {
        // A connection that has ended while nobody used it: nothing was asked yet.
        let lost = error.is_lost();
        let error = failed(error);
        return if lost { Ended::InTheWay(error) } else { Ended::With(error) };
    }
    let value = work(client);
    match client.failed() {
        Some(Failed::InTheWay | Failed::Raced) => {
            client.give_up();
            Ended::InTheWay(value.and_then(|_| failed(StoreError::Unfinished)))
        }
        // Whoever has seen a statement fail and goes on as if it hadn't would lose what comes after it.
        Some(Failed::Otherwise) => {
            client.give_up();
            Ended::With(value.and_then(|_| failed(StoreError::Unfinished)))
        }
        None if keep && value.is_ok() => match client.keep() {
            Ok(()) => Ended::With(value),
            Err(error) if error.is_conflict() => Ended::InTheWay(failed(error)),
            Err(error) if error.is_lost() => Ended::With(failed(StoreError::Unknown)),
            Err(error) => Ended::With(failed(error)),
        },
        None => {
            client.give_up();
            Ended::With(value)
        }
    }
}

/// The runtime that reads and writes the connections of this process.
fn driver() -> Result<&'static Handle, String> {
    static DRIVER: OnceLock<Result<Runtime, String>> = OnceLock::new();
    let made = DRIVER.get_or_init(|| {
        Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("postgres")
            .enable_all()
            .build()
            .map_err(|error| format!("no thread for its connections can be started: {error}"))
    });
    made.as_ref().map(Runtime::handle).map_err(String::clone)
}

/// A name that no other process has: 128 random bits.
fn name_of_this_process() -> Result<String, DirectoryError> {
    let bits: [u8; 16] = random::bytes()?;
    Ok(hexadecimal(&bits))
}

fn place(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "localhost".to_owned(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    format!("the database {} at {host}:{port}", config.get_dbname().or(config.get_user()).unwrap_or("postgres"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_or_unreachable_address_is_refused_without_its_password() {
        for (url, says) in [
            ("postgres://ada@localhost/people?hidden4711=1", "is malformed; write it as postgres://"),
            ("hidden4711", "is malformed; write it as postgres://"),
            // Nobody listens there: the port is one that only the system itself may take.
            (
                "postgres://ada:hidden4711@127.0.0.1:1/people?sslmode=disable",
                "the database people at 127.0.0.1:1 cannot be used",
            ),
        ] {
            let error = Postgres::open(url, LeaseTimes::default()).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("4711"), "{url}: {error}");
        }
    }
}
