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

    const SECOND: Duration = Duration::from_secs(1);

    fn address(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(0x0A00_0000 + number).into()
    }

    #[test]
    fn the_sixth_failure_is_the_first_to_cost_a_wait_and_each_further_one_doubles_it() {
        let throttle = Throttle::default();
        let now = Instant::now();
        let waits = [0, 0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900];
        for (tries, seconds) in waits.into_iter().enumerate() {
            throttle.fail(ADDRESS, "ada", now);
            let expected = (seconds > 0).then(|| seconds * SECOND);
            assert_eq!(throttle.wait(ADDRESS, "ADA", now), expected, "after {} failures", tries + 1);
        }
        assert_eq!(throttle.wait(ADDRESS, "ada", now + 899 * SECOND), Some(SECOND));
        assert_eq!(throttle.wait(ADDRESS, "ada", now + 900 * SECOND), None);
        for (other, name) in [(ADDRESS, "grace"), (address(1), "ada")] {
            assert_eq!(throttle.wait(other, name, now), None, "{other} {name}");
        }
        throttle.succeed(ADDRESS, "Ada");
        assert_eq!(throttle.wait(ADDRESS, "ada", now), None);
        throttle.fail(ADDRESS, "ada", now);
        assert_eq!(throttle.wait(ADDRESS, "ada", now), None, "it is the first failure again");
    }

    #[test]
    fn the_thirty_first_name_tried_from_an_address_is_the_first_to_cost_a_wait() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for tries in 1..=30 {
            throttle.fail(ADDRESS, &format!("name-{tries}"), now);
            assert_eq!(throttle.wait(ADDRESS, "another", now), None, "after {tries} failures");
        }
        for seconds in [2, 4, 8] {
            throttle.fail(ADDRESS, &format!("name-{seconds}s"), now);
            assert_eq!(throttle.wait(ADDRESS, "another", now), Some(seconds * SECOND));
        }
        assert_eq!(throttle.wait(address(1), "another", now), None);
    }

    #[test]
    fn failures_are_forgotten_a_quarter_of_an_hour_after_the_last_wait() {
        for (idle, waits) in [(900 * SECOND, true), (900 * SECOND + Duration::from_nanos(1), false)] {
            let throttle = Throttle::default();
            let start = Instant::now();
            for _ in 0..6 {
                throttle.fail(ADDRESS, "ada", start);
            }
            let now = start + 2 * SECOND + idle;
            throttle.fail(ADDRESS, "ada", now);
            assert_eq!(throttle.wait(ADDRESS, "ada", now), waits.then_some(4 * SECOND), "{idle:?}");
        }
    }

    #[test]
    fn names_are_told_apart_by_their_first_64_characters() {
        let throttle = Throttle::default();
        let now = Instant::now();
        let (same, other) = ("é".repeat(64), "é".repeat(63));
        for number in 0..6 {
            throttle.fail(ADDRESS, &format!("{same}{number}"), now);
        }
        assert_eq!(throttle.wait(ADDRESS, &same, now), Some(2 * SECOND));
        assert_eq!(throttle.wait(ADDRESS, &other, now), None);
    }

    #[test]
    fn a_flood_of_names_does_not_make_the_console_forget_who_has_to_wait() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for _ in 0..8 {
            throttle.fail(ADDRESS, "ada", now);
        }
        // Two keys each: the flood alone is more than is remembered.
        for number in 0..u32::try_from(KEYS / 2 + 20).unwrap() {
            throttle.fail(address(number), "ada", now);
        }
        assert_eq!(throttle.0.lock().unwrap().len(), KEYS);
        assert_eq!(throttle.wait(ADDRESS, "ada", now), Some(8 * SECOND));
    }

    #[test]
    fn trying_many_names_is_throttled_too_and_memory_is_bounded() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for number in 0..KEYS + 100 {
            throttle.fail(ADDRESS, &format!("name-{number}"), now);
        }
        assert_eq!(throttle.wait(ADDRESS, "another", now), Some(LONGEST));
        assert!(throttle.0.lock().unwrap().len() <= KEYS);
    }
}
