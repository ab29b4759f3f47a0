//! The engine: one for a process, shared by all tenants.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::sync::Semaphore;
use wasmtime::component::Linker;
use wasmtime::{Config, Engine, EngineWeak, InstanceAllocationStrategy, MemoryCreator, PoolingAllocationConfig};

use super::access::{Approval, Declaration};
use super::apart;
use super::cache::ComponentCache;
use super::clients::Clients;
use super::compiler::{self, Compiler};
use super::connector::{Connector, digest_of};
use super::error::{EngineError, LoadError};
use super::given::{Given, given};
use super::interface::{self, Prepared};
use super::job::{Job, JobState};
use super::limits::EPOCH_TICK;
use super::metrics::Metrics;
use super::recording::{Recorder, Replay};
use super::room::Room;
use super::shape;
use super::survey::{Size, Survey, survey};
use super::tenant::{Tenant, Wasi};
use super::wit::Descriptor;
use super::{JobError, SandboxFault};

/// Stands for the tenant where there is none.
const NOBODY: &str = "(none)";

/// What a component may need to be run from the pool: core modules, which are the connector itself and the small adapters that the
/// component linker adds (two were seen); memories; and tables. The pool keeps as much for each of its jobs.
const POOLED: Size = Size { instances: 8, memories: 1, tables: 4 };

/// An engine, and what it links components with.
pub(crate) struct Place {
    pub(crate) engine: Engine,
    linker: Linker<JobState>,
}

/// Runs components. Cheap to clone; clones share engine, slots, and each tenant's connections.
#[derive(Clone)]
pub struct Runtime {
    /// For components that import the world and are small: jobs take their memory from a pool.
    pub(crate) pooled: Arc<Place>,
    /// For all others, such as one that brings an interpreter: each job takes what it needs. A pool for these would reserve four memories
    /// and 64 instances for every job.
    roomy: Arc<Place>,
    pub(crate) clients: Arc<Clients>,
    slots: Arc<Semaphore>,
    next_job: Arc<AtomicU64>,
    compiler: Compiler,
    compile_time: Duration,
    cache: Option<ComponentCache>,
    pub(crate) metrics: Metrics,
    pub(crate) room: Arc<Room>,
    /// Turns of work that takes long.
    pub(crate) apart: Arc<Semaphore>,
    pub(crate) recorder: Option<Recorder>,
    pub(crate) replay: Option<Replay>,
}

/// Settings of a [`Runtime`]. Clones share caches and recordings.
#[derive(Clone)]
pub struct RuntimeBuilder {
    jobs: u32,
    jobs_of_tenant: Option<u32>,
    largest_memory: usize,
    held: usize,
    roots: Vec<CertificateDer<'static>>,
    memory: Option<Arc<dyn MemoryCreator>>,
    cache: Option<ComponentCache>,
    compiler: Compiler,
    compile_time: Duration,
    recorder: Option<Recorder>,
    replay: Option<Replay>,
}

impl RuntimeBuilder {
    /// Jobs that may hold an instance at once; further ones wait. Default 256. Each reserves address space, not memory.
    pub fn jobs(mut self, jobs: u32) -> Self {
        self.jobs = jobs.max(1);
        self
    }

    /// Jobs that may hold an instance at once for one tenant; further ones wait, and hold up no other tenant. Default a quarter of
    /// all ([`RuntimeBuilder::jobs`]). A [`Scheduler`](super::Scheduler) runs one.
    pub fn jobs_of_tenant(mut self, jobs: u32) -> Self {
        self.jobs_of_tenant = Some(jobs);
        self
    }

    /// The most that `limits.memory` of any tenant may be, in bytes. Default 256 MiB.
    pub fn largest_memory(mut self, bytes: usize) -> Self {
        self.largest_memory = bytes;
        self
    }

    /// Bytes that the bodies of requests and answers of all jobs may hold in the host at once. Default 512 MiB. No job takes more than
    /// half of what is left of it.
    pub fn held(mut self, bytes: usize) -> Self {
        self.held = bytes;
        self
    }

