//! What a batch's error means for the tasks in it, and which tasks wait for others.

use super::*;
use crate::sync::push::{KEPT, PushEntry, push_watched};

impl Fixture {
    /// Pushes into this error, which comes in the place of the users' answers. The attributes and the profiles are listed before.
    async fn push_into(&self, kind: ErrorKind) -> Result<PushReport, SyncError> {
        let error = JobError::from(refusal(kind, Retry::AfterRemedy));
        self.application.world().faults = [None, None, Some(error)].into();
        push(&self.directory, &self.application, &self.tenant(), &self.actor, &|_| {}).await
    }

    fn set_password(&self, key: &str, password: &str) -> Followed {
        let person = self.person(key);
        self.write(|change| intents::set_password(change, &person, &Secret::new(password.to_owned()))).unwrap()
    }

    /// Kinds of the open tasks and of their errors.
    fn open(&self) -> Vec<(TaskKind, Option<FailureKind>)> {
        self.tasks().into_iter().map(|task| (task.kind, task.error_kind)).collect()
    }
}

#[tokio::test]
async fn an_error_of_a_whole_call_is_the_tenants_or_its_records_by_its_kind() {
    for (kind, of_tenant) in [
        (ErrorKind::InvalidSettings, true),
        (ErrorKind::InvalidCredentials, true),
        (ErrorKind::PermissionDenied, true),
        (ErrorKind::Unreachable, true),
        (ErrorKind::RateLimited, true),
        (ErrorKind::BudgetExhausted, true),
        (ErrorKind::Unsupported, true),
        (ErrorKind::Transient, true),
        (ErrorKind::InvalidValue, false),
        (ErrorKind::MissingValue, false),
        (ErrorKind::UsernameTaken, false),
        (ErrorKind::AmbiguousMatch, false),
        (ErrorKind::NotFound, false),
        (ErrorKind::RejectedByRule, false),
        (ErrorKind::LicenseExhausted, false),
        (ErrorKind::StaleReference, false),
        (ErrorKind::Drifted, false),
        (ErrorKind::PasswordRejected, false),
        (ErrorKind::Other("odd".to_owned()), false),
    ] {
        let fixture = Fixture::new("");
        for key in ["E1", "E2"] {
            fixture.add(key, &[]);
            fixture.assign(key);
        }
        let result = fixture.push_into(kind.clone()).await;
        let tasks: Vec<(TaskState, u32)> = fixture.tasks().iter().map(|task| (task.state, task.attempts)).collect();
        let failure = fixture.tenant().last_failure.map(|failure| failure.message);
        if of_tenant {
            assert!(matches!(result, Err(SyncError::Job(JobError::Refused(_)))), "{kind:?}: {result:?}");
            assert_eq!(tasks, [(TaskState::Waiting, 0); 2], "{kind:?}: the records keep their chances");
            assert_eq!(failure.as_deref(), Some("it was refused"), "{kind:?}");
        } else {
            let report = result.unwrap();
            let causes: Vec<&str> =
                report.entries.iter().map(|entry| entry.result.as_ref().unwrap_err().cause.as_str()).collect();
            assert_eq!(causes, ["it was refused"; 2], "{kind:?}");
            assert!(tasks.iter().all(|(_, attempts)| *attempts == 1), "{kind:?}: {tasks:?}");
            assert_eq!(failure, None, "{kind:?}");
        }
    }
}

#[tokio::test]
async fn a_password_waits_for_a_user_that_could_not_be_made_and_goes_through_with_it() {
    let fixture = Fixture::new("");
    fixture.add("E1", &[]);
    fixture.assign("E1");
    fixture.set_password("E1", "Lantern-4711");
    fixture.application.world().refused.insert("E1".to_owned(), refusal(ErrorKind::MissingValue, Retry::AfterRemedy));
    let report = fixture.push().await;
    let tried: Vec<TaskKind> = report.entries.iter().map(|entry| entry.kind).collect();
    assert_eq!(tried, [TaskKind::Push], "a password without a user is not tried");
    let tasks = fixture.tasks();
    let of_kind = |kind| tasks.iter().find(|task| task.kind == kind).unwrap();
    let (user, password) = (of_kind(TaskKind::Push), of_kind(TaskKind::Password));
    assert_eq!((password.state, password.attempts), (TaskState::Waiting, 0));
    assert_eq!(password.error_kind, Some(FailureKind::NotFound));
    let cause = format!(
        "the person E1 has no user in acme yet, so there is no password to set: task {} is to make it, and waits: it was refused",
        user.id
    );
    assert_eq!(password.cause.as_deref(), Some(cause.as_str()));
    let remedy = format!("Do what `tasks --tenant acme` says of task {}", user.id);
    assert_eq!(password.remedy.as_deref(), Some(remedy.as_str()));
    assert_eq!(fixture.application.count("sync-passwords"), 0);
    fixture.application.world().refused.clear();
    fixture.write(|change| change.retry_task(user)).unwrap();
    let report = fixture.push().await;
    let tried: Vec<_> = report.entries.iter().map(|entry| (entry.kind, entry.result.is_ok())).collect();
    assert_eq!(tried, [(TaskKind::Push, true), (TaskKind::Password, true)]);
    let id = fixture.link("E1").unwrap();
    assert_eq!(fixture.application.world().passwords[&id], "Lantern-4711");
    assert!(fixture.tasks().is_empty());
}

