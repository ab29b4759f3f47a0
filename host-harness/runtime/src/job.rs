//! One job: one tenant, one sandbox, a few calls.
//!
//! # Tracing
//! Each call is a span `call` with tenant, job and operation; each request in it is an event with method, host, path, status,
//! duration and the server's own id of the request.
//!
//! # Cancellation
//! Each call takes the store out of the job for its duration. When the call's future is dropped, traps, or exceeds its
//! deadline, the store goes with it, and every later call answers [`SandboxFault::Ended`]: a component that was
//! interrupted in the middle of its work is never entered again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::error::Elapsed;
use tracing::{Instrument as _, Span};
use wasmtime::component::{ResourceAny, ResourceTable};
use wasmtime::{Store, UpdateDeadline};

use super::access::{Access, NEW_PASSWORD};
use super::bindings::identity::provisioning::types;
use super::clocks::Monotonic;
use super::connector::Connector;
use super::engine::Runtime;
use super::error::{ComputeExceeded, JobError, SandboxFault};
use super::http::Gate;
use super::interface::Exports;
use super::ledger::Ledger;
use super::limits::{Limits, MemoryLimiter};
use super::meter::Meter;
use super::metrics::{Metrics, RunningJob};
use super::placeholders::{Kind, Placeholders};
use super::said::Said;
use super::secrets::{Masks, Secret};
use super::spent::{RequestLog, Spent};
use super::started::Started;
use super::tenant::Tenant;
#[cfg(feature = "wasi")]
use super::wasi::Wasi;
use super::wit::{
    Abandoned, AttributeDefinition, Deactivation, Descriptor, DesiredUser, EntitlementPage, ImportPage, ImportQuery,
    Outcome, Probe, PushMode, Usage,
};

/// One result for each record of a batch, in its order.
pub type Results<T> = Vec<Result<T, types::Error>>;

/// What the host functions of one store work on.
pub(crate) struct JobState {
    pub(crate) tenant: Arc<str>,
    pub(crate) id: String,
    pub(crate) table: ResourceTable,
    pub(crate) clock: Monotonic,
    pub(crate) limits: Limits,
    pub(crate) limiter: MemoryLimiter,
    pub(crate) gate: Arc<Gate>,
    pub(crate) started: Started,
    /// Every secret of the tenant.
    pub(crate) masks: Masks,
    pub(crate) ledger: Option<Arc<dyn Ledger>>,
    pub(crate) log_events: u64,
    /// The last error that the component logged; a panic hook's text where it panicked.
    pub(crate) last_error: Option<String>,
    /// What the call under way has written to its standard streams.
    pub(crate) said: Said,
    #[cfg(feature = "wasi")]
    pub(crate) wasi: Option<Box<Wasi>>,
}

/// What a job has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobUsage {
    /// HTTP requests sent.
    pub requests: u64,
    /// Bytes of response bodies received, after decoding.
    pub received_bytes: u64,
}

/// A sandbox with a connector in it, for one tenant. Dropping it ends the sandbox.
///
/// ```
/// use provisioning_runtime::{Job, JobError};
///
/// /// Signs in, unless the job has already, and counts the attributes of the application's users.
/// async fn attributes(job: &mut Job) -> Result<usize, String> {
///     match job.list_attributes().await {
///         Ok(attributes) => Ok(attributes.len()),
///         // The connector says why, and what to do about it. The job can still be used.
///         Err(JobError::Refused(error)) => Err(error.remedy.unwrap_or(error.message)),
///         // The sandbox is gone, and every further call fails with `SandboxFault::Ended`.
///         Err(stopped @ JobError::Stopped { .. }) => Err(stopped.to_string()),
///     }
/// }
/// ```
pub struct Job {
    tenant: String,
    /// With placeholders for secrets.
    settings: Vec<(String, String)>,
    exports: Exports,
    session: Option<ResourceAny>,
    store: Option<Store<JobState>>,
    gate: Arc<Gate>,
    metrics: Metrics,
    _running: RunningJob,
    /// Given back when the job goes.
    _slot: Slot,
}

/// A job's slots: of its tenant, and of all.
pub(crate) type Slot = (Option<OwnedSemaphorePermit>, Option<OwnedSemaphorePermit>);

/// A call under way. It owns the store, so that the store does not outlive a call that was cut short.
struct Call {
    name: &'static str,
    store: Store<JobState>,
    deadline: Duration,
    meter: Arc<Meter>,
    started: Instant,
    span: Span,
}

/// Waits for a call of the connector, until its deadline and within its span.
macro_rules! within {
    ($call:ident, $work:expr) => {{
        let (deadline, meter, span) = ($call.deadline, Arc::clone(&$call.meter), $call.span.clone());
        tokio::time::timeout(deadline, meter.call($work).instrument(span)).await
    }};
}

