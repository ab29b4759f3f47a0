//! Positions between two pages and between two imports, as opaque strings that stay valid over restarts and versions.

use std::fmt;

use super::ranges::Range;
use crate::model::{Error, ErrorKind, Result};
use crate::salesforce::id::{Id, prefix};
use crate::settings::USER_TYPES;

/// The version of cursors and watermarks that this code writes, and the only one that it reads.
const VERSION: &str = "3";

/// The latest time that a position may name, in seconds: the end of the year 9999. Later ones cannot be asked for.
const LATEST: u64 = 253_402_300_799;

/// Most ranges of one cursor. A reader has as many as requests may go side by side, which are 25, and parts none while it has so
/// many.
const MOST_RANGES: usize = 100;

/// Which users are imported, as a set of the four kinds. A position holds for one population only: in another, users that
/// have not changed would never be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::operations) struct Population(u8);

impl Population {
    /// Of the chosen values of `UserType`.
    pub(in crate::operations) fn new(user_types: &[&str]) -> Self {
        let bits = USER_TYPES.iter().enumerate().filter(|(_, (_, kind))| user_types.contains(kind));
        Self(bits.fold(0, |bits, (at, _)| bits | 1 << at))
    }

    /// The values of `UserType`.
    pub(in crate::operations) fn user_types(self) -> Vec<&'static str> {
        USER_TYPES.iter().enumerate().filter(|(at, _)| self.0 >> at & 1 == 1).map(|(_, (_, kind))| *kind).collect()
    }
}

/// A position within an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) population: Population,
    /// Salesforce's time when the import began, in seconds since 1970.
    pub(super) began: u64,
    pub(super) left: Left,
}

/// What is left of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Left {
    /// Of all users, those of these ranges.
    Ranges(Vec<Range>),
    /// Of those that changed at this time or later, in seconds since 1970, those behind this id.
    Changes(u64, Id),
}

impl Cursor {
    /// Reads what an earlier page gave.
    pub(super) fn parse(text: &str, population: Population) -> Result<Self> {
        let stale = |reason| stale("cursor", reason);
        let damaged = || stale(DAMAGED);
        let parts: Vec<&str> = text.split('.').collect();
        let [VERSION, scope @ ("full" | "changes"), bits, began, rest @ ..] = parts.as_slice() else {
            return Err(stale(stranger(&parts)));
        };
        if *bits != population.0.to_string() {
            return Err(stale(OTHER_POPULATION));
        }
        let began = time(began).ok_or_else(damaged)?;
        let left = match (*scope, rest) {
            ("changes", [from, last]) => {
                Left::Changes(time(from).ok_or_else(damaged)?, user(last).ok_or_else(damaged)?)
            }
            ("full", ranges) if (1..=MOST_RANGES).contains(&ranges.len()) => {
                Left::Ranges(ranges.iter().map(|text| range(text)).collect::<Option<_>>().ok_or_else(damaged)?)
            }
            _ => return Err(damaged()),
        };
        Ok(Self { population, began, left })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { population: Population(bits), began, left } = self;
        match left {
            Left::Changes(from, last) => write!(f, "{VERSION}.changes.{bits}.{began}.{from}.{last}"),
            Left::Ranges(ranges) => {
                write!(f, "{VERSION}.full.{bits}.{began}")?;
                let id = |id: &Option<Id>| id.map(|id| id.to_string()).unwrap_or_default();
                ranges.iter().try_for_each(|Range { after, end, left }| write!(f, ".{}-{}-{left}", id(after), id(end)))
            }
        }
    }
}

/// Reads a range as `after-end-left`, of which the first two may be empty.
fn range(text: &str) -> Option<Range> {
    let mut parts = text.split('-');
    let (after, end, left, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else { return None };
    let optional = |text: &str| if text.is_empty() { Some(None) } else { user(text).map(Some) };
    Some(Range { after: optional(after)?, end: optional(end)?, left: left.parse().ok()? })
}

fn user(text: &str) -> Option<Id> {
    Id::parse_of(text, prefix::USER).ok()
}

/// The watermark of an import that began at this time; `overlap` is taken off.
pub(super) fn watermark(population: Population, began: u64, overlap: u64) -> String {
    format!("{VERSION}.since.{}.{}", population.0, began.saturating_sub(overlap))
}

/// Reads the watermark of an earlier import: the time to read changes from.
pub(super) fn parse_watermark(text: &str, population: Population) -> Result<u64> {
    let parts: Vec<&str> = text.split('.').collect();
    let stale = |reason| stale("watermark", reason);
    match parts.as_slice() {
        [VERSION, "since", bits, from] if *bits == population.0.to_string() => time(from).ok_or_else(|| stale(DAMAGED)),
        [VERSION, "since", _, _] => Err(stale(OTHER_POPULATION)),
        _ => Err(stale(stranger(&parts))),
    }
}

const DAMAGED: &str = "its position is damaged";
const OTHER_POPULATION: &str = "it was made when user-types named other users";

fn time(text: &str) -> Option<u64> {
    text.parse().ok().filter(|time| *time <= LATEST)
}

/// Why a string that nobody here reads is none of ours.
fn stranger(parts: &[&str]) -> &'static str {
    match parts {
        [VERSION, _, ..] => "it belongs to another kind of import",
        [version, _, ..] if version.parse::<u64>().is_ok() => "it was made by another version of the connector",
        _ => "it is none of this connector's",
    }
}

