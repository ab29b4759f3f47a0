//! The service: who may use it, and what every request shares.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::journal::Journal;
use crate::mapping::Schemas;
use crate::protocol::error::ScimError;
use crate::pusher::{Applied, Pusher, Work};
use crate::refusal;
use crate::throttle::Throttle;
use crate::users::Places;
use provisioning_directory::sync::Applications;
use provisioning_directory::{
    AttributeSchema, Directory, DirectoryError, ReadTransaction, ScimClient, TenantId, TenantRecord, Timestamp,
    WriteTransaction,
};
use provisioning_http::{Limits, TrustedProxies};

/// How long the first request of a tenant waits for its application's attributes to be listed.
const LISTING: Duration = Duration::from_secs(5);
/// How often what is held of requests is written.
const FLUSH: Duration = Duration::from_secs(1);
/// How long requests under way may take to end once the service is told to.
const ENDING: Duration = Duration::from_secs(20);
/// Connections at once. A platform keeps a few dozen open; the process needs its file handles for its work.
const CONNECTIONS: usize = 384;
/// Connections at once of one address: a platform sends all of its requests from a few.
const OF_ONE: usize = 256;

/// A SCIM service over one directory.
pub struct Scim {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) directory: Directory,
    pub(crate) work: Arc<dyn Work>,
    pub(crate) pusher: Pusher,
    pub(crate) throttle: Throttle,
    pub(crate) journal: Journal,
    pub(crate) places: Arc<Places>,
    /// The address that clients use, if it can't be told from their requests.
    pub(crate) public: Option<String>,
    schemas: Mutex<HashMap<TenantId, (SchemaSource, Arc<Schemas>)>>,
    /// Tenants whose application was asked for its attributes, and when.
    listed: Mutex<HashMap<TenantId, Instant>>,
}

/// What a tenant's schemas are made from.
type SchemaSource = (Vec<AttributeSchema>, provisioning_directory::config::Mapping);

/// Who asks, and for which tenant.
pub(crate) struct Caller {
    pub(crate) client: ScimClient,
    pub(crate) tenant: TenantRecord,
    /// The address of the tenant's service, without a slash at its end.
    pub(crate) base: String,
    pub(crate) schemas: Arc<Schemas>,
    /// Until when the answer may wait for the application.
    pub(crate) until: Instant,
}

impl Scim {
    /// A service over an open directory. Jobs run in `applications`. `public` is the address by which clients reach the host, such
    /// as `https://scim.example.com`; without it, it is told from what they send.
    pub fn new<A: Applications + 'static>(directory: Directory, applications: Arc<A>, public: Option<String>) -> Self {
        let work: Arc<dyn Work> = Arc::new(Applied { directory: directory.clone(), applications });
        let pusher = Pusher::new(directory.clone(), Arc::clone(&work));
        let public = public.map(|address| address.trim_end_matches('/').to_owned());
        let shared = Shared {
            throttle: Throttle::of(&directory),
            directory,
            work,
            pusher,
            journal: Journal::default(),
            places: Arc::default(),
            public,
            schemas: Mutex::default(),
            listed: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The service as a router with everything below `/scim/v2`, to be merged into one of the embedder's. Requires a runtime of
    /// Tokio's.
    pub fn router(&self) -> axum::Router {
        let (weak, mut listener) = (Arc::downgrade(&self.shared), self.shared.directory.listen());
        tokio::spawn(async move {
            loop {
                let word = listener.next().await;
                let Some(shared) = weak.upgrade() else { return };
                shared.pusher.hear(word);
            }
        });
        let weak = Arc::downgrade(&self.shared);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(FLUSH).await;
                let Some(shared) = weak.upgrade() else { return };
                shared.flush().await;
            }
        });
        crate::router::router(Arc::clone(&self.shared))
    }

    /// Serves the router until `stop` completes. Requests under way have 20 seconds to end then; an answer waits for its application 8
    /// seconds by default, and 60 at most. Then it [stops](Scim::stop).
    pub async fn serve(&self, listener: TcpListener, proxies: TrustedProxies, stop: impl Future<Output = ()>) {
        let limits = Limits { connections: CONNECTIONS, of_one: OF_ONE, grace: ENDING, proxies, ..Limits::default() };
        let (stopping, _) = watch::channel(false);
        provisioning_http::serve(listener, self.router(), &limits, stop, &stopping).await;
        self.stop().await;
    }

    /// Begins no more pushes, writes what is held of requests, and waits until pushes under way have reached a checkpoint. Call it
    /// once no more requests come in. Dropping the future leaves the pushes to reach it by themselves.
    pub async fn stop(&self) {
        self.shared.pusher.wind_down();
        self.shared.flush().await;
        self.shared.pusher.idle().await;
    }
}

impl Shared {
    async fn flush(self: &Arc<Self>) {
        let shared = Arc::clone(self);
        // Not even a panic in it would be of use to anybody.
        let _ = tokio::task::spawn_blocking(move || shared.journal.flush(&shared.directory)).await;
    }

