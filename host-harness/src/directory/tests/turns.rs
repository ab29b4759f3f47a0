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

/// Has two write as fast as they can, and counts how often one came after the other. Each keeps its turn until the other has
/// come to the door, however busy the machine is.
fn changes_of_turn(one: &Directory, other: &Directory) -> usize {
    let (turns, begin) = (Mutex::new(Vec::new()), Barrier::new(2));
    let at_the_door = [AtomicBool::new(false), AtomicBool::new(false)];
    let actor = Actor::new("tester");
    let take = |change: &Change<'_>, who: usize| -> Result<usize, DirectoryError> {
        at_the_door[who].store(false, Ordering::SeqCst);
        let turn = {
            let mut turns = turns.lock().unwrap();
            turns.push(who);
            turns.len()
        };
        while !at_the_door[1 - who].load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        // Some milliseconds, in which the other goes from the door to the queue.
        for number in 0..20 {
            let key = format!("{turn}-{number}");
            change.add_person(&NewPerson::new(&key, &key))?;
        }
        Ok(turn)
    };
    let write = |directory: &Directory, who: usize| {
        begin.wait();
        loop {
            at_the_door[who].store(true, Ordering::SeqCst);
            if directory.write(&actor, |change| take(change, who)).unwrap() >= TURNS {
                break;
            }
        }
        // Whoever is left waits for nobody.
        at_the_door[who].store(true, Ordering::SeqCst);
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
    let (_folder, directory, _) = scratch();
    let changes = changes_of_turn(&directory, &directory.clone());
    assert!(changes > TURNS / 2, "{changes} of {TURNS}");
}

#[test]
fn processes_take_turns() {
    let (folder, directory, _) = scratch();
    // The operating system does not know that the two are of one process.
    let changes = changes_of_turn(&directory, &Directory::open(folder.path()).unwrap());
    assert!(changes > TURNS / 2, "{changes} of {TURNS}");
}

#[test]
fn a_transaction_ends_when_it_has_had_its_turn() {
    let (_folder, directory, actor) = scratch();
    let mut seen = Vec::new();
    directory
        .write_in_turns(&actor, ["E1", "E2", "E3"], |change, key| -> Result<(), DirectoryError> {
            seen.push(directory.read(|view| view.count_people())?);
            change.add_person(&NewPerson::new(key, key))?;
            while !change.has_had_its_turn() {
                std::hint::spin_loop();
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(seen, [0, 1, 2], "each sees that the one before is kept already");
    let failed = directory.write_in_turns(&actor, ["E4", "E1", "E5"], |change, key| {
        change.add_person(&NewPerson::new(key, key)).map(drop)
    });
    assert!(matches!(failed, Err(DirectoryError::Exists { .. })));
    assert!(directory.read(|view| view.find_person("E5")).unwrap().is_none());
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
    let mut pruned = Pruned::default();
    directory
        .write(&actor, |change| -> Result<(), DirectoryError> {
            let late = Change { view: View { ..change.view }, began: Instant::now() - TURN, ..*change };
            assert!(!late.prune_some(future, true, &mut pruned)?);
            Ok(())
        })
        .unwrap();
    assert_eq!(pruned.audit, 500);
    assert_eq!(directory.prune(&actor, future, true).unwrap().audit, 700);
    assert_eq!(directory.read(|view| view.audit(&AuditFilter::default())).unwrap().len(), 1);
}
