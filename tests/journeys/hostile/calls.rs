//! Attacks by what the host offers: HTTP and the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use provisioning_runtime::{Limits, SandboxFault};
use tracing_subscriber::layer::SubscriberExt as _;

use super::attack;
use super::support::{Listener, aimed_at, fault, job, job_for, mallory, refusal};
use crate::support::{journey, observed};

const REACH: &[u8] = attack!("reach");

#[test]
fn a_host_outside_the_list_is_refused_by_name_and_rule() {
    journey(async {
        let mut tenant = mallory();
        tenant.egress.allow = vec!["login.example.com".parse().unwrap()];
        for (url, parts) in [
            ("https://evil.example/x", ["evil.example:443", "login.example.com"]),
            ("http://login.example.com/", ["login.example.com", "https"]),
            ("https://169.254.169.254/latest/meta-data/", ["169.254.169.254", "bare address"]),
            ("https://10.0.0.1/", ["10.0.0.1", "bare address"]),
            ("https://[fd00::1]/", ["fd00::1", "bare address"]),
            ("https://login.example.com@evil.example/", ["rule", "credentials"]),
            ("file:///etc/passwd", ["rule", "http or https"]),
        ] {
            let mut job = job_for(&aimed_at(REACH, url), &tenant).await;
            let said = refusal(job.open().await.unwrap_err());
            for part in parts {
                assert!(said.contains(part), "{url}: {said}");
            }
            assert_eq!(job.usage().requests, 0, "{url} was sent");
        }
    });
}

#[test]
fn this_machine_is_out_of_reach_unless_the_tenant_says_otherwise() {
    journey(async {
        let server = Listener::start().await;
        let mut tenant = mallory();
        tenant.egress.loopback.clear();
        let port = server.url.rsplit(':').next().unwrap();
        for host in ["127.0.0.1", "localhost", "[::1]", "127.1", "2130706433", "[::ffff:127.0.0.1]"] {
            let mut job = job_for(&aimed_at(REACH, &format!("http://{host}:{port}")), &tenant).await;
            let said = refusal(job.open().await.unwrap_err());
            assert!(said.contains("egress.loopback"), "{host}: {said}");
        }
        assert_eq!(server.requests(), 0);
        let mut job = job(&aimed_at(REACH, &server.url)).await;
        assert_eq!(refusal(job.open().await.unwrap_err()), "", "it was answered");
        assert_eq!(server.requests(), 1);
    });
}

#[test]
fn requests_end_at_the_allowance_of_the_job() {
    journey(async {
        let server = Listener::start().await;
        let mut tenant = mallory();
        tenant.limits = Limits { requests: 20, ..tenant.limits };
        let mut job = job_for(&aimed_at(attack!("request_flood"), &server.url), &tenant).await;
        let found = fault(job.open().await.unwrap_err(), "open");
        assert_eq!(found, SandboxFault::Compute(tenant.limits.compute));
        assert_eq!((server.requests(), job.usage().requests), (20, 20));
    });
}

#[test]
fn log_events_end_at_their_limit_and_cannot_forge_lines() {
    /// Counts the events of connectors, and those that hold a raw control character.
    struct Counter(Arc<AtomicUsize>, Arc<AtomicUsize>);
    struct Text(String);
    impl tracing::field::Visit for Text {
        fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
            if field.name() == "message" {
                self.0 = format!("{value:?}");
            }
        }
    }
    impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Counter {
        fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
            if event.metadata().target() == "connector" {
                self.0.fetch_add(1, Ordering::SeqCst);
                let mut text = Text(String::new());
                event.record(&mut text);
                assert!(text.0.contains("look at me"), "{}", text.0);
                if text.0.chars().any(char::is_control) {
                    self.1.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
    }
    let (events, forged) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let counter = Counter(Arc::clone(&events), Arc::clone(&forged));
    // On this thread alone, so that the events of tests beside this one are not counted.
    observed(tracing_subscriber::registry().with(counter), || {
        let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        executor.block_on(async {
            let mut tenant = mallory();
            tenant.limits.log_events = 300;
            tenant.limits.compute = std::time::Duration::from_secs(60);
            let mut job = job_for(attack!("log_flood"), &tenant).await;
            job.open().await.unwrap();
            assert!(job.describe().await.is_ok(), "the job goes on");
        });
    });
    assert_eq!((events.load(Ordering::SeqCst), forged.load(Ordering::SeqCst)), (300, 0));
}
