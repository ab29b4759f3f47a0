//! Who waits for whom.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Mutex, mpsc};

use tokio::runtime::{Builder, Handle, Runtime};

use super::*;

/// Long enough for anything that ends at all.
const PATIENCE: Duration = Duration::from_secs(30);

/// A runtime with one thread that polls tasks.
fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn add(directory: &Directory, key: &str) {
    let (actor, new) = (Actor::new("tester"), NewPerson::new(key, format!("{key}@x.example")));
    directory.write(&actor, |change| change.add_person(&new)).unwrap();
}

#[test]
fn other_tasks_of_the_thread_go_on_while_one_writes_or_reads() {
    let (_folder, directory, actor) = scratch();
    let wait_for_another = || -> Result<(), DirectoryError> {
        let (tell, told) = mpsc::channel();
        tokio::spawn(async move { tell.send(()) });
        told.recv_timeout(PATIENCE).expect("no other task of the thread goes on");
        Ok(())
    };
    let work = async move {
        directory.write(&actor, |_| wait_for_another()).unwrap();
        directory.rehearse(&actor, |_| wait_for_another()).unwrap();
        directory.read(|_| wait_for_another()).unwrap();
    };
    runtime().block_on(async { tokio::spawn(work).await.unwrap() });
}

#[test]
fn a_directory_is_used_from_every_kind_of_thread() {
    let (_folder, directory, _) = scratch();
    add(&directory, "outside");
    runtime().block_on(async { add(&directory, "first") });
    let clone = directory.clone();
    runtime().block_on(async move { tokio::spawn(async move { add(&clone, "task") }).await.unwrap() });
    let clone = directory.clone();
    let blocking = tokio::task::spawn_blocking;
    runtime().block_on(async move {
        blocking(move || {
            add(&clone, "blocking");
            Handle::current().block_on(async { add(&clone, "within") });
        })
        .await
        .unwrap();
    });
    let single = Builder::new_current_thread().enable_all().build().unwrap();
    single.block_on(async { add(&directory, "single") });
    assert_eq!(directory.read(|view| view.count_people()).unwrap(), 6);
}

/// Has two write as fast as they can, and counts how often one came after the other. Each keeps its turn until the other waits
/// for its end, however fast or busy the machine is.
fn changes_of_turn(one: &Directory, other: &Directory) -> usize {
    let (turns, begin) = (Mutex::new(Vec::new()), Barrier::new(2));
    let one_has_left = AtomicBool::new(false);
    let actor = Actor::new("tester");
    let take = |change: &WriteTransaction<'_>, who: usize| -> Result<usize, DirectoryError> {
        let turn = {
            let mut turns = turns.lock().unwrap();
            turns.push(who);
            turns.len()
        };
        let key = turn.to_string();
        change.add_person(&NewPerson::new(&key, &key))?;
        let since = Instant::now();
        while !one_has_left.load(Ordering::SeqCst) && !change.others.is_some_and(Database::is_waited_for) {
            assert!(since.elapsed() < PATIENCE, "the other is not seen to wait");
            std::thread::yield_now();
        }
        Ok(turn)
    };
    let write = |directory: &Directory, who: usize| {
        begin.wait();
        while directory.write(&actor, |change| take(change, who)).unwrap() < TURNS {}
        // Whoever is left waits for nobody.
        one_has_left.store(true, Ordering::SeqCst);
    };
    std::thread::scope(|scope| {
        scope.spawn(|| write(one, 0));
        scope.spawn(|| write(other, 1));
    });
    let turns = turns.into_inner().unwrap();
    turns.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

/// Turns of two together.
const TURNS: usize = 80;

#[test]
fn writers_take_turns() {
    let (_folder, directory, _) = scratch_file();
    let changes = changes_of_turn(&directory, &directory.clone());
    assert!(changes >= TURNS - 1, "{changes} of {TURNS}");
}

