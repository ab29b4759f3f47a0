//! How often a client may ask, whichever host it asks: a bucket per client that fills steadily, in the directory.
//!
//! A host takes what a quarter of a second's asking needs at once, so that not each request is a write.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use provisioning_directory::{Actor, Directory, DirectoryError, ScimClientId, Timestamp};

/// Seconds of asking that a client may save up, so that a page of an admin or a small batch isn't held up.
const BURST: u32 = 2;

/// How many times per second a host takes from a bucket at most.
const TURNS: u32 = 4;

/// How long a host keeps what it has taken and nobody has asked for.
const KEPT: Duration = Duration::from_secs(1);

/// What a host has taken from a bucket, and when.
type Taken = (u32, Timestamp);

pub(crate) struct Throttle {
    directory: Directory,
    taken: Mutex<HashMap<ScimClientId, Taken>>,
}

impl Throttle {
    pub(crate) fn of(directory: &Directory) -> Self {
        Self { directory: directory.clone(), taken: Mutex::default() }
    }

    /// Takes note of a request at this time. `rate` is what the client may ask per second for long.
    ///
    /// Returns how long to wait, if it asks too often.
    ///
    /// # Errors
    /// The database's.
    pub(crate) fn enter(
        &self,
        client: ScimClientId,
        rate: u32,
        now: Timestamp,
    ) -> Result<Option<Duration>, DirectoryError> {
        // Held while the database is asked, so that requests that come together take once.
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, at) = taken.entry(client).or_insert((0, now));
        if *left == 0 || now.since(*at) >= KEPT {
            let (most, wanted) = (rate.saturating_mul(BURST), rate.div_ceil(TURNS));
            let actor = Actor::new("scim");
            let got =
                self.directory.write(&actor, |change| change.take_scim_allowance(client, rate, most, wanted, now))?;
            match got {
                Ok(number) => (*left, *at) = (number, now),
                Err(wait) => {
                    *left = 0;
                    return Ok(Some(wait));
                }
            }
        }
        *left -= 1;
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_may_ask_its_rate_for_long_and_twice_as_much_at_once_of_all_hosts_together() {
        let folder = tempfile::tempdir().unwrap();
        let (directory, client) = crate::tests::client(folder.path(), "okta");
        let hosts = [Throttle::of(&directory), Throttle::of(&directory)];
        let start = Timestamp::now();
        let enter = |host: usize, millisecond: u64| {
            hosts[host].enter(client.id, 25, start.after(Duration::from_millis(millisecond))).unwrap()
        };
        let mut passed = 0;
        for millisecond in 0..10_000 {
            let host = usize::from(millisecond % 20 >= 10);
            passed += u32::from(enter(host, millisecond).is_none());
        }
        // What a host has taken and nobody has asked it for in time is lost.
        assert!((280..=301).contains(&passed), "{passed}: 50 at once and 25 per second");
        let wait = enter(0, 10_000).or_else(|| enter(0, 10_000)).or_else(|| enter(0, 10_000));
        assert!(wait.is_none_or(|wait| wait <= Duration::from_millis(40)), "{wait:?}");
        let waits: Vec<bool> = (0..60).map(|_| enter(0, 20_000).is_none()).collect();
        assert!((43..=50).contains(&waits.iter().filter(|passed| **passed).count()), "{waits:?}");
    }
}