fn stale(what: &str, reason: &str) -> Error {
    Error::new(ErrorKind::StaleReference, format!("the {what} of the import cannot be used: {reason}"))
        .with_remedy("Start with a full import")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: Population = Population(15);

    fn id() -> Id {
        Id::parse("0055e000001AbcD").unwrap()
    }

    #[test]
    fn a_cursor_survives_its_string() {
        let other = Id::parse("0055e000001AbcF").unwrap();
        let ranges = vec![
            Range { after: None, end: Some(id()), left: 7 },
            Range { after: Some(id()), end: Some(other), left: 0 },
            Range { after: Some(other), end: None, left: 123_456 },
        ];
        for left in [Left::Changes(1_700_000_000, id()), Left::Ranges(ranges)] {
            let cursor = Cursor { population: ALL, began: 1_700_000_300, left };
            assert_eq!(Cursor::parse(&cursor.to_string(), ALL), Ok(cursor));
        }
    }

    #[test]
    fn a_watermark_begins_before_its_import_did() {
        assert_eq!(parse_watermark(&watermark(ALL, 1_700_000_300, 300), ALL), Ok(1_700_000_000));
        assert_eq!(parse_watermark(&watermark(ALL, 5, 300), ALL), Ok(0));
    }

    #[test]
    fn what_cannot_be_resumed_says_why() {
        let range = "0055e000001AbcD--1";
        for (text, reason) in [
            ("4.full.15.0.0055e000001AbcD--1", "another version"),
            ("2.full.15.1700000000.0055e000001AbcD", "another version"),
            ("3.delta.x", "another kind"),
            ("3.since.15.5", "another kind"),
            ("3.full.15.0", "damaged"),
            ("3.full.15.0.", "damaged"),
            ("3.full.15.0.0055e000001AbcD", "damaged"),
            ("3.full.15.0.0055e000001AbcD--x", "damaged"),
            ("3.full.15.0.0055e000001AbcD--1-1", "damaged"),
            ("3.full.15.0.0035e000001AbcD--1", "damaged"),
            ("3.full.15.99999999999999.0055e000001AbcD--1", "damaged"),
            (&format!("3.full.15.0{}", format!(".{range}").repeat(101)), "damaged"),
            ("3.changes.15.0.x.0055e000001AbcD", "damaged"),
            ("3.changes.15.0.5", "damaged"),
            ("3.full.7.1700000000.0055e000001AbcD--1", "user-types"),
            ("", "none of this"),
            ("01g5e000001AbcD-2000", "none of this"),
        ] {
            let error = Cursor::parse(text, ALL).unwrap_err();
            assert_eq!(error.kind, ErrorKind::StaleReference, "{text}");
            assert!(error.message.contains(reason), "{text}: {}", error.message);
        }
        assert!(parse_watermark("3.since.7.5", ALL).unwrap_err().message.contains("user-types"));
        assert!(parse_watermark("3.full.15.5.0055e000001AbcD--1", ALL).unwrap_err().message.contains("another kind"));
    }

    #[test]
    fn a_population_is_its_user_types() {
        let some = Population::new(&["PowerPartner", "CspLitePortal"]);
        assert_eq!(some.user_types(), ["CspLitePortal", "PowerPartner"]);
        assert_eq!(Population::new(&USER_TYPES.map(|(_, kind)| kind)), ALL);
    }

    proptest! {
        #[test]
        fn any_string_resumes_or_is_refused(text in "\\PC*|[0-9]\\.(full|changes|since)(\\.[0-9a-zA-Z-]{0,20}){0,5}") {
            for outcome in [Cursor::parse(&text, ALL).map(|_| ()), parse_watermark(&text, ALL).map(|_| ())] {
                if let Err(error) = outcome {
                    prop_assert_eq!(error.kind.clone(), ErrorKind::StaleReference);
                }
            }
        }
    }
}
