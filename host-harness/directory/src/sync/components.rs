//! Applications behind real components.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OnceCell, Semaphore};

use super::{Applications, Declared, SyncError};
use crate::config::ComponentChoice;
use provisioning_runtime::wit::Descriptor;
use provisioning_runtime::{Connector, Declaration, Job, JobError, Runtime, SandboxFault, Tenant, digest_of};

/// Components of tenants that are compiled at once.
const COMPILED_AT_ONCE: usize = 2;

/// Runs components in a [`Runtime`]; each is compiled once.
pub struct ComponentApplications {
    runtime: Runtime,
    /// The component of tenants that name no file.
    embedded: &'static [u8],
    /// Where relative paths of components start.
    folder: PathBuf,
    loaded: Mutex<HashMap<Option<PathBuf>, Arc<OnceCell<Connector>>>>,
    /// One for each component of a tenant's that may be compiled at once: each takes a processor and much memory.
    compiling: Arc<Semaphore>,
    /// What components declare, by their digests.
    declarations: Mutex<HashMap<String, Arc<Declaration>>>,
}

impl ComponentApplications {
    /// Tenants that name no file run `embedded`; relative paths of the others' components start at `folder`.
    pub fn new(runtime: Runtime, embedded: &'static [u8], folder: impl Into<PathBuf>) -> Self {
        Self {
            runtime,
            embedded,
            folder: folder.into(),
            loaded: Mutex::default(),
            compiling: Arc::new(Semaphore::new(COMPILED_AT_ONCE)),
            declarations: Mutex::default(),
        }
    }

    /// What a component is and needs.
    ///
    /// # Errors
    /// When its sandbox ends it.
    pub async fn describe(&self, connector: &Connector) -> Result<Descriptor, SyncError> {
        Ok(self.runtime.describe(connector).await?)
    }

    async fn declaration(&self, connector: &Connector) -> Result<Arc<Declaration>, SyncError> {
        let known = || self.declarations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(declaration) = known().get(connector.digest()) {
            return Ok(Arc::clone(declaration));
        }
        let declaration = Arc::new(self.runtime.declaration(connector).await?);
        known().insert(connector.digest().to_owned(), Arc::clone(&declaration));
        Ok(declaration)
    }

    /// The component of a tenant, compiled. One that several ask for at once is compiled once, and nobody waits for another's.
    ///
    /// # Errors
    /// When its file cannot be read, or is no connector.
    pub async fn connector(&self, component: &ComponentChoice) -> Result<Connector, SyncError> {
        self.checked_connector(component, &|_| Ok(())).await
    }

    /// As [`Self::connector`], of a component whose SHA-256 `check` lets through. It is asked before anything is compiled.
    ///
    /// # Errors
    /// As [`Self::connector`], and those of `check`.
    pub async fn checked_connector(
        &self,
        component: &ComponentChoice,
        check: &(dyn Fn(&str) -> Result<(), SyncError> + Sync),
    ) -> Result<Connector, SyncError> {
        let path = match component {
            ComponentChoice::Embedded => None,
            ComponentChoice::File(path) => Some(self.folder.join(path)),
        };
        let place = {
            let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(loaded.entry(path.clone()).or_default())
        };
        if let Some(connector) = place.get() {
            check(connector.digest())?;
            return Ok(connector.clone());
        }
        let failed = |reason: String| SyncError::Component {
            path: path.as_ref().map_or_else(|| "embedded here".to_owned(), |path| path.display().to_string()),
            reason,
        };
        let bytes = match &path {
            None => Cow::Borrowed(self.embedded),
            Some(path) => Cow::Owned(std::fs::read(path).map_err(|error| failed(error.to_string()))?),
        };
        check(&digest_of(&bytes))?;
        let is_trusted = path.is_none();
        let (runtime, compiling) = (self.runtime.clone(), Arc::clone(&self.compiling));
        let load = async move || -> Result<Connector, String> {
            // It's never closed. Those that are built in don't wait for those that tenants bring.
            let _turn = if is_trusted { None } else { compiling.acquire_owned().await.ok() };
            let load = move || if is_trusted { runtime.load_trusted(&bytes) } else { runtime.load(&bytes) };
            let loaded = tokio::task::spawn_blocking(load).await.map_err(|error| error.to_string())?;
            loaded.map_err(|error| error.to_string())
        };
        // A task of its own, so that who doesn't wait any longer has it ready all the same.
        let loading = tokio::spawn(async move { place.get_or_try_init(load).await.cloned() });
        loading.await.map_err(|error| failed(error.to_string()))?.map_err(failed)
    }
}

impl Applications for ComponentApplications {
    type Application = Job;

    async fn declared(&self, component: &ComponentChoice) -> Result<Declared, SyncError> {
        let connector = self.connector(component).await?;
        let embedded = self.connector(&ComponentChoice::Embedded).await?;
        Ok(Declared {
            digest: connector.digest().to_owned(),
            declaration: self.declaration(&connector).await?,
            is_embedded: connector.digest() == embedded.digest(),
            embedded: self.declaration(&embedded).await?,
        })
    }

    async fn connect(&self, tenant: &Tenant, component: &ComponentChoice) -> Result<Job, SyncError> {
        let check = |digest: &str| match &tenant.component_sha256 {
            Some(pinned) if !pinned.eq_ignore_ascii_case(digest) => Err(JobError::Stopped {
                tenant: tenant.name.clone(),
                call: "start",
                fault: SandboxFault::OtherComponent { found: digest.to_owned(), pinned: pinned.clone() },
            }
            .into()),
            _ => Ok(()),
        };
        let connector = self.checked_connector(component, &check).await?;
        Ok(self.runtime.start(&connector, tenant).await?)
    }
}
