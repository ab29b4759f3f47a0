//! Components that import WASI: it is there and empty, what they say on standard error is told, and the limits hold.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use provisioning_runtime::{Given, LoadError, SandboxFault, Wasi};
use tracing_subscriber::layer::SubscriberExt as _;

use super::attack;
use super::support::{fault, fault_of, job, job_for, mallory};
use crate::support::{host, journey};

#[test]
fn an_exception_arrives_in_the_words_of_its_language() {
    journey(async {
        let python = "Traceback (most recent call last): / File \"app.py\", line 3, in open / ValueError: boom";
        assert_eq!(fault_of(attack!("wasi_traceback")).await, SandboxFault::Panicked(python.to_owned()));
        assert_eq!(fault_of(attack!("wasi_exit")).await, SandboxFault::Panicked("panic: boom".to_owned()));
        match fault_of(attack!("wasi_silent_exit")).await {
            SandboxFault::Trapped(told) => assert!(told.contains("exited with the status 1"), "{told}"),
            other => panic!("{other}"),
        }
    });
}

/// The host's log, of which only what the component says is looked at.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_is_told_of_a_flood_on_standard_error_is_bounded() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::registry()
        .with(tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || writer.clone()));
    tracing::subscriber::with_default(subscriber, || {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let mut tenant = mallory();
            tenant.limits.compute = Duration::from_secs(20);
            let mut job = job_for(attack!("wasi_flood"), &tenant).await;
            match fault(job.open().await.unwrap_err(), "open") {
                SandboxFault::Panicked(told) => {
                    assert!(told.starts_with("xxxx") && told.len() <= 4_200, "{}", told.len());
                }
                other => panic!("{other}"),
            }
        });
    });
    let logged = lines.0.lock().unwrap();
    let text = String::from_utf8_lossy(&logged);
    let lengths: Vec<usize> = text.lines().filter(|line| line.contains("stream=stderr")).map(str::len).collect();
    assert!(!lengths.is_empty() && lengths.iter().sum::<usize>() <= 16 << 10, "{lengths:?}");
}

#[test]
fn wasi_is_there_and_empty() {
    journey(async {
        job(attack!("wasi_empty")).await.open().await.unwrap();
        job(attack!("wasi_socket")).await.open().await.unwrap();
        let connector = host().0.load(attack!("wasi_empty")).unwrap();
        let empty: Vec<&str> =
            connector.given().filter(|(_, given)| *given == Given::EmptyWasi).map(|(import, _)| import).collect();
        assert!(empty.contains(&"wasi:cli/environment@0.2.0"), "{empty:?}");
        assert!(empty.iter().all(|import| !import.starts_with("wasi:clocks/")), "{empty:?}");
    });
}

#[test]
fn requests_by_wasi_are_refused_by_name_before_anything_is_compiled() {
    let error = host().0.load(attack!("wasi_http")).err().unwrap();
    assert!(matches!(&error, LoadError::ForeignImport(name) if name == "wasi:http/outgoing@0.2.0"), "{error}");
    assert!(error.to_string().ends_with("send requests through identity:provisioning/http instead"), "{error}");
}

#[test]
fn a_tenant_that_forbids_wasi_runs_nothing_that_imports_it() {
    journey(async {
        let tenant = provisioning_runtime::Tenant { wasi: Wasi::None, ..mallory() };
        let connector = host().0.load(attack!("wasi_empty")).unwrap();
        let error = host().0.start(&connector, &tenant).await.err().unwrap();
        match fault(error, "start") {
            SandboxFault::Wasi(import) => assert!(import.starts_with("wasi:"), "{import}"),
            other => panic!("{other}"),
        }
        let plain = host().0.load(attack!("none")).unwrap();
        host().0.start(&plain, &tenant).await.unwrap();
    });
}

#[test]
fn limits_hold_for_a_component_that_imports_wasi() {
    journey(async {
        let mut tenant = mallory();
        tenant.limits.call = Duration::from_millis(100);
        let began = Instant::now();
        let mut sleeper = job_for(attack!("wasi_sleep"), &tenant).await;
        let found = fault(sleeper.open().await.unwrap_err(), "open");
        assert_eq!(found, SandboxFault::Deadline(Duration::from_millis(100)));
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());

        assert_eq!(fault_of(attack!("wasi_poll")).await, SandboxFault::Handles(mallory().limits.handles));
        match fault_of(attack!("wasi_random")).await {
            SandboxFault::Trapped(told) => assert!(told.contains("exceeds limit 65536"), "{told}"),
            other => panic!("{other}"),
        }
        let compute = SandboxFault::Compute(mallory().limits.compute);
        assert_eq!(fault_of(attack!("wasi_random_flood")).await, compute);
    });
}

#[test]
fn two_memories_have_one_limit() {
    journey(async {
        match fault_of(attack!("two_memories")).await {
            SandboxFault::Memory(told) => assert!(told.contains("would have grown to"), "{told}"),
            other => panic!("{other}"),
        }
    });
}

#[test]
fn a_component_of_another_text_of_the_interface_is_refused_by_function_and_record() {
    let error = host().0.load(attack!("stale")).err().unwrap();
    let told = error.to_string();
    for part in
        ["`[method]session.push-users`", "parameter `users`", "record `desired-user`", "`exact-grants` is missing"]
    {
        assert!(told.contains(part), "{told}");
    }
}
