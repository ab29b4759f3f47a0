//! A tenant beside an attacker gets its work done in its normal time.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use provisioning_host::runtime::wit::{ImportQuery, ImportScope};
use provisioning_host::runtime::{Connector, Tenant};
use salesforce_emulator::Emulator;

use super::attack;
use super::support::{Listener, aimed_at, mallory};
use crate::support::{host, journey, tenant};

/// Attackers at once: as many as the executor has threads.
const ATTACKERS: usize = 2;

/// What the neighbour may lose by the attack: a few turns of the processor in each of its dozen requests. The bench `sandbox`
/// prints the figure; this bound only has to hold on a machine that does other things too.
const TOLERATED: Duration = Duration::from_secs(2);

/// An org on threads of its own: its speed is not what is asked about.
fn org() -> &'static (tokio::runtime::Runtime, Emulator) {
    static ORG: OnceLock<(tokio::runtime::Runtime, Emulator)> = OnceLock::new();
    ORG.get_or_init(|| {
        std::thread::spawn(|| {
            let executor = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            let emulator = executor.block_on(Emulator::builder().users(300).seed(91).start()).unwrap();
            (executor, emulator)
        })
        .join()
        .unwrap()
    })
}

/// Imports everybody, and says how long it took.
async fn import(connector: &Connector, tenant: &Tenant) -> Duration {
    let started = Instant::now();
    let mut job = host().0.start(connector, tenant).await.unwrap();
    let mut query = ImportQuery { scope: ImportScope::Full, page_size: 100, attributes: Vec::new(), grants: true };
    let mut users = 0;
    loop {
        let page = job.import_users(&query).await.unwrap();
        users += page.users.len();
        match page.next {
            Some(next) => query.scope = ImportScope::Resume(next),
            None => break,
        }
    }
    assert!(users >= 300, "{users}");
    started.elapsed()
}

#[test]
fn a_neighbour_finishes_in_its_normal_time() {
    journey(async {
        let server = Listener::start().await;
        let (runtime, connector) = host();
        let tenant = tenant(&org().1);
        import(connector, &tenant).await;
        let alone = import(connector, &tenant).await;
        for (name, attack) in [
            ("spin", attack!("spin").to_vec()),
            ("spin in calls", attack!("spin_in_calls").to_vec()),
            ("recurse", attack!("recurse").to_vec()),
            ("grow", attack!("grow").to_vec()),
            ("return huge text", attack!("return_huge_text").to_vec()),
            ("handle flood", attack!("handle_flood").to_vec()),
            ("request flood", aimed_at(attack!("request_flood"), &server.url)),
            ("panic", attack!("panic").to_vec()),
            ("sleep", attack!("sleep").to_vec()),
        ] {
            let hostile = runtime.load(&attack).unwrap();
            let attackers: Vec<_> = (0..ATTACKERS)
                .map(|_| {
                    let hostile = hostile.clone();
                    tokio::spawn(async move {
                        loop {
                            let ended = match runtime.start(&hostile, &mallory()).await {
                                Ok(mut job) => job.open().await,
                                Err(error) => Err(error),
                            };
                            assert!(ended.is_err(), "an attack succeeded");
                        }
                    })
                })
                .collect();
            let beside = import(connector, &tenant).await;
            for attacker in &attackers {
                assert!(!attacker.is_finished(), "{name}: the attack was over before");
                attacker.abort();
            }
            println!("neighbour alone {alone:?}, beside {name} {beside:?}");
            assert!(beside <= 10 * alone + TOLERATED, "{name}: {beside:?} instead of {alone:?}");
        }
    });
}
