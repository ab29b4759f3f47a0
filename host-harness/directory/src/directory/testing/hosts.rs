//! Hosts that share a database: each is a directory of its own here, which is all that they have in common there.

use super::super::database::params;
use super::super::*;
use super::{LEASES, open_postgres_with, server};
use crate::config::TenantConfig;

/// Nothing is heard of such a host; a busy machine needs a while for what has to happen before its lease is over.
const SILENT: LeaseTimes = LeaseTimes { heartbeat: Duration::from_secs(600), expiry: Duration::from_secs(4) };

/// Two hosts of one database with a tenant.
pub(super) fn two_hosts(times: LeaseTimes) -> (tempfile::TempDir, Directory, Directory, TenantRecord) {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (open_postgres_with(folder.path(), times), open_postgres_with(folder.path(), times));
    let added = one.write(&Actor::new("tester"), |change| change.add_tenant("acme", &TenantConfig::default()));
    (folder, one, other, added.unwrap())
}

#[test]
fn a_host_that_was_silent_for_too_long_writes_and_sends_nothing_any_more() {
    if server().is_none() {
        return;
    }
    let (_folder, silent, other, tenant) = two_hosts(SILENT);
    let actor = Actor::new("tester");
    let lock = silent.lock_tenant(&tenant).unwrap();
    let permit = lock.permit().unwrap();
    assert!(permit.lasts());
    lock.write(&actor, |change| change.store_pushed(tenant.id)).unwrap();
    let began = Instant::now();
    let taken = loop {
        match other.lock_tenant(&tenant) {
            Ok(lock) => break lock,
            Err(error) => assert!(matches!(error, DirectoryError::Locked { .. }), "{error}"),
        }
        assert!(began.elapsed() < Duration::from_secs(20), "nobody takes the tenant over");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(!permit.lasts(), "it would still send requests");
    let late = lock.write(&actor, |change| change.store_pushed(tenant.id));
    assert!(matches!(late, Err(DirectoryError::LeaseLost)), "{late:?}");
    taken.write(&actor, |change| change.store_pushed(tenant.id)).unwrap();
    // A write that belongs to no job needs no lease.
    silent.write(&actor, |change| change.add_person(&NewPerson::new("E1", "a@x.example"))).unwrap();
    // Giving back what one doesn't have any more takes nothing from who has it.
    drop(lock);
    assert!(matches!(silent.lock_tenant(&tenant), Err(DirectoryError::Locked { .. })));
}

#[test]
fn a_host_that_says_that_it_is_at_work_keeps_its_tenants() {
    if server().is_none() {
        return;
    }
    let times = LeaseTimes { heartbeat: Duration::from_millis(300), expiry: Duration::from_secs(3) };
    let (_folder, one, other, tenant) = two_hosts(times);
    let lock = one.lock_tenant(&tenant).unwrap();
    let began = Instant::now();
    while began.elapsed() < times.expiry * 2 {
        assert!(matches!(other.lock_tenant(&tenant), Err(DirectoryError::Locked { .. })));
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(lock.permit().unwrap().lasts());
    drop(lock);
    other.lock_tenant(&tenant).unwrap();
}

#[test]
fn a_tenant_is_not_taken_over_within_a_transaction_of_its_job() {
    if server().is_none() {
        return;
    }
    let (_folder, one, other, tenant) = two_hosts(SILENT);
    let lock = one.lock_tenant(&tenant).unwrap();
    lock.write(&Actor::new("tester"), |change| -> Result<(), DirectoryError> {
        change.store_pushed(tenant.id)?;
        // Its time is over, and it is still at work.
        other.run("UPDATE tenant_lease SET until = 0 WHERE tenant_id = ?1", Some(tenant.id.number()))?;
        assert!(matches!(other.lock_tenant(&tenant), Err(DirectoryError::Locked { .. })));
        Ok(())
    })
    .unwrap();
    other.lock_tenant(&tenant).unwrap();
}

#[test]
fn two_that_are_in_each_others_way_are_both_kept() {
    if server().is_none() {
        return;
    }
    let (_folder, one, other, tenant) = two_hosts(SILENT);
    let actor = Actor::new("tester");
    let people =
        one.write_in_turns(&actor, ["E1", "E2"], |change, key| change.add_person(&NewPerson::new(*key, *key))).unwrap();
    let meet = std::sync::Barrier::new(2);
    let is_first = std::sync::atomic::AtomicUsize::new(0);
    let edit = |directory: &Directory, order: [usize; 2]| {
        directory.write(&actor, |change| -> Result<(), DirectoryError> {
            for at in order {
                let edit = PersonEdit {
                    attributes: [(format!("by{}", order[0]), Some(AttributeValue::Boolean(true)))].into(),
                    ..PersonEdit::default()
                };
                let person = change.person_by_id(people[at].id)?;
                change.store_person(&person, &edit)?;
                // Each has one of the two when they look for the other; when it is run again, nobody waits for it.
                if at == order[0] && is_first.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 2 {
                    meet.wait();
                }
            }
            Ok(())
        })
    };
    std::thread::scope(|scope| {
        let first = scope.spawn(|| edit(&one, [0, 1]));
        let second = scope.spawn(|| edit(&other, [1, 0]));
        first.join().unwrap().unwrap();
        second.join().unwrap().unwrap();
    });
    for key in ["E1", "E2"] {
        let person = one.read(|view| view.person(key)).unwrap();
        assert_eq!(person.attributes.len(), 2, "{key} has lost a change: {:?}", person.attributes);
    }
    drop(tenant);
}

#[test]
fn a_newer_host_may_change_the_tables_while_this_one_works() {
    if server().is_none() {
        return;
    }
    let (folder, older, newer, tenant) = two_hosts(SILENT);
    let actor = Actor::new("tester");
    let work = |number: u32| {
        let person = older.write(&actor, |change| {
            let person = change.add_person(&NewPerson::new(format!("E{number}"), format!("{number}@x.example")))?;
            change.ask(NewTask { tenant: &tenant, person: Some(&person), kind: TaskKind::Push, password: None })?;
            change.person_by_id(person.id)
        });
        assert_eq!(person.unwrap().key, format!("E{number}"));
        assert_eq!(older.read(|view| view.tasks(&TaskFilter::default())).unwrap().len() as u32, number + 1);
    };
    std::thread::scope(|scope| {
        let working = scope.spawn(|| (0..40).for_each(work));
        // What a migration of a later version may do: every table gets a column, and an index is made.
        for change in [
            "ALTER TABLE person ADD COLUMN of_later text",
            "ALTER TABLE task ADD COLUMN of_later bigint NOT NULL DEFAULT 0",
            "ALTER TABLE tenant ADD COLUMN of_later boolean",
            "CREATE INDEX of_later ON task (of_later)",
            "UPDATE schema_version SET version = version + 1",
        ] {
            newer.run(change, None).unwrap();
            std::thread::sleep(Duration::from_millis(20));
        }
        working.join().unwrap();
    });
    work(40);
    let again = std::panic::catch_unwind(|| super::open_postgres(folder.path()));
    assert!(again.is_err(), "a program opens tables that are newer than it knows");
}

#[test]
fn of_two_who_change_the_same_person_neither_overwrites_the_other() {
    if server().is_none() {
        return;
    }
    let (_folder, one, other, _tenant) = two_hosts(SILENT);
    let actor = Actor::new("tester");
    one.write(&actor, |change| change.add_person(&NewPerson::new("E1", "a@x.example"))).unwrap();
    let set = |change: &WriteTransaction<'_>, person: &Person, name: &str| {
        let edit = PersonEdit {
            attributes: [(name.to_owned(), Some(AttributeValue::Boolean(true)))].into(),
            ..PersonEdit::default()
        };
        change.store_person(person, &edit)
    };
    let (has_read, second_is_done) = (std::sync::Barrier::new(2), std::sync::atomic::AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            has_read.wait();
            other.write(&actor, |change| set(change, &change.person("E1")?, "second")).unwrap();
            second_is_done.store(true, std::sync::atomic::Ordering::SeqCst);
        });
        one.write(&actor, |change| {
            let person = change.person("E1")?;
            has_read.wait();
            // The other waits for this one to end. If it didn't, it would be done long before.
            let began = Instant::now();
            while began.elapsed() < Duration::from_millis(500)
                && !second_is_done.load(std::sync::atomic::Ordering::SeqCst)
            {
                std::thread::yield_now();
            }
            set(change, &person, "first")
        })
        .unwrap();
    });
    let person = one.read(|view| view.person("E1")).unwrap();
    assert_eq!(person.attributes.keys().collect::<Vec<_>>(), ["first", "second"]);
}

