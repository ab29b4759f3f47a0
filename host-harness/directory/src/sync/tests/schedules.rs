//! When jobs are due, to the millisecond.

use super::*;
use crate::directory::Rest;
use crate::sync::due::{self, End, rested};
use crate::sync::worker::{Finished, WorkerOptions, work};
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

fn push_is_due(tenant: &TenantRecord, now: Timestamp) -> bool {
    push::due_at(tenant).is_some_and(|at| at <= now)
}

#[test]
fn a_push_is_due_once_its_seconds_have_passed_since_the_last_one_ended() {
    let mut tenant = tenant("[schedule]\npush-seconds = 10");
    assert!(push_is_due(&tenant, start()), "there was none so far");
    tenant.pushed_at = Some(start());
    let time = Duration::from_secs(10);
    for (since, due) in [(Duration::ZERO, false), (time - MILLISECOND, false), (time, true), (time + DAY, true)] {
        assert_eq!(push_is_due(&tenant, after(since)), due, "after {since:?}");
    }
    assert!(!push_is_due(&tenant, start().before(DAY)), "the clock was set back");
    tenant.config.schedule.push_seconds = None;
    assert!(!push_is_due(&tenant, after(DAY)));
    tenant.pushed_at = None;
    assert!(!push_is_due(&tenant, after(DAY)), "without a schedule it is never due");
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
    let fixture = Fixture::new("[schedule]\nimport-minutes = 5\npush-seconds = 10");
    let mut tenant = fixture.tenant();
    let mut is_due = |imported, pushed, paused, work: bool, rest: Rest| {
        if work && fixture.tasks().is_empty() {
            fixture.add("E1", &[]);
            fixture.assign("E1");
            let task = fixture.tasks()[0].id.number();
            fixture.directory.run("UPDATE task SET next_attempt_at = 0 WHERE id = ?1", Some(task)).unwrap();
        }
        (tenant.imported_at, tenant.pushed_at, tenant.config.paused) = (imported, pushed, paused);
        let next = fixture.directory.read(|view| due::next(view, &tenant, rest)).unwrap();
        next.is_some_and(|at| at <= start())
    };
    let (now, resting) = (Some(start()), Rest { failures: 1, until: after(MILLISECOND) });
    // Without anything to do, a push isn't due whatever its schedule says.
    for (imported, pushed, work, due) in [
        (None, None, false, true),
        (None, now, false, true),
        (now, None, false, false),
        (now, None, true, true),
        (None, now, true, true),
        (now, now, true, false),
    ] {
        assert_eq!(is_due(imported, pushed, false, work, Rest::default()), due, "{imported:?} {pushed:?} {work}");
        assert!(!is_due(imported, pushed, true, work, Rest::default()), "paused: {imported:?} {pushed:?} {work}");
        assert!(!is_due(imported, pushed, false, work, resting), "resting: {imported:?} {pushed:?} {work}");
    }
}

#[test]
fn a_tenant_rests_twice_as_long_after_each_failure_in_a_row_and_an_hour_at_the_most() {
    let mut rest = Rest::default();
    for seconds in [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600, 3600, 3600, 3600] {
        rest = rested(rest, Duration::from_secs(10), start());
        assert_eq!(rest.until, after(Duration::from_secs(seconds)));
    }
    assert_eq!(rest.failures, 15);
}

/// Whether a worker that looks now finds a tenant, which is left as it was.
fn is_found(fixture: &Fixture) -> bool {
    let before = due_at(fixture);
    let claimed = due::claim(&fixture.directory, &fixture.actor, 10, |_| false, DAY).unwrap();
    if let Some(before) = before {
        fixture.directory.run("UPDATE tenant SET due_at = ?1", Some(before.millis())).unwrap();
    }
    !claimed.tenants.is_empty()
}

fn due_at(fixture: &Fixture) -> Option<Timestamp> {
    let id = fixture.tenant().id;
    fixture.directory.read(|view| view.due_at(id)).unwrap()
}

