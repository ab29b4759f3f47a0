//! Jobs that are asked to end: what they have begun is done and stored, and the rest is as if they had not come to it.

use super::*;
use crate::sync::plans::apply_with;
use crate::sync::push::{PushTerms, push_with};
use crate::sync::worker::{Finished, WorkerOptions, work};
use provisioning_runtime::{Scheduler, SchedulerLimits, Terms};

async fn push_until(fixture: &Fixture, wind_down: &WindDown) -> PushReport {
    let terms = PushTerms { wind_down: wind_down.clone(), ..PushTerms::default() };
    let (directory, application, tenant) = (&fixture.directory, &fixture.application, fixture.tenant());
    push_with(directory, application, &tenant, &fixture.actor, &|_| {}, &mut |_| {}, &terms).await.unwrap()
}

/// How many tasks wait, all of which are as if nobody had taken them.
fn untouched(fixture: &Fixture) -> usize {
    let (tenant, tasks) = (fixture.tenant(), fixture.tasks());
    for task in &tasks {
        assert!(!task.under_way && task.attempts == 0 && task.cause.is_none(), "{task:?}");
        let person = task.person_id.unwrap();
        assert_eq!(fixture.directory.read(|view| view.attempt(tenant.id, person, task.kind)).unwrap(), None);
    }
    tasks.len()
}

#[tokio::test]
async fn a_push_that_is_asked_to_end_does_what_it_has_begun_and_leaves_the_rest_as_it_was() {
    let fixture = Fixture::new("[schedule]\npush-seconds = 3600");
    for n in 0..5 {
        fixture.add(&format!("E{n}"), &[("familyName", "King")]);
        fixture.assign(&format!("E{n}"));
    }
    let wind_down = WindDown::default();
    {
        let mut world = fixture.application.world();
        (world.asks_ledger, world.winds_down) = (true, Some((2, wind_down.clone())));
    }
    let report = push_until(&fixture, &wind_down).await;
    assert!(report.is_unfinished && report.tried() == 2 && report.not_done == 0, "{report:?}");
    assert_eq!((untouched(&fixture), fixture.application.world().users.len()), (3, 2));
    assert_eq!(fixture.tenant().pushed_at, None, "the rest is due at once");
    let tenant = fixture.tenant().id;
    let runs = fixture.directory.read(|view| view.job_runs(tenant, JobRunFilter { before: None, limit: 10 })).unwrap();
    assert_eq!(runs.iter().map(|run| run.outcome).collect::<Vec<_>>(), [JobOutcome::Paused]);

    // One that is asked before it begins does nothing, and the next does the rest.
    fixture.application.count("push-users");
    assert!(push_until(&fixture, &wind_down).await.is_unfinished);
    assert_eq!((fixture.application.count("push-users"), untouched(&fixture)), (0, 3));
    let report = fixture.push().await;
    assert_eq!((report.is_unfinished, report.words["created"]), (false, 3));
    assert_eq!((fixture.tasks().len(), fixture.application.world().users.len()), (0, 5));
    assert!(fixture.tenant().pushed_at.is_some());
}

#[tokio::test]
async fn a_push_that_is_asked_to_end_between_two_batches_does_not_begin_the_second() {
    let fixture = Fixture::new("");
    let removed = fixture.add("E1", &[]);
    fixture.assign("E1");
    fixture.push().await;
    let tenant = fixture.tenant();
    fixture.write(|change| intents::unassign(change, &tenant, &removed)).unwrap();
    fixture.add("E2", &[]);
    fixture.assign("E2");
    let terms = PushTerms::default();
    let (directory, application) = (&fixture.directory, &fixture.application);
    let end = |_| terms.wind_down.begin();
    let report = push_with(directory, application, &tenant, &fixture.actor, &end, &mut |_| {}, &terms).await.unwrap();
    assert!(report.is_unfinished);
    assert_eq!(actions(&report), [("E1", Some(Action::Deactivated))]);
    assert_eq!((untouched(&fixture), fixture.link("E2")), (1, None));
}

#[tokio::test]
async fn a_task_that_an_earlier_push_was_cut_off_over_stays_marked_as_under_way() {
    let fixture = Fixture::new("");
    for key in ["E1", "E2"] {
        fixture.add(key, &[]);
        fixture.assign(key);
    }
    fixture.application.world().lose_next_answer = true;
    push(&fixture.directory, &fixture.application, &fixture.tenant(), &fixture.actor, &|_| {}).await.unwrap_err();
    let wind_down = WindDown::default();
    {
        let mut world = fixture.application.world();
        (world.asks_ledger, world.winds_down) = (true, Some((1, wind_down.clone())));
    }
    assert!(push_until(&fixture, &wind_down).await.is_unfinished);
    let left: Vec<_> = fixture.tasks().iter().map(|task| (task.person.clone(), task.under_way)).collect();
    assert_eq!(left, [(Some("E2".to_owned()), true)], "the application may still be at work on it");
}

