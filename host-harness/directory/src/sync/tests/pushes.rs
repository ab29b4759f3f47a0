use super::*;
use crate::sync::push::Pushing;
use provisioning_runtime::{Scheduler, SchedulerLimits, Terms};

#[tokio::test]
async fn an_assignment_becomes_a_user_a_link_and_an_audit_row() {
    let fixture = Fixture::new("");
    fixture.add("E1", &[("familyName", "King"), ("userType", "none"), ("shoeSize", "37")]);
    assert_eq!(fixture.assign("E1").tasks.len(), 1);
    let report = fixture.push().await;
    assert_eq!(actions(&report), [("E1", Some(Action::Created))]);
    let id = fixture.link("E1").unwrap();
    {
        let world = fixture.application.world();
        let user = &world.users[&id];
        let names: Vec<&str> = user.attributes.keys().map(String::as_str).collect();
        assert_eq!(names, ["familyName"], "only what the connector lists as writable");
        assert_eq!(user.grants[0].id, "P1", "the name became an id");
    }
    assert!(fixture.tasks().is_empty());
    let rows =
        fixture.directory.read(|view| view.audit(&AuditFilter { limit: Some(5), ..AuditFilter::default() })).unwrap();
    let row = rows.iter().find(|row| row.action == "user.push").unwrap();
    assert_eq!((row.actor.as_str(), row.person.as_deref(), row.result.as_str()), ("tester", Some("E1"), "created"));
    assert_eq!(row.new.as_ref().unwrap()["User.familyName"], "King");
    assert!(fixture.push().await.entries.is_empty(), "a second push has nothing to do");
}

#[tokio::test]
async fn changes_set_and_clear_and_nothing_else() {
    let fixture = Fixture::new("");
    fixture.add("E1", &[("familyName", "King"), ("title", "Dr")]);
    fixture.assign("E1");
    fixture.push().await;
    let id = fixture.link("E1").unwrap();
    fixture.set("E1", "title", None).unwrap();
    fixture.set("E1", "familyName", Some("Lovelace")).unwrap();
    assert_eq!(fixture.tasks().len(), 1, "two changes are one task");
    let report = fixture.push().await;
    let outcome = report.entries[0].result.as_ref().unwrap().as_ref().unwrap();
    let changes: Vec<_> = outcome.changes.iter().map(|one| (one.field.as_str(), one.new.as_deref())).collect();
    assert_eq!(changes, [("familyName", Some("Lovelace")), ("title", None)]);
    assert_eq!(fixture.application.world().attribute(&id, "title"), None);
}

#[tokio::test]
async fn a_lost_answer_and_a_repeated_push_make_nobody_twice() {
    let fixture = Fixture::new("");
    for n in 0..5 {
        fixture.add(&format!("E{n}"), &[("familyName", "King")]);
        fixture.assign(&format!("E{n}"));
    }
    fixture.application.world().lose_next_answer = true;
    let error = push(&fixture.directory, &fixture.application, &fixture.tenant(), &fixture.actor, &|_| {}).await;
    assert!(error.is_err());
    assert_eq!(fixture.tasks().len(), 5, "an error of the whole application costs no task its chance");
    assert!(fixture.tasks().iter().all(|task| task.attempts == 0));
    let report = fixture.push().await;
    assert_eq!(report.entries.len(), 5);
    assert_eq!(fixture.application.world().users.len(), 5);
    assert!((0..5).all(|n| fixture.link(&format!("E{n}")).is_some()));
}

