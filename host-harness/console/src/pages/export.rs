//! Lists as CSV files, for spreadsheets.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};

use crate::problem::Problem;
use provisioning_directory::spreadsheet;

/// The most rows of a file. A spreadsheet has room for 1,048,576.
pub(super) const MOST: u32 = 1_000_000;

/// A file (RFC 4180) of these rows, none of whose cells is a formula.
///
/// # Errors
/// If a row can't be written.
pub(super) fn file(
    name: &str,
    columns: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> Result<Response, Problem> {
    let failed = |error: csv::Error| Problem::internal(&error);
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(columns).map_err(failed)?;
    for row in rows {
        csv.write_record(row.iter().map(|cell| spreadsheet::cell(cell).into_owned())).map_err(failed)?;
    }
    let text = csv.into_inner().map_err(|error| Problem::internal(&error.error()))?;
    let named = HeaderValue::try_from(format!("attachment; filename=\"{name}.csv\""));
    let named = named.map_err(|error| Problem::internal(&error))?;
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, named)], text).into_response())
}
