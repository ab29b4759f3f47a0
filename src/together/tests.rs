use std::cell::RefCell;
use std::task::Waker;

use super::*;

/// Looks at work so often that it ends. Panics where it doesn't.
fn run<F: Future>(work: F) -> F::Output {
    let mut work = pin!(work);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..100 {
        if let Poll::Ready(done) = work.as_mut().poll(&mut context) {
            return done;
        }
    }
    panic!("it waits for ever");
}

/// Waits so many times, and notes each in a list.
async fn wait(notes: &RefCell<Vec<String>>, name: &str, times: u32) -> u32 {
    for at in 0..times {
        notes.borrow_mut().push(format!("{name}{at}"));
        let mut seen = false;
        until(|| std::mem::replace(&mut seen, true).then_some(())).await;
    }
    times
}

#[test]
fn pieces_go_on_in_turns_and_results_stand_in_their_order() {
    let notes = RefCell::default();
    let done = run(all([("a", 3), ("b", 1), ("c", 2)].map(|(name, times)| wait(&notes, name, times))));
    assert_eq!(done, [3, 1, 2]);
    assert_eq!(notes.into_inner(), ["a0", "b0", "c0", "a1", "c1", "a2"]);
    assert_eq!(run(all(Vec::<std::future::Ready<()>>::new())), []);
}

#[test]
fn both_of_two_are_done() {
    let notes = RefCell::default();
    for (first, second) in [(1, 3), (3, 1), (0, 0)] {
        assert_eq!(run(both(wait(&notes, "a", first), wait(&notes, "b", second))), (first, second));
    }
}

#[test]
fn the_first_failure_ends_the_others() {
    let notes = RefCell::default();
    let work = |times: u32| {
        let notes = &notes;
        async move {
            wait(notes, "x", times).await;
            if times == 2 { Err(times) } else { Ok(times) }
        }
    };
    assert_eq!(run(try_all([5, 2, 1].map(work))), Err(2));
    assert_eq!(notes.borrow().len(), 3 + 2 + 1);
    assert_eq!(run(try_all([1, 0].map(work))), Ok(vec![1, 0]));
}

#[test]
fn a_turn_is_had_by_one_at_a_time() {
    let (turn, notes) = (Turn::default(), RefCell::default());
    let work = |name: &'static str| {
        let (turn, notes) = (&turn, &notes);
        async move {
            let _taken = turn.take().await;
            wait(notes, name, 2).await;
        }
    };
    run(all(["a", "b"].map(work)));
    assert_eq!(notes.into_inner(), ["a0", "a1", "b0", "b1"]);
}
