//! When jobs are due, to the millisecond.

use super::*;
use crate::sync::worker::{Finished, Rests, WorkerOptions, is_due, work};
use provisioning_runtime::{Scheduler, SchedulerLimits};

const MILLISECOND: Duration = Duration::from_millis(1);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Some time, and so much later.
fn after(duration: Duration) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000).after(duration)
}

fn start() -> Timestamp {
    after(Duration::ZERO)
}

fn tenant(settings: &str) -> TenantRecord {
    Fixture::new(settings).tenant()
}

#[test]
fn an_import_is_due_once_its_minutes_have_passed_since_the_last_one_ended() {
    let mut tenant = tenant("[schedule]\nimport-minutes = 5");
    assert!(import::is_due(&tenant, start()), "there was none so far");
    tenant.imported_at = Some(start());
    let time = Duration::from_secs(300);
    for (since, due) in [(Duration::ZERO, false), (time - MILLISECOND, false), (time, true), (time + DAY, true)] {
        assert_eq!(import::is_due(&tenant, after(since)), due, "after {since:?}");
    }
    assert!(!import::is_due(&tenant, start().before(DAY)), "the clock was set back");
    tenant.config.schedule.import_minutes = None;
    assert!(!import::is_due(&tenant, after(DAY)));
    tenant.imported_at = None;
    assert!(!import::is_due(&tenant, after(DAY)), "without a schedule it is never due");
}

#[test]
fn a_push_is_due_once_its_seconds_have_passed_since_the_last_one_ended() {
    let mut tenant = tenant("[schedule]\npush-seconds = 10");
    assert!(push::is_due(&tenant, start()), "there was none so far");
    tenant.pushed_at = Some(start());
    let time = Duration::from_secs(10);
    for (since, due) in [(Duration::ZERO, false), (time - MILLISECOND, false), (time, true), (time + DAY, true)] {
        assert_eq!(push::is_due(&tenant, after(since)), due, "after {since:?}");
    }
    assert!(!push::is_due(&tenant, start().before(DAY)), "the clock was set back");
    tenant.config.schedule.push_seconds = None;
    assert!(!push::is_due(&tenant, after(DAY)));
    tenant.pushed_at = None;
    assert!(!push::is_due(&tenant, after(DAY)), "without a schedule it is never due");
}

#[test]
fn everybody_is_read_again_after_a_day_or_as_often_as_the_tenant_says() {
    for (settings, time) in [("", DAY), ("[schedule]\nfull-import-hours = 2", Duration::from_secs(7200))] {
        let mut tenant = tenant(settings);
        tenant.watermark = Some("w".to_owned());
        assert!(import::full_is_due(&tenant, start()), "nobody was read so far");
        tenant.fully_imported_at = Some(start());
        for (since, due) in [(Duration::ZERO, false), (time - MILLISECOND, false), (time, true), (time + DAY, true)] {
            assert_eq!(import::full_is_due(&tenant, after(since)), due, "{settings} after {since:?}");
        }
        tenant.watermark = None;
        assert!(import::full_is_due(&tenant, start()), "there is nothing to go on from");
    }
}

#[test]
fn a_tenant_is_visited_for_either_job_and_not_while_it_is_paused() {
    let mut tenant = tenant("[schedule]\nimport-minutes = 5\npush-seconds = 10");
    for (imported, pushed, due) in [
        (None, None, true),
        (Some(start()), None, true),
        (None, Some(start()), true),
        (Some(start()), Some(start()), false),
    ] {
        (tenant.imported_at, tenant.pushed_at, tenant.config.paused) = (imported, pushed, false);
        assert_eq!(is_due(&tenant, start()), due, "{imported:?} {pushed:?}");
        tenant.config.paused = true;
        assert!(!is_due(&tenant, start()), "{imported:?} {pushed:?}");
    }
}

