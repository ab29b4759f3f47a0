//! How many jobs 1, 2 and 4 hosts of one PostgreSQL database get done a second, and what limits them.
//!
//! `BENCH_TENANTS` is the number of tenants (default 1,000). Each is due for one import, which is a job with a sandbox of its own that
//! signs in and reads an emulated organization of 20 users; from the first that ends to the last is measured. `BENCH_JOBS` is the
//! number of tenants that each host works for at once (default 8). All of it runs on this machine, so what hosts are added for, a
//! machine each, isn't there: the share of the processors that each part takes says how far they were the limit.
//!
//! Needs a server: `scripts/postgres.sh cargo bench --package host-harness --bench hosts`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use provisioning_directory::config::TenantConfig;
use provisioning_directory::{Actor, Directory, DirectoryError, LeaseTimes};
use provisioning_runtime::Secret;
use support::emulated::{Org, serve_if_asked};
use support::{figure, number};

/// Ticks of the clock that the kernel counts processor time in, a second.
const TICKS: f64 = 100.0;

fn main() {
    serve_if_asked();
    let Some(server) = test_database::server() else {
        println!("no PostgreSQL is named in PROVISIONING_TEST_POSTGRES; run it by scripts/postgres.sh");
        return;
    };
    let (tenants, jobs) = (number("BENCH_TENANTS", 1_000), number("BENCH_JOBS", 8));
    let org = Org::start(20);
    let folder = tempfile::tempdir().unwrap();
    let url = test_database::of(folder.path()).unwrap();
    let directory = Directory::open_postgres(folder.path(), &url, LeaseTimes::default()).unwrap();
    add_tenants(&directory, &org, tenants);
    let mut of_one = None;
    for hosts in [1, 2, 4] {
        // Forget what the round before has imported, so that each does the same.
        test_database::run(
            &url,
            "UPDATE tenant SET imported_at = NULL, watermark = NULL, fully_imported_at = NULL, due_at = NULL;
             DELETE FROM import_run; DELETE FROM remote_user; ANALYZE",
        );
        let mut running: Vec<Child> = (0..hosts).map(|_| start(&url, folder.path(), jobs)).collect();
        // Each has opened the database and looks for what is due.
        std::thread::sleep(Duration::from_secs(5));
        test_database::run(&url, "UPDATE tenant SET due_at = 0");
        let done = || imported(&url);
        wait_until(&mut running, || done() > 0);
        let (began, first, used) = (Instant::now(), done(), Used::now(&running, &org));
        wait_until(&mut running, || done() >= i64::from(tenants));
        let (elapsed, spent) = (began.elapsed().as_secs_f64(), Used::now(&running, &org));
        for host in &mut running {
            host.kill().unwrap();
            host.wait().unwrap();
        }
        let speed = (f64::from(tenants) - first as f64) / elapsed;
        let ratio = speed / *of_one.get_or_insert(speed);
        figure(&format!("jobs done by {hosts} hosts"), speed, "jobs/s", None);
        figure(&format!("{hosts} hosts beside one"), ratio, "times as many", None);
        let share = |now: f64, before: f64| (now - before) / elapsed;
        figure(&format!("{hosts} hosts: they take"), share(spent.hosts, used.hosts), "processors", None);
        figure(&format!("{hosts} hosts: the organization takes"), share(spent.org, used.org), "processors", None);
        figure(&format!("{hosts} hosts: idle are"), share(spent.idle, used.idle), "processors", None);
    }
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    figure("of", processors as f64, "processors", None);
    drop(server);
}

fn add_tenants(directory: &Directory, org: &Org, tenants: u32) {
    let port = org.settings()["my-domain"].rsplit(':').next().unwrap().to_owned();
    let mut config: TenantConfig =
        toml::from_str(&format!("schedule.import-minutes = 1440\negress.loopback = [{port}]")).unwrap();
    config.to_idp.matching.auto_create = false;
    let settings: toml::Table =
        org.settings().into_iter().map(|(name, value)| (name, toml::Value::String(value))).collect();
    let parsed: TenantConfig = toml::from_str(
        &toml::to_string(&toml::Table::from_iter([("settings".to_owned(), toml::Value::Table(settings))])).unwrap(),
    )
    .unwrap();
    config.settings = parsed.settings;
    let secrets = org.secrets();
    let add = |change: &provisioning_directory::WriteTransaction<'_>, number: &u32| -> Result<(), DirectoryError> {
        let tenant = change.add_tenant(&format!("tenant-{number}"), &config)?;
        for (name, secret) in &secrets {
            change.set_secret(&tenant, name, Some(&Secret::new(secret.clone())))?;
        }
        Ok(())
    };
    directory.write_in_turns(&Actor::new("bench"), 0..tenants, add).unwrap();
}

fn start(url: &str, folder: &std::path::Path, jobs: u32) -> Child {
    Command::new(env!("CARGO_BIN_EXE_host-harness"))
        .args(["worker", "--jobs", &jobs.to_string()])
        .env("PROVISIONING_DATABASE", url)
        .env("PROVISIONING_DATA", folder)
        .env("PROVISIONING_CACHE", concat!(env!("CARGO_TARGET_TMPDIR"), "/compiled"))
        .env_remove("PROVISIONING_KEY")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn imported(url: &str) -> i64 {
    let count = "SELECT count(*) FROM tenant WHERE imported_at IS NOT NULL";
    test_database::with(url, async move |client| client.query_one(count, &[]).await).unwrap().get(0)
}

fn wait_until(hosts: &mut [Child], is_so: impl Fn() -> bool) {
    while !is_so() {
        for host in hosts.iter_mut() {
            assert!(host.try_wait().unwrap().is_none(), "a host has ended");
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Processor time so far, in seconds.
struct Used {
    hosts: f64,
    org: f64,
    idle: f64,
}

impl Used {
    fn now(hosts: &[Child], org: &Org) -> Self {
        let all = std::fs::read_to_string("/proc/stat").unwrap();
        let idle = all.lines().next().and_then(|line| line.split_whitespace().nth(4)).unwrap();
        Self {
            hosts: hosts.iter().map(|host| of_process(host.id())).sum(),
            org: of_process(org.process_id()),
            idle: idle.parse::<f64>().unwrap() / TICKS,
        }
    }
}

fn of_process(id: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    // The name before the last parenthesis may have anything in it.
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / TICKS
}
