//! The HTTP clients of tenants, and the slots of each: one client for each, so that no two tenants ever send on the same connection.
//!
//! A server that takes no notice of a request's body reads it as the beginning of the next request on that connection. Whoever
//! may write a body to such a server writes the beginning of somebody's next request, and if that were another tenant's, its
//! session id would become a header field of the attacker's request.
//!
//! What is costly is made once: the roots of trust are read when the runtime is built. A tenant's client is made at its first
//! request (measured: 3 µs and 2 KiB), and is kept for as long as a job holds it. Then it stays for the next job, but only for as
//! long as an idle connection would ([`IDLE`]), and only so many of them stay.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Client;
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls_platform_verifier::Verifier;
use tokio::sync::Semaphore;

use super::http::CheckedResolver;

/// How long a connection is kept after its last request, and a client after its last job.
const IDLE: Duration = Duration::from_secs(60);

/// TLS sessions that a tenant's client can take up again: a tenant has a host or two.
const TLS_SESSIONS: usize = 16;

/// The clients of all tenants of a runtime.
pub(crate) struct Clients {
    tls: Arc<ClientConfig>,
    /// Clients without a job that are kept.
    idle: usize,
    /// Jobs that a tenant may have at once.
    jobs: usize,
    kept: Mutex<HashMap<Arc<str>, Kept>>,
}

struct Kept {
    client: Arc<TenantClient>,
    used: Instant,
}

/// The client of one tenant, made when it is first asked for.
pub(crate) struct TenantClient {
    tls: Arc<ClientConfig>,
    /// A slot for each job that the tenant may have at once.
    pub(crate) jobs: Arc<Semaphore>,
    made: OnceLock<Result<Client, String>>,
}

impl Clients {
    /// Clients that trust `roots` beside those of the operating system; without a job, `idle` of them are kept. A tenant may have `jobs`
    /// jobs at once.
    ///
    /// # Errors
    /// When the operating system's roots cannot be read.
    pub(crate) fn new(roots: Vec<CertificateDer<'static>>, idle: usize, jobs: usize) -> Result<Self, rustls::Error> {
        let provider = Arc::new(default_provider());
        let verifier = Verifier::new_with_extra_roots(roots, Arc::clone(&provider))?;
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { tls: Arc::new(tls), idle, jobs: jobs.max(1), kept: Mutex::default() })
    }

    /// The client of this tenant.
    pub(crate) fn of(&self, tenant: &Arc<str>) -> Arc<TenantClient> {
        self.of_at(tenant, Instant::now())
    }

    fn of_at(&self, tenant: &Arc<str>, now: Instant) -> Arc<TenantClient> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.entry(Arc::clone(tenant)).or_insert_with(|| Kept {
            client: Arc::new(TenantClient {
                tls: Arc::clone(&self.tls),
                jobs: Arc::new(Semaphore::new(self.jobs)),
                made: OnceLock::new(),
            }),
            used: now,
        });
        found.used = now;
        // Held from here on, so that it is not among the idle ones.
        let client = Arc::clone(&found.client);
        kept.retain(|_, kept| !kept.is_idle() || now.saturating_duration_since(kept.used) < IDLE);
        let idle: Vec<Instant> = kept.values().filter(|kept| kept.is_idle()).map(|kept| kept.used).collect();
        if let Some(surplus) = idle.len().checked_sub(self.idle).filter(|surplus| *surplus > 0) {
            let mut oldest = idle;
            oldest.sort_unstable();
            let last = oldest[surplus - 1];
            kept.retain(|_, kept| !kept.is_idle() || kept.used > last);
        }
        client
    }
}

impl Kept {
    /// Whether no job holds the client. Asked under the lock, under which alone another job can come by it.
    fn is_idle(&self) -> bool {
        Arc::strong_count(&self.client) == 1
    }
}

impl TenantClient {
    /// The client. It follows no redirect, uses no proxy, keeps no cookie, and connects only to addresses that
    /// [`CheckedResolver`] has let through.
    ///
    /// # Errors
    /// When it cannot be made, in the client library's words.
    pub(crate) fn get(&self) -> Result<&Client, &str> {
        self.made.get_or_init(|| self.make().map_err(|error| error.to_string())).as_ref().map_err(String::as_str)
    }

    fn make(&self) -> reqwest::Result<Client> {
        let mut tls = ClientConfig::clone(&self.tls);
        // A session that is taken up again would tell the server that two tenants are of one host.
        tls.resumption = Resumption::in_memory_sessions(TLS_SESSIONS);
        Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(CheckedResolver)
            .connect_timeout(Duration::from_secs(10))
            .pool_idle_timeout(IDLE)
            .user_agent(concat!("provisioning-host/", env!("CARGO_PKG_VERSION")))
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(clients: &Clients) -> Vec<String> {
        let mut names: Vec<String> = clients.kept.lock().unwrap().keys().map(ToString::to_string).collect();
        names.sort();
        names
    }

    #[test]
    fn a_tenant_has_one_client_and_no_other_has_it() {
        let clients = Clients::new(Vec::new(), 2, 1).unwrap();
        let (one, other) = (clients.of(&"one".into()), clients.of(&"other".into()));
        assert!(!Arc::ptr_eq(&one, &other));
        assert!(Arc::ptr_eq(&one, &clients.of(&"one".into())));
        assert!(one.made.get().is_none(), "nothing is made before the first request");
        assert!(one.get().is_ok());
    }

    #[test]
    fn clients_without_a_job_stay_for_a_while_and_in_a_bounded_number() {
        let clients = Clients::new(Vec::new(), 2, 1).unwrap();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let held: Vec<_> = ["a", "b", "c", "d"].map(|name| clients.of_at(&name.into(), at(0))).into();
        assert_eq!(names(&clients), ["a", "b", "c", "d"], "jobs hold them");
        drop(held);
        for (name, seconds) in [("c", 1), ("d", 2), ("e", 3)] {
            clients.of_at(&name.into(), at(seconds));
        }
        // When `f` came, `c` was the oldest of three that no job held.
        let f = clients.of_at(&"f".into(), at(4));
        assert_eq!(names(&clients), ["d", "e", "f"]);
        clients.of_at(&"g".into(), at(62));
        assert_eq!(names(&clients), ["e", "f", "g"], "`d` has been idle for a minute");
        clients.of_at(&"g".into(), at(200));
        assert_eq!(names(&clients), ["f", "g"], "`f` is held");
        drop(f);
        for number in 0..1000 {
            clients.of_at(&format!("tenant-{number}").into(), at(201));
        }
        assert!(names(&clients).len() <= 3, "{:?}", names(&clients));
    }
}
