//! Salesforce's errors in plain words: one table from code and message to kind, sentence, remedy and retry.
//!
//! The rows stand in three files by what was refused: a [`sign_in`], a whole [`request`], or a [`record`]. A row with a
//! pattern counts before a row of a code alone, wherever the two stand. What fits no row is passed on whole, with a kind taken
//! from the HTTP status: an unknown error is never swallowed.
//!
//! `tests/golden/connector/diagnosis` holds all rows, and real errors with the row that each has to lead to.

mod record;
mod request;
mod sign_in;

use std::borrow::Cow;

use crate::model::{Details, Error, ErrorKind, Retry};
use crate::salesforce::error::Fault;

/// What helps where the admin user's own password has expired.
pub const EXPIRED_PASSWORD_REMEDY: &str = "Set a new password for this user, enter it with its new security token, and give the user Password Never Expires in its profile";

/// One row of the table.
struct Row {
    /// Salesforce's code; empty for any.
    code: &'static str,
    /// What the message contains, compared without case; empty for any.
    pattern: &'static str,
    kind: ErrorKind,
    retry: Retry,
    /// `{}` stands for the subject.
    sentence: &'static str,
    remedy: &'static str,
}

impl Row {
    fn fits(&self, fault: &Fault) -> bool {
        (self.code.is_empty() || self.code == fault.code) && contains(&fault.message, self.pattern)
    }
}

/// Whether `text` contains `part`, without regard to ASCII case.
fn contains(text: &str, part: &str) -> bool {
    part.is_empty() || text.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

fn rows() -> impl Iterator<Item = &'static Row> + Clone {
    [&sign_in::ROWS[..], &request::ROWS[..], &record::ROWS[..]].into_iter().flatten()
}

/// The row for a fault. Words say more than a code, which may be one that many requests meet.
fn row(fault: &Fault) -> Option<&'static Row> {
    let mut fitting = rows().filter(|row| row.fits(fault));
    fitting.clone().find(|row| !row.pattern.is_empty()).or_else(|| fitting.next())
}

/// Tells a fault in plain words. `subject` says what was refused, fit for the middle of a sentence: `the user
/// ada@example.com`.
pub fn diagnose(fault: Fault, subject: &str) -> Error {
    let (kind, retry, message, remedy) = match row(&fault) {
        Some(row) => (
            row.kind.clone(),
            row.retry,
            row.sentence.replace("{}", subject),
            (!row.remedy.is_empty()).then(|| row.remedy.to_owned()),
        ),
        None => unknown(&fault, subject),
    };
    Details { kind, message, remedy, retry, upstream: Some(fault.into()) }.into()
}

/// Whether the fault is a passing condition that is worth another try within the same call.
pub fn is_passing(fault: &Fault) -> bool {
    request::ROWS
        .iter()
        .find(|row| row.fits(fault))
        .map_or(fault.status >= 500 && fault.code.is_empty(), |row| row.kind == ErrorKind::Transient)
}

fn unknown(fault: &Fault, subject: &str) -> (ErrorKind, Retry, String, Option<String>) {
    let (words, status) = (fault.message.trim(), u64::from(fault.status));
    let message = match (words.is_empty(), fault.code.is_empty()) {
        (false, false) => format!("Salesforce refused {subject}: {words} ({})", fault.code),
        (false, true) => format!("Salesforce refused {subject} with HTTP status {status}: {words}"),
        (true, false) => format!("Salesforce refused {subject} with the code {}", fault.code),
        (true, true) => format!("Salesforce refused {subject} with HTTP status {status} and no reason"),
    };
    if fault.status == 410 {
        let remedy = "Set api-version to one that the organization lists under /services/data/, or leave it out";
        return (ErrorKind::InvalidSettings, Retry::AfterRemedy, message, Some(remedy.to_owned()));
    }
    let (kind, retry) = match fault.status {
        401 => (ErrorKind::InvalidCredentials, Retry::AfterRemedy),
        403 => (ErrorKind::PermissionDenied, Retry::AfterRemedy),
        404 => (ErrorKind::NotFound, Retry::Never),
        429 => (ErrorKind::RateLimited, Retry::After(60)),
        500.. => (ErrorKind::Transient, Retry::After(30)),
        _ => (ErrorKind::Other(short_name(&fault.code)), Retry::Never),
    };
    (kind, retry, message, None)
}

/// `SOME_CODE` as `some-code`.
fn short_name(code: &str) -> Cow<'static, str> {
    let name: String = code
        .chars()
        .take(64)
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' })
        .collect();
    if name.is_empty() { Cow::Borrowed("refused") } else { Cow::Owned(name) }
}

#[cfg(test)]
mod tests;