#[tokio::test]
async fn a_plan_whose_writing_is_asked_to_end_stays_open_for_the_rest_of_it() {
    let fixture = Fixture::new("[to-app]\napproval = true");
    for key in ["E1", "E2", "E3"] {
        fixture.add(key, &[]);
        fixture.assign(key);
    }
    let (directory, application, tenant) = (&fixture.directory, &fixture.application, fixture.tenant());
    let planned = plan(directory, application, &tenant, &fixture.actor).await.unwrap();
    let wind_down = WindDown::default();
    {
        let mut world = fixture.application.world();
        (world.asks_ledger, world.winds_down) = (true, Some((2, wind_down.clone())));
    }
    let written = apply_with(directory, application, &tenant, &fixture.actor, None, &mut |_| {}, &wind_down).await;
    let report = written.unwrap().1;
    assert!(report.is_unfinished && report.tried() == 2, "{report:?}");
    assert_eq!(untouched(&fixture), 1);
    let plan = directory.read(|view| view.plan(tenant.id, Some(planned.id))).unwrap();
    assert_eq!(plan.state, PlanState::Open);
    let (_, report) = apply(directory, application, &tenant, &fixture.actor, Some(planned.id)).await.unwrap();
    assert_eq!((report.is_unfinished, report.words["created"], fixture.tasks().len()), (false, 1, 0));
    let plan = directory.read(|view| view.plan(tenant.id, Some(planned.id))).unwrap();
    assert_eq!(plan.state, PlanState::Applied);
}

/// Tells a worker to stop when somebody says so.
fn told() -> (tokio::sync::oneshot::Sender<()>, impl Future<Output = ()>) {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    (stop, async { drop(stopped.await) })
}

const QUICK: WorkerOptions = WorkerOptions {
    look_every: Duration::from_millis(1),
    rest: Duration::from_secs(3600),
    turn: Duration::from_secs(3600),
    again: Duration::from_millis(1),
};

#[tokio::test]
async fn a_worker_that_is_told_to_stop_ends_its_push_at_a_checkpoint_and_the_rest_is_due() {
    let fixture = Fixture::new("[schedule]\npush-seconds = 3600");
    for key in ["E1", "E2", "E3"] {
        fixture.add(key, &[]);
        fixture.assign(key);
    }
    // The call has begun when the worker is told, and goes on once it has been.
    let (is_called, is_told) = (WindDown::default(), WindDown::default());
    {
        let mut world = fixture.application.world();
        (world.asks_ledger, world.holds_next) = (true, Some((is_called.clone(), is_told.clone())));
    }
    let stop = async {
        is_called.begun().await;
        is_told.begin();
    };
    let mut ended = Vec::new();
    let note = |finished: Finished| ended.push((finished.job, finished.result.unwrap()));
    let (directory, application) = (fixture.directory.clone(), std::sync::Arc::new(fixture.application.clone()));
    let scheduler = Scheduler::new(SchedulerLimits::default());
    work(directory, application, &scheduler, QUICK, stop, std::future::pending(), note).await.unwrap();
    assert_eq!(ended.len(), 1, "{ended:?}");
    assert!(ended[0].1.starts_with("0 tasks tried, 0 of them failed; it ended early"), "{ended:?}");
    assert_eq!(untouched(&fixture), 3);
    let id = fixture.tenant().id;
    let due = fixture.directory.read(|view| view.due_at(id)).unwrap();
    assert!(due.is_some_and(|at| at <= Timestamp::now()), "{due:?}");
}

#[tokio::test]
async fn a_visit_that_waits_for_its_turn_is_given_up_when_the_worker_is_told_to_stop() {
    let fixture = Fixture::new("[schedule]\npush-seconds = 1");
    fixture.add("E1", &[]);
    fixture.assign("E1");
    let scheduler = Scheduler::new(SchedulerLimits::default());
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let other = scheduler.submit("acme", Terms::default(), ended).unwrap();
    let (stop, stopped) = told();
    let (directory, application) = (fixture.directory.clone(), std::sync::Arc::new(fixture.application.clone()));
    let work = work(directory, application, &scheduler, QUICK, stopped, std::future::pending(), |_| {});
    let watch = async {
        while scheduler.load().waiting == 0 {
            tokio::task::yield_now().await;
        }
        drop(stop);
    };
    tokio::join!(work, watch).0.unwrap();
    assert_eq!((untouched(&fixture), fixture.application.count("push-users")), (1, 0));
    end.send(()).unwrap();
    other.await.unwrap().unwrap();
}
