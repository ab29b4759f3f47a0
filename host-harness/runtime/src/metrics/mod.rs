//! What operators watch: counts and times, as Prometheus reads them.
//!
//! A [`Runtime`](super::Runtime) counts by itself; [`Metrics::render`] gives the text of its counts, and a host serves that
//! text under a path of its own choice:
//!
//! ```
//! # let runtime = provisioning_runtime::Runtime::builder().jobs(1).build().unwrap();
//! use provisioning_runtime::Metrics;
//!
//! // In the handler of `GET /metrics`, in whatever framework the host uses:
//! let (content_type, body) = (Metrics::CONTENT_TYPE, runtime.metrics().render());
//! assert!(body.contains("# TYPE provisioning_requests_total counter"));
//! # assert!(content_type.starts_with("text/plain"));
//! ```
//!
//! | metric | labels | meaning |
//! |---|---|---|
//! | `provisioning_jobs_total` | `tenant` | jobs started |
//! | `provisioning_jobs_running` | `tenant` | jobs that hold a sandbox now |
//! | `provisioning_faults_total` | `tenant`, `fault` | jobs that the sandbox ended, by [`SandboxFault::name`](super::SandboxFault::name) |
//! | `provisioning_requests_total` | `tenant`, `status` | HTTP requests, by class of status (`2xx` …), or `failed` or `denied` |
//! | `provisioning_received_bytes_total` | `tenant` | bytes of response bodies |
//! | `provisioning_request_seconds` | – | histogram of the time to a complete answer |
//! | `provisioning_call_seconds` | `operation` | histogram of the time of a connector's function |
//! | `provisioning_api_calls_used`, `provisioning_api_calls_limit` | `tenant` | the application's allowance of calls, as far as it says |
//! | `provisioning_queue_running`, `provisioning_queue_waiting`, `provisioning_queue_tenants` | – | jobs of the watched [`Scheduler`]s |
//!
//! No label and no value comes from a connector or from an application, so no secret can get in by them. A tenant's label is
//! its name.

mod exposition;
mod histogram;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use self::exposition::{Exposition, Labels};
pub use self::histogram::Histogram;
use super::Scheduler;

/// The counts of a runtime. Cheap to clone; clones share the counts.
#[derive(Clone, Default)]
pub struct Metrics(Arc<Mutex<Counts>>);

#[derive(Default)]
struct Counts {
    tenants: BTreeMap<Arc<str>, TenantCounts>,
    request_seconds: Histogram,
    call_seconds: BTreeMap<&'static str, Histogram>,
    schedulers: Vec<Scheduler>,
}

#[derive(Default)]
struct TenantCounts {
    jobs: u64,
    running: u64,
    faults: BTreeMap<&'static str, u64>,
    requests: BTreeMap<&'static str, u64>,
    received_bytes: u64,
    api_used: Option<u64>,
    api_limit: Option<u64>,
}

/// A job that is running; counted as such until it is dropped.
pub(crate) struct RunningJob {
    metrics: Metrics,
    tenant: Arc<str>,
}

impl Metrics {
    /// The content type of [`Metrics::render`]: version 0.0.4 of Prometheus's text format.
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// Counts that change in steps which leave them whole, so a panic elsewhere does not spoil them.
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tenant(&self, tenant: &Arc<str>, count: impl FnOnce(&mut TenantCounts)) {
        let mut counts = self.counts();
        match counts.tenants.get_mut(tenant) {
            Some(known) => count(known),
            None => count(counts.tenants.entry(Arc::clone(tenant)).or_default()),
        }
    }

    /// Shows the load of a scheduler, too. Several are added up.
    pub fn watch(&self, scheduler: &Scheduler) {
        self.counts().schedulers.push(scheduler.clone());
    }

    /// Forgets a tenant that is gone.
    pub fn forget(&self, tenant: &str) {
        self.counts().tenants.remove(tenant);
    }

    pub(crate) fn job(&self, tenant: &Arc<str>) -> RunningJob {
        self.tenant(tenant, |counts| {
            counts.jobs += 1;
            counts.running += 1;
        });
        RunningJob { metrics: self.clone(), tenant: Arc::clone(tenant) }
    }

    pub(crate) fn fault(&self, tenant: &Arc<str>, fault: &'static str) {
        self.tenant(tenant, |counts| *counts.faults.entry(fault).or_default() += 1);
    }