impl Job {
    pub(crate) async fn start(
        runtime: &Runtime,
        connector: &Connector,
        tenant: &Tenant,
        number: u64,
        slot: Slot,
    ) -> Result<Self, JobError> {
        let limits = tenant.limits.clone();
        let secrets = tenant.secrets.keys().cloned().collect();
        let access = Access::new(tenant.approval.as_ref(), &tenant.settings, secrets, tenant.egress.clone());
        let name: Arc<str> = tenant.name.as_str().into();
        let id = format!("job-{number}");
        let mut masks = Masks::default();
        let mut placeholders = Placeholders::default();
        let mut settings = access.settings();
        for (name, secret) in &tenant.secrets {
            masks.add(secret, &format!("{{{{{name}}}}}"));
            let placeholder = placeholders.mint(name, secret, Kind::Setting, limits.handles);
            let full = |_| JobError::Stopped {
                tenant: tenant.name.clone(),
                call: "start",
                fault: SandboxFault::Handles(limits.handles),
            };
            settings.push((name.clone(), placeholder.map_err(full)?));
        }
        let gate = Arc::new(Gate {
            tenant: Arc::clone(&name),
            client: runtime.clients.of(&name),
            metrics: runtime.metrics.clone(),
            tape: runtime.recorder.as_ref().map(|recorder| recorder.tape(&tenant.name, &id, &masks)),
            replay: runtime.replay.clone(),
            access: Mutex::new(access),
            placeholders: Mutex::new(placeholders),
            meter: Meter::new(limits.compute),
            own_turn: Arc::new(Semaphore::new(1)),
            apart_turns: Arc::clone(&runtime.apart),
            answers: runtime.room.share(limits.answers),
            bodies: runtime.room.share(limits.transfer),
            turns: Semaphore::new(limits.requests_in_flight.max(1)),
            limits: limits.clone(),
            permit: tenant.permit.clone(),
            sent: AtomicU64::new(0),
            received_bytes: AtomicU64::new(0),
            log: RequestLog::default(),
        });
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        let limiter = MemoryLimiter::new(&limits);
        let state = JobState {
            tenant: Arc::clone(&name),
            id,
            table,
            clock: Monotonic::start(),
            limiter,
            gate: Arc::clone(&gate),
            started: Started::default(),
            masks,
            ledger: tenant.ledger.clone(),
            log_events: 0,
            last_error: None,
            said: Said::default(),
            #[cfg(feature = "wasi")]
            wasi: None,
            limits,
        };
        let mut store = Store::new(connector.prepared.engine(), state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(tenant.limits.transfer);
        store.epoch_deadline_callback(|mut context| {
            if context.data_mut().gate.meter.is_exceeded() {
                return Err(ComputeExceeded.into());
            }
            // Tokio's own way to yield: it lets the executor look for finished I/O of other jobs even where every
            // thread has a component that computes. A plain wake-up would be run again before any of that.
            Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
        });
        let running = runtime.metrics.job(&name);
        let mut call = Call::new("instantiate", store);
        let made = within!(call, connector.prepared.instantiate(&mut call.store));
        let (exports, store) = call.end(made)?;
        Ok(Self {
            tenant: tenant.name.clone(),
            settings,
            exports,
            session: None,
            store: Some(store),
            gate,
            metrics: runtime.metrics.clone(),
            _running: running,
            _slot: slot,
        })
    }

    /// What the job has used so far.
    pub fn usage(&self) -> JobUsage {
        JobUsage {
            requests: self.gate.sent.load(Ordering::Relaxed),
            received_bytes: self.gate.received_bytes.load(Ordering::Relaxed),
        }
    }

    /// What the connector is and needs.
    ///
    /// # Errors
    /// When the sandbox ends the job.
    pub async fn describe(&mut self) -> Result<Descriptor, JobError> {
        let mut call = self.begin("describe")?;
        let result = within!(call, self.exports.describe(&mut call.store));
        self.end(call, result)
    }

    /// Tries the tenant's settings.
    ///
    /// # Errors
    /// When the sandbox ends the job. Settings that do not hold are failed probes, not errors.
    pub async fn test_credentials(&mut self) -> Result<Vec<Probe>, JobError> {
        let mut call = self.begin("test-credentials")?;
        let result = within!(call, self.exports.test_credentials(&mut call.store, &self.settings));
        let mut probes = self.end(call, result)?;
        for probe in &mut probes {
            self.gate.name_secrets(&mut probe.detail);
            probe.remedy.iter_mut().for_each(|remedy| self.gate.name_secrets(remedy));
        }
        Ok(probes)
    }

    /// Signs in, unless this job has already.
    ///
    /// # Errors
    /// When the settings or credentials do not hold, the application cannot be reached, or the sandbox ends the job.
    pub async fn open(&mut self) -> Result<(), JobError> {
        if self.session.is_some() {
            return Ok(());
        }
        let mut call = self.begin("open")?;
        let result = within!(call, self.exports.open(&mut call.store, &self.settings));
        self.session = Some(self.outcome(call, result)?);
        Ok(())
    }

    /// The attributes of the application's users.
    ///
    /// # Errors
    /// When the connector refuses, or the sandbox ends the job.
    pub async fn list_attributes(&mut self) -> Result<Vec<AttributeDefinition>, JobError> {
        let session = self.signed_in().await?;
        let mut call = self.begin("list-attributes")?;
        let result = within!(call, self.exports.list_attributes(&mut call.store, session));
        self.outcome(call, result)
    }

    /// One page of what can be assigned to a user.
    ///
    /// # Errors
    /// When the connector refuses, or the sandbox ends the job.
    pub async fn list_entitlements(&mut self, kind: &str, cursor: Option<&str>) -> Result<EntitlementPage, JobError> {
        let session = self.signed_in().await?;
        let mut call = self.begin("list-entitlements")?;
        let result = within!(call, self.exports.list_entitlements(&mut call.store, session, kind, cursor));
        self.outcome(call, result)
    }

    /// One page of users. Each has as many values as the page names attributes, and no name stands twice.
    ///
    /// # Errors
    /// When the connector refuses, or the sandbox ends the job, as it does over a page of any other shape
    /// ([`SandboxFault::Contradiction`]).
    pub async fn import_users(&mut self, query: &ImportQuery) -> Result<ImportPage, JobError> {
        let session = self.signed_in().await?;
        let mut call = self.begin("import-users")?;
        let result = within!(call, self.exports.import_users(&mut call.store, session, query));
        self.outcome(call, result)
    }

    /// Makes or changes users; a result for each, in order.
    ///
    /// # Errors
    /// When the connector refuses the whole batch, or the sandbox ends the job.
    pub async fn push_users(&mut self, users: &[DesiredUser], mode: &PushMode) -> Result<Results<Outcome>, JobError> {
        let session = self.signed_in().await?;
        let mut call = self.begin("push-users")?;
        let result = within!(call, self.exports.push_users(&mut call.store, session, users, mode));
        self.batch(call, result)
    }

    /// Takes users out of use; a result for each, in order.
    ///
    /// # Errors
    /// When the connector refuses the whole batch, or the sandbox ends the job.
    pub async fn deactivate_users(
        &mut self,
        ids: &[String],
        how: Deactivation,
        mode: &PushMode,
    ) -> Result<Results<Outcome>, JobError> {
        let session = self.signed_in().await?;
        let mut call = self.begin("deactivate-users")?;
        let result = within!(call, self.exports.deactivate_users(&mut call.store, session, ids, how, mode));
        self.batch(call, result)
    }

    /// Puts users back into use; a result for each, in order.
    ///
    /// # Errors
    /// When the connector refuses the whole batch, or the sandbox ends the job.
    pub async fn reactivate_users(&mut self, ids: &[String], mode: &PushMode) -> Result<Results<Outcome>, JobError> {
        let session = self.signed_in().await?;
        let mut call = self.begin("reactivate-users")?;
        let result = within!(call, self.exports.reactivate_users(&mut call.store, session, ids, mode));
        self.batch(call, result)
    }

    /// Undoes what pushes that were cut off may have left of people who are no longer wanted; a result for each, in order.
    ///
    /// # Errors
    /// When the connector refuses the whole batch, or the sandbox ends the job.
    pub async fn take_back_users(
        &mut self,
        people: &[Abandoned],
        how: Deactivation,
        mode: &PushMode,
    ) -> Result<Results<Outcome>, JobError> {
        let session = self.signed_in().await?;
        let mut call = self.begin("take-back-users")?;
        let result = within!(call, self.exports.take_back_users(&mut call.store, session, people, how, mode));
        self.batch(call, result)
    }

    /// Sets passwords by the users' ids; a result for each, in order.
    ///
    /// # Errors
    /// When the connector refuses the whole batch, or the sandbox ends the job.
    pub async fn sync_passwords(&mut self, passwords: &[(String, Secret)]) -> Result<Results<()>, JobError> {
        let session = self.signed_in().await?;
        let mut call = self.begin("sync-passwords")?;
        let mut given = Vec::with_capacity(passwords.len());
        for (id, secret) in passwords {
            let most = call.store.data().limits.handles;
            let kind = Kind::NewPassword(id.clone());
            let placeholder = self.gate.placeholders().mint(NEW_PASSWORD, secret, kind, most);
            given.push((
                id.clone(),
                placeholder.map_err(|_| self.stopped("sync-passwords", SandboxFault::Handles(most)))?,
            ));
        }
        let result = within!(call, self.exports.sync_passwords(&mut call.store, session, &given));
        let results = self.batch(call, result);
        self.gate.placeholders().forget_passwords();
        results
    }

    /// What the session has used of the application's allowance, as far as the connector knows.
    ///
    /// # Errors
    /// When the sandbox ends the job.
    pub async fn session_usage(&mut self) -> Result<Usage, JobError> {
        let session = self.signed_in().await?;
        let mut call = self.begin("usage")?;
        let result = within!(call, self.exports.usage(&mut call.store, session));
        let usage = self.end(call, result)?;
        self.metrics.api_usage(&self.gate.tenant, usage.used, usage.limit);
        Ok(usage)
    }

    /// What was asked of the application since the last time that this was asked: its requests, and what the connector has
    /// heard of the allowance of calls. Sends no request, and does not fail: where the sandbox has ended, the allowance is not
    /// known.
    pub async fn spent(&mut self) -> Spent {
        let operations = self.gate.log.take();
        if operations.is_empty() || self.session.is_none() || self.store.is_none() {
            return Spent { operations, ..Spent::default() };
        }
        match self.session_usage().await {
            Ok(usage) => Spent { operations, used: usage.used, limit: usage.limit },
            // The end of the sandbox is in the trace, and the next call tells it.
            Err(_) => Spent { operations, ..Spent::default() },
        }
    }

    async fn signed_in(&mut self) -> Result<ResourceAny, JobError> {
        self.open().await?;
        self.session.ok_or_else(|| self.stopped("open", SandboxFault::Ended))
    }

    fn stopped(&self, call: &'static str, fault: SandboxFault) -> JobError {
        JobError::Stopped { tenant: self.tenant.clone(), call, fault }
    }

    fn begin(&mut self, name: &'static str) -> Result<Call, JobError> {
        let store = self.store.take().ok_or_else(|| self.stopped(name, SandboxFault::Ended))?;
        self.gate.log.begin(name);
        Ok(Call::new(name, store))
    }

    fn end<T>(&mut self, call: Call, result: Result<wasmtime::Result<T>, Elapsed>) -> Result<T, JobError> {
        let (value, store) = call.end(result)?;
        self.store = Some(store);
        Ok(value)
    }

    /// What a call gave that may be refused.
    fn outcome<T>(
        &mut self,
        call: Call,
        result: Result<wasmtime::Result<Result<T, types::Error>>, Elapsed>,
    ) -> Result<T, JobError> {
        self.end(call, result)?.map_err(|mut error| {
            self.gate.name_secrets_of(&mut error);
            error.into()
        })
    }

    /// What a call gave with a result for each record.
    fn batch<T>(
        &mut self,
        call: Call,
        result: Result<wasmtime::Result<Result<Results<T>, types::Error>>, Elapsed>,
    ) -> Result<Results<T>, JobError> {
        let mut results = self.outcome(call, result)?;
        results
            .iter_mut()
            .filter_map(|result| result.as_mut().err())
            .for_each(|error| self.gate.name_secrets_of(error));
        Ok(results)
    }

    /// Hosts that the application has named in this job as the tenant's own, and that nobody has confirmed: rules to be added to the
    /// tenant's egress policy. Until then nothing is sent to them.
    pub fn unconfirmed_hosts(&self) -> Vec<String> {
        self.gate.access().unconfirmed()
    }
}

impl Call {
    fn new(name: &'static str, mut store: Store<JobState>) -> Self {
        let state = store.data_mut();
        state.last_error = None;
        let meter = Arc::clone(&state.gate.meter);
        meter.reset();
        let deadline = state.limits.call;
        let span = tracing::info_span!("call", tenant = %state.tenant, job = %state.id, operation = name);
        store.set_epoch_deadline(1);
        Self { name, store, deadline, meter, started: Instant::now(), span }
    }

    fn end<T>(mut self, result: Result<wasmtime::Result<T>, Elapsed>) -> Result<(T, Store<JobState>), JobError> {
        self.span.in_scope(|| self.store.data_mut().log_what_was_said());
        let metrics = &self.store.data().gate.metrics;
        metrics.call(self.name, self.started.elapsed());
        let fault = match result {
            Ok(Ok(value)) => return Ok((value, self.store)),
            Ok(Err(error)) => {
                let state = self.store.data();
                SandboxFault::of(&error, &state.limits, &state.masks, state.last_error.as_deref())
            }
            Err(_) => SandboxFault::Deadline(self.deadline),
        };
        let state = self.store.data();
        metrics.fault(&state.tenant, fault.name());
        tracing::warn!(tenant = %state.tenant, job = %state.id, call = self.name, %fault, "the sandbox ended a job");
        Err(JobError::Stopped { tenant: state.tenant.to_string(), call: self.name, fault })
    }
}
