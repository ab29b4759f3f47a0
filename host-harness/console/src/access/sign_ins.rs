//! What the audit trail says of signing in.
//!
//! Each sign-in gets a row, and so does each failure for a name that somebody has: those are few, since the throttle slows them down.
//! Failures for other names can be as many as there are addresses to come from, so they share a row per minute, which says how many
//! there were. The name that was typed isn't kept then: it is often a password in the wrong field.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

use super::{AdminsError, Visitor};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::{Actor, Note};

/// How long failures for unknown names share a row.
const APART: Duration = Duration::from_secs(60);

/// Failures that have no row yet.
#[derive(Default)]
pub(crate) struct Failures(Mutex<Untold>);

#[derive(Default)]
struct Untold {
    told: Option<Instant>,
    since: u64,
}

impl Failures {
    /// Counts a failure. Returns how many a row has to tell of now, this one included; `None` if the row has to wait.
    fn count(&self, now: Instant) -> Option<u64> {
        let mut untold = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        untold.since += 1;
        if untold.told.is_some_and(|told| now.saturating_duration_since(told) < APART) {
            return None;
        }
        untold.told = Some(now);
        Some(std::mem::take(&mut untold.since))
    }
}

impl Shared {
    /// Notes that somebody has signed in, by a password or by the console's token.
    ///
    /// # Errors
    /// If the directory can't be written: then nobody signs in.
    pub(crate) async fn note_sign_in(&self, actor: Actor, address: IpAddr, how: &'static str) -> Result<(), Problem> {
        self.note_access(actor, "console.sign-in", json!({ "address": address.to_string() }), how).await
    }

    /// Notes that somebody has signed out.
    ///
    /// # Errors
    /// If the directory can't be written.
    pub(crate) async fn note_sign_out(&self, visitor: &Visitor) -> Result<(), Problem> {
        self.note_access(visitor.actor(), "console.sign-out", serde_json::Value::Null, "signed out").await
    }

    /// Notes that somebody has failed to sign in.
    ///
    /// # Errors
    /// If the names of admins can't be read, or the directory can't be written.
    pub(crate) async fn note_failure(&self, name: Option<&str>, address: IpAddr) -> Result<(), Problem> {
        let admin = name.map(str::to_lowercase);
        let known = match &admin {
            Some(name) => {
                self.access.admins.names().map_err(|error: AdminsError| Problem::internal(&error))?.contains(name)
            }
            None => false,
        };
        let new = if known {
            json!({ "address": address.to_string(), "admin": admin })
        } else {
            let Some(failures) = self.access.failures.count(Instant::now()) else { return Ok(()) };
            json!({ "address": address.to_string(), "failures": failures })
        };
        let result = if known { "refused" } else { "refused: not an admin" };
        self.note_access(Actor::new("console"), "console.sign-in-failed", new, result).await
    }

    async fn note_access(
        &self,
        actor: Actor,
        action: &'static str,
        new: serde_json::Value,
        result: &'static str,
    ) -> Result<(), Problem> {
        let directory = self.directory.clone();
        let noted = tokio::task::spawn_blocking(move || {
            directory.write(&actor, |change| {
                let new = Some(new.clone()).filter(|new| !new.is_null());
                change.note(&Note { tenant: None, person: None, action, old: None, new, result })
            })
        });
        Ok(noted.await.map_err(|error| Problem::internal(&error))??)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_a_minute_share_a_row_that_counts_them() {
        let (failures, start) = (Failures::default(), Instant::now());
        assert_eq!(failures.count(start), Some(1));
        for second in 1..60 {
            assert_eq!(failures.count(start + Duration::from_secs(second)), None, "{second}");
        }
        assert_eq!(failures.count(start + APART), Some(60));
        assert_eq!(failures.count(start + APART), None);
    }
}
