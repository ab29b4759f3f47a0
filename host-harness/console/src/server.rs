//! From a directory and its applications to a console that serves.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::access::{Access, Admins, AdminsError, EntryToken, Hosts};
use super::pages;
use super::shared::Shared;
use provisioning_directory::Directory;
use provisioning_directory::sync::ComponentApplications;
use provisioning_http::{Limits, TrustedProxies};

/// Why a console does not start.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// Others could use it.
    #[error(
        "others could reach the console at {0}, directly or through a proxy, and no admin password is set; set one with `console set-password`, or listen on 127.0.0.1 without --host and --behind-tls"
    )]
    Unprotected(SocketAddr),
    /// A name that no browser would send.
    #[error("`{0}` isn't a host name; give the name that is in the browser's address, without scheme and port")]
    HostName(String),
    /// The admins can't be read.
    #[error(transparent)]
    Admins(#[from] AdminsError),
    /// The machine gives no random numbers.
    #[error("the machine gives no random numbers, so sessions cannot be told apart; look at its random device")]
    Random,
    /// The address.
    #[error("the console cannot serve: {0}")]
    Listen(#[from] std::io::Error),
}

/// The admin's pages of one directory.
pub struct Console {
    directory: Directory,
    applications: Arc<ComponentApplications>,
    hosts: Vec<String>,
    behind_tls: bool,
    proxies: TrustedProxies,
    /// `None` where the machine gives no random numbers.
    token: Option<EntryToken>,
}

/// Makes a [`Console`].
pub struct ConsoleBuilder(Console);

impl Console {
    /// A console over an open directory. Jobs run in `applications`.
    pub fn builder(directory: Directory, applications: Arc<ComponentApplications>) -> ConsoleBuilder {
        ConsoleBuilder(Self {
            directory,
            applications,
            hosts: Vec::new(),
            behind_tls: false,
            proxies: TrustedProxies::default(),
            token: EntryToken::random(),
        })
    }

    /// The address to be opened of a console at `base`, such as `http://127.0.0.1:8720`: with a token in it where nobody has a
    /// password, which is all that lets anybody in then. It is for whoever has started the console.
    ///
    /// # Errors
    /// If the admins can't be read.
    pub fn address(&self, base: &str) -> Result<String, AdminsError> {
        Ok(match &self.token {
            Some(token) if Admins::of(&self.directory)?.is_empty()? => format!("{base}/?{}", token.query()),
            _ => base.to_owned(),
        })
    }

    /// Serves until `stop` completes; then requests that are under way have ten seconds to end, and jobs as long to reach a checkpoint.
    ///
    /// # Errors
    /// When others than this machine can reach it, by its address or through a proxy, and no admin password is set.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) -> Result<(), ConsoleError> {
        let address = listener.local_addr()?;
        let hosts = Hosts::new(address, self.hosts);
        let token = self.token.ok_or(ConsoleError::Random)?;
        let access = Access::new(&self.directory, hosts, self.behind_tls, token)?;
        if !access.is_private() && access.admins.is_empty()? {
            return Err(ConsoleError::Unprotected(address));
        }
        let (stopping, stopped) = watch::channel(false);
        let shared = Arc::new(Shared::new(self.directory, self.applications, access, stopped));
        let router = pages::router(Arc::clone(&shared));
        let limits = Limits { proxies: self.proxies, ..Limits::default() };
        let told = async {
            stop.await;
            shared.jobs.wind_down();
        };
        provisioning_http::serve(listener, router, &limits, told, &stopping).await;
        shared.jobs.shutdown().await;
        Ok(())
    }
}

impl ConsoleBuilder {
    /// A name by which browsers reach it, besides the addresses of this machine; without scheme and port.
    ///
    /// # Errors
    /// When it is no name of a host.
    pub fn host(mut self, name: &str) -> Result<Self, ConsoleError> {
        self.0.hosts.push(Hosts::name(name).ok_or_else(|| ConsoleError::HostName(name.to_owned()))?);
        Ok(self)
    }

    /// Says that a proxy before it speaks TLS with browsers, so that cookies are for `https` only.
    #[must_use]
    pub fn behind_tls(mut self, yes: bool) -> Self {
        self.0.behind_tls = yes;
        self
    }

    /// Addresses of proxies before it. What they say in `x-forwarded-for` is where a request comes from.
    #[must_use]
    pub fn trusted_proxies(mut self, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        self.0.proxies = TrustedProxies::new(addresses);
        self
    }

    /// The console.
    pub fn build(self) -> Console {
        self.0
    }
}
