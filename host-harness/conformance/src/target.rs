//! What is checked: a connector, and a tenant of an application to try it on.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::memory::MemoryKeeper;
use provisioning_runtime::wit::{
    Abandoned, AttributeDefinition, Deactivation, Descriptor, DesiredUser, EntitlementPage, ImportPage, ImportQuery,
    Outcome, Probe, PushMode,
};
use provisioning_runtime::{
    Connector, EngineError, Job, JobError, LoadError, Results, Runtime, RuntimeBuilder, Secret, Tenant,
};

/// A job of the connector that is checked. The checks make the calls of a [`Job`] through this, so that tests of the checks can
/// script a connector that is wrong.
pub trait Subject {
    /// See [`Job::open`].
    fn open(&mut self) -> impl Future<Output = Result<(), JobError>>;
    /// See [`Job::test_credentials`].
    fn test_credentials(&mut self) -> impl Future<Output = Result<Vec<Probe>, JobError>>;
    /// See [`Job::describe`].
    fn describe(&mut self) -> impl Future<Output = Result<Descriptor, JobError>>;
    /// See [`Job::list_attributes`].
    fn list_attributes(&mut self) -> impl Future<Output = Result<Vec<AttributeDefinition>, JobError>>;
    /// See [`Job::list_entitlements`].
    fn list_entitlements(
        &mut self,
        kind: &str,
        cursor: Option<&str>,
    ) -> impl Future<Output = Result<EntitlementPage, JobError>>;
    /// See [`Job::import_users`].
    fn import_users(&mut self, query: &ImportQuery) -> impl Future<Output = Result<ImportPage, JobError>>;
    /// See [`Job::push_users`].
    fn push_users(
        &mut self,
        users: &[DesiredUser],
        mode: &PushMode,
    ) -> impl Future<Output = Result<Results<Outcome>, JobError>>;
    /// See [`Job::deactivate_users`].
    fn deactivate_users(
        &mut self,
        ids: &[String],
        how: Deactivation,
        mode: &PushMode,
    ) -> impl Future<Output = Result<Results<Outcome>, JobError>>;
    /// See [`Job::reactivate_users`].
    fn reactivate_users(
        &mut self,
        ids: &[String],
        mode: &PushMode,
    ) -> impl Future<Output = Result<Results<Outcome>, JobError>>;
    /// See [`Job::take_back_users`].
    fn take_back_users(
        &mut self,
        people: &[Abandoned],
        how: Deactivation,
        mode: &PushMode,
    ) -> impl Future<Output = Result<Results<Outcome>, JobError>>;
    /// See [`Job::sync_passwords`].
    fn sync_passwords(&mut self, passwords: &[(String, Secret)])
    -> impl Future<Output = Result<Results<()>, JobError>>;
    /// HTTP requests that this job has sent so far.
    fn requests(&self) -> u64;
}

/// A connector, and a tenant of an application to try it on.
pub trait Target {
    /// A job.
    type Subject: Subject;

    /// A tenant whose settings and secrets are sound.
    fn tenant(&self) -> &Tenant;

    /// Starts a job for a tenant: that of [`tenant`](Self::tenant), or one that differs from it.
    fn start(&self, tenant: &Tenant) -> impl Future<Output = Result<Self::Subject, JobError>>;

    /// Starts a job for the tenant whose memory is kept; none where that cannot be done.
    fn watch(&self) -> impl Future<Output = Result<Option<Watched<Self::Subject>>, JobError>>;

    /// How long a call may go on after its deadline: five seconds, for a machine that is busy with others.
    fn lateness(&self) -> Duration {
        Duration::from_secs(5)
    }
}

/// A job whose memory is kept.
pub struct Watched<S> {
    /// The job.
    pub subject: S,
    /// How often a text stands in the job's memory, also when the job is gone.
    pub find: Box<dyn Fn(&str) -> usize>,
}

impl Subject for Job {
    async fn open(&mut self) -> Result<(), JobError> {
        Self::open(self).await
    }

    async fn test_credentials(&mut self) -> Result<Vec<Probe>, JobError> {
        Self::test_credentials(self).await
    }

    async fn describe(&mut self) -> Result<Descriptor, JobError> {
        Self::describe(self).await
    }

    async fn list_attributes(&mut self) -> Result<Vec<AttributeDefinition>, JobError> {
        Self::list_attributes(self).await
    }

    async fn list_entitlements(&mut self, kind: &str, cursor: Option<&str>) -> Result<EntitlementPage, JobError> {
        Self::list_entitlements(self, kind, cursor).await
    }

    async fn import_users(&mut self, query: &ImportQuery) -> Result<ImportPage, JobError> {
        Self::import_users(self, query).await
    }

    async fn push_users(&mut self, users: &[DesiredUser], mode: &PushMode) -> Result<Results<Outcome>, JobError> {
        Self::push_users(self, users, mode).await
    }

    async fn deactivate_users(
        &mut self,
        ids: &[String],
        how: Deactivation,
        mode: &PushMode,
    ) -> Result<Results<Outcome>, JobError> {
        Self::deactivate_users(self, ids, how, mode).await
    }

    async fn reactivate_users(&mut self, ids: &[String], mode: &PushMode) -> Result<Results<Outcome>, JobError> {
        Self::reactivate_users(self, ids, mode).await
    }

    async fn take_back_users(
        &mut self,
        people: &[Abandoned],
        how: Deactivation,
        mode: &PushMode,
    ) -> Result<Results<Outcome>, JobError> {
        Self::take_back_users(self, people, how, mode).await
    }

    async fn sync_passwords(&mut self, passwords: &[(String, Secret)]) -> Result<Results<()>, JobError> {
        Self::sync_passwords(self, passwords).await
    }

    fn requests(&self) -> u64 {
        self.usage().requests
    }
}

/// A component in its sandbox.
pub struct ComponentTarget {
    tenant: Tenant,
    runtime: Runtime,
    connector: Connector,
    watched: (Runtime, Connector),
    keeper: Arc<MemoryKeeper>,
}

/// A component that cannot be checked at all.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// No engine on this machine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The component cannot be loaded; [`ConformanceReport::of_unloadable`](super::ConformanceReport::of_unloadable) tells it as a check.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl ComponentTarget {
    /// Loads a component into two runtimes with these settings: an ordinary one, and one that keeps the memory of its jobs.
    ///
    /// # Errors
    /// When the engine cannot be set up, or the component is none or asks for more than the world gives.
    pub fn load(builder: &RuntimeBuilder, component: &[u8], tenant: Tenant) -> Result<Self, TargetError> {
        let runtime = builder.clone().build()?;
        let connector = runtime.load(component)?;
        let keeper = Arc::new(MemoryKeeper::default());
        let watched = builder.clone().memory(Arc::clone(&keeper) as Arc<_>).build()?;
        let watched_connector = watched.load(component)?;
        Ok(Self { tenant, runtime, connector, watched: (watched, watched_connector), keeper })
    }

    /// The component, as it was loaded.
    pub fn connector(&self) -> &Connector {
        &self.connector
    }
}

impl Target for ComponentTarget {
    type Subject = Job;

    fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    async fn start(&self, tenant: &Tenant) -> Result<Job, JobError> {
        self.runtime.start(&self.connector, tenant).await
    }

    async fn watch(&self) -> Result<Option<Watched<Job>>, JobError> {
        let (runtime, connector) = &self.watched;
        let subject = runtime.start(connector, &self.tenant).await?;
        let keeper = Arc::clone(&self.keeper);
        Ok(Some(Watched { subject, find: Box::new(move |text| keeper.find(text)) }))
    }
}
