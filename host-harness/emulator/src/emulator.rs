//! A running org: looking into it, ruling it, and stopping it.

mod builder;
mod connection;
mod error;

pub use self::builder::Builder;
pub use self::connection::Connection;
pub use self::error::Error;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::OptionalExtension as _;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::exact;
use crate::faults::{Fault, PendingFault};
use crate::http::Shared;
use crate::journal::JournalEntry;
use crate::login::{self, oauth};
use crate::org::seats::{self, LicencePool};
use crate::org::switches::Switches;
use crate::org::{credentials, store};
use crate::rules;
use crate::soql::{self, Options};

/// A running org. Dropping it stops it.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    control_address: Option<SocketAddr>,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    servers: Vec<JoinHandle<()>>,
}

impl Emulator {
    /// Starts from the defaults.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The org's address, `http://127.0.0.1:PORT`, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The control API's address, if there is one: [`Builder::control`].
    #[must_use]
    pub fn control_url(&self) -> Option<String> {
        self.control_address.map(|address| format!("http://{address}"))
    }

    /// What a client needs to reach the org. The token is the administrator's present one; the password is the seeded
    /// one, which does not hold any more once somebody has changed it, because only its hash is kept.
    #[must_use]
    pub fn credentials(&self) -> Connection {
        let facts = &self.shared.org.facts;
        Connection {
            url: self.url(),
            username: facts.admin_username.clone(),
            password: facts.admin_password.clone(),
            security_token: self.security_token(&facts.admin_username).unwrap_or_else(|| facts.security_token.clone()),
            organization_id: facts.organization_id.clone(),
            portal_id: facts.portal_id.clone(),
            account_id: facts.account_id.clone(),
            client_id: facts.client_id.clone(),
            client_secret: facts.client_secret.clone(),
        }
    }

    fn user_id(&self, username: &str) -> Option<String> {
        let find = |db: &rusqlite::Connection| -> rusqlite::Result<Option<String>> {
            db.query_row("SELECT Id FROM User WHERE Username = ?1", [username], |row| row.get(0)).optional()
        };
        self.shared.org.transact(find).and_then(|found| found).ok().flatten()
    }

    /// The user's security token as it was mailed to them last; `None` for portal users, who have none.
    #[must_use]
    pub fn security_token(&self, username: &str) -> Option<String> {
        let user_id = self.user_id(username)?;
        self.shared.org.transact(|db| credentials::token(db, &user_id)).and_then(|token| token).ok().flatten()
    }

    /// Lets the connected app act for the user, as if they had said yes in a browser, and returns the refresh token
    /// that the app gets for that; `None` when there is no such user.
    ///
    /// # Errors
    /// When the store fails.
    pub fn approve_connected_app(&self, username: &str) -> Result<Option<String>, Error> {
        let Some(user_id) = self.user_id(username) else { return Ok(None) };
        Ok(Some(self.shared.org.transact(|db| oauth::approve(db, &user_id))??))
    }

    /// Gives or takes the user's permission "API Enabled"; says whether there is such a user.
    ///
    /// # Errors
    /// When the store fails.
    pub fn set_api_enabled(&self, username: &str, enabled: bool) -> Result<bool, Error> {
        let Some(user_id) = self.user_id(username) else { return Ok(false) };
        self.shared.org.transact(|db| login::set_api_enabled(db, &user_id, enabled))??;
        Ok(true)
    }

    /// The requests since the start or the last [`clear_journal`](Self::clear_journal), in the order they ended; of
    /// very many, the latest 100,000.
    #[must_use]
    pub fn journal(&self) -> Vec<JournalEntry> {
        self.shared.journal.read().1
    }

    /// How many requests there were since then, remembered or not.
    #[must_use]
    pub fn journal_total(&self) -> u64 {
        self.shared.journal.total()
    }

    /// Forgets the requests so far.
    pub fn clear_journal(&self) {
        self.shared.journal.clear();
    }

    /// Puts a fault on the next matching requests and returns its number, which their journal entries carry. Of several
    /// faults that match, a request meets the one that was put first.
    pub fn inject(&self, fault: Fault) -> u64 {
        self.shared.faults.put(fault)
    }

    /// The faults that still wait for requests.
    #[must_use]
    pub fn faults(&self) -> Vec<PendingFault> {
        self.shared.faults.waiting()
    }

