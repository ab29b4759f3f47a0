//! A queue of threads at one door.
//!
//! A mutex isn't one: whoever unlocks it and comes back at once overtakes those who have been woken but don't run yet. The fair
//! mutex of parking_lot hands over only to a thread that has gone to sleep, and a thread that waits spins and yields before it
//! does; on a busy machine that took so long that of 80 turns of two writers only 15 changed hands. Here the place in the
//! queue is taken before the waiting begins.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Lets one in at a time, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Queue {
    numbers: Mutex<Numbers>,
    next: Condvar,
}

#[derive(Debug, Default)]
struct Numbers {
    /// The number that the next to come draws.
    drawn: u64,
    /// The number whose turn it is.
    served: u64,
}

/// A turn, which ends when this goes.
pub(super) struct Turn<'a>(&'a Queue);

impl Queue {
    /// Waits for its turn.
    pub(super) fn enter(&self) -> Turn<'_> {
        let mut numbers = self.numbers();
        let number = numbers.drawn;
        numbers.drawn += 1;
        let others = |numbers: &mut Numbers| numbers.served != number;
        drop(self.next.wait_while(numbers, others).unwrap_or_else(PoisonError::into_inner));
        Turn(self)
    }

    /// Whether somebody waits for the turn under way to end.
    pub(super) fn is_waited_in(&self) -> bool {
        let numbers = self.numbers();
        numbers.drawn > numbers.served + 1
    }

    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        // It is only changed in steps that leave it whole.
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.numbers().served += 1;
        self.0.next.notify_all();
    }
}
