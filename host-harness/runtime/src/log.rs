//! What a component logs, on its way to the host's own log.

use super::bindings::identity::provisioning::log::Level;
use super::secrets::Masks;

/// Longest message and longest field that is kept, in bytes. A log line is for reading; a body belongs into a recording.
const LONGEST_TEXT: usize = 4096;
/// Most fields of one event that are kept.
pub(crate) const MOST_FIELDS: usize = 16;
/// How much of a text is looked at. What is masked in it is longer than what stands there instead, so it is more than is kept.
const LOOKED_AT: usize = 16 * LONGEST_TEXT;

/// Writes what the component of a job logs. Returns the message as it was written.
pub(crate) fn write(
    (tenant, job): (&str, &str),
    masks: &Masks,
    level: Level,
    message: &str,
    fields: &[(String, String)],
) -> String {
    let message = printable(masks, message);
    let fields: Vec<String> = fields
        .iter()
        .take(MOST_FIELDS)
        .map(|(name, value)| format!("{}={}", printable(masks, name), printable(masks, value)))
        .collect();
    let fields = fields.join(" ");
    match level {
        Level::Trace => tracing::trace!(target: "connector", %tenant, %job, "{message} {fields}"),
        Level::Debug => tracing::debug!(target: "connector", %tenant, %job, "{message} {fields}"),
        Level::Info => tracing::info!(target: "connector", %tenant, %job, "{message} {fields}"),
        Level::Warn => tracing::warn!(target: "connector", %tenant, %job, "{message} {fields}"),
        Level::Error => tracing::error!(target: "connector", %tenant, %job, "{message} {fields}"),
    }
    message
}

/// As much of a text as is looked at.
pub(crate) fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(LOOKED_AT)]
}

/// `text` masked, cut, and without control characters, which could forge lines or steer a terminal.
pub(crate) fn printable(masks: &Masks, text: &str) -> String {
    let begun = beginning(text);
    let masked = masks.apply_str(begun);
    // A secret that was cut in two at the end isn't found there.
    let whole = if begun.len() < text.len() { masked.len().saturating_sub(masks.longest()) } else { masked.len() };
    let masked = &masked[..masked.floor_char_boundary(whole)];
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
