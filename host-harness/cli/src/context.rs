//! From a tenant's name to a job for it.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::failure::Failure;
use super::global::Global;
use super::output::complain;
use crate::embedded;
use provisioning_directory::config::{ComponentChoice, StandardInput, TenantConfig, TenantsFile};
use provisioning_directory::sync::{
    ComponentApplications, Declared, Grounds, Standing, Tried, approval, note_tried, standing,
};
use provisioning_directory::{
    Actor, Directory, DirectoryError, DirectoryOptions, TaskFailure, TaskKind, TenantId, TenantRecord, default_folder,
};
use provisioning_runtime::wit::{Descriptor, Outcome};
use provisioning_runtime::{
    Approval, CacheError, Compiler, ComponentCache, Connector, Declaration, Job, Recorder, Replay, Runtime,
    RuntimeBuilder, Tenant, digest_of,
};

/// The kind of job by which the console shows what a command does.
pub(crate) const COMMAND: &str = "command";

/// A job that is ready to be used, and what it was made from.
pub(crate) struct Context {
    pub(crate) tenant: Tenant,
    pub(crate) descriptor: Descriptor,
    pub(crate) job: Job,
    /// Where the tenant is kept, unless it stands in a tenants file.
    kept: Option<Kept>,
}

/// Where a tenant is kept, and who works for it.
struct Kept {
    directory: Directory,
    tenant: TenantId,
    actor: Actor,
}

/// The runtime of a command, which has one job at a time.
pub(crate) fn runtime(global: &Global) -> Result<Runtime, Failure> {
    runtime_for(global, 1)
}

/// A runtime for so many jobs at a time.
pub(crate) fn runtime_for(global: &Global, jobs: u32) -> Result<Runtime, Failure> {
    Ok(builder(global, jobs)?.build()?)
}

/// The settings of a runtime for so many jobs at a time.
pub(crate) fn builder(global: &Global, jobs: u32) -> Result<RuntimeBuilder, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::usage(format!("where this program lies can't be told: {error}")))?;
    let mut builder = Runtime::builder().jobs(jobs).compiler(Compiler::Child(program));
    if let Some(path) = &global.record {
        builder = builder.record(Recorder::create(path).map_err(|error| Failure::usage(error.to_string()))?);
    }
    if let Some(path) = &global.replay {
        builder = builder.replay(Replay::read(path).map_err(|error| Failure::usage(error.to_string()))?);
    }
    let cache = match &global.cache {
        Some(folder) if folder.as_os_str() == "off" => None,
        Some(folder) => match ComponentCache::open(folder) {
            Err(error @ CacheError::Io { .. }) => return Err(Failure::usage(error.to_string())),
            cache => usable(cache),
        },
        None => default_cache_folder().and_then(|folder| usable(ComponentCache::open(&folder))),
    };
    Ok(match cache {
        Some(cache) => builder.cache(cache),
        None => builder,
    })
}

/// The cache, where there is one to be had: it only saves time, so the command does without.
fn usable(cache: Result<ComponentCache, CacheError>) -> Option<ComponentCache> {
    cache
        .inspect_err(|error| match error {
            CacheError::Untrusted { .. } => complain(&format!("warning: {error}; components are compiled afresh")),
            // Nobody asked for the default folder, which is not everywhere.
            CacheError::Io { .. } => tracing::warn!(%error, "compiled components are not kept"),
        })
        .ok()
}

/// In the user's cache folder (XDG Base Directory Specification), where there is one.
fn default_cache_folder() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))?;
    folder.is_absolute().then(|| folder.join("provisioning-host"))
}

/// Loads a component; relative paths start at `folder`.
pub(crate) fn load(
    global: &Global,
    runtime: &Runtime,
    component: &ComponentChoice,
    folder: &Path,
) -> Result<Connector, Failure> {
    load_bytes(runtime, &component_bytes(global, component, folder)?)
}

/// Loads a component, which is compiled here only if it is the embedded one.
pub(crate) fn load_bytes(runtime: &Runtime, bytes: &[u8]) -> Result<Connector, Failure> {
    Ok(if bytes == embedded::CONNECTOR { runtime.load_trusted(bytes)? } else { runtime.load(bytes)? })
}

/// The bytes of a component; relative paths start at `folder`.
pub(crate) fn component_bytes(
    global: &Global,
    component: &ComponentChoice,
    folder: &Path,
) -> Result<Cow<'static, [u8]>, Failure> {
    match component {
        ComponentChoice::Embedded => Ok(Cow::Borrowed(embedded::CONNECTOR)),
        ComponentChoice::File(path) => {
            let path = folder.join(path);
            let bytes = std::fs::read(&path)
                .map_err(|error| Failure::usage(format!("the component {} cannot be read: {error}", path.display())))?;
            Ok(Cow::Owned(bytes))
        }
        ComponentChoice::Added(_) if !directory_exists(global) => Err(Failure::usage(format!(
            "the component {component} is looked for in the data folder {}, and there is none; name it with --data, or add the component with `component add`",
            data_folder(global).display()
        ))),
        ComponentChoice::Added(digest) => {
            let directory = open_directory(global)?;
            Ok(Cow::Owned(directory.read(|view| view.component(digest))?))
        }
    }
}

