//! An import without an end: what it may keep, in memory and on disk, and whom it holds up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use provisioning_directory::config::TenantConfig;
use provisioning_directory::sync::import::{ImportOptions, import, import_for};
use provisioning_directory::sync::worker::{Finished, WorkerOptions, work};
use provisioning_directory::sync::{ComponentApplications, SyncError};
use provisioning_directory::{Actor, Directory, ImportPhase, TenantRecord};
use provisioning_runtime::{Runtime, Scheduler, SchedulerLimits};

use super::attack;
use super::neighbour;
use super::support::{alone, most_resident};
use crate::support::{host, journey};

struct World {
    directory: Directory,
    applications: Arc<ComponentApplications>,
    folder: tempfile::TempDir,
}

impl World {
    /// Tenants run the thief.
    fn new(runtime: Runtime) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::open(folder.path()).unwrap();
        let applications = Arc::new(ComponentApplications::new(runtime, attack!("thief"), "."));
        Self { directory, applications, folder }
    }

    fn add(&self, name: &str, attack: &str, limits: &serde_json::Value) -> TenantRecord {
        let config = serde_json::json!({
            "settings": { "attack": attack, "app": "http://127.0.0.1:1" },
            "egress": { "loopback": [1] },
            "schedule": { "import-minutes": 60 },
            "limits": limits,
        });
        let config: TenantConfig = serde_json::from_value(config).unwrap();
        self.directory.write(&actor(), |change| change.add_tenant(name, &config)).unwrap()
    }

    /// Bytes of the data folder.
    fn kept(&self) -> u64 {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        files
            .map(|file| file.unwrap().metadata().unwrap())
            .filter(std::fs::Metadata::is_file)
            .map(|file| file.len())
            .sum()
    }
}

fn actor() -> Actor {
    Actor::new("journey")
}

#[test]
fn an_import_without_an_end_keeps_a_bounded_number_of_bytes() {
    alone("hostile::import::an_import_without_an_end_keeps_a_bounded_number_of_bytes", async {
        let world = World::new(Runtime::builder().jobs(2).build().unwrap());
        let tenant = world.add("mallory", "endless-import", &serde_json::json!({ "import-mib": 12 }));
        for dry_run in [true, false] {
            let (before, began) = (most_resident(), Instant::now());
            let options = ImportOptions { dry_run, ..ImportOptions::default() };
            let result = import(&world.directory, &*world.applications, &tenant, &actor(), options, &|_| {}).await;
            let error = result.unwrap_err();
            let more = most_resident() - before;
            println!(
                "an import without an end (dry run: {dry_run}): {error}; {} MiB of memory over the start, {} MiB on disk, in {:?}",
                more >> 20,
                world.kept() >> 20,
                began.elapsed()
            );
            assert!(matches!(&error, SyncError::TooMuch { over, .. } if over.contains("12 MiB of users")), "{error}");
            // Among it, SQLite keeps up to 32 MiB of pages.
            assert!(more <= 96 << 20, "{} MiB", more >> 20);
            assert!(world.kept() <= 4 * (12 << 20), "{} MiB", world.kept() >> 20);
            assert_eq!(world.directory.read(|view| view.count_remote_users(tenant.id)).unwrap(), 0);
        }
    });
}

#[test]
fn with_one_worker_a_small_tenant_is_served_beside_an_import_without_an_end() {
    journey(async {
        let world = World::new(host().0.clone());
        let small = world.add("small", "short-import", &serde_json::json!({}));
        let once = || import(&world.directory, &*world.applications, &small, &OTHER, FULL, &|_| {});
        once().await.unwrap();
        let began = Instant::now();
        once().await.unwrap();
        let apart = began.elapsed();
        let world = World::new(host().0.clone());
        world.add("mallory", "endless-import", &serde_json::json!({}));
        world.add("small", "short-import", &serde_json::json!({}));
        let scheduler = Scheduler::new(SchedulerLimits { workers: 1, ..SchedulerLimits::default() });
        let options = WorkerOptions {
            look_every: Duration::from_millis(1),
            turn: Duration::from_millis(50),
            ..WorkerOptions::default()
        };
        let began = Instant::now();
        let (served, is_served) = tokio::sync::watch::channel(None);
        let mut told = is_served.clone();
        let stop = async move { drop(told.wait_for(Option::is_some).await) };
        let note = |finished: Finished| {
            let said = finished.result.unwrap();
            if finished.tenant == "small" {
                // Its turns end as well, on a busy machine before it is done.
                if said.starts_with("3 users read;") {
                    served.send_replace(Some(began.elapsed()));
                }
            } else {
                assert!(said.contains("it goes on in its next turn"), "{said}");
            }
        };
        let (directory, applications) = (world.directory.clone(), Arc::clone(&world.applications));
        let worked = work(directory, applications, &scheduler, options, stop, std::future::ready(()), note);
        tokio::time::timeout(Duration::from_secs(60), worked).await.expect("the small tenant waits").unwrap();
        let waited = is_served.borrow().unwrap();
        println!(
            "a small import alone: {apart:?}; with one worker, beside one without an end: {waited:?} after the start"
        );
        assert!(waited < Duration::from_secs(10), "{waited:?}");
    });
}

static OTHER: std::sync::LazyLock<Actor> = std::sync::LazyLock::new(actor);

const FULL: ImportOptions = ImportOptions { full: true, dry_run: false, accept: true };

#[test]
fn a_neighbour_of_an_import_without_an_end_is_not_held_up() {
    journey(async {
        let world = Arc::new(World::new(host().0.clone()));
        let tenant = world.add("mallory", "endless-import", &serde_json::json!({ "import-mib": 64 }));
        let attack = move || {
            let (world, tenant) = (Arc::clone(&world), tenant.clone());
            async move {
                let began = Instant::now();
                let is_over = || began.elapsed() > Duration::from_secs(5);
                let turn = import_for(
                    &world.directory,
                    &*world.applications,
                    &tenant,
                    &OTHER,
                    ImportOptions::default(),
                    Some(&is_over),
                    &|_| {},
                );
                match turn.await {
                    Ok(report) => assert_eq!(report.run.phase, ImportPhase::Reading),
                    Err(error) => assert!(matches!(error, SyncError::TooMuch { .. }), "{error}"),
                }
            }
        };
        neighbour::is_not_held_up("an import without an end", attack).await;
    });
}