#[tokio::test]
async fn what_its_own_lost_push_has_made_is_no_failure() {
    let taken = || refusal(ErrorKind::UsernameTaken, Retry::AfterRemedy);
    let fixture = Fixture::new("");
    // A name or another unique value that is taken, a rule against duplicates, and the last seat.
    let kinds =
        [ErrorKind::UsernameTaken, ErrorKind::InvalidValue, ErrorKind::RejectedByRule, ErrorKind::LicenseExhausted];
    for (n, kind) in kinds.into_iter().enumerate() {
        let key = format!("P{n}");
        fixture.add(&key, &[]);
        fixture.assign(&key);
        fixture.application.world().lose_next_answer = true;
        let lost = push(&fixture.directory, &fixture.application, &fixture.tenant(), &fixture.actor, &|_| {}).await;
        assert!(lost.is_err());
        // The application was still busy with the lost push when this one looked for the user, and done when it wrote.
        let error = refusal(kind.clone(), Retry::AfterRemedy);
        fixture.application.world().refused_once.insert(key.clone(), error);
        let report = fixture.push().await;
        let wanted = [(key.as_str(), Some(Action::Unchanged))];
        assert_eq!(actions(&report), wanted, "one entry for the task, the last: {kind:?}");
        assert!(fixture.tasks().is_empty() && fixture.link(&key).is_some());
    }
    // It is still busy when the second try comes: then there is a third, after a wait.
    fixture.add("E1", &[]);
    fixture.assign("E1");
    fixture.application.world().lose_next_answer = true;
    assert!(push(&fixture.directory, &fixture.application, &fixture.tenant(), &fixture.actor, &|_| {}).await.is_err());
    fixture.application.world().refused.insert("E1".to_owned(), taken());
    assert!(fixture.push().await.entries[0].retried);
    let task = &fixture.tasks()[0];
    assert_eq!((task.state, task.attempts), (TaskState::Waiting, 2));
    fixture.application.world().refused.clear();
    // What a lost push cannot bring about needs an admin at once.
    fixture.add("E3", &[]);
    fixture.assign("E3");
    fixture.application.world().lose_next_answer = true;
    assert!(push(&fixture.directory, &fixture.application, &fixture.tenant(), &fixture.actor, &|_| {}).await.is_err());
    let missing = refusal(ErrorKind::MissingValue, Retry::AfterRemedy);
    fixture.application.world().refused_once.insert("E3".to_owned(), missing);
    assert!(!fixture.push().await.entries[0].retried);
    // Nothing was lost here, so the name is somebody else's.
    fixture.add("E2", &[]);
    fixture.assign("E2");
    fixture.application.world().refused_once.insert("E2".to_owned(), taken());
    let report = fixture.push().await;
    assert_eq!(actions(&report), [("E2", None)]);
    assert_eq!(fixture.tasks().last().unwrap().state, TaskState::Failed);
}

#[tokio::test]
async fn a_bad_record_fails_alone_with_cause_remedy_and_retry() {
    let fixture = Fixture::new("");
    for key in ["E1", "E2", "E3"] {
        fixture.add(key, &[("familyName", "King")]);
        fixture.assign(key);
    }
    let refused = refusal(ErrorKind::LicenseExhausted, Retry::AfterRemedy);
    fixture.application.world().refused.insert("E2".to_owned(), refused);
    let report = fixture.push().await;
    assert_eq!((report.entries.len(), report.failed), (3, 1));
    let tasks = fixture.tasks();
    let task = &tasks[0];
    assert_eq!((task.person.as_deref(), task.state, task.attempts), (Some("E2"), TaskState::Failed, 1));
    assert_eq!(task.error_kind, Some(FailureKind::LicenseExhausted));
    assert_eq!((task.cause.as_deref(), task.remedy.as_deref()), (Some("it was refused"), Some("Mend it")));
    assert_eq!(task.retry_command(), format!("retry {}", task.id));
    assert!(fixture.push().await.entries.is_empty(), "it is not tried by itself");
    fixture.application.world().refused.clear();
    fixture.write(|change| change.retry_task(task)).unwrap();
    assert_eq!(actions(&fixture.push().await), [("E2", Some(Action::Created))]);
}

#[tokio::test]
async fn a_change_of_the_person_gives_a_failed_task_another_chance() {
    let fixture = Fixture::new("");
    fixture.add("E1", &[]);
    fixture.assign("E1");
    fixture.application.world().refused.insert("E1".to_owned(), refusal(ErrorKind::MissingValue, Retry::AfterRemedy));
    fixture.push().await;
    fixture.application.world().refused.clear();
    fixture.set("E1", "familyName", Some("King")).unwrap();
    assert_eq!(actions(&fixture.push().await), [("E1", Some(Action::Created))]);
}

