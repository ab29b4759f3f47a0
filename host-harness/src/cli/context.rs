//! From a tenant's name to a job for it.

use std::path::{Path, PathBuf};

use super::command_line::Global;
use super::failure::Failure;
use crate::config::{ComponentChoice, StandardInput, TenantsFile};
use crate::embedded;
use crate::runtime::wit::Descriptor;
use crate::runtime::{ComponentCache, Connector, Job, Runtime, Tenant};

/// A job that is ready to be used, and what it was made from.
pub(crate) struct Context {
    pub(crate) tenant: Tenant,
    pub(crate) descriptor: Descriptor,
    pub(crate) job: Job,
}

/// The runtime of a command, which has one job at a time.
pub(crate) fn runtime(global: &Global) -> Result<Runtime, Failure> {
    let builder = Runtime::builder().jobs(1);
    let cache = match &global.cache {
        Some(folder) if folder.as_os_str() == "off" => None,
        Some(folder) => Some(ComponentCache::open(folder).map_err(|error| Failure::usage(error.to_string()))?),
        None => default_cache_folder().and_then(|folder| match ComponentCache::open(&folder) {
            Ok(cache) => Some(cache),
            Err(error) => {
                // Nobody asked for it, so the command does without.
                tracing::warn!(%error, "compiled components are not kept");
                None
            }
        }),
    };
    Ok(match cache {
        Some(cache) => builder.cache(cache).build()?,
        None => builder.build()?,
    })
}

/// In the user's cache folder (XDG Base Directory Specification), where there is one.
fn default_cache_folder() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))?;
    folder.is_absolute().then(|| folder.join("provisioning-host"))
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
    pub(crate) async fn start(
        global: &Global,
        tenants: &Path,
        name: &str,
        input: &mut StandardInput<'_>,
    ) -> Result<Self, Failure> {
        let file = TenantsFile::read(tenants)?;
        let config = file.tenant(name)?;
        let runtime = runtime(global)?;
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
