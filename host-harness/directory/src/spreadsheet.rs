//! Cells of CSV files that spreadsheets open.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return for a formula, which may send the rest of
//! the sheet away. Names and messages come from applications, so each such cell is written behind an apostrophe, as OWASP advises
//! ("CSV Injection"), and read back without it.

use std::borrow::Cow;
use std::io;

fn begins_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// Whether a text is written behind an apostrophe: one that begins a formula, or what would be read back as one. Spreadsheets ignore
/// blanks before a formula.
fn is_guarded(text: &str) -> bool {
    let unguarded = text.trim_start_matches('\'');
    begins_formula(unguarded) || begins_formula(unguarded.trim_start_matches(' '))
}

/// The text as a cell that is no formula: `=1+1` becomes `'=1+1`.
#[must_use]
pub fn cell(text: &str) -> Cow<'_, str> {
    if is_guarded(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// The text that [`cell`] made this cell of.
#[must_use]
pub fn text(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if is_guarded(text) => text,
        _ => cell,
    }
}

/// Writes a file (RFC 4180) of these rows, none of whose cells is a formula.
///
/// # Errors
/// Those of `out`.
pub fn write<'a, R: IntoIterator<Item = &'a str>>(
    out: impl io::Write,
    columns: impl IntoIterator<Item = &'a str>,
    rows: impl IntoIterator<Item = R>,
) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(columns)?;
    for row in rows {
        csv.write_record(row.into_iter().map(|text| cell(text).into_owned()))?;
    }
    csv.flush()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for formula in ["=HYPERLINK(\"http://evil\")", "+49 30 1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1"] {
            assert_eq!(cell(formula), format!("'{formula}"));
        }
        for plain in ["", "Ada", "a=b", "'tis", "1-2", "ada@new.example"] {
            assert_eq!(cell(plain), plain);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(written in "[ '=+@a\\-\t]{0,6}") {
            let guarded = cell(&written);
            prop_assert_eq!(text(&guarded), &*written);
            prop_assert!(!begins_formula(guarded.trim_start_matches(' ')));
        }
    }
}
