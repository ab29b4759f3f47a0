use super::values::MatchKeys;
use super::*;
use crate::config::TenantConfig;
use provisioning_runtime::Secret;

mod turns;

pub(crate) fn scratch() -> (tempfile::TempDir, Directory, Actor) {
    let folder = tempfile::tempdir().unwrap();
    let directory = testing::open(folder.path());
    (folder, directory, Actor::new("tester"))
}

/// In SQLite, whatever the other tests are on.
pub(super) fn scratch_file() -> (tempfile::TempDir, Directory, Actor) {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::open(folder.path()).unwrap();
    (folder, directory, Actor::new("tester"))
}

fn with_tenant(directory: &Directory, actor: &Actor) -> TenantRecord {
    directory.write(actor, |change| change.add_tenant("acme", &TenantConfig::default())).unwrap()
}

fn user(id: &str, status: RemoteStatus) -> RemoteUser {
    RemoteUser {
        remote_id: id.to_owned(),
        username: format!("{id}@x.example"),
        status,
        modified: String::new(),
        attributes: Attributes::new(),
        grants: Vec::new(),
    }
}

fn stage(change: &WriteTransaction<'_>, tenant: TenantId, run: RunId, user: &RemoteUser) -> Result<(), DirectoryError> {
    change.stage_user(tenant, run, user, &MatchKeys::of(&user.username, &user.attributes))
}

#[test]
fn people_are_unique_by_key_and_by_username_without_case() {
    let (_folder, directory, actor) = scratch();
    let add =
        |key: &str, username: &str| directory.write(&actor, |change| change.add_person(&NewPerson::new(key, username)));
    add("E1", "Ada@x.example").unwrap();
    let taken = add("E1", "other@x.example").unwrap_err().to_string();
    assert_eq!(taken, "there is a person with the key `E1` already; `person edit` changes it");
    let taken = add("E2", "ada@X.example").unwrap_err().to_string();
    assert!(taken.contains("belongs to the person E1 already"), "{taken}");
    for (key, username) in [("", "b@x"), (" E3", "b@x"), ("E3", "b\n@x"), ("E3", "")] {
        assert!(matches!(add(key, username), Err(DirectoryError::Invalid(_))), "{key:?} {username:?}");
    }
    assert_eq!(directory.read(|view| view.person("ADA@x.example")).unwrap().key, "E1");
    assert_eq!(directory.read(|view| view.count_people()).unwrap(), 1);
}

#[test]
fn a_failed_transaction_leaves_nothing_behind() {
    let (_folder, directory, actor) = scratch();
    let failed: Result<(), DirectoryError> = directory.write(&actor, |change| {
        change.add_person(&NewPerson::new("E1", "a@x.example"))?;
        Err(DirectoryError::Invalid("stop".to_owned()))
    });
    assert!(failed.is_err());
    directory.rehearse(&actor, |change| change.add_person(&NewPerson::new("E2", "b@x.example"))).unwrap();
    assert_eq!(directory.read(|view| view.count_people()).unwrap(), 0);
    assert_eq!(directory.read(|view| view.newest_audit()).unwrap(), 0);
}

#[test]
fn a_reader_neither_waits_for_a_writer_nor_sees_what_is_not_kept() {
    let (_folder, directory, actor) = scratch();
    let seen = directory
        .write(&actor, |change| -> Result<_, DirectoryError> {
            change.add_person(&NewPerson::new("E1", "a@x.example"))?;
            let (reader, (sender, seen)) = (directory.clone(), std::sync::mpsc::channel());
            std::thread::spawn(move || sender.send(reader.read(|view| view.count_people())));
            Ok(seen.recv_timeout(Duration::from_secs(20)).expect("the reader waits"))
        })
        .unwrap();
    assert_eq!(seen.unwrap(), 0);
    assert_eq!(directory.read(|view| view.count_people()).unwrap(), 1);
}

#[test]
fn a_reader_that_panics_leaves_its_place_to_others() {
    let (_folder, directory, _) = scratch();
    for _ in 0..100 {
        let directory = directory.clone();
        let reader =
            std::thread::spawn(move || directory.read(|_| -> Result<(), DirectoryError> { panic!("in a view") }));
        assert!(reader.join().is_err());
    }
    assert_eq!(directory.read(|view| view.count_people()).unwrap(), 0);
}