#[test]
fn a_tenant_rests_twice_as_long_after_each_failure_in_a_row_and_an_hour_at_the_most() {
    let fixture = Fixture::new("");
    fixture.add_tenant("other", "");
    let (one, other) = (fixture.tenant().id, fixture.directory.read(|view| view.tenant("other")).unwrap().id);
    let (rests, rest) = (Rests::default(), Duration::from_secs(10));
    assert!(!rests.rests(one, start()));
    for seconds in [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600, 3600, 3600, 3600] {
        rests.note(one, false, rest, start());
        let time = Duration::from_secs(seconds);
        assert!(rests.rests(one, start()) && rests.rests(one, after(time - MILLISECOND)), "{seconds} s");
        assert!(!rests.rests(one, after(time)), "{seconds} s");
        assert!(!rests.rests(other, start()), "nobody else rests for it");
    }
    rests.note(other, true, rest, start());
    assert!(rests.rests(one, start()), "that another did well is nothing to it");
    rests.note(one, true, rest, start());
    assert!(!rests.rests(one, start()));
    rests.note(one, false, rest, start());
    assert!(!rests.rests(one, after(rest)), "the next failure is the first again");
}

/// What a worker does until it has been ended of a job and has looked twenty times since.
async fn worked(fixture: &Fixture, rest: Duration) -> Vec<(&'static str, bool)> {
    let scheduler = Scheduler::new(SchedulerLimits::default());
    let ended = std::sync::Mutex::new(Vec::new());
    let mut looks = 0;
    // Nothing but a look, or the end of a visit, wakes the worker.
    let stop = std::future::poll_fn(|_| {
        looks += usize::from(!ended.lock().unwrap().is_empty());
        if looks > 20 { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    });
    let options = WorkerOptions { look_every: MILLISECOND, rest, ..WorkerOptions::default() };
    let note = |finished: Finished| ended.lock().unwrap().push((finished.job, finished.result.is_ok()));
    let application = std::sync::Arc::new(fixture.application.clone());
    work(fixture.directory.clone(), application, &scheduler, options, stop, note).await.unwrap();
    ended.into_inner().unwrap()
}

#[tokio::test]
async fn a_tenant_whose_job_has_failed_is_left_alone_until_it_has_rested() {
    let fixture = Fixture::new("[schedule]\npush-seconds = 3600");
    fixture.add("E1", &[]);
    fixture.assign("E1");
    let down = || JobError::from(refusal(ErrorKind::Unreachable, Retry::Never));
    fixture.application.world().faults = [Some(down())].into();
    assert_eq!(worked(&fixture, Duration::from_secs(3600)).await, [("push", false)]);
    assert_eq!(fixture.tenant().last_failure.map(|failure| failure.kind), Some(FailureKind::Unreachable));
    // It is due all the same, and served as soon as nothing says that it rests.
    fixture.application.world().faults = [Some(down()), Some(down())].into();
    assert_eq!(worked(&fixture, Duration::ZERO).await, [("push", false), ("push", false), ("push", true)]);
    assert!(fixture.link("E1").is_some() && fixture.tenant().last_failure.is_none());
}

#[tokio::test]
async fn where_pushes_are_approved_a_worker_has_one_plan_ready() {
    let fixture = Fixture::new("[schedule]\npush-seconds = 1\n[to-app]\napproval = true");
    fixture.add("E1", &[]);
    fixture.assign("E1");
    assert_eq!(worked(&fixture, Duration::ZERO).await, [("plan", true)], "one that is open is not made again");
    assert!(fixture.application.world().users.is_empty());
    let tenant = fixture.tenant();
    let plan = fixture.directory.read(|view| view.plan(tenant.id, None)).unwrap();
    assert_eq!(fixture.directory.read(|view| view.count_plan_items(plan.id)).unwrap(), 1);
}

#[tokio::test]
async fn where_nothing_is_to_be_pushed_a_worker_makes_no_plan() {
    let fixture = Fixture::new("[schedule]\nimport-minutes = 60\npush-seconds = 1\n[to-app]\napproval = true");
    assert_eq!(worked(&fixture, Duration::ZERO).await, [("import", true)]);
    let tenant = fixture.tenant();
    assert!(fixture.directory.read(|view| view.plans(tenant.id, 1)).unwrap().is_empty());
}

#[tokio::test]
async fn an_import_that_the_safeguard_halts_is_told_as_a_failure_and_rests() {
    let settings = "[schedule]\nimport-minutes = 60\n[to-idp.safeguard]\npercent = 0\nalways = 0";
    let fixture = Fixture::imported(settings, 3, "2026-02-01").await;
    fixture.application.world().departed = vec!["U0000".to_owned()];
    // As if an hour had passed.
    fixture.directory.run("UPDATE tenant SET imported_at = 0", None).unwrap();
    assert_eq!(worked(&fixture, Duration::from_secs(3600)).await, [("import", false)]);
    assert!(fixture.link("acme:U0000").is_some());
}
