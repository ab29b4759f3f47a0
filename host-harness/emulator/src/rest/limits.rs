//! The day's API requests: counted, shown, and at an end some time.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;

use super::{Context, Response};
use crate::error::ApiError;

/// API requests of the day.
#[derive(Debug)]
pub(crate) struct Usage {
    used: AtomicU64,
    limit: AtomicU64,
}

impl Usage {
    pub(crate) fn new(limit: u64) -> Self {
        Self { used: AtomicU64::new(0), limit: AtomicU64::new(limit) }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// `REQUEST_LIMIT_EXCEEDED` (H) when the day's requests are used up.
    pub(crate) fn count(&self) -> Result<(), ApiError> {
        let limit = self.limit.load(Ordering::Relaxed);
        let counted =
            self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| (used < limit).then_some(used + 1));
        match counted {
            Ok(_) => Ok(()),
            Err(_) => Err(ApiError::new(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")),
        }
    }

    /// Requests that the day had and may have.
    pub(crate) fn read(&self) -> (u64, u64) {
        (self.used.load(Ordering::Relaxed), self.limit.load(Ordering::Relaxed))
    }

    /// Sets how many requests the day had.
    pub(crate) fn set_used(&self, used: u64) {
        self.used.store(used, Ordering::Relaxed);
    }

    /// Whether the day's requests are used up. Signing in is no request of the day, but it is refused then too (M).
    pub(crate) fn is_used_up(&self) -> bool {
        let (used, limit) = self.read();
        used >= limit
    }

    /// Sets the day's limit.
    pub(crate) fn set_limit(&self, limit: u64) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// Used and limit: `api-usage=18/15000` means 18 used (H).
    pub(crate) fn header(&self) -> String {
        let (used, limit) = self.read();
        format!("api-usage={used}/{limit}")
    }
}

pub(super) fn show(context: &Context<'_>) -> Response {
    let limit = context.usage.limit.load(Ordering::Relaxed);
    let remaining = limit.saturating_sub(context.usage.used.load(Ordering::Relaxed));
    Response::json(
        200,
        &json!({
            "DailyApiRequests": {"Max": limit, "Remaining": remaining},
            "DailyBulkApiBatches": {"Max": 15_000, "Remaining": 15_000},
            "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000},
            "DataStorageMB": {"Max": 10_240, "Remaining": 9_216},
        }),
    )
}
