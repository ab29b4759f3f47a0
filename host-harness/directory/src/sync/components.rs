//! Applications behind real components.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Applications, Declared, SyncError};
use crate::config::ComponentChoice;
use provisioning_runtime::wit::Descriptor;
use provisioning_runtime::{Connector, Declaration, Job, Runtime, Tenant};

/// Runs components in a [`Runtime`]; each is compiled once.
pub struct ComponentApplications {
    runtime: Runtime,
    /// The component of tenants that name no file.
    embedded: &'static [u8],
    /// Where relative paths of components start.
    folder: PathBuf,
    loaded: Mutex<HashMap<Option<PathBuf>, Connector>>,
    /// What components declare, by their digests.
    declarations: Mutex<HashMap<String, Arc<Declaration>>>,
}

impl ComponentApplications {
    /// Tenants that name no file run `embedded`; relative paths of the others' components start at `folder`.
    pub fn new(runtime: Runtime, embedded: &'static [u8], folder: impl Into<PathBuf>) -> Self {
        Self { runtime, embedded, folder: folder.into(), loaded: Mutex::default(), declarations: Mutex::default() }
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

    /// The component of a tenant, compiled.
    ///
    /// # Errors
    /// When its file cannot be read, or is no connector.
    pub fn connector(&self, component: &ComponentChoice) -> Result<Connector, SyncError> {
        let path = match component {
            ComponentChoice::Embedded => None,
            ComponentChoice::File(path) => Some(self.folder.join(path)),
        };
        // Held while it compiles, so that tenants who share a component do not compile it side by side.
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connector) = loaded.get(&path) {
            return Ok(connector.clone());
        }
        let connector = match &path {
            None => self.runtime.load(self.embedded),
            Some(path) => {
                let bytes = std::fs::read(path).map_err(|error| SyncError::Component {
                    path: path.display().to_string(),
                    reason: error.to_string(),
                })?;
                self.runtime.load(&bytes)
            }
        };
        let connector = connector.map_err(|error| SyncError::Component {
            path: path.as_ref().map_or_else(|| "embedded here".to_owned(), |path| path.display().to_string()),
            reason: error.to_string(),
        })?;
        loaded.insert(path, connector.clone());
        Ok(connector)
    }
}

impl Applications for ComponentApplications {
    type Application = Job;

    async fn declared(&self, component: &ComponentChoice) -> Result<Declared, SyncError> {
        let connector = self.connector(component)?;
        let embedded = self.connector(&ComponentChoice::Embedded)?;
        Ok(Declared {
            digest: connector.digest().to_owned(),
            declaration: self.declaration(&connector).await?,
            is_embedded: connector.digest() == embedded.digest(),
            embedded: self.declaration(&embedded).await?,
        })
    }

    async fn connect(&self, tenant: &Tenant, component: &ComponentChoice) -> Result<Job, SyncError> {
        let connector = self.connector(component)?;
        Ok(self.runtime.start(&connector, tenant).await?)
    }
}