/// Where a tenant is kept.
pub(crate) enum TenantSource {
    /// In a tenants file, which is read and never written.
    File(PathBuf),
    /// In the data folder.
    Directory(Box<(Directory, TenantRecord)>),
}

impl TenantSource {
    /// Finds a tenant: a tenants file that was named counts first; then the data folder, where it holds the tenant; then
    /// `tenants.toml` here.
    pub(crate) fn find(global: &Global, name: &str) -> Result<Self, Failure> {
        if let Some(file) = &global.tenants {
            return Ok(Self::File(file.clone()));
        }
        let file = default_tenants_file();
        if !directory_exists(global) {
            return Ok(Self::File(file));
        }
        let directory = open_directory(global)?;
        match directory.read(|view| view.tenant(name)) {
            Ok(tenant) => Ok(Self::Directory(Box::new((directory, tenant)))),
            Err(DirectoryError::NotFound { .. }) if file.is_file() => Ok(Self::File(file)),
            Err(error) => Err(error.into()),
        }
    }
}

/// The data folder that is meant.
pub(crate) fn data_folder(global: &Global) -> PathBuf {
    global.data.clone().unwrap_or_else(default_folder)
}

/// Opens the directory: in the data folder, which is made where there is none, or in the database that was named.
pub(crate) fn open_directory(global: &Global) -> Result<Directory, Failure> {
    open_directory_by(global, false)
}

/// Opens the data folder, and has the key at hand take the place of one that is lost.
pub(crate) fn open_directory_after_loss(global: &Global) -> Result<Directory, Failure> {
    open_directory_by(global, true)
}

fn open_directory_by(global: &Global, lost_key: bool) -> Result<Directory, Failure> {
    let url = global.database.url.as_ref();
    let postgres = url.map(|url| Ok::<_, Failure>((url.clone(), global.database.leases()?))).transpose()?;
    let options = DirectoryOptions { key_command: global.key_command.clone(), postgres, lost_key };
    Ok(Directory::open_by(&data_folder(global), &options)?)
}

/// Whether there is a directory already. One in a database that was named is asked for there.
pub(crate) fn directory_exists(global: &Global) -> bool {
    global.database.url.is_some() || Directory::exists(&data_folder(global))
}

/// Opens the data folder, and a tenant in it.
pub(crate) fn open_tenant(global: &Global, name: &str) -> Result<(Directory, TenantRecord), Failure> {
    let directory = open_directory(global)?;
    let tenant = directory.read(|view| view.tenant(name))?;
    Ok((directory, tenant))
}

/// Runs components for the jobs of a directory.
pub(crate) fn applications(global: &Global, directory: &Directory) -> Result<ComponentApplications, Failure> {
    let applications = ComponentApplications::new(runtime(global)?, embedded::CONNECTOR, data_folder(global));
    Ok(applications.added_in(directory.clone()))
}

/// Warns of what a tenant's egress rules open beyond the hosts that they name.
pub(crate) fn warn_of_egress(name: &str, config: &TenantConfig) {
    for warning in config.egress.warnings() {
        complain(&format!("warning: tenant {name}: {warning}"));
    }
}

/// What a component says of itself.
pub(crate) async fn describe(
    global: &Global,
    runtime: &Runtime,
    config: &TenantConfig,
    folder: &Path,
    name: &str,
) -> Result<(Connector, Descriptor), Failure> {
    let bytes = component_bytes(global, &config.component(), folder)?;
    config.check_component(name, &digest_of(&bytes))?;
    let connector = load_bytes(runtime, &bytes)?;
    // Settings are only worth fetching secrets for once they are known to be sound.
    let descriptor = runtime.describe(&connector).await?;
    Ok((connector, descriptor))
}

/// What a component declares that has described itself, beside the connector that is built in. That is loaded only where it is another:
/// it would be a third of what a short command takes.
pub(crate) async fn declared(
    runtime: &Runtime,
    connector: &Connector,
    descriptor: &Descriptor,
) -> Result<Declared, Failure> {
    let declaration = Declaration::of(descriptor).map_err(|malformed| {
        Failure::usage(format!("the component's declaration contradicts itself: {malformed}; mend the connector"))
    })?;
    let declaration = Arc::new(declaration);
    let is_embedded = connector.digest() == digest_of(embedded::CONNECTOR);
    let embedded = match is_embedded {
        true => Arc::clone(&declaration),
        false => Arc::new(runtime.declaration(&runtime.load_trusted(embedded::CONNECTOR)?).await?),
    };
    Ok(Declared { digest: connector.digest().to_owned(), declaration, embedded, is_embedded })
}

