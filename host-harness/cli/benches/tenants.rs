//! A thousand tenants with a job each: what they need of memory and how many get done a second.
//!
//! `BENCH_TENANTS` is their number (default 1,000). Each job is a sandbox of its own that signs in and reads a page of users
//! with what they hold over HTTP. All of them are in the air at once, on two threads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::time::Instant;

use host_harness::embedded;
use provisioning_runtime::wit::{ImportQuery, ImportScope};
use provisioning_runtime::{Runtime, Tenant};
use support::emulated::{Org, serve_if_asked};
use support::process::{cpu_time, peak_resident, resident};
use support::{figure, number};

fn main() {
    serve_if_asked();
    let tenants = number("BENCH_TENANTS", 1_000);
    let org = Org::start(20);
    let executor = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let runtime = Runtime::builder().jobs(tenants).build().unwrap();
    let connector = runtime.load(embedded::CONNECTOR).unwrap();
    let approval = executor.block_on(runtime.approve(&connector)).unwrap();
    let before = resident();
    let tenants: Vec<_> = (0..tenants)
        .map(|number| Tenant { approval: Some(approval.clone()), ..org.tenant(&format!("tenant-{number}")) })
        .collect();

    // All sandboxes at once, so that none gives its memory back before the last has taken its own.
    let (made, instantiated) = executor.block_on(async {
        let started = Instant::now();
        let mut jobs = Vec::with_capacity(tenants.len());
        for tenant in &tenants {
            jobs.push(runtime.start(&connector, tenant).await.unwrap());
        }
        (jobs, started.elapsed())
    });
    let idle = resident();
    let cpu = cpu_time();
    let started = Instant::now();
    let done = executor.block_on(async {
        let running: Vec<_> = made
            .into_iter()
            .map(|mut job| {
                tokio::spawn(async move {
                    let query =
                        ImportQuery { scope: ImportScope::Full, page_size: 100, attributes: Vec::new(), grants: true };
                    let page = job.import_users(&query).await.unwrap();
                    assert!(!page.users.is_empty());
                    job
                })
            })
            .collect();
        let mut done = Vec::with_capacity(running.len());
        for job in running {
            done.push(job.await.unwrap());
        }
        done
    });
    let (elapsed, cpu, full) = (started.elapsed(), cpu_time() - cpu, resident());
    let count = done.len() as f64;
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);

    figure("tenants, each with a job", count, "jobs", None);
    figure("made one after another", instantiated.as_secs_f64() * 1e6 / count, "µs a job", None);
    figure("resident before", mebibytes(before), "MiB", None);
    figure("resident, sandboxes made", mebibytes(idle), "MiB", None);
    figure("resident, all jobs done and held", mebibytes(full), "MiB", None);
    figure("resident, peak", mebibytes(peak_resident()), "MiB", None);
    figure("resident, for each job", (full.saturating_sub(before)) as f64 / 1024.0 / count, "KiB", None);
    figure("jobs done", count / elapsed.as_secs_f64(), "jobs/s", None);
    figure("processor time", cpu.as_secs_f64() * 1e3 / count, "ms a job", None);
}
