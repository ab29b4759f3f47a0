//! The bounds of a sandbox, reached by the real component.

use std::time::Duration;

use provisioning_runtime::wit::{ErrorKind, ImportQuery, ImportScope};
use provisioning_runtime::{JobError, SandboxFault};

use crate::support::{Org, journey, lead_to, refused};

/// Everything in one page.
fn all() -> ImportQuery {
    ImportQuery { scope: ImportScope::Full, page_size: 2000, attributes: Vec::new(), grants: true }
}

fn fault(error: JobError) -> SandboxFault {
    match error {
        JobError::Stopped { tenant, fault, .. } => {
            assert_eq!(tenant, "acme");
            fault
        }
        JobError::Refused(error) => panic!("{}", error.message),
    }
}

/// A server that accepts connections and never answers.
async fn silent_server() -> (String, tokio::task::JoinHandle<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            open.push(stream);
        }
    });
    (url, server)
}

#[test]
fn a_call_ends_at_its_deadline_and_the_job_with_it() {
    journey(async {
        let (url, server) = silent_server().await;
        let mut org = Org::start(1, 61).await;
        lead_to(&mut org.tenant, &url);
        org.tenant.limits.call = Duration::from_millis(300);
        let mut job = org.job().await;
        assert_eq!(fault(job.open().await.unwrap_err()), SandboxFault::Deadline(Duration::from_millis(300)));
        assert_eq!(fault(job.open().await.unwrap_err()), SandboxFault::Ended);
        server.abort();
    });
}

#[test]
fn a_request_ends_at_its_own_deadline_and_the_job_goes_on() {
    journey(async {
        let (url, server) = silent_server().await;
        let mut org = Org::start(1, 62).await;
        lead_to(&mut org.tenant, &url);
        org.tenant.limits.request = Duration::from_millis(100);
        let mut job = org.job().await;
        let error = refused(job.open().await.unwrap_err());
        assert!(matches!(error.kind, ErrorKind::Unreachable | ErrorKind::Transient), "{error:?}");
        assert!(job.describe().await.is_ok());
        server.abort();
    });
}

#[test]
fn memory_over_the_limit_ends_the_job_and_says_so() {
    journey(async {
        let mut org = Org::start(1500, 63).await;
        org.tenant.limits.memory = 2 << 20;
        let mut job = org.job().await;
        job.open().await.unwrap();
        let fault = fault(job.import_users(&all()).await.unwrap_err());
        assert!(matches!(fault, SandboxFault::Memory(_)), "{fault}");
        assert!(fault.to_string().contains("limits.memory-mib"), "{fault}");
        org.tenant.limits.memory = 64 << 20;
        assert!(org.job().await.import_users(&all()).await.is_ok(), "the next job is not affected");
    });
}

#[test]
fn computing_over_the_limit_ends_the_job() {
    journey(async {
        let mut org = Org::start(2000, 64).await;
        org.tenant.limits.compute = Duration::ZERO;
        let (runtime, connector) = crate::support::host();
        // Without any allowance the first tick of the clock ends the call, which may be the one that makes the sandbox. A page of so
        // many users computes for several ticks, so the first try ends; two more are for a machine on which the clock has no turn
        // for as long as that.
        let mut last = Ok(());
        for _ in 0..3 {
            last = match runtime.start(connector, &org.tenant).await {
                Ok(mut job) => job.import_users(&all()).await.map(drop),
                Err(error) => Err(error),
            };
            if last.is_err() {
                break;
            }
        }
        assert_eq!(fault(last.unwrap_err()), SandboxFault::Compute(Duration::ZERO));
    });
}

#[test]
fn a_response_over_the_limit_is_refused() {
    journey(async {
        let mut org = Org::start(500, 65).await;
        org.tenant.limits.response = 8 << 10;
        let mut job = org.job().await;
        let error = refused(job.import_users(&all()).await.unwrap_err());
        assert!(
            error.message.contains("8192") || error.message.contains("too large") || error.message.contains("longer"),
            "{}",
            error.message
        );
    });
}

#[test]
fn a_component_that_is_no_connector_is_not_loaded() {
    let (runtime, _) = crate::support::host();
    let error = runtime.load(b"\0asm\x0d\0\x01\0").err().unwrap().to_string();
    assert!(error.contains("provisioning-connector"), "{error}");
    let error = runtime.load(b"not wasm at all").err().unwrap().to_string();
    assert!(error.contains("not a WebAssembly component"), "{error}");
}

#[test]
fn the_component_is_small_and_imports_nothing_but_the_world() {
    let (_, connector) = crate::support::host();
    // The main job alone took 385,000 bytes. All grants, compatibility, OAuth, increments and Bulk make it 581,000; a step
    // beyond this bound wants a reason.
    assert!(connector.size() <= 1536 << 10, "{} bytes", connector.size());
    for import in connector.imports() {
        let given = import.starts_with("identity:provisioning/")
            || import.starts_with("wasi:clocks/")
            || import.starts_with("wasi:io/poll@");
        assert!(given, "{import}");
    }
    assert!(
        connector.exports().iter().any(|export| export.starts_with("identity:provisioning/provisioning-connector@0.3"))
    );
}

#[test]
fn a_tenant_that_pins_another_component_runs_nothing() {
    journey(async {
        let mut org = Org::start(1, 66).await;
        let (runtime, connector) = crate::support::host();
        org.tenant.component_sha256 = Some("0".repeat(64));
        let error = runtime.start(connector, &org.tenant).await.err().unwrap();
        assert!(error.to_string().contains(connector.digest()), "{error}");
        assert!(matches!(fault(error), SandboxFault::OtherComponent { .. }));
        org.tenant.component_sha256 = Some(connector.digest().to_uppercase());
        assert!(org.job().await.describe().await.is_ok());
    });
}
