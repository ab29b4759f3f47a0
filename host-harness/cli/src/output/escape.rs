//! What text of others may do to a terminal: nothing.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};

/// The text in one line that does nothing to a terminal. Control characters, line breaks among them, and characters that turn the
/// direction of the text around them are written as Rust escapes them.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// As [`printable`], with line breaks as they are.
pub(crate) fn printable_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c == '\n')
}

/// Something that is displayed, as [`printable`].
pub(crate) fn printable_words(words: &impl fmt::Display) -> String {
    printable(&words.to_string()).into_owned()
}

fn escaped(text: &str, is_kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_escaped = |c: char| steers(c) && !is_kept(c);
    if !text.contains(is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_escaped(c) {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// Whether a character does something to a terminal, or to the text around it.
pub(super) fn steers(c: char) -> bool {
    c.is_control() || turns_direction(c)
}

/// Whether a character embeds, overrides or isolates a direction, or breaks a line as Unicode has it (UAX #9, UAX #14). Plain marks
/// of direction, which names in Hebrew and Arabic use, turn nothing around.
pub(super) fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// Standard error for the log: an event is one line, whatever stands in its fields.
pub(crate) struct EscapedLog;

impl Write for EscapedLog {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let (line, end) = text.strip_suffix('\n').map_or((&*text, ""), |line| (line, "\n"));
        io::stderr().write_all(format!("{}{end}", printable(line)).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
