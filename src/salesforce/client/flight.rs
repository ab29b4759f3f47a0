//! Calls that are under way, and the work that waits for them.
//!
//! A component has one thread. Work of which pieces don't depend on each other is written as `async` functions; whoever wants the
//! result gives it to [`Client::wait_for`], which looks at the pieces in turns. Each runs until it needs an answer, which
//! [`Client::answer`] gives. When none can go on, the oldest call is waited for. It needs neither wakers nor a runtime: answers are few,
//! so after each one every piece that waits is looked at again.
//!
//! An explicit machine of states and a queue would do the same. With `async`, what happens to some records reads from top to bottom
//! as it did when calls went one after the other.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::{Call, Client, Failed, Pending};
use crate::host::{Host, Response};

type Answer = Result<Response, Failed>;

/// Calls that are under way, the oldest first, and answers that nobody has taken yet.
pub(super) struct Flight<H: Host> {
    under_way: RefCell<VecDeque<Entry<H>>>,
    landed: RefCell<HashMap<u64, Answer>>,
    next: Cell<u64>,
}

/// A call that is under way.
struct Entry<H: Host> {
    number: u64,
    pending: Pending<H>,
    /// Whether somebody waits for the answer. A host bounds the requests that are started and not finished, so it is fetched anyway.
    is_wanted: bool,
}

impl<H: Host> Flight<H> {
    pub(super) fn new() -> Self {
        Self { under_way: RefCell::default(), landed: RefCell::default(), next: Cell::new(0) }
    }

    fn add(&self, pending: Pending<H>) -> Ticket<'_, H> {
        let number = self.next.replace(self.next.get() + 1);
        self.under_way.borrow_mut().push_back(Entry { number, pending, is_wanted: true });
        Ticket { flight: self, number }
    }
}

/// Stands for a call that is under way. Who drops it doesn't want the answer any more.
struct Ticket<'a, H: Host> {
    flight: &'a Flight<H>,
    number: u64,
}

impl<H: Host> Ticket<'_, H> {
    fn poll(&self) -> Poll<Answer> {
        self.flight.landed.borrow_mut().remove(&self.number).map_or(Poll::Pending, Poll::Ready)
    }
}

impl<H: Host> Drop for Ticket<'_, H> {
    fn drop(&mut self) {
        self.flight.landed.borrow_mut().remove(&self.number);
        let mut under_way = self.flight.under_way.borrow_mut();
        under_way.iter_mut().filter(|entry| entry.number == self.number).for_each(|entry| entry.is_wanted = false);
    }
}

impl<H: Host> Client<H> {
    /// Makes one call as soon as the [width](Client::width) allows for it. Other work goes on meanwhile.
    ///
    /// # Errors
    ///
    /// As [`Client::attempt`].
    pub async fn answer(&self, call: Call<'static>, subject: &'static str) -> Answer {
        let mut call = Some(call);
        let ticket = poll_fn(|_| {
            let has_room = self.flight.under_way.borrow().len() < self.width();
            match call.take_if(|_| has_room) {
                Some(call) => Poll::Ready(self.flight.add(self.start(call, subject))),
                None => Poll::Pending,
            }
        });
        let ticket = ticket.await;
        poll_fn(|_| ticket.poll()).await
    }

    /// Does work that waits for [answers](Client::answer) and for nothing else.
    pub fn wait_for<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let mut context = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(done) = work.as_mut().poll(&mut context) {
                return done;
            }
            let oldest = self.flight.under_way.borrow_mut().pop_front();
            match oldest {
                Some(Entry { number, pending, is_wanted: true }) => {
                    let answer = self.finish(pending);
                    self.flight.landed.borrow_mut().insert(number, answer);
                }
                Some(Entry { pending, .. }) => self.discard(pending),
                None => {}
            }
        }
    }
}