    /// Trusts one more root certificate, or several in one text, PEM-encoded, beside those of the operating system.
    ///
    /// # Errors
    /// When the text holds no PEM-encoded certificate.
    pub fn root_certificate(mut self, pem: &str) -> Result<Self, EngineError> {
        let failed = |reason: String| EngineError(format!("a root certificate is not PEM-encoded X.509: {reason}"));
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|error| failed(error.to_string()))?;
        if certificates.is_empty() {
            return Err(failed("the text holds none".to_owned()));
        }
        self.roots.extend(certificates);
        Ok(self)
    }

    /// Takes the memory of components from `creator` instead of the pool, so that it can be looked at from outside. For
    /// tests and forensics: instances start slower.
    pub fn memory(mut self, creator: Arc<dyn MemoryCreator>) -> Self {
        self.memory = Some(creator);
        self
    }

    /// Keeps compiled components in `cache`. Default: none, every [`Runtime::load`] compiles.
    pub fn cache(mut self, cache: ComponentCache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// Where components are compiled that aren't trusted. Default: in this process.
    pub fn compiler(mut self, compiler: Compiler) -> Self {
        self.compiler = compiler;
        self
    }

    /// Processor time that a child may take to compile a component, in whole seconds. Default 60 s.
    pub fn compile_time(mut self, time: Duration) -> Self {
        self.compile_time = time;
        self
    }

    /// Records the HTTP of every job.
    pub fn record(mut self, recorder: Recorder) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// Answers the HTTP of every job from a recording; nothing is sent. The egress policy and the limits hold all the same.
    pub fn replay(mut self, replay: Replay) -> Self {
        self.replay = Some(replay);
        self
    }

    /// Makes the engine.
    ///
    /// # Errors
    /// When this machine cannot carry it, such as for want of address space.
    pub fn build(self) -> Result<Runtime, EngineError> {
        let failed = |error: wasmtime::Error| EngineError(format!("{error:#}"));
        let jobs_of_tenant = self.jobs_of_tenant.unwrap_or(self.jobs / 4).max(1);
        let mut config = compiling();
        config.cache(self.cache.clone().map(ComponentCache::into_wasmtime));
        let mut roomy = config.clone();
        // A child compiles for memory as it is by default, which is how it is unless somebody looks at it.
        let compiler = if self.memory.is_some() { Compiler::InProcess } else { self.compiler };
        match self.memory {
            Some(creator) => {
                for config in [&mut config, &mut roomy] {
                    // Without a reservation, memory is exactly what the creator hands out; and it is filled by copying, since
                    // an image can be mapped only into memory that Wasmtime has mapped itself.
                    config
                        .with_host_memory(Arc::clone(&creator))
                        .memory_reservation(0)
                        .memory_guard_size(0)
                        .memory_reservation_for_growth(0)
                        .memory_init_cow(false);
                }
            }
            None => {
                let mut pool = PoolingAllocationConfig::new();
                pool.total_component_instances(self.jobs)
                    .total_core_instances(self.jobs * POOLED.instances)
                    .max_core_instances_per_component(POOLED.instances)
                    .total_memories(self.jobs * POOLED.memories)
                    .max_memories_per_component(POOLED.memories)
                    .total_tables(self.jobs * POOLED.tables)
                    .max_tables_per_component(POOLED.tables)
                    .total_stacks(self.jobs)
                    .table_elements(20_000)
                    .max_memory_size(self.largest_memory)
                    // Keeps the pages that nearly every job touches, so that the next job of the slot need not fault them in.
                    .linear_memory_keep_resident(256 << 10);
                config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
            }
        }
        let pooled = Place::new(&config, interface::add_to_linker).map_err(failed)?;
        let roomy = Place::new(&roomy, roomy_linker()).map_err(failed)?;
        let clients = Clients::new(self.roots, self.jobs as usize, jobs_of_tenant as usize)
            .map_err(|error| EngineError(format!("no TLS for its requests: {error}")))?;
        tick(vec![pooled.engine.weak(), roomy.engine.weak()])?;
        Ok(Runtime {
            pooled: Arc::new(pooled),
            roomy: Arc::new(roomy),
            clients: Arc::new(clients),
            slots: Arc::new(Semaphore::new(self.jobs as usize)),
            next_job: Arc::default(),
            compiler,
            compile_time: self.compile_time,
            cache: self.cache,
            metrics: Metrics::default(),
            room: Room::new(self.held),
            apart: apart::turns(),
            recorder: self.recorder,
            replay: self.replay,
        })
    }
}