    pub(crate) fn call(&self, operation: &'static str, duration: Duration) {
        self.counts().call_seconds.entry(operation).or_default().observe(duration);
    }

    pub(crate) fn request(&self, tenant: &Arc<str>, class: &'static str, received: u64, duration: Duration) {
        self.tenant(tenant, |counts| {
            *counts.requests.entry(class).or_default() += 1;
            counts.received_bytes += received;
        });
        if class != DENIED {
            self.counts().request_seconds.observe(duration);
        }
    }

    pub(crate) fn api_usage(&self, tenant: &Arc<str>, used: Option<u64>, limit: Option<u64>) {
        self.tenant(tenant, |counts| {
            counts.api_used = used.or(counts.api_used);
            counts.api_limit = limit.or(counts.api_limit);
        });
    }

    /// Everything, in Prometheus's text format.
    pub fn render(&self) -> String {
        let counts = self.counts();
        let mut text = Exposition::default();
        let by_tenant = |value: fn(&TenantCounts) -> Option<u64>| {
            let values = counts.tenants.iter().filter_map(move |(name, tenant)| Some((name, value(tenant)?)));
            values.map(|(name, value)| (vec![("tenant", &**name)], value)).collect::<Vec<_>>()
        };
        let by_label = |label: &'static str, values: fn(&TenantCounts) -> &BTreeMap<&'static str, u64>| {
            let each = counts.tenants.iter().flat_map(move |(name, tenant)| {
                values(tenant).iter().map(move |(key, value)| (vec![("tenant", &**name), (label, *key)], *value))
            });
            each.collect::<Vec<_>>()
        };
        text.counter("provisioning_jobs_total", "Jobs started.", by_tenant(|tenant| Some(tenant.jobs)));
        text.gauge("provisioning_jobs_running", "Jobs that hold a sandbox.", by_tenant(|tenant| Some(tenant.running)));
        text.counter(
            "provisioning_faults_total",
            "Jobs that the sandbox ended.",
            by_label("fault", |tenant| &tenant.faults),
        );
        text.counter("provisioning_requests_total", "HTTP requests.", by_label("status", |tenant| &tenant.requests));
        text.counter(
            "provisioning_received_bytes_total",
            "Bytes of response bodies.",
            by_tenant(|tenant| Some(tenant.received_bytes)),
        );
        text.histogram(
            "provisioning_request_seconds",
            "Time to a complete answer.",
            [(Vec::new(), &counts.request_seconds)],
        );
        text.histogram(
            "provisioning_call_seconds",
            "Time of a connector's function.",
            counts.call_seconds.iter().map(|(operation, times)| (vec![("operation", *operation)], times)),
        );
        text.gauge(
            "provisioning_api_calls_used",
            "Calls of the application's allowance that are used.",
            by_tenant(|tenant| tenant.api_used),
        );
        text.gauge(
            "provisioning_api_calls_limit",
            "The application's allowance of calls.",
            by_tenant(|tenant| tenant.api_limit),
        );
        let loads: Vec<_> = counts.schedulers.iter().map(Scheduler::load).collect();
        for (name, help, value) in [
            ("provisioning_queue_running", "Scheduled jobs that run.", loads.iter().map(|load| load.running).sum()),
            ("provisioning_queue_waiting", "Scheduled jobs that wait.", loads.iter().map(|load| load.waiting).sum()),
            ("provisioning_queue_tenants", "Tenants with scheduled jobs.", loads.iter().map(|load| load.tenants).sum()),
        ] {
            let value: usize = value;
            text.gauge(name, help, [(Vec::new(), value as u64)]);
        }
        text.finish()
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Drop for RunningJob {
    fn drop(&mut self) {
        let Self { metrics, tenant } = self;
        metrics.tenant(tenant, |counts| counts.running = counts.running.saturating_sub(1));
    }
}

/// The class of a request that was not sent.
pub(crate) const DENIED: &str = "denied";
/// The class of a request without an answer.
pub(crate) const FAILED: &str = "failed";

/// The class of a status.
pub(crate) fn class(status: u16) -> &'static str {
    match status {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500..600 => "5xx",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SchedulerLimits, Terms};

    fn value(text: &str, metric: &str) -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(metric).and_then(|rest| rest.strip_prefix(' ')));
        line.unwrap_or_else(|| panic!("no {metric} in {text}")).parse().unwrap()
    }

    #[test]
    fn counts_are_shown_by_tenant_and_class() {
        let metrics = Metrics::default();
        let (acme, odd): (Arc<str>, Arc<str>) = ("acme".into(), "a\"b\\c\nd".into());
        let running = metrics.job(&acme);
        drop(metrics.job(&acme));
        metrics.request(&acme, class(204), 10, Duration::from_millis(30));
        metrics.request(&acme, class(200), 5, Duration::from_millis(700));
        metrics.request(&acme, class(503), 0, Duration::from_secs(100));
        metrics.request(&odd, DENIED, 0, Duration::ZERO);
        metrics.fault(&odd, "compute");
        metrics.call("open", Duration::from_millis(3));
        metrics.api_usage(&acme, Some(18), Some(15_000));
        metrics.api_usage(&acme, Some(19), None);

        let text = metrics.render();
        for (metric, expected) in [
            ("provisioning_jobs_total{tenant=\"acme\"}", 2.0),
            ("provisioning_jobs_running{tenant=\"acme\"}", 1.0),
            ("provisioning_requests_total{tenant=\"acme\",status=\"2xx\"}", 2.0),
            ("provisioning_requests_total{tenant=\"acme\",status=\"5xx\"}", 1.0),
            ("provisioning_requests_total{tenant=\"a\\\"b\\\\c\\nd\",status=\"denied\"}", 1.0),
            ("provisioning_faults_total{tenant=\"a\\\"b\\\\c\\nd\",fault=\"compute\"}", 1.0),
            ("provisioning_received_bytes_total{tenant=\"acme\"}", 15.0),
            ("provisioning_request_seconds_bucket{le=\"0.025\"}", 0.0),
            ("provisioning_request_seconds_bucket{le=\"0.05\"}", 1.0),
            ("provisioning_request_seconds_bucket{le=\"1\"}", 2.0),
            ("provisioning_request_seconds_bucket{le=\"60\"}", 2.0),
            ("provisioning_request_seconds_bucket{le=\"+Inf\"}", 3.0),
            ("provisioning_request_seconds_count", 3.0),
            ("provisioning_request_seconds_sum", 100.73),
            ("provisioning_call_seconds_bucket{operation=\"open\",le=\"0.005\"}", 1.0),
            ("provisioning_call_seconds_count{operation=\"open\"}", 1.0),
            ("provisioning_api_calls_used{tenant=\"acme\"}", 19.0),
            ("provisioning_api_calls_limit{tenant=\"acme\"}", 15_000.0),
        ] {
            assert!((value(&text, metric) - expected).abs() < 1e-9, "{metric} in {text}");
        }
        drop(running);
        assert!(value(&metrics.render(), "provisioning_jobs_running{tenant=\"acme\"}").abs() < 1e-9);
        metrics.forget("acme");
        assert!(!metrics.render().contains("acme"));
    }

    #[test]
    fn the_queue_of_a_watched_scheduler_is_shown() {
        let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        executor.block_on(async {
            let (metrics, scheduler) = (Metrics::default(), Scheduler::new(SchedulerLimits::default()));
            metrics.watch(&scheduler);
            let tickets: Vec<_> =
                (0..3).map(|_| scheduler.submit("acme", Terms::default(), async {}).unwrap()).collect();
            let text = metrics.render();
            assert!((value(&text, "provisioning_queue_running") - 1.0).abs() < 1e-9, "{text}");
            assert!((value(&text, "provisioning_queue_waiting") - 2.0).abs() < 1e-9, "{text}");
            for ticket in tickets {
                ticket.await.unwrap();
            }
            assert!(value(&metrics.render(), "provisioning_queue_tenants").abs() < 1e-9);
        });
    }

    #[test]
    fn each_metric_has_one_head_and_every_line_is_well_formed() {
        let metrics = Metrics::default();
        for tenant in ["a", "b"] {
            let tenant: Arc<str> = tenant.into();
            drop(metrics.job(&tenant));
            metrics.request(&tenant, class(200), 1, Duration::from_millis(1));
        }
        let text = metrics.render();
        assert!(text.ends_with('\n'));
        let heads: Vec<&str> = text.lines().filter(|line| line.starts_with("# TYPE ")).collect();
        let mut unique = heads.clone();
        unique.dedup();
        assert_eq!(heads, unique);
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().is_ok() && name.starts_with("provisioning_"), "{line}");
        }
    }
}
