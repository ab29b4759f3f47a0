//! The same sequences of changes on both engines, which have to end the same.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};

use super::super::*;
use super::{open_postgres, server};
use crate::config::TenantConfig;
use provisioning_runtime::Secret;

/// A change, of people and users that are known by small numbers.
#[derive(Clone, Debug)]
enum Step {
    Add(u8, u8),
    Rename(u8, u8),
    Suspend(u8),
    Delete(u8),
    Assign(u8, u8),
    Unassign(u8),
    Link(u8, u8),
    Unlink(u8),
    Ask(u8, bool),
    End(u8),
    Fail(u8, bool),
    Stage(u8, u8, bool),
    Settle,
    Leave(u8),
    Undo(u8),
    Search(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let one = || 0..12_u8;
    let step = prop_oneof![
        (one(), one()).prop_map(|(key, name)| Step::Add(key, name)),
        (one(), one()).prop_map(|(key, name)| Step::Rename(key, name)),
        one().prop_map(Step::Suspend),
        one().prop_map(Step::Delete),
        (one(), one()).prop_map(|(key, grant)| Step::Assign(key, grant)),
        one().prop_map(Step::Unassign),
        (one(), one()).prop_map(|(key, user)| Step::Link(key, user)),
        one().prop_map(Step::Unlink),
        (one(), any::<bool>()).prop_map(|(key, off)| Step::Ask(key, off)),
        one().prop_map(Step::End),
        (one(), any::<bool>()).prop_map(|(key, waits)| Step::Fail(key, waits)),
        (one(), one(), any::<bool>()).prop_map(|(user, name, active)| Step::Stage(user, name, active)),
        Just(Step::Settle),
        one().prop_map(Step::Leave),
        one().prop_map(Step::Undo),
        one().prop_map(Step::Search),
    ];
    proptest::collection::vec(step, 1_000)
}

/// Names that differ in case, order and writing.
fn name(number: u8) -> String {
    ["Ada", "ada", "Émile", "émile", "zoë", "Zoë", "李", "İpek", "a_b", "a-b", "AB", "ß"][usize::from(number) % 12]
        .to_owned()
}

fn take(change: &WriteTransaction<'_>, step: &Step) -> Result<String, DirectoryError> {
    let tenant = change.tenant("acme")?;
    let person = |number: &u8| change.person(&format!("E{number}"));
    let user = |number: &u8| format!("U{number}");
    let open = |number: &u8, kind| change.open_task(tenant.id, kind, person(number)?.id);
    Ok(match step {
        Step::Add(key, of) => {
            change
                .add_person(
                    &NewPerson::new(format!("E{key}"), format!("{}{of}@x.example", name(*of)))
                        .with("familyName", name(*of).as_str())
                        .with("givenName", name(*key).as_str())
                        .with("email", format!("{}@x.example", name(*of)).as_str()),
                )?
                .username
        }
        Step::Rename(key, of) => {
            let edit = PersonEdit { username: Some(format!("{}{of}@x.example", name(*of))), ..PersonEdit::default() };
            change.store_person(&person(key)?, &edit)?.to_string()
        }
        Step::Suspend(key) => {
            let edit = PersonEdit { status: Some(PersonStatus::Suspended), ..PersonEdit::default() };
            change.store_person(&person(key)?, &edit)?.to_string()
        }
        Step::Delete(key) => format!("{:?}", change.delete_person(&person(key)?)?),
        Step::Assign(key, grant) => {
            let grants = vec![GrantName { kind: "profile".to_owned(), name: name(*grant) }];
            let new = NewAssignment { grants, exact_grants: grant % 2 == 0, ..NewAssignment::default() };
            change.store_assignment(&tenant, &person(key)?, &new)?.to_string()
        }
        Step::Unassign(key) => change.remove_assignment(&tenant, &person(key)?)?.to_string(),
        Step::Link(key, of) => format!("{:?}", change.add_link(&tenant, &person(key)?, &user(of), LinkReason::Pushed)?),
        Step::Unlink(key) => {
            let person = person(key)?;
            match change.link(tenant.id, person.id)? {
                Some(link) => format!("{:?}", change.remove_link(&tenant, &person, &link, "a test")?),
                None => "no link".to_owned(),
            }
        }
        Step::Ask(key, off) => {
            let kind = if *off { TaskKind::Deactivate } else { TaskKind::Push };
            change.ask(NewTask { tenant: &tenant, person: Some(&person(key)?), kind, password: None })?;
            "asked".to_owned()
        }
        Step::End(key) => match open(key, TaskKind::Push)? {
            Some(task) => change.end_task(&task, TaskState::Done)?.to_string(),
            None => "no task".to_owned(),
        },
        Step::Fail(key, waits) => match open(key, TaskKind::Push)? {
            Some(task) => {
                let waiting = if *waits { Waiting::For(Duration::ZERO) } else { Waiting::ForAdmin };
                let failure = TaskFailure::new(FailureKind::UsernameTaken, name(*key)).with_remedy("Choose another");
                format!("{:?}", change.fail_task(&task, &failure, waiting)?)
            }
            None => "no task".to_owned(),
        },
        Step::Stage(of, by, active) => {
            let run = match change.open_import(tenant.id)? {
                Some(run) => run,
                None => change.start_import(tenant.id, NewImport { since: None })?,
            };
            let staged = RemoteUser {
                remote_id: user(of),
                username: format!("{}{by}@x.example", name(*by)),
                status: if *active { RemoteStatus::Active } else { RemoteStatus::Inactive },
                modified: "2026-01-01".to_owned(),
                attributes: [("email".to_owned(), AttributeValue::from(name(*by).as_str()))].into(),
                grants: vec![("profile".to_owned(), name(*of))],
            };
            let keys = MatchKeys::of(&staged.username, &staged.attributes);
            format!("{:?}", change.stage_user(tenant.id, run.id, &staged, &keys)?)
        }
        Step::Settle => {
            let pending = change.pending_users(tenant.id, 5)?;
            for one in &pending {
                let people = change.people_by_match_key(MatchColumn::Username, &one.staged.keys.username, 3)?;
                let candidates: Vec<(PersonId, String)> =
                    people.iter().map(|id| (*id, "username".to_owned())).collect();
                let reason = if candidates.is_empty() { QueueReason::Nobody } else { QueueReason::Matched };
                change.settle_user(one.staged.row, (one.linked.is_none()).then_some((reason, &candidates)))?;
            }
            pending.len().to_string()
        }
        Step::Leave(of) => format!("{:?}", change.stage_departure(tenant.id, &user(of))?),
        Step::Undo(key) => format!(
            "{:?}",
            change
                .apart(|| {
                    change.delete_person(&person(key)?)?;
                    Err::<(), _>(DirectoryError::Invalid("undone".to_owned()))
                })
                .is_err()
        ),
        Step::Search(of) => {
            let contains = Some(name(*of));
            let people = change.people(&PersonFilter {
                contains: contains.clone(),
                limit: Some(5),
                ..PersonFilter::default()
            })?;
            let tasks = change.tasks(&TaskFilter { contains: contains.clone(), all: true, ..TaskFilter::default() })?;
            let queue = change.queue(tenant.id, &QueueFilter { contains, ..QueueFilter::default() })?;
            format!(
                "{:?} {:?} {:?}",
                people.iter().map(|one| &one.key).collect::<Vec<_>>(),
                tasks.iter().map(|one| (&one.person, one.state)).collect::<Vec<_>>(),
                queue.iter().map(|one| (&one.user.remote_id, one.reason, &one.candidates)).collect::<Vec<_>>()
            )
        }
    })
}

/// All that is there afterwards, without numbers and times.
fn state(view: &ReadTransaction<'_>) -> Result<String, DirectoryError> {
    let tenant = view.tenant("acme")?;
    let mut text = String::new();
    for person in view.people(&PersonFilter::default())? {
        let link = view.link(tenant.id, person.id)?.map(|link| (link.remote_id, link.reason));
        let assigned = view.assignment(tenant.id, person.id)?.map(|one| (one.grants, one.exact_grants));
        let _ = writeln!(
            text,
            "{} {} {} {:?} {link:?} {assigned:?}",
            person.key, person.username, person.status, person.attributes
        );
    }
    for task in view.tasks(&TaskFilter { all: true, ..TaskFilter::default() })? {
        let _ = writeln!(
            text,
            "{:?} {:?} {:?} {} {} {:?} {:?}",
            task.person, task.kind, task.state, task.revision, task.attempts, task.error_kind, task.cause
        );
    }
    for waiting in view.queue(tenant.id, &QueueFilter { with_ignored: true, ..QueueFilter::default() })? {
        let _ = writeln!(text, "{:?} {:?} {:?}", waiting.user, waiting.reason, waiting.candidates);
    }
    let causes: BTreeMap<String, u64> = view
        .open_causes(tenant.id)?
        .into_iter()
        .map(|one| (format!("{:?} {:?}", one.state, one.kind), one.tasks))
        .collect();
    let _ = writeln!(
        text,
        "{causes:?} {:?} {:?}",
        view.threatened_links(tenant.id)?,
        view.count_queue_by_reason(tenant.id)?
    );
    for row in view.audit(&AuditFilter::default())? {
        let _ = writeln!(
            text,
            "{:?} {:?} {} {:?} {:?} {}",
            row.tenant, row.person, row.action, row.old, row.new, row.result
        );
    }
    Ok(text)
}

#[test]
fn a_thousand_changes_end_the_same_on_both_engines() {
    if server().is_none() {
        return;
    }
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2);
    let mut runner = TestRunner::new(Config { cases, max_shrink_iters: 40, ..Config::default() });
    runner
        .run(&steps(), |steps| {
            let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let engines = [Directory::open(one.path()).unwrap(), open_postgres(other.path())];
            let actor = Actor::new("tester");
            for directory in &engines {
                directory.write(&actor, |change| change.add_tenant("acme", &TenantConfig::default())).unwrap();
            }
            for step in &steps {
                let [sqlite, postgres] = [0, 1].map(|engine: usize| {
                    engines[engine].write(&actor, |change| take(change, step)).map_err(|error| error.to_string())
                });
                prop_assert_eq!(&sqlite, &postgres, "{:?}", step);
            }
            let [sqlite, postgres] = [0, 1].map(|engine: usize| engines[engine].read(state).unwrap());
            prop_assert_eq!(sqlite, postgres);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_copy_into_either_engine_and_back_is_the_same_directory() {
    let (from, back) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let actor = Actor::new("tester");
    let original = Directory::open(from.path()).unwrap();
    let tenant = original.write(&actor, |change| change.add_tenant("acme", &TenantConfig::default())).unwrap();
    let steps = steps().new_tree(&mut TestRunner::deterministic()).unwrap().current();
    for step in &steps {
        // Some are refused, which is a part of what a directory has seen.
        let _ = original.write(&actor, |change| take(change, step).map(drop));
    }
    let secret = Secret::new("correct-horse".to_owned());
    original.write(&actor, |change| change.set_secret(&tenant, "password", Some(&secret))).unwrap();

    let mut places = vec![Place::Folder(from.path().to_owned())];
    if let Some(url) = test_database::of(from.path()) {
        places.push(Place::Postgres(url));
    }
    places.push(Place::Folder(back.path().to_owned()));
    let copies: Vec<Copied> = places.windows(2).map(|pair| copy_database(&pair[0], &pair[1]).unwrap()).collect();
    assert!(copies.iter().all(|copied| copied == &copies[0]), "{copies:?}");
    let rows = |table: &str| copies[0].tables[table];
    assert!(rows("person") > 1 && rows("remote_user") > 5 && rows("audit") > 100, "{:?}", copies[0]);
    assert_eq!(rows("secret"), 1);

    // The key isn't copied: without it, the copy doesn't open.
    assert!(matches!(Directory::open(back.path()), Err(DirectoryError::WrongKey { .. })));
    std::fs::copy(from.path().join("key"), back.path().join("key")).unwrap();
    let mut copied = vec![Directory::open(back.path()).unwrap()];
    if server().is_some() {
        copied.push(open_postgres(from.path()));
    }
    let before = original.read(state).unwrap();
    let next = original.write(&actor, |change| change.add_person(&NewPerson::new("next", "next@x.example"))).unwrap();
    for copy in copied {
        assert_eq!(copy.read(state).unwrap(), before);
        let secrets = copy.read(|view| view.secrets(&tenant)).unwrap();
        assert_eq!(secrets["password"].expose(), "correct-horse");
        // Numbers go on, and none is used again.
        let added = copy.write(&actor, |change| change.add_person(&NewPerson::new("next", "next@x.example")));
        assert_eq!(added.unwrap().id, next.id);
    }
    let again = copy_database(&places[0], places.last().unwrap()).unwrap_err().to_string();
    assert!(again.contains("the target has rows in its table `"), "{again}");
    let nowhere = copy_database(&Place::new("/nowhere"), &places[0]).unwrap_err().to_string();
    assert!(nowhere.starts_with("there is no data folder `/nowhere`"), "{nowhere}");
}
