//! What is checked: a connector, and a tenant of an application to try it on.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::memory::MemoryKeeper;
use provisioning_runtime::wit::Probe;
use provisioning_runtime::{
    Application, Connector, EngineError, Job, JobError, LoadError, Runtime, RuntimeBuilder, Tenant,
};

/// A job of the connector that is checked: the calls of an [`Application`], and those that only the checks make. Tests of the
/// checks script a connector that is wrong.
pub trait Subject: Application {
    /// See [`Job::open`].
    fn open(&mut self) -> impl Future<Output = Result<(), JobError>>;
    /// See [`Job::test_credentials`].
    fn test_credentials(&mut self) -> impl Future<Output = Result<Vec<Probe>, JobError>>;
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
        // There is one tenant, and some checks have several of its jobs stand side by side.
        let builder = &builder.clone().jobs_of_tenant(u32::MAX);
        let runtime = builder.clone().build()?;
        let connector = runtime.load(component)?;
        let keeper = Arc::new(MemoryKeeper::new(tenant.limits.memory));
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