#[test]
fn processes_take_turns() {
    let (folder, directory, _) = scratch_file();
    // The operating system does not know that the two are of one process.
    let changes = changes_of_turn(&directory, &Directory::open(folder.path()).unwrap());
    assert!(changes >= TURNS - 1, "{changes} of {TURNS}");
}

#[test]
fn a_transaction_ends_when_it_has_had_its_turn() {
    let (_folder, directory, actor) = scratch();
    let seen = directory
        .write_in_turns(&actor, ["E1", "E2", "E3"], |change, key| -> Result<u64, DirectoryError> {
            let seen = directory.read(|view| view.count_people())?;
            change.add_person(&NewPerson::new(*key, *key))?;
            while !change.has_had_its_turn() {
                std::hint::spin_loop();
            }
            Ok(seen)
        })
        .unwrap();
    assert_eq!(seen, [0, 1, 2], "each sees that the one before is kept already");
    let failed = directory.write_in_turns(&actor, ["E4", "E1", "E5"], |change, key| {
        change.add_person(&NewPerson::new(*key, *key)).map(drop)
    });
    assert!(matches!(failed, Err(DirectoryError::Exists { .. })));
    assert!(directory.read(|view| view.find_person("E5")).unwrap().is_none());
}

/// A transaction that began so long ago.
fn after<'a>(change: &'a WriteTransaction<'_>, time: Duration) -> WriteTransaction<'a> {
    let view = ReadTransaction { ..change.view };
    WriteTransaction { began: Instant::now() - time, ..WriteTransaction::new(view, change.actor, change.others) }
}

/// A transaction that has had its turn.
fn late<'a>(change: &'a WriteTransaction<'_>) -> WriteTransaction<'a> {
    after(change, LONG_TURN)
}

#[test]
fn a_turn_is_longer_where_nobody_waits() {
    let (folder, directory, actor) = scratch_file();
    // The operating system does not know that the other is of the same process.
    for other in [directory.clone(), Directory::open(folder.path()).unwrap()] {
        let key = format!("E{}", directory.read(|view| view.count_people()).unwrap());
        std::thread::scope(|scope| {
            directory
                .write(&actor, |change| -> Result<(), DirectoryError> {
                    // A busy machine may take a while between the two.
                    assert!((0..50).any(|_| !after(change, TURN).has_had_its_turn()), "nobody waits");
                    assert!(late(change).has_had_its_turn());
                    scope.spawn(|| add(&other, &key));
                    while !after(change, TURN).has_had_its_turn() {
                        std::thread::yield_now();
                    }
                    assert!(change.others.is_some_and(Database::is_waited_for));
                    Ok(())
                })
                .unwrap();
        });
    }
    assert_eq!(directory.read(|view| view.count_people()).unwrap(), 2);
}

#[test]
fn a_long_rehearsal_is_on_a_copy_and_holds_up_nobody() {
    let (_folder, directory, actor) = scratch();
    add(&directory, "E1");
    let seen = RefCell::new(Vec::new());
    let rehearsed = directory.rehearse_apart(&actor, |change| -> Result<_, DirectoryError> {
        change.add_person(&NewPerson::new("rehearsed", "r@x.example"))?;
        if change.others.is_some() {
            seen.borrow_mut().push(change.count_people()?);
            return Ok(None);
        }
        assert!(!late(change).has_had_its_turn(), "nobody waits for it");
        // The directory is as free as if nothing were going on.
        add(&directory, "E2");
        let failed = change.apart(|| change.add_person(&NewPerson::new("E1", "e@x.example")));
        assert!(matches!(failed, Err(DirectoryError::Exists { .. })), "{failed:?}");
        seen.borrow_mut().push(change.count_people()?);
        Ok(Some(change.find_person("rehearsed")?.is_some()))
    });
    assert_eq!((rehearsed.unwrap(), seen.into_inner()), (true, vec![2, 2]));
    let kept = |key| directory.read(|view| view.find_person(key)).unwrap().is_some();
    assert_eq!((kept("E1"), kept("E2"), kept("rehearsed")), (true, true, false));
}

