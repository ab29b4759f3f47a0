//! Lists as CSV files, for spreadsheets.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};

use crate::problem::Problem;
use provisioning_directory::spreadsheet;

/// The most rows of a file. A spreadsheet has room for 1,048,576.
pub(super) const MOST: u32 = 1_000_000;

/// A file of these rows for the browser to save.
///
/// # Errors
/// If a row can't be written.
pub(super) fn file(
    name: &str,
    columns: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> Result<Response, Problem> {
    let rows: Vec<Vec<String>> = rows.into_iter().collect();
    let mut text = Vec::new();
    spreadsheet::write(&mut text, columns.iter().copied(), rows.iter().map(|row| row.iter().map(String::as_str)))
        .map_err(|error| Problem::internal(&error))?;
    let named = HeaderValue::try_from(format!("attachment; filename=\"{name}.csv\""));
    let named = named.map_err(|error| Problem::internal(&error))?;
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, named)], text).into_response())
}