/// What machine code depends on.
pub(crate) fn compiling() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        // Synchronous functions are the interface; support for concurrent guests would cost 0.7 µs a call.
        .concurrency_support(false)
        // The checks are a sixth of an import's processor time in the component, and the only means that ends a loop
        // without end. Wasmtime's own inlining does not buy it back: with it the code is five times as large, takes eight
        // times as long to compile, and imports no faster.
        .epoch_interruption(true)
        .max_wasm_stack(512 << 10);
    config
}

/// What components are linked with that import more than the world, or are large.
fn roomy_linker() -> fn(&mut Linker<JobState>) -> wasmtime::Result<()> {
    #[cfg(feature = "wasi")]
    return super::wasi::add_to_linker;
    #[cfg(not(feature = "wasi"))]
    interface::add_to_linker
}

impl Place {
    fn new(config: &Config, link: fn(&mut Linker<JobState>) -> wasmtime::Result<()>) -> wasmtime::Result<Self> {
        let engine = Engine::new(config)?;
        let mut linker = Linker::new(&engine);
        link(&mut linker)?;
        Ok(Self { engine, linker })
    }
}

/// Advances the engines' epochs until all of them are gone.
fn tick(engines: Vec<EngineWeak>) -> Result<(), EngineError> {
    std::thread::Builder::new()
        .name("epoch".to_owned())
        .spawn(move || {
            loop {
                let mut left = false;
                for engine in engines.iter().filter_map(EngineWeak::upgrade) {
                    engine.increment_epoch();
                    left = true;
                }
                if !left {
                    return;
                }
                std::thread::sleep(EPOCH_TICK);
            }
        })
        .map(drop)
        .map_err(|error| EngineError(format!("no thread for the epoch clock: {error}")))
}