#[tokio::test]
async fn passing_errors_of_a_record_are_tried_again_by_class() {
    let fixture = Fixture::new("");
    fixture.add("E1", &[]);
    fixture.assign("E1");
    let locked = refusal(ErrorKind::Transient, Retry::After(60));
    fixture.application.world().refused.insert("E1".to_owned(), locked);
    let report = fixture.push().await;
    assert!(report.entries[0].retried);
    let task = &fixture.tasks()[0];
    assert_eq!((task.state, task.attempts), (TaskState::Waiting, 1));
    assert!(task.next_attempt_at.since(Timestamp::now()) > Duration::from_secs(50));
    assert!(fixture.push().await.entries.is_empty(), "its time has not come");
}

#[tokio::test]
async fn the_one_record_that_ends_the_sandbox_is_found_and_the_others_are_done() {
    let fixture = Fixture::new("");
    for n in 0..9 {
        fixture.add(&format!("E{n}"), &[]);
        fixture.assign(&format!("E{n}"));
    }
    fixture.application.world().poison = Some("E6".to_owned());
    let report = fixture.push().await;
    assert_eq!(report.entries.iter().filter(|entry| entry.result.is_ok()).count(), 8);
    let tasks = fixture.tasks();
    assert_eq!(
        (tasks.len(), tasks[0].person.as_deref(), tasks[0].error_kind.clone()),
        (1, Some("E6"), Some(FailureKind::Stopped))
    );
    assert!(tasks[0].cause.as_ref().unwrap().contains("stack overflowed"));
}

#[tokio::test]
async fn a_large_push_goes_in_batches() {
    let fixture = Fixture::new("");
    let tenant = fixture.tenant();
    fixture
        .write(|change| {
            for n in 0..5_100 {
                let person = change.add_person(&NewPerson::new(format!("E{n:04}"), format!("e{n}@x.example")))?;
                intents::assign(change, &tenant, &person, &NewAssignment::default())?;
            }
            Ok(())
        })
        .unwrap();
    fixture.push().await;
    assert_eq!(fixture.application.count("push-users"), 2);
    assert_eq!(fixture.application.world().users.len(), 5_100);
}

#[tokio::test]
async fn unassigning_and_deactivating_take_users_out_of_use_and_reassigning_puts_them_back() {
    let fixture = Fixture::new("");
    fixture.add("E1", &[]);
    fixture.assign("E1");
    fixture.push().await;
    let id = fixture.link("E1").unwrap();
    let (tenant, person) = (fixture.tenant(), fixture.person("E1"));
    fixture.write(|change| intents::unassign(change, &tenant, &person)).unwrap();
    assert_eq!(actions(&fixture.push().await), [("E1", Some(Action::Deactivated))]);
    assert_eq!(fixture.application.world().users[&id].status, Status::Inactive);
    fixture.assign("E1");
    assert_eq!(actions(&fixture.push().await), [("E1", Some(Action::Reactivated)), ("E1", Some(Action::Unchanged))]);
    fixture.set_status("E1", PersonStatus::Suspended).unwrap();
    // Asked for and undone before anybody pushed: nothing is left to do.
    fixture.set_status("E1", PersonStatus::Active).unwrap();
    fixture.application.world().calls.clear();
    fixture.push().await;
    assert_eq!(fixture.application.world().users[&id].status, Status::Active);
    assert_eq!(fixture.application.count("deactivate-users"), 0);
}

#[tokio::test]
async fn our_own_deactivation_is_no_news_to_the_safeguard() {
    let fixture = Fixture::new("[to-idp.safeguard]\npercent = 0\nalways = 0");
    fixture.add("E1", &[]);
    fixture.assign("E1");
    fixture.push().await;
    fixture.import().await;
    fixture.set_status("E1", PersonStatus::Deactivated).unwrap();
    fixture.push().await;
    assert_eq!(fixture.import().await.run.phase, ImportPhase::Done);
}

