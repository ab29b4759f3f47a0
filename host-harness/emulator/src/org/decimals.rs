//! Decimal numbers as the store keeps them: as texts, each number in one form, compared by value.

use std::cmp::Ordering;

use rusqlite::Connection;
use rust_decimal::Decimal;

/// The digits that describe gives for a number field, the most there are (H).
pub(crate) const DIGITS: u32 = 18;
/// How many of them stand behind the point.
pub(crate) const PLACES: u32 = 2;

fn parse(text: &str) -> Option<Decimal> {
    Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).ok()
}

/// The number in the form that the store keeps; `None` where it is none, or has more digits than the store holds.
pub(crate) fn canonical(text: &str) -> Option<String> {
    parse(text).map(|number| number.normalize().to_string())
}

/// Has columns of decimal numbers compare by value.
///
/// # Errors
/// When SQLite refuses.
pub(super) fn register(db: &Connection) -> rusqlite::Result<()> {
    db.create_collation("DECIMAL", |one, other| match (parse(one), parse(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        // The store holds numbers only; an order is owed all the same.
        (None, None) => one.cmp(other),
        (None, _) => Ordering::Less,
        (_, None) => Ordering::Greater,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_has_one_form() {
        for (text, form) in [
            ("0.10", "0.1"),
            ("-0.1", "-0.1"),
            ("-0", "0"),
            ("1234567890123456.78", "1234567890123456.78"),
            ("1e21", "1000000000000000000000"),
            ("1.5E3", "1500"),
            ("999999999999999999", "999999999999999999"),
        ] {
            assert_eq!(canonical(text).as_deref(), Some(form), "{text}");
        }
        for text in ["", "a", "1.2.3", "1e99", "0x1", "1,5"] {
            assert_eq!(canonical(text), None, "{text}");
        }
    }
}
