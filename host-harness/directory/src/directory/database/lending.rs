//! Connections that are lent to one thread at a time.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A few connections, opened as they are needed, and open from then on.
#[derive(Debug)]
pub(super) struct Lending<C> {
    most: usize,
    pool: Mutex<Pool<C>>,
    returned: Condvar,
}

#[derive(Debug)]
struct Pool<C> {
    /// The one that was used last is used next: it has pages and statements at hand.
    idle: Vec<C>,
    lent: usize,
}

impl<C> Lending<C> {
    /// Lends so many at once.
    pub(super) fn new(most: usize) -> Self {
        Self { most, pool: Mutex::new(Pool { idle: Vec::new(), lent: 0 }), returned: Condvar::new() }
    }

    fn pool(&self) -> MutexGuard<'_, Pool<C>> {
        // It is only changed in steps that leave it whole.
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lends `work` a connection once one is free: one that `is_usable`, or one that `open` makes. It is taken back as long as it
    /// `is_usable`.
    pub(super) fn lend<T, E>(
        &self,
        open: impl FnOnce() -> Result<C, E>,
        is_usable: impl Fn(&C) -> bool,
        work: impl FnOnce(&mut C) -> T,
    ) -> Result<T, E> {
        let _place = self.place();
        let idle = loop {
            let next = self.pool().idle.pop();
            match next {
                Some(connection) if !is_usable(&connection) => drop(connection),
                next => break next,
            }
        };
        let mut connection = match idle {
            Some(connection) => connection,
            None => open()?,
        };
        let value = work(&mut connection);
        if is_usable(&connection) {
            self.pool().idle.push(connection);
        }
        Ok(value)
    }

    /// Waits for a place among those who have one.
    fn place(&self) -> Place<'_, C> {
        let full = |pool: &mut Pool<C>| pool.lent >= self.most;
        let mut pool = self.returned.wait_while(self.pool(), full).unwrap_or_else(PoisonError::into_inner);
        pool.lent += 1;
        Place(self)
    }
}

/// A place among those who have a connection, given back however the work ends.
struct Place<'a, C>(&'a Lending<C>);

impl<C> Drop for Place<'_, C> {
    fn drop(&mut self) {
        self.0.pool().lent -= 1;
        self.0.returned.notify_one();
    }
}
