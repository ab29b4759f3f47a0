//! What a component logs, on its way to the host's own log.

use super::bindings::identity::provisioning::log::{self, Level};
use super::job::JobState;

/// Longest message and longest field that is kept, in bytes. A log line is for reading; a body belongs into a recording.
const LONGEST_TEXT: usize = 4096;
/// Most fields of one event that are kept.
const MOST_FIELDS: usize = 16;

impl log::Host for JobState {
    async fn write(&mut self, level: Level, message: String, fields: Vec<(String, String)>) -> wasmtime::Result<()> {
        self.log_events += 1;
        if self.log_events > self.limits.log_events {
            if self.log_events == self.limits.log_events + 1 {
                tracing::warn!(tenant = %self.tenant, job = %self.id, "the connector logs too much; its further events are dropped");
            }
            return Ok(());
        }
        let message = self.printable(&message);
        let fields: Vec<String> = fields
            .iter()
            .take(MOST_FIELDS)
            .map(|(name, value)| format!("{}={}", self.printable(name), self.printable(value)))
            .collect();
        let fields = fields.join(" ");
        let (tenant, job) = (&self.tenant, &self.id);
        match level {
            Level::Trace => tracing::trace!(target: "connector", %tenant, %job, "{message} {fields}"),
            Level::Debug => tracing::debug!(target: "connector", %tenant, %job, "{message} {fields}"),
            Level::Info => tracing::info!(target: "connector", %tenant, %job, "{message} {fields}"),
            Level::Warn => tracing::warn!(target: "connector", %tenant, %job, "{message} {fields}"),
            Level::Error => tracing::error!(target: "connector", %tenant, %job, "{message} {fields}"),
        }
        if level == Level::Error {
            self.last_error = Some(message);
        }
        Ok(())
    }
}

impl JobState {
    /// `text` masked, cut, and without control characters, which could forge lines or steer a terminal.
    pub(crate) fn printable(&self, text: &str) -> String {
        let masked = self.masks.apply_str(text);
        let mut printable: String = String::with_capacity(masked.len().min(LONGEST_TEXT + 16));
        for c in masked.chars() {
            if printable.len() >= LONGEST_TEXT {
                printable.push('…');
                break;
            }
            if c.is_control() {
                printable.extend(c.escape_default());
            } else {
                printable.push(c);
            }
        }
        printable
    }
}
