//! What every request shares.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

use super::access::{Access, Visitor};
use super::connectors::{Connectors, Known};
use super::jobs::Jobs;
use super::problem::Problem;
use provisioning_directory::sync::intents::Followed;
use provisioning_directory::sync::{ComponentApplications, finish_chores};
use provisioning_directory::{Directory, ReadTransaction, TenantRecord, WriteTransaction};

/// Live streams at once; a page that gets none looks again by itself.
const STREAMS: usize = 64;

/// What every request shares.
pub(crate) struct Shared {
    pub(crate) directory: Directory,
    pub(crate) applications: Arc<ComponentApplications>,
    pub(crate) access: Access,
    pub(crate) jobs: Jobs,
    pub(crate) streams: Arc<Semaphore>,
    /// Set once the console is told to end.
    pub(crate) stopped: watch::Receiver<bool>,
    connectors: Connectors,
}

impl Shared {
    pub(crate) fn new(
        directory: Directory,
        applications: Arc<ComponentApplications>,
        access: Access,
        stopped: watch::Receiver<bool>,
    ) -> Self {
        Self {
            jobs: Jobs::of(&directory),
            directory,
            applications,
            access,
            streams: Arc::new(Semaphore::new(STREAMS)),
            stopped,
            connectors: Connectors::default(),
        }
    }

    /// Reads a consistent view.
    ///
    /// # Errors
    /// Those of `work`, and the database's.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ReadTransaction<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let directory = self.directory.clone();
        tokio::task::spawn_blocking(move || directory.read(work)).await.map_err(|error| Problem::internal(&error))?
    }

    /// Runs a transaction in the visitor's name.
    ///
    /// # Errors
    /// Those of `work`, and the database's.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        visitor: &Visitor,
        work: impl Fn(&WriteTransaction<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let (directory, actor) = (self.directory.clone(), visitor.actor());
        let written = tokio::task::spawn_blocking(move || directory.write(&actor, work)).await;
        written.map_err(|error| Problem::internal(&error))?
    }

    /// Has `work` edit a tenant, and then does what the edit has left to do for each of its people and users. Returns what `work`
    /// returned, with all that followed.
    ///
    /// # Errors
    /// Those of `work`, and when the directory cannot be written.
    pub(crate) async fn edit_tenant<T: Send + 'static>(
        &self,
        visitor: &Visitor,
        name: &str,
        work: impl Fn(&WriteTransaction<'_>, &TenantRecord) -> Result<(T, Followed), Problem> + Send + 'static,
    ) -> Result<(T, Followed), Problem> {
        let (directory, actor, name) = (self.directory.clone(), visitor.actor(), name.to_owned());
        let edited = tokio::task::spawn_blocking(move || -> Result<_, Problem> {
            let (tenant, (value, mut followed)) = directory.write(&actor, |change| -> Result<_, Problem> {
                let tenant = change.tenant(&name)?;
                let worked = work(change, &tenant)?;
                Ok((tenant, worked))
            })?;
            followed.merge(finish_chores(&directory, &actor, &tenant)?);
            Ok((value, followed))
        });
        edited.await.map_err(|error| Problem::internal(&error))?
    }

    /// A tenant by the name in an address.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) async fn tenant(&self, name: &str) -> Result<TenantRecord, Problem> {
        let name = name.to_owned();
        self.read(move |view| view.find_tenant(&name)?.ok_or_else(|| Problem::no_tenant(&name))).await
    }

    /// What a tenant's connector is.
    ///
    /// # Errors
    /// When its component cannot be used.
    pub(crate) async fn known(&self, tenant: &TenantRecord) -> Result<Arc<Known>, Problem> {
        self.connectors.of_tenant(&self.applications, &tenant.name, &tenant.config).await
    }

    /// What a component is, whoever uses it.
    ///
    /// # Errors
    /// When it cannot be used.
    pub(crate) async fn component(
        &self,
        component: &provisioning_directory::config::ComponentChoice,
    ) -> Result<Arc<Known>, Problem> {
        self.connectors.of(&self.applications, component).await
    }
}