#[tokio::test]
async fn a_password_says_what_keeps_its_user_back() {
    let fixture = Fixture::new("");
    fixture.edit(|config| config.to_app.push_new_users = false);
    fixture.add("E1", &[]);
    fixture.assign("E1");
    fixture.set_password("E1", "Lantern-4711");
    fixture.push().await;
    assert_eq!(fixture.open(), [(TaskKind::Password, Some(FailureKind::NotFound))]);
    let task = &fixture.tasks()[0];
    assert!(task.cause.as_ref().unwrap().ends_with("no task is to make it"), "{task:?}");
    assert_eq!(task.remedy.as_deref(), Some("Ask for it with `assign acme E1`"));
    // The user is asked for by now, and its password with it, though nobody has asked again.
    fixture.edit(|config| config.to_app.push_new_users = true);
    fixture.push().await;
    assert!(fixture.tasks().is_empty() && fixture.application.world().passwords.len() == 1);
}

#[tokio::test]
async fn a_password_of_somebody_who_is_no_longer_wanted_is_given_up() {
    let fixture = Fixture::new("");
    fixture.add("E1", &[]);
    fixture.assign("E1");
    fixture.push().await;
    fixture.set_password("E1", "Lantern-4711");
    fixture.edit(|config| config.to_app.sync_password = false);
    let report = fixture.push().await;
    assert!(report.entries.is_empty() && report.off[0].contains("Sync Password is off"), "{report:?}");
    assert_eq!(fixture.open(), [(TaskKind::Password, Some(FailureKind::FeatureOff))]);
    fixture.edit(|config| config.to_app.sync_password = true);
    let (tenant, person) = (fixture.tenant(), fixture.person("E1"));
    fixture.write(|change| intents::unassign(change, &tenant, &person)).unwrap();
    fixture.push().await;
    assert!(fixture.tasks().is_empty() && fixture.application.world().passwords.is_empty());
}

/// Pushes, and returns the report with what a watcher was told.
async fn watched(fixture: &Fixture) -> (PushReport, Vec<(String, bool)>) {
    let mut told = Vec::new();
    let mut watcher = |entry: &PushEntry| told.push((entry.person.clone(), entry.result.is_ok()));
    let Fixture { directory, application, actor, .. } = fixture;
    let report = push_watched(directory, application, &fixture.tenant(), actor, &|_| {}, &mut watcher).await.unwrap();
    (report, told)
}

#[tokio::test]
async fn a_watcher_is_told_of_every_task_and_the_report_keeps_the_first() {
    const MANY: usize = KEPT + 10;
    let fixture = Fixture::new("");
    for n in 0..MANY {
        let key = format!("E{n}");
        fixture.add(&key, &[]);
        fixture.assign(&key);
    }
    // The last fails, when the report has many that went well.
    let last = format!("E{}", MANY - 1);
    fixture.application.world().refused.insert(last.clone(), refusal(ErrorKind::MissingValue, Retry::AfterRemedy));
    let (report, told) = watched(&fixture).await;
    assert_eq!(told.len(), MANY);
    assert_eq!((report.tried(), report.not_done), (MANY as u64, 1));
    assert_eq!(report.words, [("created", MANY as u64 - 1), ("failed", 1)].into());
    assert_eq!(report.entries.len(), KEPT + 1);
    assert!(report.entries.iter().any(|entry| entry.person == last), "failures are kept beside what went well");
}

#[tokio::test]
async fn a_task_that_is_tried_again_is_told_of_once_with_how_it_ended() {
    let fixture = Fixture::new("");
    for key in ["E1", "E2", "E3"] {
        fixture.add(key, &[]);
        fixture.assign(key);
    }
    {
        let mut world = fixture.application.world();
        world.refused_once.insert("E1".to_owned(), refusal(ErrorKind::Transient, Retry::AtOnce));
        world.refused.insert("E2".to_owned(), refusal(ErrorKind::Transient, Retry::After(60)));
    }
    let (report, told) = watched(&fixture).await;
    let told: Vec<(&str, bool)> = told.iter().map(|(key, is_ok)| (key.as_str(), *is_ok)).collect();
    assert_eq!(told, [("E3", true), ("E1", true), ("E2", false)]);
    let waiting = report.entries.iter().find(|entry| entry.person == "E2").unwrap();
    let failure = waiting.result.as_ref().unwrap_err();
    assert_eq!((failure.kind.clone(), failure.cause.as_str()), (FailureKind::Transient, "it was refused"));
    assert_eq!((report.word(waiting), report.tried(), report.not_done), ("to be tried again", 3, 1));
}