impl Runtime {
    /// A runtime to be configured.
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder {
            jobs: 256,
            jobs_of_tenant: None,
            largest_memory: 256 << 20,
            held: 512 << 20,
            roots: Vec::new(),
            memory: None,
            cache: None,
            compiler: Compiler::default(),
            compile_time: compiler::TIME,
            recorder: None,
            replay: None,
        }
    }

    /// Checks that a component is a connector, and compiles it where [`RuntimeBuilder::compiler`] says. Blocks until that is done.
    ///
    /// # Errors
    /// When it is no component, asks for something that no connector is given, does not implement the interface in the
    /// version that is served, or would take too much to compile. All but the last is found before it is compiled.
    pub fn load(&self, bytes: &[u8]) -> Result<Connector, LoadError> {
        self.load_by(&self.compiler, bytes)
    }

    /// As [`Runtime::load`], of a component that is trusted, such as one that the program was built with: it is compiled in this process.
    ///
    /// # Errors
    /// As [`Runtime::load`].
    pub fn load_trusted(&self, bytes: &[u8]) -> Result<Connector, LoadError> {
        self.load_by(&Compiler::InProcess, bytes)
    }

    fn load_by(&self, compiler: &Compiler, bytes: &[u8]) -> Result<Connector, LoadError> {
        let Survey { size, interface, imports, exports } = survey(bytes)?;
        let digest = digest_of(bytes);
        let is_plain = imports.iter().all(|import| given(import) == Some(Given::World));
        let place = if is_plain && size.fits(POOLED) { &self.pooled } else { &self.roomy };
        let component = compiler.compile(&place.engine, self.cache.as_ref(), self.compile_time, bytes)?;
        shape::check(&place.engine, &component, &exports).map_err(LoadError::NotAConnector)?;
        let prepared = place
            .linker
            .instantiate_pre(&component)
            .and_then(Prepared::new)
            .map_err(|error| LoadError::NotAConnector(format!("{error:#}")))?;
        Ok(Connector { prepared, interface, digest, size: bytes.len(), imports, exports })
    }

    /// Starts a job: a fresh sandbox for `tenant`, once a slot of the tenant's is free, and one of all.
    ///
    /// # Errors
    /// When the tenant pins another component, another one was approved for it, or the component fails as soon as it is instantiated.
    ///
    /// # Cancellation
    /// Dropping the future gives slot and sandbox back.
    pub async fn start(&self, connector: &Connector, tenant: &Tenant) -> Result<Job, JobError> {
        if let Some(pinned) = &tenant.component_sha256
            && !pinned.eq_ignore_ascii_case(connector.digest())
        {
            let fault = SandboxFault::OtherComponent { found: connector.digest().to_owned(), pinned: pinned.clone() };
            return Err(JobError::Stopped { tenant: tenant.name.clone(), call: "start", fault });
        }
        if let Some(approval) = &tenant.approval
            && !approval.component_sha256.eq_ignore_ascii_case(connector.digest())
        {
            let fault = SandboxFault::NotApproved { found: connector.digest().to_owned() };
            return Err(JobError::Stopped { tenant: tenant.name.clone(), call: "start", fault });
        }
        if tenant.wasi == Wasi::None
            && let Some(import) = connector.wasi()
        {
            let fault = SandboxFault::Wasi(import.to_owned());
            return Err(JobError::Stopped { tenant: tenant.name.clone(), call: "start", fault });
        }
        // Neither semaphore is ever closed. The tenant's own comes first, so that who waits for itself holds nothing.
        let client = self.clients.of(&tenant.name.as_str().into());
        let own = Arc::clone(&client.jobs).acquire_owned().await.ok();
        let slot = (own, Arc::clone(&self.slots).acquire_owned().await.ok());
        // Whoever starts one short job after another would otherwise never let go of its thread.
        tokio::task::yield_now().await;
        let number = self.next_job.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        Job::start(self, connector, tenant, number, slot).await
    }

    /// What a connector is and needs. It is asked in a sandbox that has no settings and reaches nothing, since what it is doesn't depend
    /// on whose it is.
    ///
    /// # Errors
    /// When the sandbox ends the job.
    pub async fn describe(&self, connector: &Connector) -> Result<Descriptor, JobError> {
        let nobody = Tenant { name: NOBODY.to_owned(), ..Tenant::default() };
        self.start(connector, &nobody).await?.describe().await
    }

    /// What a connector declares: its hosts, and where secrets go.
    ///
    /// # Errors
    /// When the sandbox ends the job, or what the connector declares contradicts itself.
    pub async fn declaration(&self, connector: &Connector) -> Result<Declaration, JobError> {
        let descriptor = self.describe(connector).await?;
        Declaration::of(&descriptor).map_err(|malformed| JobError::Stopped {
            tenant: NOBODY.to_owned(),
            call: "describe",
            fault: SandboxFault::Contradiction(malformed.to_string()),
        })
    }

    /// Approves all that a connector declares, as whoever builds it into a product does, or trusts its digest.
    ///
    /// # Errors
    /// As [`Runtime::declaration`].
    pub async fn approve(&self, connector: &Connector) -> Result<Approval, JobError> {
        let declaration = self.declaration(connector).await?;
        Ok(Approval { component_sha256: connector.digest().to_owned(), declaration: Arc::new(declaration) })
    }

    /// What this runtime has counted.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}