#[tokio::test]
async fn a_feature_that_is_off_is_said_to_be_off_and_its_tasks_wait() {
    let fixture = Fixture::new("");
    fixture.add("E1", &[]);
    fixture.edit(|config| config.to_app = crate::config::ToApp::default());
    let followed = fixture.assign("E1");
    assert!(followed.changed && followed.tasks.is_empty());
    assert_eq!(
        followed.off,
        [
            "Push New Users is off for tenant acme, so no user is made there; switch it on with `tenant edit acme --set to-app.push-new-users=true`"
        ]
    );
    assert_eq!(fixture.edit(|config| config.to_app.push_new_users = true).tasks.len(), 1, "it takes up what lay still");
    fixture.edit(|config| config.to_app.push_new_users = false);
    let report = fixture.push().await;
    assert!(report.entries.is_empty() && report.off[0].contains("Push New Users is off") && report.waiting == 1);
    assert!(fixture.application.world().users.is_empty());
}

#[tokio::test]
async fn a_password_is_set_once_the_user_is_there_and_kept_nowhere() {
    let fixture = Fixture::new("");
    fixture.add("E1", &[]);
    fixture.assign("E1");
    let person = fixture.person("E1");
    let secret = |text: &str| Secret::new(text.to_owned());
    let set = |text: &str| fixture.write(|change| intents::set_password(change, &person, &secret(text)));
    set("Lantern-4711").unwrap();
    set("Harbour-4712").unwrap();
    let report = fixture.push().await;
    assert_eq!(report.entries.iter().map(|entry| entry.kind).collect::<Vec<_>>(), [TaskKind::Push, TaskKind::Password]);
    let id = fixture.link("E1").unwrap();
    assert_eq!(fixture.application.world().passwords[&id], "Harbour-4712");
    set("short").unwrap();
    let report = fixture.push().await;
    assert_eq!(report.entries[0].result.as_ref().unwrap_err().kind, FailureKind::PasswordRejected);
    let everything = format!(
        "{report:?} {:?} {:?}",
        fixture.tasks(),
        fixture.directory.read(|view| view.audit(&AuditFilter::default())).unwrap()
    );
    assert!(!everything.contains("Lantern") && !everything.contains("Harbour") && !everything.contains("short\""));
}

#[tokio::test]
async fn grants_that_are_not_there_fail_their_person_before_the_call() {
    let fixture = Fixture::new("");
    fixture.add("E1", &[]);
    fixture.add("E2", &[]);
    fixture.assign("E2");
    let (tenant, person) = (fixture.tenant(), fixture.person("E1"));
    let grants = vec![GrantName { kind: "profile".to_owned(), name: "Gone".to_owned() }];
    let new = NewAssignment { grants, ..NewAssignment::default() };
    fixture.write(|change| intents::assign(change, &tenant, &person, &new)).unwrap();
    let report = fixture.push().await;
    assert_eq!(fixture.application.world().users.len(), 1);
    let failed = report.entries.iter().find(|entry| entry.person == "E1").unwrap();
    assert!(failed.result.as_ref().unwrap_err().cause.contains("the profile `Gone`"));
}

#[tokio::test]
async fn a_stale_link_moves_to_the_user_that_the_connector_found() {
    let fixture = Fixture::new("");
    fixture.add("E1", &[]);
    fixture.assign("E1");
    fixture.push().await;
    let old = fixture.link("E1").unwrap();
    {
        // As after the refresh of a sandbox: the same user under another id.
        let mut world = fixture.application.world();
        let mut user = world.users.remove(&old).unwrap();
        user.id = "Z9".to_owned();
        world.users.insert("Z9".to_owned(), user);
    }
    let tenant = fixture.tenant();
    intents::push_everybody(&fixture.directory, &fixture.actor, &tenant).unwrap();
    fixture.push().await;
    assert_eq!(fixture.link("E1").as_deref(), Some("Z9"));
}

#[tokio::test]
async fn a_user_that_is_somebody_elses_is_not_linked_twice() {
    let fixture = Fixture::new("");
    fixture.add("E1", &[]);
    fixture.add("E2", &[]);
    let (tenant, first) = (fixture.tenant(), fixture.person("E1"));
    fixture.application.world().user("U1", "e2@x.example", &[]);
    fixture.write(|change| change.add_link(&tenant, &first, "U1", LinkReason::Confirmed)).unwrap();
    fixture.assign("E2");
    let report = fixture.push().await;
    let failure = report.entries[0].result.as_ref().unwrap_err();
    assert_eq!(failure.kind, FailureKind::AmbiguousMatch);
    assert!(failure.cause.contains("which is the user of the person E1"), "{}", failure.cause);
    assert_eq!((fixture.link("E1").as_deref(), fixture.link("E2")), (Some("U1"), None));
    assert_eq!(fixture.tasks()[0].state, TaskState::Failed);
}

