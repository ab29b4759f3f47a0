//! The position between two pages, as an opaque string that stays valid over restarts and versions.

use std::fmt;

use crate::model::{Error, ErrorKind, Result};
use crate::salesforce::id::{Id, prefix};

/// The version that this code writes, and the scope of a full import.
const FULL: &str = "1.full.";

/// A position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The last user that was given; none at the start.
    pub last: Option<Id>,
}

impl Cursor {
    /// Before the first user.
    pub(super) fn start() -> Self {
        Self { last: None }
    }

    /// Reads what an earlier page gave.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let stale = |reason: &str| {
            Error::new(ErrorKind::StaleReference, format!("the cursor of the import cannot be used: {reason}"))
                .with_remedy("Start the import again from its beginning")
        };
        if let Some(id) = text.strip_prefix(FULL) {
            let last = Id::parse_of(id, prefix::USER).map_err(|_| stale("its position is damaged"))?;
            return Ok(Self { last: Some(last) });
        }
        match text.split_once('.').map(|(version, _)| version.parse::<u32>()) {
            Some(Ok(1)) => Err(stale("it belongs to another kind of import")),
            Some(Ok(_)) => Err(stale("it was made by another version of the connector")),
            _ => Err(stale("it is none of this connector's")),
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(FULL)?;
        self.last.map_or(Ok(()), |last| last.fmt(f))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cursor_survives_its_string() {
        let cursor = Cursor { last: Some(Id::parse("0055e000001AbcD").unwrap()) };
        assert_eq!(Cursor::parse(&cursor.to_string()), Ok(cursor));
    }

    #[test]
    fn what_cannot_be_resumed_says_why() {
        for (text, reason) in [
            ("2.full.0055e000001AbcD", "another version"),
            ("1.delta.x", "another kind"),
            ("1.full.", "damaged"),
            ("1.full.0035e000001AbcD", "damaged"),
            ("", "none of this"),
            ("01g5e000001AbcD-2000", "none of this"),
        ] {
            let error = Cursor::parse(text).unwrap_err();
            assert_eq!(error.kind, ErrorKind::StaleReference, "{text}");
            assert!(error.message.contains(reason), "{text}: {}", error.message);
        }
    }

    proptest! {
        #[test]
        fn any_string_resumes_or_is_refused(text in any::<String>()) {
            if let Err(error) = Cursor::parse(&text) {
                prop_assert_eq!(error.kind.clone(), ErrorKind::StaleReference);
            }
        }
    }
}