#[test]
fn a_connection_that_the_server_has_ended_costs_nobody_a_view_or_a_change() {
    if server().is_none() {
        return;
    }
    let (folder, one, _, tenant) = two_hosts(LEASES);
    let actor = Actor::new("tester");
    // As many connections as several threads have opened.
    let held = std::sync::Barrier::new(4);
    let connection = || {
        one.read(|view| -> Result<i32, DirectoryError> {
            held.wait();
            view.db.query_row("SELECT pg_backend_pid()", params![], |row| row.get(0))
        })
    };
    let connections: Vec<i32> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(connection)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect()
    });
    let schema = test_database::of(folder.path()).unwrap();
    for number in connections {
        test_database::run(&schema, format!("SELECT pg_terminate_backend({number})"));
    }
    for _ in 0..5 {
        one.read(|view| view.tenant("acme")).unwrap();
        one.write(&actor, |change| change.store_pushed(tenant.id)).unwrap();
    }
}

#[test]
fn a_host_that_was_stopped_within_a_transaction_may_go_on_in_a_moment() {
    if server().is_none() {
        return;
    }
    // The server ends a transaction that is idle for as long as a lease lasts, which is how long this host is stopped within one.
    let times = LeaseTimes { heartbeat: Duration::from_secs(600), expiry: Duration::from_secs(1) };
    let (_folder, one, _, tenant) = two_hosts(times);
    let actor = Actor::new("tester");
    let stops = Cell::new(true);
    let written = one.write(&actor, |change| -> Result<(), DirectoryError> {
        change.store_pushed(tenant.id)?;
        if stops.replace(false) {
            std::thread::sleep(times.expiry * 2);
        }
        change.store_pushed(tenant.id)
    });
    written.unwrap();
    let ended = one.read(|view| {
        std::thread::sleep(times.expiry * 2);
        view.tenant("acme")
    });
    let error = ended.unwrap_err();
    assert!(error.is_passing(), "{error}");
    one.read(|view| view.tenant("acme")).unwrap();
}

