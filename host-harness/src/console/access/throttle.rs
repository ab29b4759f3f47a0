//! How often somebody may guess a password.
//!
//! After [`FREE`] failures in a row the next try has to wait, twice as long each time. Counted by name and address together, and
//! by address alone with more patience, since a proxy makes everybody come from one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures that cost nothing, for a name from an address.
const FREE: u32 = 5;
/// Failures that cost nothing, for an address.
const FREE_OF_ADDRESS: u32 = 30;
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// Keys that are remembered; the one that may try again first makes room.
const KEYS: usize = 2_048;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    Name(IpAddr, String),
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    until: Instant,
}

/// Failures to sign in.
#[derive(Default)]
pub(crate) struct Throttle(Mutex<HashMap<Key, Failures>>);

impl Throttle {
    /// How long the next try has to wait; none where it may be made.
    pub(crate) fn wait(&self, address: IpAddr, name: &str, now: Instant) -> Option<Duration> {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = keys(address, name).into_iter().filter_map(|(key, _)| failures.get(&key));
        waits.map(|failures| failures.until.saturating_duration_since(now)).max().filter(|wait| !wait.is_zero())
    }

    /// Notes a failure.
    pub(crate) fn fail(&self, address: IpAddr, name: &str, now: Instant) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, free) in keys(address, name) {
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
            let wait = if over == 0 { Duration::ZERO } else { Duration::from_secs(1 << over.min(10)).min(LONGEST) };
            one.until = now + wait;
        }
    }

    /// Forgets the failures of a name that has signed in.
    pub(crate) fn succeed(&self, address: IpAddr, name: &str) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, _) in keys(address, name) {
            failures.remove(&key);
        }
    }
}

fn keys(address: IpAddr, name: &str) -> [(Key, u32); 2] {
    let name: String = name.to_lowercase().chars().take(64).collect();
    [(Key::Name(address, name), FREE), (Key::Address(address), FREE_OF_ADDRESS)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn waits_double_after_the_free_tries_and_end_with_a_success() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for _ in 0..FREE {
            throttle.fail(ADDRESS, "Ada", now);
            assert_eq!(throttle.wait(ADDRESS, "ada", now), None);
        }
        for seconds in [2, 4, 8, 16] {
            throttle.fail(ADDRESS, "ada", now);
            assert_eq!(throttle.wait(ADDRESS, "ADA", now), Some(Duration::from_secs(seconds)));
        }
        assert_eq!(throttle.wait(ADDRESS, "grace", now), None);
        assert_eq!(throttle.wait(ADDRESS, "ada", now + Duration::from_secs(16)), None);
        throttle.succeed(ADDRESS, "ada");
        assert_eq!(throttle.wait(ADDRESS, "ada", now), None);
    }

    #[test]
    fn trying_many_names_is_throttled_too_and_memory_is_bounded() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for number in 0..KEYS * 2 {
            throttle.fail(ADDRESS, &format!("name-{number}"), now);
        }
        assert_eq!(throttle.wait(ADDRESS, "another", now), Some(LONGEST));
        assert!(throttle.0.lock().unwrap().len() <= KEYS);
    }
}
