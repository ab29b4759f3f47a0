//! What an operator sees of a job: its spans, its requests, its counts.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use host_harness::embedded;
use provisioning_runtime::{Runtime, SandboxFault};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use crate::support::{Org, import_all, observed};

type Fields = BTreeMap<&'static str, String>;

/// Keeps each request event together with the fields of the spans around it.
#[derive(Clone, Default)]
struct Requests(Arc<Mutex<Vec<Fields>>>);

struct Collect<'a>(&'a mut Fields);

impl Visit for Collect<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Requests {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::new();
        attributes.record(&mut Collect(&mut fields));
        context.span(id).unwrap().extensions_mut().insert(fields);
    }

    fn on_event(&self, event: &tracing::Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::new();
        event.record(&mut Collect(&mut fields));
        if fields.get("message").is_none_or(|message| message != "request") {
            return;
        }
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields.extend(outer.clone());
            }
        }
        self.0.lock().unwrap().push(fields);
    }
}

#[test]
fn each_request_is_told_with_tenant_job_operation_and_outcome() {
    let requests = Requests::default();
    // On this thread alone, so that other tests' requests are not among them.
    observed(tracing_subscriber::registry().with(requests.clone()), || {
        let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        executor.block_on(async {
            let org = Org::start(10, 81).await;
            let runtime = Runtime::builder().jobs(1).build().unwrap();
            let connector = runtime.load(embedded::CONNECTOR).unwrap();
            let mut job = runtime.start(&connector, &org.tenant).await.unwrap();
            import_all(&mut job, 5, false).await;
            let sent = job.usage().requests;
            let requests = requests.0.lock().unwrap();
            assert_eq!(requests.len() as u64, sent);
            let operations: Vec<&str> = requests.iter().map(|fields| fields["operation"].as_str()).collect();
            assert_eq!(operations[0], "open");
            assert!(operations[1..].iter().all(|operation| *operation == "import-users"), "{operations:?}");
            for fields in requests.iter() {
                assert_eq!((fields["tenant"].as_str(), fields["job"].as_str()), ("acme", "job-1"), "{fields:?}");
                assert_eq!(fields["status"], "200");
                assert!(fields["host"].starts_with("127.0.0.1") && fields.contains_key("upstream_request"));
            }
        });
    });
}

#[test]
fn the_applications_own_id_of_a_request_is_told() {
    let requests = Requests::default();
    observed(tracing_subscriber::registry().with(requests.clone()), || {
        let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        executor.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let server = tokio::spawn(busy(listener));
            let org = Org::start(1, 83).await;
            let mut tenant = org.tenant.clone();
            crate::support::lead_to(&mut tenant, &format!("http://{address}"));
            let runtime = Runtime::builder().jobs(1).build().unwrap();
            let connector = runtime.load(embedded::CONNECTOR).unwrap();
            runtime.start(&connector, &tenant).await.unwrap().open().await.unwrap_err();
            let told = requests.0.lock().unwrap();
            assert!(!told.is_empty());
            for fields in told.iter() {
                assert_eq!((fields["status"].as_str(), fields["upstream_request"].as_str()), ("503", "abc-4711"));
                assert_eq!((fields["tenant"].as_str(), fields["operation"].as_str()), ("acme", "open"));
            }
            server.abort();
        });
    });
}

/// A server that has no time, and says under which id it has noted that.
async fn busy(listener: tokio::net::TcpListener) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut buffer = [0; 16 << 10];
        // The whole request fits, and nothing in it matters.
        let _ = stream.read(&mut buffer).await;
        let answer = "HTTP/1.1 503 Service Unavailable\r\nX-SFDC-Request-Id: abc-4711\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

#[test]
fn a_job_is_counted_while_it_runs_and_when_it_ends() {
    crate::support::journey(async {
        let org = Org::start(10, 82).await;
        let runtime = Runtime::builder().jobs(2).build().unwrap();
        let connector = runtime.load(embedded::CONNECTOR).unwrap();
        let count = |metric: &str| {
            let text = runtime.metrics().render();
            let line = text.lines().find_map(|line| line.strip_prefix(metric).map(str::to_owned));
            line.map(|value| value.trim().parse::<f64>().unwrap())
        };
        let mut job = runtime.start(&connector, &org.tenant).await.unwrap();
        assert_eq!(count("provisioning_jobs_running{tenant=\"acme\"}"), Some(1.0));
        import_all(&mut job, 5, false).await;
        let usage = job.usage();
        let api = job.session_usage().await.unwrap();
        drop(job);
        assert_eq!(count("provisioning_jobs_running{tenant=\"acme\"}"), Some(0.0));
        assert_eq!(count("provisioning_jobs_total{tenant=\"acme\"}"), Some(1.0));
        assert_eq!(count("provisioning_requests_total{tenant=\"acme\",status=\"2xx\"}"), Some(usage.requests as f64));
        assert_eq!(count("provisioning_received_bytes_total{tenant=\"acme\"}"), Some(usage.received_bytes as f64));
        assert_eq!(count("provisioning_request_seconds_count"), Some(usage.requests as f64));
        assert_eq!(count("provisioning_call_seconds_count{operation=\"open\"}"), Some(1.0));
        assert_eq!(count("provisioning_api_calls_used{tenant=\"acme\"}"), api.used.map(|used| used as f64));
        assert!(api.used.is_some());

        let mut tenant = org.tenant.clone();
        tenant.limits.memory = 1 << 20;
        let error = match runtime.start(&connector, &tenant).await {
            Ok(mut job) => job.open().await.unwrap_err(),
            Err(error) => error,
        };
        let provisioning_runtime::JobError::Stopped { fault, .. } = error else { panic!("{error}") };
        assert!(matches!(fault, SandboxFault::Memory(_)), "{fault}");
        assert_eq!(count("provisioning_faults_total{tenant=\"acme\",fault=\"memory\"}"), Some(1.0));

        let mut tenant = org.tenant.clone();
        tenant.egress.loopback.clear();
        runtime.start(&connector, &tenant).await.unwrap().open().await.unwrap_err();
        assert_eq!(count("provisioning_requests_total{tenant=\"acme\",status=\"denied\"}"), Some(1.0));
    });
}