#[test]
fn a_short_rehearsal_needs_no_copy() {
    let (_folder, directory, actor) = scratch();
    let times = Cell::new(0);
    let is_waited_for = directory.rehearse_apart(&actor, |change| -> Result<_, DirectoryError> {
        times.set(times.get() + 1);
        Ok(Some(change.others.is_some()))
    });
    assert_eq!((is_waited_for.unwrap(), times.get()), (true, 1));
}

#[test]
fn what_a_removed_tenant_had_is_deleted_in_turns() {
    let (_folder, directory, actor) = scratch();
    let tenant = with_tenant(&directory, &actor);
    directory
        .write_in_turns(&actor, 0..1_200, |change, n| -> Result<(), DirectoryError> {
            let person = change.add_person(&NewPerson::new(format!("E{n}"), format!("{n}")))?;
            change.add_link(&tenant, &person, &format!("U{n}"), LinkReason::Matched).map(drop)
        })
        .unwrap();
    let links = || directory.read(|view| view.count_links(tenant.id)).unwrap();
    directory
        .write(&actor, |change| -> Result<(), DirectoryError> {
            change.hide_tenant(&tenant)?;
            late(change).delete_some_of(tenant.id)
        })
        .unwrap();
    assert_eq!(links(), 700, "a piece, and then others have their turn");
    // As after a crash: somebody goes on.
    directory.delete_removed(&actor).unwrap();
    assert_eq!(links(), 0);
    assert!(directory.read(|view| view.removed_tenant()).unwrap().is_none());
}

#[test]
fn those_whom_an_import_has_not_seen_are_found_in_pieces() {
    let (_folder, directory, actor) = scratch();
    let tenant = with_tenant(&directory, &actor);
    let user = |n: u32| user(&format!("U{n:05}"), RemoteStatus::Active);
    let staged = directory.write(&actor, |change| -> Result<_, DirectoryError> {
        let keys = MatchKeys::of("u", &Attributes::new());
        let first = change.start_import(tenant.id, NewImport { since: None })?;
        for n in 0..2_500 {
            change.stage_user(tenant.id, first.id, &user(n), &keys)?;
        }
        change.store_import(&ImportRun { phase: ImportPhase::Done, ..first })?;
        let second = change.start_import(tenant.id, NewImport { since: None })?;
        for n in (0..2_500).filter(|n| n % 5 != 0) {
            change.stage_user(tenant.id, second.id, &user(n), &keys)?;
        }
        let (mut after, mut pieces) = (Some(String::new()), Vec::new());
        while let Some(from) = after {
            after = change.stage_absent(tenant.id, second.id, &from)?;
            pieces.push(change.count_remote_users(tenant.id)?);
        }
        Ok(pieces)
    });
    assert_eq!(staged.unwrap(), [2_300, 2_100, 2_000, 2_000]);
}

#[test]
fn pruning_ends_a_transaction_that_has_had_its_turn_and_goes_on() {
    let (_folder, directory, actor) = scratch();
    let items = 0..1_200;
    directory
        .write_in_turns(&actor, items, |change, n| {
            change.add_person(&NewPerson::new(format!("E{n}"), format!("{n}"))).map(drop)
        })
        .unwrap();
    let future = Timestamp::now().after(Duration::from_secs(60));
    let pruned = directory
        .write(&actor, |change| -> Result<_, DirectoryError> {
            let mut pruned = Pruned::default();
            assert!(!late(change).prune_some(future, true, &mut pruned)?);
            Ok(pruned)
        })
        .unwrap();
    assert_eq!(pruned.audit, 500);
    assert_eq!(directory.prune(&actor, future, true).unwrap().audit, 700);
    assert_eq!(directory.read(|view| view.audit(&AuditFilter::default())).unwrap().len(), 1);
}
