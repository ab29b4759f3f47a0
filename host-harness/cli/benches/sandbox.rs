//! What the sandbox costs: making one, and calling through the host instead of straight through Wasmtime.
//!
//! Criterion gives the times with their spread; the lines at the end are the figures that are aimed at.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::Criterion;
use host_harness::embedded;
use provisioning_runtime::{Connector, Runtime, Tenant};
use support::canned::login_answer;
use support::emulated::{Org, serve_if_asked};
use support::{figure, median};
use wasmtime::component::{Component, HasSelf, Linker, ResourceAny};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "connector",
        imports: { default: async | trappable },
        exports: { default: async },
        with: {
            "wasi:io/poll.pollable": super::Handle,
        },
        require_store_data_send: true,
    });
}

use bindings::identity::provisioning::{http, ledger, log, secrets, types};
use bindings::wasi::{clocks, io};
use wasmtime::component::Resource;

/// What a handle stands for in a host that does nothing.
pub struct Handle;

/// A host that does nothing but answer the sign-in.
struct Bare;

impl types::Host for Bare {}

impl secrets::Host for Bare {
    async fn basic(&mut self, _: String, _: String) -> wasmtime::Result<Result<String, String>> {
        Ok(Err("no secrets here".to_owned()))
    }

    async fn sign_jwt(&mut self, _: String, _: Option<String>, _: String) -> wasmtime::Result<Result<String, String>> {
        Ok(Err("no keys here".to_owned()))
    }
}

impl io::poll::Host for Bare {
    async fn poll(&mut self, _: Vec<Resource<Handle>>) -> wasmtime::Result<Vec<u32>> {
        Ok(Vec::new())
    }
}

impl io::poll::HostPollable for Bare {
    async fn ready(&mut self, _: Resource<Handle>) -> wasmtime::Result<bool> {
        Ok(true)
    }

    async fn block(&mut self, _: Resource<Handle>) -> wasmtime::Result<()> {
        Ok(())
    }

    async fn drop(&mut self, _: Resource<Handle>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl clocks::wall_clock::Host for Bare {
    async fn now(&mut self) -> wasmtime::Result<clocks::wall_clock::Datetime> {
        Ok(clocks::wall_clock::Datetime { seconds: 1_700_000_000, nanoseconds: 0 })
    }

    async fn resolution(&mut self) -> wasmtime::Result<clocks::wall_clock::Datetime> {
        Ok(clocks::wall_clock::Datetime { seconds: 1, nanoseconds: 0 })
    }
}

impl clocks::monotonic_clock::Host for Bare {
    async fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(0)
    }

    async fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(1)
    }

    async fn subscribe_instant(&mut self, _: u64) -> wasmtime::Result<Resource<Handle>> {
        Ok(Resource::new_own(1))
    }

    async fn subscribe_duration(&mut self, _: u64) -> wasmtime::Result<Resource<Handle>> {
        Ok(Resource::new_own(1))
    }
}

