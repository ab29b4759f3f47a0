//! Applications behind real components.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OnceCell, Semaphore};

use super::{Applications, Declared, SyncError, host_actor};
use crate::config::ComponentChoice;
use crate::directory::{Directory, DirectoryError};
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
    loaded: Mutex<HashMap<ComponentChoice, Arc<OnceCell<Connector>>>>,
    /// One for each component of a tenant's that may be compiled at once: each takes a processor and much memory.
    compiling: Arc<Semaphore>,
    /// What components declare, by their digests.
    declarations: Mutex<HashMap<String, Arc<Declaration>>>,
    /// Where the components are that were added.
    directory: Option<Directory>,
    /// Whether the files of tenants are kept there for other hosts, too.
    keeps_files: bool,
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
            directory: None,
            keeps_files: false,
        }
    }

    /// Takes components that were added from a directory.
    #[must_use]
    pub fn added_in(self, directory: Directory) -> Self {
        Self { directory: Some(directory), ..self }
    }

    /// As [`Self::added_in`]; also keeps components that tenants bring in files there, and takes one from there whose file isn't on this
    /// host.
    #[must_use]
    pub fn kept_in(self, directory: Directory) -> Self {
        Self { directory: Some(directory), keeps_files: true, ..self }
    }

    /// The bytes of a component that was added.
    fn added(&self, digest: &str) -> Result<Vec<u8>, String> {
        let Some(directory) = &self.directory else {
            return Err("components that were added are in a data folder, and there is none".to_owned());
        };
        directory.read(|view| view.component(digest)).map_err(|error| error.to_string())
    }

    /// The bytes of a tenant's component: its file's, or, where this host has no such file, those that another host has read.
    fn bytes(&self, named: &Path) -> Result<Vec<u8>, String> {
        let name = named.to_string_lossy();
        match (std::fs::read(self.folder.join(named)), self.directory.as_ref().filter(|_| self.keeps_files)) {
            (Ok(bytes), Some(directory)) => {
                let digest = digest_of(&bytes);
                let keep = || -> Result<(), DirectoryError> {
                    let kept = directory.read(|view| view.component_digest(&name))?;
                    if kept.as_ref() == Some(&digest) {
                        return Ok(());
                    }
                    directory.write(&host_actor(), |change| change.keep_component(&name, &digest, &bytes))
                };
                // This host has it all the same.
                if let Err(error) = keep() {
                    tracing::warn!(component = %name, %error, "a component could not be kept for other hosts");
                }
                Ok(bytes)
            }
            (Err(error), Some(directory)) if error.kind() == std::io::ErrorKind::NotFound => {
                let kept = directory.read(|view| -> Result<_, DirectoryError> {
                    view.component_digest(&name)?.map(|digest| view.component(&digest)).transpose()
                });
                kept.map_err(|error| error.to_string())?.ok_or_else(|| error.to_string())
            }
            (read, _) => read.map_err(|error| error.to_string()),
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
        let place = {
            let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(loaded.entry(component.clone()).or_default())
        };
        if let Some(connector) = place.get() {
            check(connector.digest())?;
            return Ok(connector.clone());
        }
        let path = match component {
            ComponentChoice::Embedded => "embedded here".to_owned(),
            ComponentChoice::File(path) => self.folder.join(path).display().to_string(),
            ComponentChoice::Added(_) => component.to_string(),
        };
        let failed = |reason: String| SyncError::Component { path: path.clone(), reason };
        let bytes = match component {
            ComponentChoice::Embedded => Cow::Borrowed(self.embedded),
            ComponentChoice::File(named) => Cow::Owned(self.bytes(named).map_err(failed)?),
            ComponentChoice::Added(digest) => Cow::Owned(self.added(digest).map_err(failed)?),
        };
        check(&digest_of(&bytes))?;
        let is_trusted = *component == ComponentChoice::Embedded;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{NewComponent, testing};

    #[test]
    fn a_component_that_was_added_is_read_by_its_digest() {
        let data = tempfile::tempdir().unwrap();
        let directory = testing::open(data.path());
        let bytes = b"added".to_vec();
        let new = NewComponent { bytes: &bytes, name: "Sample", version: "1", source: "a.wasm", signed: None };
        let digest = directory.write(&host_actor(), |change| change.add_component(&new)).unwrap();
        let made = || ComponentApplications::new(Runtime::builder().build().unwrap(), &[], data.path());
        assert!(made().added(&digest).unwrap_err().contains("data folder"));
        let applications = made().added_in(directory.clone());
        assert_eq!(applications.added(&digest).unwrap(), bytes);
        assert!(applications.added(&digest_of(b"other")).unwrap_err().contains("component add"));
        // Whoever only takes from the directory keeps no files there.
        std::fs::write(data.path().join("own.wasm"), "own").unwrap();
        assert_eq!(applications.bytes(Path::new("own.wasm")).unwrap(), b"own");
        assert_eq!(directory.read(|view| view.component_digest("own.wasm")).unwrap(), None);
    }

    #[test]
    fn a_component_that_one_host_has_read_is_every_hosts() {
        let data = tempfile::tempdir().unwrap();
        let directory = testing::open(data.path());
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [one, other] = folders.each_ref().map(|folder| {
            let runtime = Runtime::builder().build().unwrap();
            ComponentApplications::new(runtime, &[], folder.path()).kept_in(testing::open(data.path()))
        });
        let name = Path::new("own.wasm");
        assert!(other.bytes(name).unwrap_err().contains("No such file"));
        std::fs::write(folders[0].path().join(name), "first").unwrap();
        assert_eq!(one.bytes(name).unwrap(), b"first");
        assert_eq!(other.bytes(name).unwrap(), b"first");
        // What the file holds now counts, and what it held is gone.
        std::fs::write(folders[0].path().join(name), "second").unwrap();
        assert_eq!(one.bytes(name).unwrap(), b"second");
        assert_eq!(other.bytes(name).unwrap(), b"second");
        assert!(directory.read(|view| view.component(&digest_of(b"first"))).is_err());
        // A host's own file goes before it.
        std::fs::write(folders[1].path().join(name), "own").unwrap();
        assert_eq!(other.bytes(name).unwrap(), b"own");
        std::fs::remove_file(folders[1].path().join(name)).unwrap();
        // Bytes that aren't what their digest says are never run.
        let bytes = if testing::server().is_some() { "BYTEA" } else { "BLOB" };
        directory.run(&format!("UPDATE component SET bytes = CAST('x' AS {bytes})"), None).unwrap();
        let error = other.bytes(name).unwrap_err();
        assert!(error.contains("the directory holds a damaged record: the component with the SHA-256"), "{error}");
    }
}
