//! Times, counted by how long they were.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Upper bounds of the buckets, in seconds: from an answer out of a cache to the deadline of a request. Stored histograms have
/// these buckets too, so a change of them needs a migration of the directory.
pub(super) const BOUNDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

/// How many times fell into which bucket. Histograms of several jobs or days add up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// How many fell into each bucket and into no smaller one.
    buckets: [u64; BOUNDS.len()],
    count: u64,
    sum: f64,
}

impl Histogram {
    /// Counts one.
    pub fn observe(&mut self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        if let Some(bucket) = BOUNDS.iter().position(|bound| seconds <= *bound) {
            self.buckets[bucket] += 1;
        }
        self.count += 1;
        self.sum += seconds;
    }

    /// Adds all that another has counted.
    pub fn merge(&mut self, other: &Self) {
        for (own, more) in self.buckets.iter_mut().zip(other.buckets) {
            *own += more;
        }
        self.count += other.count;
        self.sum += other.sum;
    }

    /// Each bound, in seconds, with the count of all that were not longer.
    pub(super) fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> {
        let mut total = 0;
        BOUNDS.iter().zip(self.buckets).map(move |(bound, count)| {
            total += count;
            (*bound, total)
        })
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// All together, in seconds.
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// The time that a share of them (0 to 1) was not longer than, estimated within its bucket as if they lay evenly in it; the
    /// last bound, 60 s, where it was longer than that. None where nothing was counted.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        if self.count == 0 {
            return None;
        }
        let wanted = share.clamp(0.0, 1.0) * self.count as f64;
        let (mut lower, mut below) = (0.0, 0);
        for (bound, upto) in self.cumulative() {
            if upto > below && upto as f64 >= wanted {
                let part = ((wanted - below as f64) / (upto - below) as f64).clamp(0.0, 1.0);
                return Some(Duration::from_secs_f64(lower + (bound - lower) * part));
            }
            (lower, below) = (bound, upto);
        }
        Some(Duration::from_secs_f64(BOUNDS[BOUNDS.len() - 1]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(millis: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        millis.iter().for_each(|one| histogram.observe(Duration::from_millis(*one)));
        histogram
    }

    #[test]
    fn quantiles_lie_in_the_bucket_of_the_time_that_is_meant() {
        assert_eq!(Histogram::default().quantile(0.5), None);
        let mut histogram = of(&[3; 90]);
        histogram.merge(&of(&[700; 10]));
        let median = histogram.quantile(0.5).unwrap();
        assert!(median > Duration::from_millis(2) && median <= Duration::from_millis(5), "{median:?}");
        let slow = histogram.quantile(0.95).unwrap();
        assert!(slow > Duration::from_millis(500) && slow <= Duration::from_secs(1), "{slow:?}");
        assert_eq!(of(&[90_000]).quantile(0.5), Some(Duration::from_secs(60)));
        assert_eq!(histogram.count(), 100);
    }

    #[test]
    fn a_stored_histogram_reads_as_it_was() {
        let histogram = of(&[1, 80, 90_000]);
        let text = serde_json::to_string(&histogram).unwrap();
        assert_eq!(serde_json::from_str::<Histogram>(&text).unwrap(), histogram);
    }
}
