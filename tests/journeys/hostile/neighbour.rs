//! A tenant beside an attacker gets its work done in its normal time.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use provisioning_runtime::wit::{ImportQuery, ImportScope};
use provisioning_runtime::{Connector, Tenant};
use salesforce_emulator::Emulator;

use super::attack;
use super::support::{Listener, aimed_at, mallory};
use crate::support::{host, journey, tenant};

/// Attackers at once: as many as the executor has threads.
const ATTACKERS: usize = 2;

/// How long an attacker may hold a thread before others have their turn.
const TURN: Duration = Duration::from_millis(2);

/// What an attack may cost, in terms of tasks that compute all the time and give way after each turn: the sandbox makes attackers do
/// the same. An import was seen to take from a quarter of that to a tenth more.
const FACTOR: f64 = 1.5;

/// Pairs of measurements, one after the other, of which one pair has to hold: what else this machine does may fall on either.
const TRIES: usize = 5;

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

/// How long an import takes beside so many tasks as there are threads, none of which comes to an end.
async fn import_beside<F>(connector: &Connector, tenant: &Tenant, task: impl Fn() -> F) -> Duration
where
    F: Future<Output = ()> + Send + 'static,
{
    let others: Vec<_> = (0..ATTACKERS).map(|_| tokio::spawn(task())).collect();
    let time = import(connector, tenant).await;
    for other in others {
        assert!(!other.is_finished(), "it was over before");
        other.abort();
        // It ends with its turn, and must not take any of the next measurement.
        drop(other.await);
    }
    time
}

/// The middle of five times.
async fn median(mut measured: impl AsyncFnMut() -> Duration) -> Duration {
    let mut times = Vec::new();
    for _ in 0..5 {
        times.push(measured().await);
    }
    times.sort_unstable();
    times[2]
}

/// Measures an import alone and beside an attack that is made again and again, and prints both: it takes at most three times as
/// long, and a tenth of a second. What else this machine does may fall on either, so one of a few measurements has to hold.
pub(super) async fn is_not_held_up<F>(name: &str, attack: impl Fn() -> F + Clone + Send + 'static)
where
    F: Future<Output = ()> + Send,
{
    let (connector, tenant) = (&host().1, tenant(&org().1));
    import(connector, &tenant).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let alone = median(async || import(connector, &tenant).await).await;
        let attack = attack.clone();
        let attacking = tokio::spawn(async move {
            loop {
                attack().await;
            }
        });
        let beside = median(async || import(connector, &tenant).await).await;
        assert!(!attacking.is_finished(), "the attack was over before");
        attacking.abort();
        drop(attacking.await);
        println!("an import alone: {alone:?}; beside {name}: {beside:?}");
        if beside <= 3 * alone + Duration::from_millis(100) {
            return;
        }
        seen.push((alone, beside));
    }
    panic!("an import alone, and beside {name}: {seen:?}");
}

/// Attacks, again and again.
async fn attacking(hostile: Connector) {
    loop {
        let ended = match host().0.start(&hostile, &mallory()).await {
            Ok(mut job) => job.open().await,
            Err(error) => Err(error),
        };
        assert!(ended.is_err(), "an attack succeeded");
    }
}

/// Computes, and gives way.
async fn computing() {
    loop {
        let began = Instant::now();
        while began.elapsed() < TURN {
            std::hint::spin_loop();
        }
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_neighbour_finishes_in_its_normal_time() {
    journey(async {
        let server = Listener::start().await;
        let (runtime, connector) = host();
        let tenant = tenant(&org().1);
        import(connector, &tenant).await;
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
            let mut seen: Vec<(Duration, Duration)> = Vec::new();
            while seen.last().is_none_or(|(fair, beside)| *beside > fair.mul_f64(FACTOR)) {
                assert!(seen.len() < TRIES, "{name}: beside tasks that give way, and beside it {seen:?}");
                let fair = import_beside(connector, &tenant, computing).await;
                seen.push((fair, import_beside(connector, &tenant, || attacking(hostile.clone())).await));
            }
            println!("neighbour of tasks that give way, and of {name}: {seen:?}");
        }
    });
}