#[test]
fn secrets_are_sealed_on_the_disk_and_opened_for_a_job() {
    let (folder, directory, actor) = scratch();
    let tenant = with_tenant(&directory, &actor);
    let secret = Secret::new("correct-horse-battery".to_owned());
    directory.write(&actor, |change| change.set_secret(&tenant, "password", Some(&secret))).unwrap();
    let opened = directory.read(|view| view.runtime_tenant(&tenant)).unwrap();
    assert_eq!(opened.secrets["password"].expose(), "correct-horse-battery");
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(21).any(|window| window == b"correct-horse-battery"), "{}", path.display());
        }
    }
    let trail = format!("{:?}", directory.read(|view| view.audit(&AuditFilter::default())).unwrap());
    assert!(trail.contains("secret.set") && !trail.contains("correct-horse"), "{trail}");
    directory.write(&actor, |change| change.set_secret(&tenant, "password", None)).unwrap();
    assert!(directory.read(|view| view.secrets(&tenant)).unwrap().is_empty());
}

#[test]
fn a_secret_of_one_tenant_does_not_open_for_another() {
    let (_folder, directory, actor) = scratch();
    let tenant = with_tenant(&directory, &actor);
    let other = directory.write(&actor, |change| change.add_tenant("other", &TenantConfig::default())).unwrap();
    let secret = Secret::new("s3cret-s3cret".to_owned());
    directory.write(&actor, |change| change.set_secret(&tenant, "password", Some(&secret))).unwrap();
    // Somebody with access to the file moves the row.
    directory.run("UPDATE secret SET tenant_id = ?1", Some(other.id.number())).unwrap();
    let error = directory.read(|view| view.secrets(&other)).unwrap_err();
    assert!(matches!(error, DirectoryError::Sealed { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn the_data_folder_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("a/data");
    Directory::open(&folder).unwrap();
    let mode = |name: &str| std::fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("."), mode("key"), mode(folder::DATABASE)), (0o700, 0o600, 0o600));
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    let error = Directory::open(&folder).unwrap_err().to_string();
    assert!(error.contains("(mode 777), who could replace the key") && error.contains("--data"), "{error}");
}

#[test]
fn one_process_at_a_time_works_for_a_tenant() {
    let (folder, directory, actor) = scratch();
    let tenant = with_tenant(&directory, &actor);
    let lock = directory.lock_tenant(&tenant).unwrap();
    let elsewhere = testing::open(folder.path());
    let error = elsewhere.lock_tenant(&tenant).unwrap_err();
    assert!(matches!(error, DirectoryError::Locked { .. }), "{error}");
    let other = directory.write(&actor, |change| change.add_tenant("other", &TenantConfig::default())).unwrap();
    elsewhere.lock_tenant(&other).unwrap();
    drop(lock);
    elsewhere.lock_tenant(&tenant).unwrap();
}

#[test]
fn a_person_and_a_user_are_linked_once() {
    let (_folder, directory, actor) = scratch();
    let tenant = with_tenant(&directory, &actor);
    directory
        .write(&actor, |change| -> Result<(), DirectoryError> {
            let ada = change.add_person(&NewPerson::new("E1", "a@x.example"))?;
            let bob = change.add_person(&NewPerson::new("E2", "b@x.example"))?;
            change.add_link(&tenant, &ada, "U1", LinkReason::Matched)?;
            change.add_link(&tenant, &ada, "U1", LinkReason::Matched)?;
            let second_user = change.add_link(&tenant, &ada, "U2", LinkReason::Matched).unwrap_err().to_string();
            assert!(second_user.contains("E1 is linked to the user U1"), "{second_user}");
            let second_person = change.add_link(&tenant, &bob, "U1", LinkReason::Matched).unwrap_err().to_string();
            assert!(second_person.contains("U1 of acme is linked to the person E1"), "{second_person}");
            Ok(())
        })
        .unwrap();
}

#[test]
fn staging_the_same_again_makes_nothing_pending() {
    let (_folder, directory, actor) = scratch();
    let tenant = with_tenant(&directory, &actor);
    directory
        .write(&actor, |change| -> Result<(), DirectoryError> {
            let run = change.start_import(tenant.id, NewImport { since: None })?;
            let active = user("U1", RemoteStatus::Active);
            stage(change, tenant.id, run.id, &active)?;
            let pending = change.pending_users(tenant.id, 10)?;
            assert_eq!(pending.len(), 1);
            change.settle_user(pending[0].staged.row, None)?;
            stage(change, tenant.id, run.id, &RemoteUser { modified: "later".to_owned(), ..active.clone() })?;
            assert!(change.pending_users(tenant.id, 10)?.is_empty());
            stage(change, tenant.id, run.id, &user("U1", RemoteStatus::Frozen))?;
            assert_eq!(change.pending_users(tenant.id, 10)?[0].staged.settled_status, Some(RemoteStatus::Active));
            Ok(())
        })
        .unwrap();
}

#[test]
fn asking_twice_renews_the_one_open_task() {
    let (_folder, directory, actor) = scratch();
    let tenant = with_tenant(&directory, &actor);
    directory
        .write(&actor, |change| -> Result<(), DirectoryError> {
            let person = change.add_person(&NewPerson::new("E1", "a@x.example"))?;
            let ask = |kind| change.ask(NewTask { tenant: &tenant, person: Some(&person), kind, password: None });
            let first = ask(TaskKind::Push)?;
            let before = change.task(first)?;
            assert_eq!(ask(TaskKind::Push)?, first);
            assert!(!change.end_task(&before, TaskState::Done)?, "it was asked for again while it ran");
            assert!(change.end_task(&change.task(first)?, TaskState::Done)?);
            assert_ne!(ask(TaskKind::Push)?, first);
            let down = ask(TaskKind::Deactivate)?;
            assert_eq!(ask(TaskKind::Reactivate)?, down, "the latest of two opposites counts");
            assert_eq!(change.task(down)?.kind, TaskKind::Reactivate);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_tasks_password_is_sealed_and_goes_with_its_end() {
    let (folder, directory, actor) = scratch();
    let tenant = with_tenant(&directory, &actor);
    let password = Secret::new("Lantern-4711-harbour".to_owned());
    let id = directory
        .write(&actor, |change| {
            let person = change.add_person(&NewPerson::new("E1", "a@x.example"))?;
            change.ask(NewTask {
                tenant: &tenant,
                person: Some(&person),
                kind: TaskKind::Password,
                password: Some(&password),
            })
        })
        .unwrap();
    let kept = directory.read(|view| view.task_password(&tenant, id)).unwrap().unwrap();
    assert_eq!(kept.expose(), password.expose());
    // In SQLite, whatever the other tests are on: that is where one can look.
    if let Ok(wal) = std::fs::read(folder.path().join(format!("{}-wal", folder::DATABASE))) {
        assert!(!wal.windows(12).any(|window| window == b"Lantern-4711"));
    }
    let as_text = "-- by hand\nDELETE FROM task WHERE strpos(encode(sealed, 'escape'), 'Lantern-4711') > 0";
    assert!(!matches!(directory.run(as_text, None), Ok(1..)));
    directory
        .write(&actor, |change| {
            let task = change.task(id)?;
            change.end_task(&task, TaskState::Done)
        })
        .unwrap();
    assert!(directory.read(|view| view.task_password(&tenant, id)).unwrap().is_none());
}

#[test]
fn the_audit_trail_cannot_be_rewritten() {
    let (_folder, directory, actor) = scratch();
    with_tenant(&directory, &actor);
    for statement in ["-- by hand\nUPDATE audit SET actor = 'x'", "-- by hand\nDELETE FROM audit"] {
        assert!(directory.run(statement, None).unwrap_err().to_string().contains("never"), "{statement}");
    }
    let rows = directory.read(|view| view.audit(&AuditFilter::default())).unwrap();
    assert_eq!((rows[0].actor.as_str(), rows[0].action.as_str()), ("tester", "tenant.add"));
}

#[test]
fn a_removed_tenant_takes_all_of_its_own_and_leaves_people_and_trail() {
    let (_folder, directory, actor) = scratch();
    let tenant = with_tenant(&directory, &actor);
    directory
        .write(&actor, |change| -> Result<(), DirectoryError> {
            let person = change.add_person(&NewPerson::new("E1", "a@x.example"))?;
            change.set_secret(&tenant, "password", Some(&Secret::new("abcdef".to_owned())))?;
            change.store_assignment(
                &tenant,
                &person,
                &NewAssignment {
                    grants: vec![GrantName { kind: "profile".to_owned(), name: "P".to_owned() }],
                    ..NewAssignment::default()
                },
            )?;
            change.add_link(&tenant, &person, "U1", LinkReason::Matched)?;
            let task = NewTask { tenant: &tenant, person: Some(&person), kind: TaskKind::Push, password: None };
            change.ask(task)?;
            change.hide_tenant(&tenant)?;
            // Whether or not its rows are deleted by now.
            for deleted in [false, true] {
                if deleted {
                    while change.removed_tenant()?.is_some() {
                        change.delete_some_of(tenant.id)?;
                    }
                }
                assert_eq!(change.removed_tenant()?.is_none(), deleted);
                assert!(change.tenants()?.is_empty() && change.find_tenant("acme")?.is_none());
                assert!(change.find_tenant(&format!("removed:{}", tenant.id))?.is_none());
                let all = TaskFilter { all: true, ..TaskFilter::default() };
                assert!(change.tasks(&all)?.is_empty() && change.count_tasks(&all)? == 0);
                assert!(change.tasks(&TaskFilter::default())?.is_empty());
                assert!(change.links_of(person.id)?.is_empty() && change.tenants_assigned_to(person.id)?.is_empty());
                assert!(change.secrets(&tenant)?.is_empty());
                assert_eq!(change.count_people()?, 1);
            }
            let again = change.add_tenant("ACME", &TenantConfig::default())?;
            assert_ne!(again.id, tenant.id, "numbers are not used again");
            Ok(())
        })
        .unwrap();
    let trail =
        directory.read(|view| view.audit(&AuditFilter { tenant: Some("acme".to_owned()), ..AuditFilter::default() }));
    assert!(trail.unwrap().iter().any(|row| row.action == "tenant.remove"));
}

#[test]
fn a_plan_takes_the_place_of_the_one_before() {
    let (_folder, directory, actor) = scratch();
    let tenant = with_tenant(&directory, &actor);
    directory
        .write(&actor, |change| -> Result<(), DirectoryError> {
            assert!(matches!(change.plan(tenant.id, None), Err(DirectoryError::NotFound { .. })));
            let first = change.start_plan(tenant.id)?;
            assert!(change.plan(tenant.id, None).is_err(), "it isn't complete");
            change.open_plan(tenant.id, first)?;
            let second = change.start_plan(tenant.id)?;
            assert_eq!(change.plan(tenant.id, None)?.id, first);
            change.open_plan(tenant.id, second)?;
            assert_eq!(change.plan(tenant.id, None)?.id, second);
            assert_eq!(change.plan(tenant.id, Some(first))?.state, PlanState::Superseded);
            change.close_plan(second)?;
            assert!(change.plan(tenant.id, None).is_err());
            Ok(())
        })
        .unwrap();
}

#[test]
fn lists_are_searched_and_paged_by_keys() {
    let (_folder, directory, actor) = scratch();
    let tenant = with_tenant(&directory, &actor);
    directory
        .write(&actor, |change| -> Result<(), DirectoryError> {
            for n in 0..7 {
                let new = NewPerson::new(format!("E{n}"), format!("u{n}@x.example"))
                    .with("givenName", "Ada")
                    .with("familyName", if n % 2 == 0 { "King" } else { "Byron" });
                let person = change.add_person(&new)?;
                if n < 3 {
                    change.store_assignment(&tenant, &person, &NewAssignment::default())?;
                }
                let task = NewTask { tenant: &tenant, person: Some(&person), kind: TaskKind::Push, password: None };
                let id = change.ask(task)?;
                if n == 5 {
                    let failure = TaskFailure {
                        upstream: Some(Upstream { message: "Limit überschritten".to_owned(), ..Upstream::default() }),
                        ..TaskFailure::new(FailureKind::LicenseExhausted, "no seat is left")
                    };
                    change.fail_task(&change.task(id)?, &failure, Waiting::ForAdmin)?;
                }
            }
            Ok(())
        })
        .unwrap();
    let people = |filter: PersonFilter| -> Vec<String> {
        let found = directory.read(|view| view.people(&filter)).unwrap();
        found.into_iter().map(|person| person.key).collect()
    };
    assert_eq!(people(PersonFilter { contains: Some("ADA KI".to_owned()), ..PersonFilter::default() }).len(), 4);
    assert_eq!(people(PersonFilter { assigned_to: Some(tenant.id), ..PersonFilter::default() }), ["E0", "E1", "E2"]);
    let rest = PersonFilter { not_assigned_to: Some(tenant.id), limit: Some(2), ..PersonFilter::default() };
    assert_eq!(people(rest.clone()), ["E3", "E4"]);
    assert_eq!(people(PersonFilter { after: Some("E4".to_owned()), ..rest.clone() }), ["E5", "E6"]);
    assert_eq!(directory.read(|view| view.count_people_of(&rest)).unwrap(), 4);
    assert!(people(PersonFilter { contains: Some("%' OR 1=1 --".to_owned()), ..PersonFilter::default() }).is_empty());

    let tasks = |filter: TaskFilter| directory.read(|view| view.tasks(&filter)).unwrap();
    let failed = TaskFilter {
        tenant: Some(tenant.id),
        error_kind: Some(FailureKind::LicenseExhausted),
        contains: Some("no SEAT".to_owned()),
        ..TaskFilter::default()
    };
    assert_eq!(tasks(failed.clone())[0].person.as_deref(), Some("E5"));
    assert_eq!(directory.read(|view| view.count_tasks(&failed)).unwrap(), 1);
    // By the words of the application too.
    let in_its_words = TaskFilter { contains: Some("LIMIT überschr".to_owned()), ..TaskFilter::default() };
    assert_eq!(tasks(in_its_words)[0].person.as_deref(), Some("E5"));
    assert_eq!(directory.read(|view| view.task_errors(tenant.id)).unwrap(), [(FailureKind::LicenseExhausted, 1)]);
    let first = tasks(TaskFilter { limit: Some(3), ..TaskFilter::default() });
    let rest = tasks(TaskFilter { after: first.last().map(|task| task.id), ..TaskFilter::default() });
    assert_eq!((first.len(), rest.len()), (3, 4));
}

#[test]
fn the_audit_trail_is_filtered_by_whom_what_and_when() {
    let (_folder, directory, actor) = scratch();
    with_tenant(&directory, &actor);
    let other = Actor::new("console");
    for n in 0..3 {
        directory
            .write(&other, |change| change.add_person(&NewPerson::new(format!("E{n}"), format!("{n}@x"))))
            .unwrap();
    }
    let rows = |filter: AuditFilter| -> Vec<i64> {
        directory.read(|view| view.audit(&filter)).unwrap().into_iter().map(|row| row.id).collect()
    };
    let all = rows(AuditFilter::default());
    assert_eq!(all.len(), 4);
    assert_eq!(rows(AuditFilter { actor: Some("console".to_owned()), ..AuditFilter::default() }).len(), 3);
    assert_eq!(rows(AuditFilter { action: Some("person".to_owned()), ..AuditFilter::default() }).len(), 3);
    assert_eq!(rows(AuditFilter { action: Some("person.add".to_owned()), ..AuditFilter::default() }).len(), 3);
    assert!(rows(AuditFilter { action: Some("pers".to_owned()), ..AuditFilter::default() }).is_empty());
    let (past, future) = (Timestamp::from_millis(0), Timestamp::from_millis(i64::MAX));
    let between = AuditFilter { since: Some(past), until: Some(future), limit: Some(2), ..AuditFilter::default() };
    assert_eq!(rows(between.clone()), all[..2]);
    assert_eq!(rows(AuditFilter { before: Some(all[1]), ..between }), all[2..]);
    assert!(rows(AuditFilter { until: Some(past), ..AuditFilter::default() }).is_empty());
}

#[test]
fn pruning_takes_old_history_and_leaves_what_is_open() {
    let (_folder, directory, actor) = scratch();
    let tenant = with_tenant(&directory, &actor);
    let task = |key: &str| {
        directory
            .write(&actor, |change| -> Result<Task, DirectoryError> {
                let person = change.add_person(&NewPerson::new(key, format!("{key}@x.example")))?;
                let new = NewTask { tenant: &tenant, person: Some(&person), kind: TaskKind::Push, password: None };
                let id = change.ask(new)?;
                change.task(id)
            })
            .unwrap()
    };
    let (ended, open) = (task("E1"), task("E2"));
    directory.write(&actor, |change| change.end_task(&ended, TaskState::Done)).unwrap();
    let rows = directory.read(|view| view.audit(&AuditFilter::default())).unwrap().len();
    assert!(rows > 2);
    let (past, future) =
        (Timestamp::now().before(Duration::from_secs(60)), Timestamp::now().after(Duration::from_secs(60)));
    assert_eq!(directory.prune(&actor, past, true).unwrap(), Pruned::default());
    let pruned = directory.prune(&actor, future, true).unwrap();
    assert_eq!((pruned.tasks, pruned.audit), (1, rows + 1), "the row of the first pruning is among them");
    let all = TaskFilter { all: true, ..TaskFilter::default() };
    let left = directory.read(|view| view.tasks(&all)).unwrap();
    assert_eq!(left.iter().map(|task| task.id).collect::<Vec<_>>(), [open.id]);
    let trail = directory.read(|view| view.audit(&AuditFilter::default())).unwrap();
    assert_eq!((trail.len(), trail[0].action.as_str()), (1, "directory.prune"));
    // The guard is back.
    let erased = directory.run("-- by hand\nDELETE FROM audit", None);
    assert!(erased.unwrap_err().to_string().contains("never deleted"));
}
