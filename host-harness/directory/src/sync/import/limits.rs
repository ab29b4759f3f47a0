//! How much an import may read: a connector, or an organization, says how many pages there are, and could do so without end.

use std::time::{Duration, Instant};

use crate::directory::ImportRun;

/// What one import of a tenant may take. What it has read counts over all jobs that it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportLimits {
    /// Pages. Default 50,000: a million users in pages of 20.
    pub pages: u64,
    /// Users. Default 2,000,000.
    pub users: u64,
    /// Bytes of what is kept of users: texts of attributes, ids of grants. Default 2 GiB: a million users of 2 KiB.
    pub bytes: u64,
    /// How long one job may read. Default 12 h: a million users in pages of 100, of which each takes four seconds.
    pub time: Duration,
}

impl Default for ImportLimits {
    fn default() -> Self {
        Self { pages: 50_000, users: 2_000_000, bytes: 2 << 30, time: Duration::from_secs(12 * 3600) }
    }
}

impl ImportLimits {
    /// What is over its limit, in a clause that says what to raise. `began` is when the job began.
    pub(super) fn exceeded(&self, run: &ImportRun, began: Instant) -> Option<String> {
        let over = |found: u64, most: u64, what: &str, setting: &str| {
            (found > most).then(|| format!("read more than {most} {what}, which `limits.{setting}` allows"))
        };
        over(run.pages, self.pages, "pages", "import-pages")
            .or_else(|| over(run.users, self.users, "users", "import-users"))
            .or_else(|| over(run.bytes >> 20, self.bytes >> 20, "MiB of users", "import-mib"))
            .or_else(|| over(began.elapsed().as_secs(), self.time.as_secs(), "seconds", "import-minutes"))
    }
}
