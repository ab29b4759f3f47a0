//! The org's time, which can be moved.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Datelike, Timelike, Utc};

/// The org's clock: the machine's, plus an offset.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset_seconds: AtomicI64,
}

impl Clock {
    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub(crate) fn now(&self) -> i64 {
        Utc::now().timestamp() + self.offset_seconds.load(Ordering::Relaxed)
    }

    /// Moves the clock by this many seconds, forwards or back.
    pub(crate) fn advance(&self, seconds: i64) {
        self.offset_seconds.fetch_add(seconds, Ordering::Relaxed);
    }
}

/// An instant as REST shows it: `2022-03-17T16:21:26.000+0000` (H).
#[must_use]
pub(crate) fn rest_datetime(seconds: i64) -> String {
    let Some(at) = DateTime::from_timestamp(seconds, 0) else { return String::new() };
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.000+0000",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

/// Reads the forms of date and time that REST and SOQL accept: with `Z`, `+00:00` or `+0000`, with fractions or not.
#[must_use]
pub(crate) fn parse_datetime(text: &str) -> Option<i64> {
    ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%dT%H:%M:%S%.f%#z"]
        .iter()
        .find_map(|format| DateTime::parse_from_str(text, format).ok())
        .or_else(|| DateTime::parse_from_rfc3339(text).ok())
        .map(|at| at.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_survive_a_round_trip() {
        let seconds = parse_datetime("2022-03-17T16:21:26.000+0000").unwrap();
        assert_eq!(rest_datetime(seconds), "2022-03-17T16:21:26.000+0000");
        for same in ["2022-03-17T16:21:26Z", "2022-03-17T17:21:26+01:00", "2022-03-17T16:21:26.999Z"] {
            assert_eq!(parse_datetime(same), Some(seconds), "{same}");
        }
        assert_eq!(parse_datetime("2022-03-17"), None);
    }

    #[test]
    fn the_clock_moves() {
        let clock = Clock::default();
        let before = clock.now();
        clock.advance(7200);
        assert!(clock.now() >= before + 7200);
    }
}