#[tokio::test]
async fn a_plan_writes_nothing_and_is_applied_exactly() {
    let fixture = Fixture::new("[to-app]\napproval = true");
    for key in ["E1", "E2", "E3"] {
        fixture.add(key, &[("familyName", "King")]);
        fixture.assign(key);
    }
    let tenant = fixture.tenant();
    let run = || push(&fixture.directory, &fixture.application, &tenant, &fixture.actor, &|_| {});
    assert!(matches!(run().await, Err(SyncError::ApprovalWanted { .. })));
    let planned = plan(&fixture.directory, &fixture.application, &tenant, &fixture.actor).await.unwrap();
    assert_eq!(planned.report.entries.len(), 3);
    assert!(fixture.application.world().users.is_empty());
    assert!(fixture.tasks().iter().all(|task| task.attempts == 0));
    let items = fixture.directory.read(|view| view.plan_items(planned.id)).unwrap();
    assert_eq!(
        items[0].outcome.changes[0],
        ("User".to_owned(), "familyName".to_owned(), None, Some("King".to_owned()))
    );
    // One is changed here and one there after the plan was made.
    fixture.set("E1", "familyName", Some("Other")).unwrap();
    fixture.application.world().user("Y1", "e2@x.example", &[]);
    let (_, report) =
        apply(&fixture.directory, &fixture.application, &tenant, &fixture.actor, Some(planned.id)).await.unwrap();
    assert_eq!(actions(&report), [("E2", None), ("E3", Some(Action::Created))]);
    assert_eq!(report.entries[0].result.as_ref().unwrap_err().kind, FailureKind::Drifted);
    let open: Vec<_> = fixture.tasks().iter().map(|task| (task.person.clone().unwrap(), task.state)).collect();
    assert_eq!(open, [("E1".to_owned(), TaskState::Waiting), ("E2".to_owned(), TaskState::Waiting)]);
    let again = apply(&fixture.directory, &fixture.application, &tenant, &fixture.actor, Some(planned.id)).await;
    assert!(again.unwrap_err().to_string().contains("was applied already"));
    let planned = plan(&fixture.directory, &fixture.application, &tenant, &fixture.actor).await.unwrap();
    let (_, report) = apply(&fixture.directory, &fixture.application, &tenant, &fixture.actor, None).await.unwrap();
    assert_eq!(report.entries.len(), 2, "{planned:?}");
    assert!(fixture.tasks().is_empty());
}

#[tokio::test]
async fn a_worker_waits_for_its_turn_in_the_scheduler_that_others_use() {
    let fixture = Fixture::new("[schedule]\npush-seconds = 1");
    fixture.add("E1", &[]);
    fixture.assign("E1");
    let directory = fixture.directory.clone();
    let scheduler = Scheduler::new(SchedulerLimits { workers: 4, ..SchedulerLimits::default() });
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let other = scheduler.submit("acme", Terms::default(), ended).unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let options = worker::WorkerOptions { look_every: Duration::from_millis(1), ..worker::WorkerOptions::default() };
    let mut stop = Some(stop);
    let mut end = Some(end);
    let looks = std::cell::Cell::new(0);
    let work = worker::work(
        directory,
        std::sync::Arc::new(fixture.application.clone()),
        &scheduler,
        options,
        async {
            let _ = stopped.await;
        },
        std::future::pending(),
        |finished| {
            looks.set(looks.get() + 1);
            assert!(finished.result.is_ok(), "{finished:?}");
            drop(stop.take());
        },
    );
    let watch = async {
        // The visit waits behind the job that somebody else has submitted.
        while scheduler.load().waiting == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!((looks.get(), fixture.application.count("push-users")), (0, 0));
        end.take().unwrap().send(()).unwrap();
    };
    let (worked, ()) = tokio::join!(work, watch);
    worked.unwrap();
    other.await.unwrap().unwrap();
    assert!(fixture.link("E1").is_some());
    assert_eq!(scheduler.load().running, 0);
}

