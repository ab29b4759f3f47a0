//! Imports that have no end: they are given up at their limits, and make way for others until then.

use super::super::import::import_for;
use super::super::worker::{Finished, WorkerOptions, work};
use super::*;
use provisioning_runtime::{Scheduler, SchedulerLimits};

fn endless(settings: &str) -> Fixture {
    let fixture = Fixture::new(settings);
    fixture.application.world().endless = Some("acme");
    fixture
}

#[tokio::test]
async fn an_import_without_an_end_is_given_up_at_each_limit_with_all_that_it_brought() {
    for (limit, part) in [
        ("import-pages = 3", "read more than 3 pages, which `limits.import-pages` allows"),
        ("import-users = 50", "read more than 50 users, which `limits.import-users` allows"),
        ("import-mib = 1", "read more than 1 MiB of users, which `limits.import-mib` allows"),
        ("import-minutes = 0", "read more than 0 seconds, which `limits.import-minutes` allows"),
    ] {
        let fixture = endless(&format!("[to-idp]\npage-size = 20\n[limits]\n{limit}"));
        if limit.starts_with("import-minutes") {
            // It is measured in whole seconds.
            let wait = || JobError::from(refusal(ErrorKind::RateLimited, Retry::After(1)));
            fixture.application.world().faults = [None, Some(wait())].into();
        }
        for dry_run in [true, false] {
            let error = fixture.import_with(ImportOptions { dry_run, ..ImportOptions::default() }).await.unwrap_err();
            assert!(
                matches!(&error, SyncError::TooMuch { .. }) && error.to_string().contains(part),
                "{limit}: {error}"
            );
            let tenant = fixture.tenant();
            assert_eq!(fixture.directory.read(|view| view.count_remote_users(tenant.id)).unwrap(), 0, "{limit}");
            assert!(fixture.directory.read(|view| view.open_import(tenant.id)).unwrap().is_none());
            let failure = tenant.last_failure.unwrap();
            assert!(failure.message.contains(part), "{}", failure.message);
            if limit.starts_with("import-minutes") {
                break;
            }
        }
        // What is known already stays, and a sound import afterwards reads everybody.
        fixture.application.world().endless = None;
        fixture.seed(3);
        if !limit.starts_with("import-minutes") {
            assert_eq!(fixture.import().await.run.counts.created, 3);
        }
    }
}

#[tokio::test]
async fn users_that_are_known_outlive_an_import_that_is_given_up() {
    let fixture = Fixture::imported("[to-idp]\npage-size = 20\n[limits]\nimport-pages = 3", 5, "2026-02-01").await;
    fixture.application.world().endless = Some("acme");
    let full = ImportOptions { full: true, ..ImportOptions::default() };
    assert!(matches!(fixture.import_with(full).await, Err(SyncError::TooMuch { .. })));
    let tenant = fixture.tenant();
    assert_eq!(fixture.directory.read(|view| view.count_remote_users(tenant.id)).unwrap(), 5);
    assert!(fixture.link("acme:U0000").is_some());
}

#[tokio::test]
async fn a_cursor_that_is_longer_than_any_position_ends_the_import() {
    let fixture = Fixture::new("");
    fixture.seed(1);
    fixture.application.world().watermark = Some("x".repeat(70_000));
    let error = fixture.import_with(ImportOptions::default()).await.unwrap_err();
    assert!(error.to_string().contains("gave a cursor of 70000 bytes, and 65536 are the most"), "{error}");
}

#[tokio::test]
async fn with_one_worker_a_small_tenant_is_served_beside_an_import_without_an_end() {
    let fixture = endless("[schedule]\nimport-minutes = 60\n[to-idp]\npage-size = 20");
    fixture.seed(3);
    fixture.add_tenant("small", "[schedule]\nimport-minutes = 60");
    let scheduler = Scheduler::new(SchedulerLimits { workers: 1, ..SchedulerLimits::default() });
    let options = WorkerOptions {
        look_every: Duration::from_millis(1),
        turn: Duration::from_millis(20),
        ..WorkerOptions::default()
    };
    let served = std::sync::Mutex::new(Vec::new());
    let began = std::time::Instant::now();
    let is_served = |told: &[(String, String)]| {
        told.iter().any(|(tenant, said)| tenant == "small" && said.starts_with("3 users read;"))
    };
    let stop = std::future::poll_fn(|_| {
        if is_served(&served.lock().unwrap()) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    });
    let note = |finished: Finished| served.lock().unwrap().push((finished.tenant, finished.result.unwrap()));
    let application = std::sync::Arc::new(fixture.application.clone());
    let worked = work(fixture.directory.clone(), application, &scheduler, options, stop, std::future::ready(()), note);
    tokio::time::timeout(Duration::from_secs(20), worked).await.expect("the small tenant waits for ever").unwrap();
    // And the other has made way for it, and goes on.
    let made_way = |(tenant, said): &(String, String)| tenant == "acme" && said.contains("so far");
    assert!(served.lock().unwrap().iter().any(made_way));
    let endless = fixture.tenant().id;
    assert!(fixture.directory.read(|view| view.open_import(endless)).unwrap().is_some_and(|run| run.users > 0));
    println!("a small tenant beside an import without an end, with one worker: served after {:?}", began.elapsed());
}

#[tokio::test]
async fn a_turn_that_is_over_before_it_begins_has_a_page_or_a_piece() {
    let fixture = Fixture::new("[to-idp]\npage-size = 2");
    fixture.seed(5);
    let mut phases = Vec::new();
    for _ in 0..9 {
        let (tenant, options) = (fixture.tenant(), ImportOptions::default());
        let (directory, application) = (&fixture.directory, &fixture.application);
        let turn = import_for(directory, application, &tenant, &fixture.actor, options, Some(&|| true), &|_| {});
        let run = turn.await.unwrap().run;
        phases.push((run.phase, run.pages));
        if run.phase == ImportPhase::Done {
            break;
        }
    }
    let expected = [
        (ImportPhase::Reading, 1),
        (ImportPhase::Reading, 2),
        (ImportPhase::Settling, 3),
        (ImportPhase::Settling, 3),
        (ImportPhase::Done, 3),
    ];
    assert_eq!(phases, expected);
}