/// The approval that a tenant's component runs with. Says so where nobody was asked because the tenant reaches this machine alone.
pub(crate) fn approved(
    directory: Option<&Directory>,
    tenant: &Tenant,
    declared: &Declared,
) -> Result<Approval, Failure> {
    let (approval, grounds) = match directory {
        Some(directory) => approval(directory, tenant, declared)?,
        None => match standing(None, tenant, declared)? {
            Standing::Approved(approval, grounds) => (approval, grounds),
            Standing::Missing(missing) => {
                return Err(Failure::usage(format!(
                    "tenant {}: nobody has approved what its component does with secrets: {} If that is right, write `sha256 = \"{}\"` under [tenants.{}]",
                    tenant.name,
                    missing.sentences(&|_| None).join(" "),
                    declared.digest,
                    tenant.name
                )));
            }
        },
    };
    if grounds == Grounds::ThisMachine {
        complain(&format!(
            "note: tenant {} reaches this machine alone, so its component (SHA-256 {}) needs no approval",
            tenant.name, declared.digest
        ));
    }
    Ok(approval)
}

impl Context {
    /// Starts a job for a tenant, wherever it is kept. Secrets that come from standard input are read here.
    pub(crate) async fn start(global: &Global, name: &str, input: &mut StandardInput<'_>) -> Result<Self, Failure> {
        match TenantSource::find(global, name)? {
            TenantSource::File(file) => Self::start_from_file(global, &file, name, input).await,
            TenantSource::Directory(kept) => {
                let (directory, record) = *kept;
                let runtime = runtime(global)?;
                let (connector, descriptor) =
                    describe(global, &runtime, &record.config, &data_folder(global), &record.name).await?;
                record.config.check(&record.name, &descriptor)?;
                let mut tenant = directory.read(|view| view.runtime_tenant(&record))?;
                let declared = declared(&runtime, &connector, &descriptor).await?;
                tenant.approval = Some(approved(Some(&directory), &tenant, &declared)?);
                let job = runtime.start(&connector, &tenant).await?;
                Ok(Self {
                    tenant,
                    descriptor,
                    job,
                    kept: Some(Kept { directory, tenant: record.id, actor: global.actor() }),
                })
            }
        }
    }

    /// Starts a job for the tenant `name` of a tenants file.
    pub(crate) async fn start_from_file(
        global: &Global,
        tenants: &Path,
        name: &str,
        input: &mut StandardInput<'_>,
    ) -> Result<Self, Failure> {
        let file = TenantsFile::read(tenants)?;
        let config = file.tenant(name)?;
        warn_of_egress(name, config);
        let runtime = runtime(global)?;
        let (connector, descriptor) = describe(global, &runtime, config, file.folder(), name).await?;
        config.check(name, &descriptor)?;
        let mut tenant = config.resolve(name, file.folder(), input)?;
        tenant.approval = Some(approved(None, &tenant, &declared(&runtime, &connector, &descriptor).await?)?);
        let job = runtime.start(&connector, &tenant).await?;
        Ok(Self { tenant, descriptor, job, kept: None })
    }

    /// Adds a row to the audit trail for each user, where the tenant is kept in the data folder: a command that writes without
    /// a task leaves a trace too.
    pub(crate) fn note<'a>(
        &self,
        kind: TaskKind,
        tried: impl Iterator<Item = (&'a str, Result<Option<&'a Outcome>, &'a TaskFailure>)>,
    ) -> Result<(), Failure> {
        let Some(Kept { directory, tenant, actor }) = &self.kept else { return Ok(()) };
        let tried: Vec<_> = tried.collect();
        directory.write(actor, |change| -> Result<(), DirectoryError> {
            for (user, result) in tried.iter().copied() {
                let person = match change.link_of_user(*tenant, user)? {
                    Some(link) => Some(change.person_by_id(link.person)?.key),
                    None => None,
                };
                let (person, user) = (person.as_deref(), Some(user));
                note_tried(change, &Tried { tenant: &self.tenant.name, person, user, kind, result, written: None })?;
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Keeps what the job has asked of the application, where the tenant is kept in the data folder.
    pub(crate) async fn keep_usage(&mut self) -> Result<(), Failure> {
        let spent = self.job.spent().await;
        if let (Some(Kept { directory, tenant, actor }), false) = (&self.kept, spent.is_empty()) {
            directory.write(actor, |change| change.add_usage(*tenant, &spent))?;
        }
        Ok(())
    }
}

/// The tenants file, where no option names one.
fn default_tenants_file() -> PathBuf {
    PathBuf::from("tenants.toml")
}
