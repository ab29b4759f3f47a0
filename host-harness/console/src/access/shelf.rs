//! Things that wait to be fetched, each under a name that nobody can guess.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::SessionId;

/// How long something waits.
const LIFE: Duration = Duration::from_secs(60 * 60);

/// A bounded shelf: the oldest thing makes room.
pub(crate) struct Shelf<T> {
    most: usize,
    kept: Mutex<HashMap<SessionId, (Instant, T)>>,
}

impl<T: Clone> Shelf<T> {
    /// A shelf for so many things.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<SessionId, (Instant, T)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a thing. Returns its name; `None` if the machine gives no random numbers.
    pub(crate) fn put(&self, thing: T, now: Instant) -> Option<SessionId> {
        let name = SessionId::random()?;
        let mut kept = self.kept();
        kept.retain(|_, (since, _)| now.duration_since(*since) < LIFE);
        if kept.len() >= self.most {
            let oldest = kept.iter().min_by_key(|(_, (since, _))| *since).map(|(name, _)| name.clone());
            oldest.and_then(|name| kept.remove(&name));
        }
        kept.insert(name.clone(), (now, thing));
        Some(name)
    }

    /// A thing, which stays.
    pub(crate) fn get(&self, name: &str) -> Option<T> {
        let name = SessionId::parse(name)?;
        self.kept().get(&name).map(|(_, thing)| thing.clone())
    }

    /// A thing, which goes.
    pub(crate) fn take(&self, name: &str) -> Option<T> {
        let name = SessionId::parse(name)?;
        self.kept().remove(&name).map(|(_, thing)| thing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shelf_keeps_the_last_things_for_an_hour() {
        let shelf = Shelf::new(2);
        let now = Instant::now();
        let names: Vec<_> = ["a", "b", "c"].map(|thing| shelf.put(thing, now).unwrap()).into();
        let found = names.iter().filter(|name| shelf.get(name.as_str()).is_some()).count();
        assert_eq!((found, shelf.get(names[2].as_str())), (2, Some("c")));
        assert_eq!(shelf.get("guess"), None);
        let late = shelf.put("d", now + LIFE).unwrap();
        assert_eq!(
            (shelf.get(names[2].as_str()), shelf.take(late.as_str()), shelf.get(late.as_str())),
            (None, Some("d"), None)
        );
    }
}