#[tokio::test]
async fn a_tenant_that_another_process_works_for_is_looked_at_again_and_has_not_failed() {
    let fixture = Fixture::new("[schedule]\nimport-minutes = 60\npush-seconds = 1");
    fixture.add("E1", &[]);
    fixture.assign("E1");
    let elsewhere = testing::open(fixture.directory.folder());
    let lock = elsewhere.lock_tenant(&fixture.tenant()).unwrap();
    let scheduler = Scheduler::new(SchedulerLimits::default());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut stop = Some(stop);
    let mut ended = Vec::new();
    // Whoever fails once rests for longer than this test runs.
    let options = worker::WorkerOptions {
        look_every: Duration::from_millis(1),
        rest: Duration::from_secs(3600),
        again: Duration::from_millis(1),
        ..worker::WorkerOptions::default()
    };
    let work = worker::work(
        fixture.directory.clone(),
        std::sync::Arc::new(fixture.application.clone()),
        &scheduler,
        options,
        async {
            let _ = stopped.await;
        },
        std::future::pending(),
        |finished| {
            ended.push((finished.job, finished.result.is_ok()));
            if finished.job == "push" || finished.result.is_err() {
                drop(stop.take());
            }
        },
    );
    let watch = async {
        // One visit from beginning to end.
        while scheduler.load().running == 0 {
            tokio::task::yield_now().await;
        }
        while scheduler.load().running > 0 {
            tokio::task::yield_now().await;
        }
        drop(lock);
    };
    let both = async { tokio::join!(work, watch) };
    tokio::time::timeout(Duration::from_secs(30), both).await.expect("the tenant is left alone").0.unwrap();
    assert_eq!(ended, [("import", true), ("push", true)]);
    assert!(fixture.link("E1").is_some());
}

#[tokio::test]
async fn a_worker_follows_the_schedules_and_stops_when_told() {
    let fixture = Fixture::new("[schedule]\nimport-minutes = 60\npush-seconds = 1");
    fixture.add("E1", &[]);
    fixture.assign("E1");
    fixture.application.world().user("U1", "u1@x.example", &[]);
    let directory = fixture.directory.clone();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut stop = Some(stop);
    let mut ended = Vec::new();
    let options = worker::WorkerOptions { look_every: Duration::from_millis(5), ..worker::WorkerOptions::default() };
    worker::work(
        directory,
        std::sync::Arc::new(fixture.application.clone()),
        &Scheduler::new(SchedulerLimits::default()),
        options,
        async {
            let _ = stopped.await;
        },
        std::future::pending(),
        |finished| {
            ended.push((finished.job, finished.result.is_ok()));
            if finished.job == "push"
                && let Some(stop) = stop.take()
            {
                let _ = stop.send(());
            }
        },
    )
    .await
    .unwrap();
    assert_eq!(ended[..2], [("import", true), ("push", true)]);
    assert!(fixture.link("E1").is_some());
    assert_eq!(fixture.directory.read(|view| view.count_people()).unwrap(), 2);
}

#[tokio::test]
async fn somebody_who_is_removed_before_the_batch_is_worked_out_costs_the_others_nothing() {
    let fixture = Fixture::new("");
    for key in ["E1", "E2"] {
        fixture.add(key, &[]);
        fixture.assign(key);
    }
    let (tenant, tasks) = (fixture.tenant(), fixture.tasks());
    let mut pushing =
        Pushing::new(&fixture.directory, &fixture.application, &tenant, &fixture.actor, &WindDown::default()).unwrap();
    fixture.write(|change| remove_person(change, "E1", true)).unwrap();
    let batch = pushing.prepare(TaskKind::Push, tasks, &mut PushReport::default()).await.unwrap();
    let left: Vec<&str> = batch.items.iter().map(|item| item.person.key.as_str()).collect();
    assert_eq!(left, ["E2"]);
}
