//! Component against native: the same connector code imports the same users over the same HTTP, once in the sandbox and once
//! linked into this program. What is compared is the processor time of this process; the org is another process.
//!
//! `BENCH_COMPONENT` names another component to compare than the embedded one. `BENCH_USERS` is the number of users (default 200,000, which takes a minute).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::time::Duration;

use host_harness::embedded;
use provisioning_runtime::wit::{ImportQuery, ImportScope};
use provisioning_runtime::{Connector, Runtime, Tenant};
use salesforce_portal_connector::model;
use salesforce_portal_connector::operations::Session;
use support::emulated::{Org, serve_if_asked};
use support::native::Native;
use support::process::cpu_time;
use support::{figure, median, number};

const PAGE: u32 = 2_000;
/// Each side imports this often, in turns.
const ROUNDS: usize = 5;

/// Users read, and how many values they have, so that both sides are seen to have done the same.
#[derive(Debug, Default, PartialEq, Eq)]
struct Read {
    users: u32,
    values: usize,
}

fn main() {
    serve_if_asked();
    let users = number("BENCH_USERS", 200_000);
    let org = Org::start(users);
    let executor = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let runtime = Runtime::builder().jobs(1).build().unwrap();
    let connector = match std::env::var_os("BENCH_COMPONENT") {
        Some(path) => runtime.load(&std::fs::read(path).unwrap()).unwrap(),
        None => runtime.load(embedded::CONNECTOR).unwrap(),
    };

    let (mut sandboxed, mut linked, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let (component, read) = timed(|| executor.block_on(as_component(&runtime, &connector, &org)));
        let (native, same) = timed(|| natively(executor.handle(), &org));
        assert_eq!(read, same);
        assert_eq!(read.users, users);
        // The first round only warms up.
        if round > 0 {
            sandboxed.push(component.as_secs_f64());
            linked.push(native.as_secs_f64());
            ratios.push(component.as_secs_f64() / native.as_secs_f64());
        }
    }
    figure("component", connector.size() as f64 / 1024.0, "KiB", Some("≤ 1536"));
    figure("users imported", f64::from(users), "users", None);
    figure("processor time, as a component", median(sandboxed) * 1e3, "ms", None);
    figure("processor time, linked natively", median(linked) * 1e3, "ms", None);
    figure("component against native", median(ratios), "times", Some("≤ 1.45"));
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let before = cpu_time();
    let result = work();
    (cpu_time() - before, result)
}

async fn as_component(runtime: &Runtime, connector: &Connector, org: &Org) -> Read {
    let tenant = Tenant { approval: Some(runtime.approve(connector).await.unwrap()), ..org.tenant("bench") };
    let mut job = runtime.start(connector, &tenant).await.unwrap();
    let mut query = ImportQuery { scope: ImportScope::Full, page_size: PAGE, attributes: Vec::new(), grants: true };
    let mut read = Read::default();
    loop {
        let page = job.import_users(&query).await.unwrap();
        for user in &page.users {
            read.users += 1;
            read.values += user.values.iter().flatten().count();
        }
        match page.next {
            Some(next) => query.scope = ImportScope::Resume(next),
            None => return read,
        }
    }
}

fn natively(executor: &tokio::runtime::Handle, org: &Org) -> Read {
    let mut settings: model::Settings = org.settings().into_iter().collect();
    let mut secrets = Vec::new();
    for (at, (name, value)) in org.secrets().into_iter().enumerate() {
        let placeholder = format!("sk0{at:040}");
        settings.push((name, placeholder.clone()));
        secrets.push((placeholder, value));
    }
    let session = Session::open(Native::new(executor.clone(), secrets), settings).unwrap();
    let mut query =
        model::ImportQuery { scope: model::ImportScope::Full, page_size: PAGE, attributes: Vec::new(), grants: true };
    let mut read = Read::default();
    loop {
        let page = session.import_users(&query).unwrap();
        for user in &page.users {
            read.users += 1;
            read.values += user.values.iter().flatten().count();
        }
        match page.next {
            Some(next) => query.scope = model::ImportScope::Resume(next),
            None => return read,
        }
    }
}
