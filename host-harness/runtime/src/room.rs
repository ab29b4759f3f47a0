//! Room for the bodies of requests and answers that wait in the host.
//!
//! A component says how many requests it has under way, and a server how long its answers are, so both together could fill the host's
//! memory. Every such byte is counted twice: against what a job may hold, and against what all jobs of the process may hold. It
//! counts for as long as the host keeps it: a body until it has been sent, an answer until the component has it.
//!
//! A job takes at most half of what the process has left. So a few jobs that take all they can get never leave a newcomer
//! nothing, and nobody has to wait for another's bytes, which could be for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What all jobs of a process may hold.
#[derive(Debug)]
pub(crate) struct Room {
    most: usize,
    held: AtomicUsize,
}

/// What one job may hold.
#[derive(Debug)]
pub(crate) struct Share {
    room: Arc<Room>,
    most: usize,
    held: AtomicUsize,
}

/// Bytes that are held. They are given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Kept {
    share: Arc<Share>,
    bytes: usize,
}

/// There is no room for more; so many bytes may be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full(pub(crate) usize);

impl Room {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, held: AtomicUsize::new(0) })
    }

    /// A job's part of it, of `most` bytes.
    pub(crate) fn share(self: &Arc<Self>, most: usize) -> Arc<Share> {
        Arc::new(Share { room: Arc::clone(self), most, held: AtomicUsize::new(0) })
    }

    #[cfg(test)]
    fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }
}

impl Share {
    /// Nothing yet.
    pub(crate) fn kept(self: &Arc<Self>) -> Kept {
        Kept { share: Arc::clone(self), bytes: 0 }
    }

    fn take(&self, bytes: usize) -> Result<(), Full> {
        let within = |held: usize, most: usize| held.checked_add(bytes).filter(|held| *held <= most);
        self.held
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| within(held, self.most))
            .map_err(|_| Full(self.most))?;
        let room = &self.room;
        let taken = room.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
            // Half of what is left, what this job holds counted as left.
            let own = self.held.load(Ordering::Relaxed).min(room.most);
            let left = (room.most + own).saturating_sub(held + bytes);
            within(held, room.most).filter(|_| own <= left / 2)
        });
        taken.map(drop).map_err(|held| {
            self.held.fetch_sub(bytes, Ordering::Relaxed);
            Full(room.most.saturating_sub(held) / 2)
        })
    }

    fn give_back(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
        self.room.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Kept {
    /// Holds so many bytes more.
    ///
    /// # Errors
    /// There is no room for them; nothing has changed.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Full> {
        self.share.take(bytes)?;
        self.bytes += bytes;
        Ok(())
    }

    /// Holds as many bytes as this.
    ///
    /// # Errors
    /// There is no room for them; nothing has changed.
    pub(crate) fn resize(&mut self, bytes: usize) -> Result<(), Full> {
        match bytes.checked_sub(self.bytes) {
            Some(more) => self.grow(more),
            None => {
                self.share.give_back(self.bytes - bytes);
                self.bytes = bytes;
                Ok(())
            }
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.share.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_holds_what_it_may_and_gets_it_back() {
        let room = Room::new(1_000);
        let share = room.share(100);
        let (mut one, mut other) = (share.kept(), share.kept());
        assert_eq!(one.grow(60), Ok(()));
        assert_eq!(other.grow(41), Err(Full(100)));
        assert_eq!(other.grow(40), Ok(()));
        assert_eq!(other.grow(usize::MAX), Err(Full(100)));
        assert_eq!(one.resize(20), Ok(()));
        assert_eq!((other.grow(40), room.held()), (Ok(()), 100));
        assert_eq!((one.resize(21), one.resize(20)), (Err(Full(100)), Ok(())));
        drop((one, other));
        assert_eq!((room.held(), share.kept().grow(100)), (0, Ok(())));
    }

    #[test]
    fn jobs_that_take_all_they_get_leave_room_for_the_next() {
        let room = Room::new(1_000);
        let mut all = Vec::new();
        for expected in [500, 250, 125, 62, 31] {
            let mut kept = room.share(10_000).kept();
            let taken = (1..).take_while(|_| kept.grow(1).is_ok()).count();
            assert!(taken.abs_diff(expected) <= 1, "{taken} instead of {expected}");
            all.push(kept);
        }
        assert!(room.held() < 1_000, "{}", room.held());
        drop(all);
        assert_eq!(room.held(), 0);
    }
}
