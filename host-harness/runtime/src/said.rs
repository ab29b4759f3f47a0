//! What a component writes to its standard output and standard error during a call.
//!
//! Languages report an exception that nobody catches on standard error and then give up, so its last words are the reason why a call has
//! ended. They are kept until the end of the call: then they go to the log, line by line, and into the fault if there is one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes that are kept from the beginning of what is written in a call, and from its end. What lies between is counted and dropped.
const BEGINNING: usize = 60 << 10;
const END: usize = 4 << 10;

/// How much of the beginning and of the end goes into a fault. Python puts the reason last, Go first.
const FAULT_BEGINNING: usize = 1_500;
const FAULT_END: usize = 2_500;

/// Where something is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "wasi"), expect(dead_code, reason = "only WASI has streams"))]
pub(crate) enum Stream {
    Output,
    Error,
}

/// What the call under way has written. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said(Arc<Mutex<Streams>>);

#[derive(Debug, Default)]
struct Streams {
    output: Kept,
    error: Kept,
}

#[derive(Debug, Default)]
struct Kept {
    beginning: Vec<u8>,
    end: VecDeque<u8>,
    dropped: usize,
}

impl Said {
    /// Bytes that change in steps which leave them whole.
    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of what is written.
    #[cfg_attr(not(feature = "wasi"), expect(dead_code, reason = "only WASI has streams"))]
    pub(crate) fn write(&self, stream: Stream, bytes: &[u8]) {
        let mut streams = self.streams();
        match stream {
            Stream::Output => streams.output.write(bytes),
            Stream::Error => streams.error.write(bytes),
        }
    }

    /// Takes what was written since the last time: standard output and standard error.
    pub(crate) fn take(&self) -> (String, String) {
        let Streams { output, error } = std::mem::take(&mut *self.streams());
        (output.text(), error.text())
    }
}

impl Kept {
    fn write(&mut self, bytes: &[u8]) {
        let (first, rest) = bytes.split_at(bytes.len().min(BEGINNING - self.beginning.len()));
        self.beginning.extend_from_slice(first);
        self.end.extend(rest);
        let over = self.end.len().saturating_sub(END);
        self.end.drain(..over);
        self.dropped += over;
    }

    fn text(self) -> String {
        let mut text = String::from_utf8_lossy(&self.beginning).into_owned();
        if self.dropped > 0 {
            text.push_str(&format!("\n… {} bytes were dropped …\n", self.dropped));
        }
        let (front, back) = self.end.as_slices();
        text.push_str(&String::from_utf8_lossy(&[front, back].concat()));
        text
    }
}

/// The last words of a component, on one line. Returns `None` if it has said nothing.
pub(crate) fn last_words(error: &str) -> Option<String> {
    let lines: Vec<&str> = error.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let line = lines.join(" / ");
    if line.len() <= FAULT_BEGINNING + FAULT_END {
        return (!line.is_empty()).then_some(line);
    }
    let beginning = &line[..line.floor_char_boundary(FAULT_BEGINNING)];
    let end = &line[line.ceil_char_boundary(line.len() - FAULT_END)..];
    Some(format!("{beginning} … {end}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceback_is_one_line_in_its_own_words() {
        let traceback = "Traceback (most recent call last):\n  File \"app.py\", line 3, in open\nValueError: boom\n\n";
        let told = "Traceback (most recent call last): / File \"app.py\", line 3, in open / ValueError: boom";
        assert_eq!(last_words(traceback).as_deref(), Some(told));
        assert_eq!(last_words(" \n\n"), None);
    }

    #[test]
    fn long_last_words_keep_their_beginning_and_their_end() {
        let long = format!("panic: boom\n{}\nValueError: boom", "é ".repeat(4_000));
        let told = last_words(&long).unwrap();
        assert!(told.starts_with("panic: boom / é") && told.ends_with("/ ValueError: boom"), "{told}");
        assert!(told.len() <= FAULT_BEGINNING + FAULT_END + " … ".len(), "{}", told.len());
    }

    #[test]
    fn what_is_kept_of_a_flood_is_bounded() {
        let mut kept = Kept::default();
        for _ in 0..300 {
            kept.write(&[b'x'; 1 << 10]);
        }
        kept.write(b"the end");
        let length = kept.beginning.len() + kept.end.len();
        assert_eq!((length, kept.dropped), (BEGINNING + END, (300 << 10) + 7 - BEGINNING - END));
        let text = kept.text();
        assert!(text.ends_with("xthe end") && text.contains("bytes were dropped"), "{}", text.len());
    }

    #[test]
    fn each_call_has_its_own_words() {
        let said = Said::default();
        said.write(Stream::Output, b"out");
        said.clone().write(Stream::Error, b"err");
        assert_eq!(said.take(), ("out".to_owned(), "err".to_owned()));
        assert_eq!(said.take(), (String::new(), String::new()));
    }
}