    /// Reads off the threads that serve.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ReadTransaction<'_>) -> Result<T, ScimError> + Send + 'static,
    ) -> Result<T, ScimError> {
        let directory = self.directory.clone();
        let read = tokio::task::spawn_blocking(move || directory.read(|view| Ok::<_, Failed>(work(view))));
        match read.await {
            Ok(Ok(result)) => result,
            Ok(Err(Failed(error))) => Err(refusal::of_directory(&error)),
            Err(_) => Err(broken()),
        }
    }

    /// Writes in the client's name, off the threads that serve.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        caller: &Caller,
        work: impl Fn(&WriteTransaction<'_>) -> Result<T, ScimError> + Send + 'static,
    ) -> Result<T, ScimError> {
        let (directory, actor) = (self.directory.clone(), caller.client.actor());
        let written =
            tokio::task::spawn_blocking(move || directory.write(&actor, |change| work(change).map_err(Refused::Own)));
        match written.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(Refused::Own(error))) => Err(error),
            Ok(Err(Refused::Directory(error))) => Err(refusal::of_directory(&error)),
            Err(_) => Err(broken()),
        }
    }

    /// What a tenant's users consist of.
    pub(crate) async fn schemas(&self, tenant: &TenantRecord) -> Result<Arc<Schemas>, ScimError> {
        let id = tenant.id;
        let look = || {
            self.read(move |view| {
                let look = || Ok((view.attribute_schema(id)?, view.entitlement_kinds(id)?.is_empty()));
                look().map_err(|error: DirectoryError| refusal::of_directory(&error))
            })
        };
        let (mut listed, lacks_kinds) = look().await?;
        if (listed.is_empty() || lacks_kinds) && self.may_list(id) {
            let (work, own) = (Arc::clone(&self.work), tenant.clone());
            // It goes on if it takes longer than a request waits.
            let listing = tokio::spawn(async move {
                if let Err(error) = work.refresh(&own).await {
                    tracing::info!(tenant = %own.name, %error, "what the application has was not listed");
                }
            });
            // Whatever it comes to, there is something to answer with.
            let _ = tokio::time::timeout(LISTING, listing).await;
            listed = look().await?.0;
        }
        let source = (listed, tenant.config.mapping.clone());
        let known = || self.schemas.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((have, schemas)) = known().get(&id)
            && *have == source
        {
            return Ok(Arc::clone(schemas));
        }
        let application = self.work.application(tenant).await.map_err(|error| refusal::of_job(&error))?;
        let schemas = Arc::new(Schemas::new(&application, &source.0, &source.1));
        known().insert(id, (source, Arc::clone(&schemas)));
        Ok(schemas)
    }

    /// Whether the application is to be asked for its attributes: not by every request while it can't be reached.
    fn may_list(&self, tenant: TenantId) -> bool {
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = listed.get(&tenant).is_none_or(|last| last.elapsed() > Duration::from_secs(60));
        if is_due {
            listed.insert(tenant, Instant::now());
        }
        is_due
    }

    /// Whose token this is, if it is good for the tenant of this name. A tenant that isn't there and a token that isn't good are
    /// refused by the same words.
    pub(crate) async fn enter(
        &self,
        tenant: &str,
        token: Option<&str>,
    ) -> Result<(ScimClient, TenantRecord), ScimError> {
        let unknown = || {
            ScimError::new(
                401,
                "The bearer token is missing, has ended, or isn't one of this tenant's; make one with `scim token`, and send it as `Authorization: Bearer TOKEN`.",
            )
        };
        let token = token.ok_or_else(unknown)?.to_owned();
        let name = tenant.to_owned();
        let found = self
            .read(move |view| {
                let look = || -> Result<Option<_>, DirectoryError> {
                    let Some((client, number)) = view.scim_client_of_token(&token)? else { return Ok(None) };
                    let tenant = view.tenant(&client.tenant_name)?;
                    Ok((tenant.name.to_lowercase() == name.to_lowercase()).then_some((client, tenant, number)))
                };
                look().map_err(|error| refusal::of_directory(&error))
            })
            .await?;
        let (client, tenant, number) = found.ok_or_else(unknown)?;
        let waits = self.throttle.enter(client.id, client.settings.rate, Timestamp::now());
        if let Some(wait) = waits.map_err(|error| refusal::of_directory(&error))? {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few seconds at most")]
            let seconds = (wait.as_secs_f64().ceil() as u32).max(1);
            let detail = format!(
                "The client sends more than {} requests per second; wait, or have an admin of the host raise its rate.",
                client.settings.rate
            );
            return Err(ScimError::new(429, detail).after(seconds));
        }
        self.journal.token(number);
        Ok((client, tenant))
    }
}

struct Failed(DirectoryError);

impl From<DirectoryError> for Failed {
    fn from(error: DirectoryError) -> Self {
        Self(error)
    }
}

enum Refused {
    Own(ScimError),
    Directory(DirectoryError),
}

impl From<DirectoryError> for Refused {
    fn from(error: DirectoryError) -> Self {
        Self::Directory(error)
    }
}

fn broken() -> ScimError {
    ScimError::new(
        500,
        "The request could not be carried out for a fault of the host; nothing was changed. Report it to the host's operator.",
    )
}
