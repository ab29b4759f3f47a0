//! How often somebody may guess a password.
//!
//! Failures are counted for a name, wherever they come from, and for a name from one place; after a few of them the next try has to
//! wait, twice as long each time. A browser that has signed in with the name before is counted by itself, so that strangers keep
//! nobody out ([`device`](super::device)). A place by itself is never made to wait for longer than a moment: a proxy or a company
//! makes many people come from one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use provisioning_http::Origin;

/// Failures that cost nothing, for a name from a place, and for a browser that is known.
const FREE: u32 = 5;
/// Failures that cost nothing, for a name from all places.
const FREE_OF_NAME: u32 = 10;
/// Failures that cost nothing, for a place.
const FREE_OF_PLACE: u32 = 30;
/// The longest wait for a name from a place, and for a browser.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// The longest wait for a name: 1,440 guesses a day from all the world, at a password of 15 characters.
const LONGEST_OF_NAME: Duration = Duration::from_secs(60);
/// The longest pause before a try from a place with many failures is looked at.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Keys that are remembered; the one that may try again first makes room.
const KEYS: usize = 2_048;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Place(Origin),
    NameFrom(Origin, String),
    Name(String),
    Browser(String),
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    until: Instant,
}

/// A try to sign in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Try<'a> {
    /// Where it comes from.
    pub(crate) address: IpAddr,
    pub(crate) name: &'a str,
    /// The browser, if it has signed in with the name before.
    pub(crate) browser: Option<&'a str>,
}

impl Try<'_> {
    /// What it is counted by, with the failures that cost nothing, and the longest wait.
    fn keys(&self) -> Vec<(Key, u32, Duration)> {
        if let Some(browser) = self.browser {
            return vec![(Key::Browser(browser.to_owned()), FREE, LONGEST)];
        }
        let name: String = self.name.to_lowercase().chars().take(64).collect();
        let place = Origin::of(self.address);
        vec![
            (Key::NameFrom(place, name.clone()), FREE, LONGEST),
            (Key::Name(name), FREE_OF_NAME, LONGEST_OF_NAME),
            (Key::Place(place), FREE_OF_PLACE, Duration::ZERO),
        ]
    }
}

/// Failures to sign in.
#[derive(Default)]
pub(crate) struct Throttle(Mutex<HashMap<Key, Failures>>);

impl Throttle {
    /// How long the next try has to wait; none where it may be made.
    pub(crate) fn wait(&self, one: Try<'_>, now: Instant) -> Option<Duration> {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = one.keys();
        let waits = keys.iter().filter_map(|(key, ..)| failures.get(key));
        waits.map(|failures| failures.until.saturating_duration_since(now)).max().filter(|wait| !wait.is_zero())
    }

    /// How long to pause before a try is looked at: a tenth of a second more for each failure from its place.
    pub(crate) fn pause(&self, one: Try<'_>) -> Duration {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = failures.get(&Key::Place(Origin::of(one.address))).map_or(0, |failures| failures.count);
        let over = if one.browser.is_some() { 0 } else { count.saturating_sub(FREE_OF_PLACE) };
        (over * Duration::from_millis(100)).min(LONGEST_PAUSE)
    }

    /// Notes a failure.
    pub(crate) fn fail(&self, one: Try<'_>, now: Instant) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, free, longest) in one.keys() {
            if failures.len() >= KEYS && !failures.contains_key(&key) {
                let first = failures.iter().min_by_key(|(_, one)| (one.until, one.count)).map(|(key, _)| key.clone());
                first.and_then(|key| failures.remove(&key));
            }
            let one = failures.entry(key).or_insert(Failures { count: 0, until: now });
            // Somebody who has left it alone for the longest wait starts anew.
            if now.saturating_duration_since(one.until) > LONGEST {
                one.count = 0;
            }
            one.count += 1;
            let over = one.count.saturating_sub(free);
            let wait = if over == 0 { Duration::ZERO } else { Duration::from_secs(1 << over.min(10)).min(longest) };
            one.until = now + wait;
        }
    }

    /// Forgets the failures of a name that has signed in. Those of the place stay: others may be there.
    pub(crate) fn succeed(&self, one: Try<'_>) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, ..) in one.keys() {
            if !matches!(key, Key::Place(_)) {
                failures.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests;
