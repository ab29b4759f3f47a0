//! Who has a connection, and who loses it when another comes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Origin;

/// What a connection is to the others.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Whether the server works for it. Otherwise it waits for its client.
    works: AtomicBool,
    /// When it began to wait, in turns of all connections.
    waits_since: AtomicU64,
    /// Told when it has to make room.
    ends: Notify,
}

/// All connections of a server.
#[derive(Debug)]
pub(crate) struct Seats {
    most: usize,
    most_of_one: usize,
    taken: Mutex<Taken>,
    turn: AtomicU64,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    /// `None` where an address has as many as there are.
    seats: HashMap<u64, (Option<Origin>, Arc<State>)>,
}

/// A connection's seat. It is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Arc<Seats>,
    number: u64,
    pub(crate) state: Arc<State>,
}

impl Seats {
    pub(crate) fn new(most: usize, most_of_one: usize) -> Arc<Self> {
        Arc::new(Self { most, most_of_one, taken: Mutex::default(), turn: AtomicU64::new(0) })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat for a connection from `origin`, which is `None` for a proxy: it has the connections of many. Returns `None` if nobody
    /// can make room.
    pub(crate) fn take(self: &Arc<Self>, origin: Option<Origin>) -> Option<Seat> {
        let mut taken = self.taken();
        let of = |taken: &Taken, one: Origin| taken.seats.values().filter(|(other, _)| *other == Some(one)).count();
        if let Some(one) = origin.filter(|one| of(&taken, *one) >= self.most_of_one) {
            taken.make_room(|other| other == Some(one))?;
        }
        if taken.seats.len() >= self.most {
            let mut counts: HashMap<Option<Origin>, usize> = HashMap::new();
            for (origin, state) in taken.seats.values() {
                *counts.entry(*origin).or_default() += usize::from(!state.works.load(Ordering::Relaxed));
            }
            let most = counts.into_iter().filter(|(_, waiting)| *waiting > 0).max_by_key(|(_, waiting)| *waiting)?.0;
            taken.make_room(|other| other == most)?;
        }
        let number = taken.next;
        taken.next += 1;
        let state = Arc::new(State::default());
        self.now_waits(&state);
        taken.seats.insert(number, (origin, Arc::clone(&state)));
        drop(taken);
        Some(Seat { seats: Arc::clone(self), number, state })
    }

    fn now_waits(&self, state: &State) {
        state.waits_since.store(self.turn.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        state.works.store(false, Ordering::Relaxed);
    }
}

impl Taken {
    /// Ends the connection that has waited longest for its client. Returns `None` if there is none that waits.
    fn make_room(&mut self, among: impl Fn(Option<Origin>) -> bool) -> Option<()> {
        let waiting =
            self.seats.iter().filter(|(_, (origin, state))| among(*origin) && !state.works.load(Ordering::Relaxed));
        let (&number, _) = waiting.min_by_key(|(_, (_, state))| state.waits_since.load(Ordering::Relaxed))?;
        let (_, state) = self.seats.remove(&number)?;
        state.ends.notify_one();
        Some(())
    }
}

impl Seat {
    /// Says that the server works for the connection.
    pub(crate) fn works(&self) {
        self.state.works.store(true, Ordering::Relaxed);
    }

    /// Says that the server waits for the client.
    pub(crate) fn waits(&self) {
        // It has waited since it began to.
        if self.state.works.load(Ordering::Relaxed) {
            self.seats.now_waits(&self.state);
        }
    }

    /// Waits until the connection has to make room for another.
    pub(crate) async fn ends(&self) {
        self.state.ends.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.taken().seats.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(last: u8) -> Option<Origin> {
        Some(Origin::of(std::net::Ipv4Addr::new(192, 0, 2, last).into()))
    }

    fn has_ended(seat: &Seat) -> bool {
        use std::future::Future as _;
        let ends = std::pin::pin!(seat.ends());
        ends.poll(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_ready()
    }

    #[test]
    fn who_has_the_most_loses_the_one_that_has_waited_longest() {
        let seats = Seats::new(5, 4);
        let greedy: Vec<Seat> = (0..4).map(|_| seats.take(origin(1)).unwrap()).collect();
        greedy[0].works();
        let other = seats.take(origin(2)).unwrap();
        let newcomer = seats.take(origin(3)).unwrap();
        assert_eq!(greedy.iter().map(has_ended).collect::<Vec<_>>(), [false, true, false, false]);
        greedy[0].waits();
        let fourth = seats.take(origin(4)).unwrap();
        assert!(has_ended(&greedy[2]) && !has_ended(&other) && !has_ended(&newcomer) && !has_ended(&fourth));
    }

    #[test]
    fn an_address_has_so_many_and_a_proxy_has_all() {
        let seats = Seats::new(5, 2);
        let [first, second] = [(); 2].map(|()| seats.take(origin(1)).unwrap());
        let third = seats.take(origin(1)).unwrap();
        assert_eq!([&first, &second, &third].map(has_ended), [true, false, false]);
        second.works();
        third.works();
        assert!(seats.take(origin(1)).is_none(), "all of them are worked for");
        let proxied: Vec<Seat> = (0..3).map(|_| seats.take(None).unwrap()).collect();
        assert!(!proxied.iter().any(has_ended));
        proxied.iter().for_each(Seat::works);
        assert!(seats.take(None).is_none());
        drop(second);
        assert!(seats.take(origin(1)).is_some());
    }
}
