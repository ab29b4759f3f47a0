//! From a tenant's name to a job for it.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use crate::config::{ComponentChoice, StandardInput, TenantsFile};
use crate::embedded;
use crate::runtime::wit::Descriptor;
use crate::runtime::{Connector, Job, Runtime, Tenant};

/// A job that is ready to be used, and what it was made from.
pub(crate) struct Context {
    pub(crate) tenant: Tenant,
    pub(crate) descriptor: Descriptor,
    pub(crate) job: Job,
}

/// Loads a component file, or the embedded connector.
pub(crate) fn load(runtime: &Runtime, component: &ComponentChoice, folder: &Path) -> Result<Connector, Failure> {
    match component {
        ComponentChoice::Embedded => Ok(runtime.load(embedded::CONNECTOR)?),
        ComponentChoice::File(path) => {
            let path = folder.join(path);
            let bytes = std::fs::read(&path)
                .map_err(|error| Failure::usage(format!("the component {} cannot be read: {error}", path.display())))?;
            Ok(runtime.load(&bytes)?)
        }
    }
}

impl Context {
    /// Starts a job for the tenant `name` of the tenants file. Secrets that come from standard input are read here.
    pub(crate) async fn start(tenants: &Path, name: &str, input: &mut StandardInput<'_>) -> Result<Self, Failure> {
        let file = TenantsFile::read(tenants)?;
        let config = file.tenant(name)?;
        let runtime = Runtime::builder().jobs(1).build()?;
        let connector = load(&runtime, &config.component(), file.folder())?;
        // A job without settings, since settings are only worth fetching secrets for once they are known to be sound.
        let bare = Tenant { name: name.to_owned(), ..Tenant::default() };
        let descriptor = runtime.start(&connector, &bare).await?.describe().await?;
        config.check(name, &descriptor)?;
        let tenant = config.resolve(name, file.folder(), input)?;
        let job = runtime.start(&connector, &tenant).await?;
        Ok(Self { tenant, descriptor, job })
    }
}

/// The tenants file, where no option names one.
pub(crate) fn default_tenants_file() -> PathBuf {
    PathBuf::from("tenants.toml")
}
