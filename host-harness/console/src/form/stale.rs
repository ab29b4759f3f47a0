//! What others have changed since a form was shown.
//!
//! A form carries a stamp of each value that it was made from. If a stored value has another stamp when the form comes back, somebody
//! else has changed it meanwhile. Nothing is saved then: the form is shown again with what is different, so that neither edit is lost.
//! What the visitor hadn't touched is as it is stored now; what both have changed keeps what the visitor has typed, with the other
//! value beside it. Saving again saves that.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

/// Bytes of a stamp. It only has to tell values apart that follow each other.
const STAMP: usize = 9;

/// What a stamp is sent as.
pub(crate) fn stamp_name(field: &str) -> String {
    format!("seen.{field}")
}

/// Names some values.
pub(crate) fn stamp<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = Vec::new();
    for value in values {
        text.extend_from_slice(value.len().to_string().as_bytes());
        text.push(b':');
        text.extend_from_slice(value.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(&digest(&SHA256, &text).as_ref()[..STAMP])
}

/// Which of two edits of a value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Merge {
    /// Nobody else has changed it, or to the same.
    Mine,
    /// Somebody else has changed it, and the visitor hasn't.
    Theirs,
    /// Both have changed it, to different values.
    Conflict,
}

/// Decides by the stamps of what the form was made from, of what is stored now, and of what was sent. A form without stamps claims
/// nothing about what was stored.
pub(crate) fn merge(seen: Option<&str>, stored: &str, sent: &str) -> Merge {
    match seen {
        Some(seen) if seen != stored && sent != stored => {
            if sent == seen {
                Merge::Theirs
            } else {
                Merge::Conflict
            }
        }
        _ => Merge::Mine,
    }
}

/// A value that somebody else has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stale {
    pub(crate) label: String,
    /// As it is stored now.
    pub(crate) stored: String,
    /// What the visitor has typed instead; none if they hadn't touched it.
    pub(crate) typed: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_same_stamp_only_if_they_are_the_same() {
        assert_eq!(stamp(["a", "b"]), stamp(["a", "b"]));
        assert_ne!(stamp(["a", "b"]), stamp(["ab"]));
        assert_ne!(stamp([""]), stamp([]));
    }

    #[test]
    fn an_edit_counts_unless_somebody_else_has_made_another() {
        let [old, new, other] = ["old", "new", "other"];
        assert_eq!(merge(Some(old), old, new), Merge::Mine);
        assert_eq!(merge(Some(old), new, new), Merge::Mine);
        assert_eq!(merge(Some(old), new, old), Merge::Theirs);
        assert_eq!(merge(Some(old), other, new), Merge::Conflict);
        assert_eq!(merge(None, other, new), Merge::Mine);
    }
}