type Change<'a> = &'a dyn Fn(&WriteTransaction<'_>) -> Result<(), DirectoryError>;

#[test]
fn whatever_makes_a_tenant_due_is_found_by_the_next_look() {
    let fixture = Fixture::new("[schedule]\npush-seconds = 1\n[to-app]\napproval = true");
    let (tenant, actor) = (fixture.tenant(), &fixture.actor);
    let settle = |end| {
        due::settle(&fixture.directory, actor, tenant.id, end, DAY, Duration::ZERO).unwrap();
    };
    assert!(!is_found(&fixture), "there is nothing to do");
    settle(End::Well);
    assert_eq!(due_at(&fixture), None);
    let ada = fixture.add("E1", &[]);
    fixture.assign("E1");
    assert!(is_found(&fixture), "a task");

    // A plan is ready, and nothing else can be done until somebody has looked at it.
    let plan = fixture.write(|change| {
        let plan = change.start_plan(tenant.id)?;
        change.open_plan(tenant.id, plan)?;
        Ok(plan)
    });
    let plan = plan.unwrap();
    settle(End::Well);
    assert_eq!(due_at(&fixture), None);
    fixture.write(|change| change.discard_plan(plan)).unwrap();
    assert!(is_found(&fixture), "a plan that was given up");

    // Its task waits for its time.
    let task = fixture.tasks().remove(0);
    let failure = TaskFailure::new(FailureKind::Transient, "c");
    fixture.write(|change| change.fail_task(&task, &failure, Waiting::For(DAY))).unwrap();
    settle(End::Well);
    assert!(due_at(&fixture).is_some_and(|at| at > Timestamp::now().after(DAY / 2)), "{:?}", due_at(&fixture));
    fixture.write(|change| change.retry_task(&change.task(task.id)?)).unwrap();
    assert!(is_found(&fixture), "a task that is to be tried again");

    // It rests, until something is changed that may help.
    let secret = Secret::new("correct-horse".to_owned());
    let config = |text: &str| {
        let mut config = tenant.config.clone();
        config.settings.insert("some".to_owned(), crate::config::PlainValue(text.to_owned()));
        config
    };
    let helps: [(&str, Change<'_>); 4] = [
        ("settings", &|change| change.store_tenant(&change.tenant("acme")?, &config("one")).map(drop)),
        ("a new secret", &|change| change.set_secret(&tenant, "password", Some(&secret))),
        ("a changed secret", &|change| change.set_secret(&tenant, "password", Some(&secret))),
        ("an approval", &|change| change.approve("d1", &provisioning_runtime::Declaration::default(), "seen")),
    ];
    for (what, help) in helps {
        settle(End::Failed);
        assert!(due_at(&fixture).is_some_and(|at| at > Timestamp::now().after(DAY / 48)), "{what}");
        fixture.write(|change| help(change)).unwrap();
        assert!(is_found(&fixture), "{what}");
    }

    // A password is a task of its own.
    settle(End::Well);
    fixture.write(|change| change.cancel(tenant.id, TaskKind::Push, Some(ada.id))).unwrap();
    settle(End::Well);
    assert_eq!(due_at(&fixture), None);
    let new = NewTask { tenant: &tenant, person: Some(&ada), kind: TaskKind::Password, password: Some(&secret) };
    fixture.write(|change| change.ask(new)).unwrap();
    assert!(is_found(&fixture), "a password");
}

#[test]
fn one_of_two_that_look_at_once_has_a_tenant_and_the_other_the_next() {
    let fixture = Fixture::new("[schedule]\nimport-minutes = 5");
    fixture.add_tenant("other", "[schedule]\nimport-minutes = 5");
    let claim = || {
        let claimed = due::claim(&fixture.directory, &fixture.actor, 1, |_| false, DAY).unwrap();
        (claimed.tenants.into_iter().map(|one| one.name).collect::<Vec<_>>(), claimed.may_be_more)
    };
    let both = [claim(), claim(), claim()];
    let (names, more): (Vec<_>, Vec<_>) = both.into_iter().unzip();
    let mut found = names.concat();
    found.sort();
    assert_eq!((found.as_slice(), more), (&["acme".to_owned(), "other".to_owned()][..], vec![true, false, false]));
}

#[test]
fn what_a_look_costs_does_not_grow_with_the_tenants() {
    let fixture = Fixture::new("[schedule]\nimport-minutes = 5");
    let fill = |upto: i64| {
        let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
            INSERT INTO tenant (name, name_key, config, due_at, created_at, changed_at)
            SELECT 'filler-' || ?1 || '-' || i, 'filler-' || ?1 || '-' || i, '{}', 9000000000000, 0, 0 FROM n";
        fixture.directory.run(sql, Some(upto)).unwrap();
        if testing::server().is_some() {
            fixture.directory.run("ANALYZE tenant", None).unwrap();
        }
    };
    let cost = || {
        let claimed = due::claim(&fixture.directory, &fixture.actor, 1, |_| false, Duration::ZERO).unwrap();
        assert_eq!(claimed.tenants.len(), 1);
        fixture.directory.read(|view| view.cost_of_a_look()).unwrap()
    };
    fill(1_000);
    let few = cost();
    fill(20_000);
    let many = cost();
    assert!(few > 0 && many <= few * 2, "a look costs {few} with 1,000 tenants and {many} with 21,000");
}

/// What a worker does until it has nothing to do and has looked twenty times since.
async fn worked(fixture: &Fixture, rest: Duration) -> Vec<(&'static str, bool)> {
    let scheduler = Scheduler::new(SchedulerLimits::default());
    let ended = std::sync::Mutex::new(Vec::new());
    let (mut looks, mut seen) = (0, 0);
    // Nothing but a look, a word of it, or the end of a visit, wakes the worker.
    let stop = std::future::poll_fn(|_| {
        let ends = ended.lock().unwrap().len();
        let load = scheduler.load();
        let is_idle = ends > 0 && ends == seen && load.running + load.waiting == 0;
        (looks, seen) = (if is_idle { looks + 1 } else { 0 }, ends);
        if looks > 20 { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    });
    let options = WorkerOptions { look_every: MILLISECOND, rest, ..WorkerOptions::default() };
    let note = |finished: Finished| ended.lock().unwrap().push((finished.job, finished.result.is_ok()));
    let application = std::sync::Arc::new(fixture.application.clone());
    work(fixture.directory.clone(), application, &scheduler, options, stop, std::future::pending(), note)
        .await
        .unwrap();
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
    // It is due all the same, and served as soon as nothing says that it rests; another host wouldn't serve it before either.
    assert!(!is_found(&fixture));
    fixture.write(|change| change.end_rests()).unwrap();
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