    /// Takes back all faults that wait.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
    }

    /// The switches as they are now.
    #[must_use]
    pub fn switches(&self) -> Switches {
        (*self.shared.org.switches()).clone()
    }

    /// Changes the switches; requests under way keep those they began with.
    pub fn set_switches(&self, change: impl FnOnce(&mut Switches)) {
        let mut switches = self.switches();
        change(&mut switches);
        self.shared.set_switches(switches);
    }

    /// The pools of seats: user licences, permission set licences and feature licences.
    ///
    /// # Errors
    /// When the store fails.
    pub fn licence_pools(&self) -> Result<Vec<LicencePool>, Error> {
        Ok(self.shared.org.transact(seats::list)??)
    }

    /// Ends all sessions: the next REST call of each client gets 401 `INVALID_SESSION_ID`.
    pub fn expire_sessions(&self) {
        self.shared.sessions.clear();
    }

    /// Closes all query cursors: the next further page gets `INVALID_QUERY_LOCATOR`.
    pub fn expire_query_locators(&self) {
        self.shared.locators.clear();
    }

    /// Marks the administrator's password as expired: logins succeed with `passwordExpired` and may do nothing.
    ///
    /// # Errors
    /// When the store fails.
    pub fn expire_admin_password(&self) -> Result<(), Error> {
        let org = &self.shared.org;
        Ok(org.transact(|db| credentials::expire(db, &org.facts.admin_id))??)
    }

    /// Sets how many seats a licence has, by its name, such as `Customer Community`; says whether there is one. The
    /// names are those of [`licence_pools`](Self::licence_pools).
    ///
    /// # Errors
    /// When the store fails.
    pub fn set_licence_seats(&self, licence: &str, seats: u32) -> Result<bool, Error> {
        Ok(self.shared.org.transact(|db| seats::set(db, licence, seats))??)
    }

    /// Sets how many API requests the day allows.
    pub fn set_daily_api_requests(&self, limit: u64) {
        self.shared.set_daily_api_requests(limit);
    }

    /// Sets how many API requests the day had.
    pub fn set_api_requests_used(&self, used: u64) {
        self.shared.usage.set_used(used);
    }

    /// Moves the org's clock by this many seconds, forwards or back.
    pub fn advance_clock(&self, seconds: i64) {
        self.shared.org.clock.advance(seconds);
    }

    /// Usernames that another org holds, so that creating them here is refused. No query shows them.
    ///
    /// # Errors
    /// When the store fails.
    pub fn usernames_taken_elsewhere(&self) -> Result<Vec<String>, Error> {
        let names = self.shared.org.transact(|db| -> rusqlite::Result<Vec<String>> {
            db.prepare("SELECT Username FROM _taken_username ORDER BY Username")?
                .query_map([], |row| row.get(0))?
                .collect()
        })??;
        Ok(names)
    }

    /// Looks straight into the org: the records that a query finds, all on one page, as an array. Not journalled, not
    /// counted.
    ///
    /// # Errors
    /// [`Error::Query`] when the query is refused.
    pub fn query(&self, soql: &str) -> Result<Value, Error> {
        let org = &self.shared.org;
        let options = Options {
            include_deleted: false,
            batch: usize::MAX,
            version: "64.0",
            now: org.clock.now(),
            hidden: &[],
            features: org.switches().features(),
        };
        let answer = org.transact(|db| {
            rules::expire_assignments(db, org.clock.now())?;
            soql::run(db, soql, &options)
        })??;
        serde_json::to_value(&answer.records)
            .map(exact::with_texts)
            .map_err(|error| Error::Query { code: "UNKNOWN_EXCEPTION", message: error.to_string() })
    }

    /// Whether this is the user's password, whatever the user's state. Not counted as a login.
    #[must_use]
    pub fn check_password(&self, username: &str, password: &str) -> bool {
        let check = |db: &rusqlite::Connection| -> rusqlite::Result<bool> {
            let Some(object) = crate::org::catalogue::object("User") else { return Ok(false) };
            let username = rusqlite::types::Value::Text(username.to_owned());
            let Some(user) = store::find(db, object, "Username", &username)? else { return Ok(false) };
            let credential = credentials::load(db, store::text(&user, "Id").unwrap_or_default())?;
            Ok(credential.is_some_and(|credential| credential.is_password(password)))
        };
        self.shared.org.transact(check).and_then(|checked| checked).unwrap_or(false)
    }

    /// Serves until the signal completes, then stops. A command line gives it `tokio::signal::ctrl_c()`.
    pub async fn serve_until(self, signal: impl Future) {
        signal.await;
        self.shutdown().await;
    }

    /// Stops: requests under way are answered, for five seconds at most.
    pub async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        let patience = tokio::time::Instant::now() + Duration::from_secs(5);
        for server in &mut self.servers {
            if tokio::time::timeout_at(patience, &mut *server).await.is_err() {
                server.abort();
            }
        }
    }
}
