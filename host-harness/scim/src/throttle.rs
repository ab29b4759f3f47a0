//! How often a client may ask: a bucket per client that fills steadily.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use provisioning_directory::ScimClientId;

/// Seconds of asking that a client may save up, so that a page of an admin or a small batch isn't held up.
const BURST: f64 = 2.0;

#[derive(Default)]
pub(crate) struct Throttle {
    buckets: Mutex<HashMap<ScimClientId, (f64, Instant)>>,
}

impl Throttle {
    /// Takes note of a request at this time. `rate` is what the client may ask per second for long.
    ///
    /// # Errors
    /// How long to wait, if it asks too often.
    pub(crate) fn enter(&self, client: ScimClientId, rate: u32, now: Instant) -> Result<(), Duration> {
        let rate = f64::from(rate.max(1));
        let most = (rate * BURST).max(1.0);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let (level, at) = buckets.entry(client).or_insert((most, now));
        *level = (*level + now.saturating_duration_since(*at).as_secs_f64() * rate).min(most);
        *at = now;
        if *level < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - *level) / rate));
        }
        *level -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_may_ask_its_rate_for_long_and_twice_as_much_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let client = crate::tests::client(folder.path(), "okta");
        let (throttle, start) = (Throttle::default(), Instant::now());
        let mut passed = 0;
        for millisecond in 0..10_000 {
            passed += u32::from(throttle.enter(client.id, 25, start + Duration::from_millis(millisecond)).is_ok());
        }
        assert!((299..=301).contains(&passed), "{passed}: 50 at once and 25 per second");
        let wait = throttle.enter(client.id, 25, start + Duration::from_secs(10)).err();
        assert!(wait.is_none_or(|wait| wait <= Duration::from_millis(40)), "{wait:?}");
    }
}
