//! Times, counted by how long they were.

use std::time::Duration;

/// Upper bounds of the buckets, in seconds: from an answer out of a cache to the deadline of a request.
pub(super) const BOUNDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

#[derive(Default)]
pub(super) struct Histogram {
    /// How many fell into each bucket and into no smaller one.
    buckets: [u64; BOUNDS.len()],
    count: u64,
    sum: f64,
}

impl Histogram {
    pub(super) fn observe(&mut self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        if let Some(bucket) = BOUNDS.iter().position(|bound| seconds <= *bound) {
            self.buckets[bucket] += 1;
        }
        self.count += 1;
        self.sum += seconds;
    }

    /// Each bound with the count of all that were not longer.
    pub(super) fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> {
        let mut total = 0;
        BOUNDS.iter().zip(self.buckets).map(move |(bound, count)| {
            total += count;
            (*bound, total)
        })
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// In seconds.
    pub(super) fn sum(&self) -> f64 {
        self.sum
    }
}