impl log::Host for Bare {
    async fn write(&mut self, _: log::Level, _: String, _: Vec<(String, String)>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl ledger::Host for Bare {
    async fn owners(&mut self, ids: Vec<String>) -> wasmtime::Result<Vec<Option<ledger::Owner>>> {
        Ok(ids.iter().map(|_| None).collect())
    }

    async fn undecided(&mut self, _: String, _: Vec<ledger::Candidate>) -> wasmtime::Result<()> {
        Ok(())
    }

    async fn out_of_use(&mut self, _: Vec<(String, types::Status)>) -> wasmtime::Result<()> {
        Ok(())
    }

    async fn begin(&mut self, intents: Vec<ledger::Intent>) -> wasmtime::Result<Vec<bool>> {
        Ok(intents.iter().map(|_| true).collect())
    }

    async fn written(&mut self, _: Vec<ledger::Progress>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl http::Host for Bare {
    async fn send(&mut self, request: http::Request) -> wasmtime::Result<Result<http::Response, http::Failure>> {
        let url = request.url.split("/services").next().unwrap_or_default().to_owned();
        Ok(Ok(http::Response { status: 200, headers: Vec::new(), body: login_answer(&url).into_bytes() }))
    }

    async fn send_all(
        &mut self,
        _: Vec<http::Request>,
    ) -> wasmtime::Result<Vec<Result<http::Response, http::Failure>>> {
        Ok(Vec::new())
    }

    async fn start(&mut self, _: http::Request) -> wasmtime::Result<u32> {
        Ok(0)
    }

    async fn finish(&mut self, _: u32) -> wasmtime::Result<Result<http::Response, http::Failure>> {
        Ok(Err(http::Failure::Cancelled))
    }
}

/// A session of the connector with nothing between it and Wasmtime.
async fn bare_session() -> (bindings::Connector, Store<Bare>, ResourceAny) {
    let mut config = Config::new();
    config
        .concurrency_support(false)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(PoolingAllocationConfig::new()));
    let engine = Engine::new(&config).unwrap();
    let component = Component::new(&engine, embedded::CONNECTOR).unwrap();
    let mut linker = Linker::new(&engine);
    bindings::Connector::add_to_linker::<_, HasSelf<_>>(&mut linker, |bare: &mut Bare| bare).unwrap();
    let mut store = Store::new(&engine, Bare);
    let bindings = bindings::Connector::instantiate_async(&mut store, &component, &linker).await.unwrap();
    let mut settings: Vec<(String, String)> = support::settings("http://127.0.0.1:1").into_iter().collect();
    settings.push(("password".to_owned(), format!("sk0{:040}", 1)));
    let guest = bindings.identity_provisioning_provisioning_connector();
    let session = guest.call_open(&mut store, &settings).await.unwrap().unwrap();
    (bindings, store, session)
}

/// Calls a series; alternating short series keep what else the machine does from favouring one side.
const SERIES: u32 = 2_000;
const ROUNDS: usize = 31;

fn main() {
    serve_if_asked();
    let org = Org::start(1);
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let runtime = Runtime::builder().build().unwrap();
    let connector = runtime.load(embedded::CONNECTOR).unwrap();
    let approval = executor.block_on(runtime.approve(&connector)).unwrap();
    let tenant = Tenant { approval: Some(approval), ..org.tenant("bench") };

    let start = || executor.block_on(async { drop(black_box(runtime.start(&connector, &tenant).await.unwrap())) });
    let mut job = executor.block_on(async {
        let mut job = runtime.start(&connector, &tenant).await.unwrap();
        job.open().await.unwrap();
        job
    });
    let (bindings, mut store, session) = executor.block_on(bare_session());
    let guest = bindings.identity_provisioning_provisioning_connector();
    let mut through_host = |calls: u64| {
        executor.block_on(async {
            let started = Instant::now();
            for _ in 0..calls {
                black_box(job.session_usage().await.unwrap());
            }
            started.elapsed()
        })
    };
    let mut bare = |calls: u64| {
        executor.block_on(async {
            let started = Instant::now();
            for _ in 0..calls {
                black_box(guest.session().call_usage(&mut store, session).await.unwrap());
            }
            started.elapsed()
        })
    };

    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    criterion.bench_function("instantiate", |bencher| bencher.iter(start));
    criterion.bench_function("warm call, bare", |bencher| bencher.iter_custom(&mut bare));
    criterion.bench_function("warm call, host", |bencher| bencher.iter_custom(&mut through_host));
    criterion.final_summary();

    let nanoseconds = |elapsed: Duration| elapsed.as_nanos() as f64 / f64::from(SERIES);
    let (mut alone, mut hosted, mut over) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let without = nanoseconds(bare(SERIES.into()));
        let with = nanoseconds(through_host(SERIES.into()));
        alone.push(without);
        hosted.push(with);
        over.push(with - without);
    }
    let mut starts = Vec::new();
    for _ in 0..ROUNDS * 10 {
        let started = Instant::now();
        start();
        starts.push(started.elapsed().as_nanos() as f64 / 1e3);
    }
    println!();
    size(&connector);
    figure("instantiate, median", median(starts), "µs", Some("≤ 50"));
    figure("warm call, bare Wasmtime, median", median(alone), "ns", None);
    figure("warm call, through the host, median", median(hosted), "ns", None);
    figure("warm call, host over bare, median", median(over), "ns", Some("≤ 1000"));
}

fn size(connector: &Connector) {
    figure("component", connector.size() as f64 / 1024.0, "KiB", Some("≤ 1536"));
}
