//! The numbers of a JSON text, as they are written.

use std::cell::Cell;

/// The numbers of a JSON text in their order, each given once: for a reader that is told their values, which are doubles.
pub(crate) struct Numbers<'a> {
    text: &'a str,
    /// What comes next stands at this byte or behind it.
    at: Cell<usize>,
}

impl<'a> Numbers<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        Self { text, at: Cell::new(0) }
    }

    /// The next number; none where there is none, or where the text is no JSON.
    pub(crate) fn next(&self) -> Option<&'a str> {
        let bytes = self.text.as_bytes();
        let mut at = self.at.get();
        loop {
            match bytes.get(at)? {
                b'"' => at = behind_text(bytes, at + 1)?,
                b'-' | b'0'..=b'9' => break,
                _ => at += 1,
            }
        }
        let start = at;
        while bytes.get(at).is_some_and(|byte| matches!(byte, b'+' | b'-' | b'.' | b'0'..=b'9' | b'E' | b'e')) {
            at += 1;
        }
        self.at.set(at);
        self.text.get(start..at)
    }
}

/// Where what follows a text begins, of which the first byte is given.
fn behind_text(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_order_and_not_in_texts() {
        let text = r#"{"a1":-1.50,"b\"2":["3\\",4E+5,{"c":[]}],"d":"\u0036","e":7}"#;
        let numbers = Numbers::of(text);
        for number in ["-1.50", "4E+5", "7"] {
            assert_eq!(numbers.next(), Some(number));
        }
        assert_eq!(numbers.next(), None);
        assert_eq!(Numbers::of(r#""1\"#).next(), None, "a text without an end");
    }
}