#[test]
fn a_tenant_whose_host_has_gone_comes_before_those_that_have_waited_for_longer() {
    if server().is_none() {
        return;
    }
    let times = LeaseTimes { heartbeat: Duration::from_secs(600), expiry: Duration::from_secs(2) };
    let (_folder, gone, other, tenant) = two_hosts(times);
    let actor = Actor::new("tester");
    other
        .write(&actor, |change| -> Result<(), DirectoryError> {
            for number in 0..20 {
                change.add_tenant(&format!("waiting-{number}"), &TenantConfig::default())?;
            }
            // As a claim leaves it, behind all those that are due.
            change.store_due(tenant.id, Some(Timestamp::now()))
        })
        .unwrap();
    let lock = gone.lock_tenant(&tenant).unwrap();
    let first = || {
        let found = other.write(&actor, |change| -> Result<_, DirectoryError> {
            change.put_orphans_first()?;
            change.tenants_to_claim(Timestamp::now(), 64)
        });
        found.unwrap()[0].0.name.clone()
    };
    assert_ne!(first(), "acme", "its host may still be there");
    let began = Instant::now();
    while first() != "acme" {
        assert!(began.elapsed() < Duration::from_secs(20), "the tenant isn't put first");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(began.elapsed() + Duration::from_millis(500) >= times.expiry);
    assert!(!lock.permit().unwrap().lasts(), "its host would still send requests");
    // Once: a visit works out when it is due.
    other.write(&actor, |change| change.store_due(tenant.id, Some(Timestamp::now()))).unwrap();
    assert_ne!(first(), "acme");
}
