//! Making or opening an org, and serving it.

use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64};

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{Emulator, Error};
use crate::control;
use crate::faults::Faults;
use crate::http::connection;
use crate::http::sessions::Sessions;
use crate::http::{self, Shared};
use crate::journal::Journal;
use crate::login::assertion::VerificationKey;
use crate::org::Org;
use crate::org::switches::Switches;
use crate::rest::{Jobs, Locators, Usage};

/// How an org is to be made. By default: 100 portal users, seed 1, in memory, on a free port of 127.0.0.1.
#[derive(Clone, Debug)]
pub struct Builder {
    users: u32,
    seed: u64,
    plain_password: bool,
    data: Option<PathBuf>,
    listen: SocketAddr,
    control: Option<SocketAddr>,
    switches: Switches,
    app_key: Option<String>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            users: 100,
            seed: 1,
            plain_password: false,
            data: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            control: None,
            switches: Switches::default(),
            app_key: None,
        }
    }
}

impl Builder {
    /// How many portal users a new org has; internal users, contacts and accounts come on top.
    #[must_use]
    pub fn users(mut self, users: u32) -> Self {
        self.users = users;
        self
    }

    /// The number that decides ids, names, passwords and the token of a new org.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Gives the administrator of a new org a password that needs no quotes in a shell. By default it needs escapes in XML, JSON
    /// and forms, so that a client that forgets them fails.
    #[must_use]
    pub fn plain_password(mut self) -> Self {
        self.plain_password = true;
        self
    }

    /// A file to keep the org in. If it holds an org already, that one is opened and `users` and `seed` do not matter.
    #[must_use]
    pub fn data(mut self, file: impl AsRef<Path>) -> Self {
        self.data = Some(file.as_ref().to_owned());
        self
    }

    /// Where to listen; port 0 takes a free one.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Where to serve the control API, which is not served otherwise; port 0 takes a free one. Whoever reaches this
    /// address rules the org: give it a loopback address.
    #[must_use]
    pub fn control(mut self, address: SocketAddr) -> Self {
        self.control = Some(address);
        self
    }

    /// The org's answers to what is not known about Salesforce.
    #[must_use]
    pub fn switches(mut self, switches: Switches) -> Self {
        self.switches = switches;
        self
    }

    /// The connected app's certificate, or its bare RSA public key, in PEM: with it the app may sign in by JWT bearer
    /// assertions (RS256). Without it every assertion is refused.
    #[must_use]
    pub fn connected_app_key(mut self, pem: impl Into<String>) -> Self {
        self.app_key = Some(pem.into());
        self
    }

    /// Makes or opens the org and serves it.
    ///
    /// # Errors
    /// When the connected app's key is none, the address cannot be listened on, or the store cannot be made or opened.
    pub async fn start(self) -> Result<Emulator, Error> {
        let app_key = self.app_key.as_deref().map(VerificationKey::from_pem).transpose().map_err(Error::AppKey)?;
        let (listener, address) = bind(self.listen).await?;
        let control = match self.control {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        let daily = self.switches.daily_api_requests;
        let open = move || Org::open(self.data.as_deref(), self.seed, self.plain_password, self.users, self.switches);
        let org = tokio::task::spawn_blocking(open).await.map_err(|_| Error::Stopped)??;
        let shared = Arc::new(Shared {
            org,
            sessions: Sessions::default(),
            app_key,
            locators: Locators::default(),
            usage: Usage::new(daily),
            journal: Journal::default(),
            faults: Faults::default(),
            jobs: Jobs::default(),
            under_way: AtomicU32::new(0),
            numbered: AtomicU64::new(0),
        });
        let (stop, stopped) = watch::channel(false);
        let served = connection::serve(listener, http::router(Arc::clone(&shared)), stopped.clone());
        let mut servers = vec![tokio::spawn(served)];
        let control_address = control.map(|(listener, address)| {
            let served = axum::serve(listener, control::router(Arc::clone(&shared)));
            servers.push(tokio::spawn(logged(served.with_graceful_shutdown(ended(stopped)).into_future())));
            address
        });
        Ok(Emulator { address, control_address, shared, stop, servers })
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |source| Error::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

async fn ended(mut stopped: watch::Receiver<bool>) {
    // An error means that the emulator was dropped, which stops it as well.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn logged(server: impl Future<Output = std::io::Result<()>>) {
    if let Err(error) = server.await {
        tracing::error!(%error, "the emulator stopped serving");
    }
}
