//! Salesforce's errors in plain words: one table from code and message to kind, sentence, remedy and retry.
//!
//! The rows are in three files by what was refused: a [`sign_in`], a whole [`request`], or a [`record`]. A row with a
//! pattern counts before a row of a code alone, wherever the two are. A row whose code can mean several things quotes
//! Salesforce and lists what can be the cause. What fits no row is passed on whole, with a kind taken from the HTTP status:
//! an unknown error is never swallowed. Web pages and redirects are no errors of Salesforce's; [`detour()`] reports them.
//!
//! `docs/errors.md` has all rows, and `tests/golden/connector/diagnosis` real errors with the row that each has to lead to.

mod detour;
mod record;
mod request;
mod sign_in;

use std::borrow::Cow;

pub use detour::{detour, detour_of_sign_in};

use crate::model::{Details, Error, ErrorKind, Retry};
use crate::salesforce::error::Fault;
use crate::text::quoted;

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
    /// `{}` stands for the subject, `{words}` for what Salesforce said.
    sentence: &'static str,
    /// `{error-id}` stands for the id of an internal error.
    remedy: &'static str,
    /// Where the code and the words come from, and how sure they are: **H** documented or recorded, **M** several
    /// independent quotes, **L** one quote or an inference, **U** not confirmed.
    #[cfg_attr(not(test), expect(dead_code, reason = "the test that writes docs/errors.md reads it"))]
    source: &'static str,
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
    match row(&fault) {
        Some(row) => told(row, fault, subject),
        None => {
            let (kind, retry, message, remedy) = unknown(&fault, subject);
            Details { kind, message, remedy: Some(remedy.to_owned()), retry, upstream: Some(fault.into()) }.into()
        }
    }
}

/// Tells a fault of a sign-in. What fits no row is a refusal of the credentials: nothing can be done before an admin has
/// looked at it.
pub fn diagnose_sign_in(fault: Fault, subject: &str) -> Error {
    match row(&fault) {
        Some(row) => told(row, fault, subject),
        None if fault.is_silent() => diagnose(fault, subject),
        None => Details {
            kind: if fault.status == 429 { ErrorKind::RateLimited } else { ErrorKind::InvalidCredentials },
            message: format!("Salesforce refuses the sign-in of {subject} with {}", words(&fault)),
            remedy: Some("See Setup > Identity > Login History for the reason; it can be the user (inactive, frozen, locked), the credentials, or the policies of the app".to_owned()),
            retry: if fault.status == 429 { Retry::After(60) } else { Retry::AfterRemedy },
            upstream: Some(fault.into()),
        }
        .into(),
    }
}

fn told(row: &Row, fault: Fault, subject: &str) -> Error {
    let mut message = row.sentence.replace("{words}", &words(&fault));
    // Last, because a subject can be anything.
    if let Some((before, after)) = message.split_once("{}") {
        message = format!("{before}{subject}{after}");
    }
    let remedy = (!row.remedy.is_empty()).then(|| row.remedy.replace("{error-id}", error_id(&fault.message)));
    Details { kind: row.kind.clone(), message, remedy, retry: row.retry, upstream: Some(fault.into()) }.into()
}

/// Most characters that a sentence quotes; the whole text is passed on beside it.
const QUOTE: usize = 240;

/// What Salesforce said, in quotes, or its code if it said nothing.
fn words(fault: &Fault) -> String {
    let mut words: Vec<&str> = fault.message.split_whitespace().collect();
    if words.is_empty() {
        return match fault.code.as_str() {
            "" => format!("the HTTP status {}", fault.status),
            code => format!("the code {code}"),
        };
    }
    let mut length = 0;
    let whole = words.len();
    let fit = words.iter().take_while(|word| {
        length += word.chars().count() + 1;
        length <= QUOTE
    });
    words.truncate(fit.count());
    if words.is_empty() {
        // One long word.
        return quoted(&fault.message.trim().chars().take(QUOTE).chain(['…']).collect::<String>());
    }
    let rest = if words.len() < whole { " …" } else { "" };
    quoted(&(words.join(" ") + rest))
}

/// The id under which Salesforce's support finds an internal error: `1452464078-314667 (-1173371248)` in "Please include this
/// ErrorId if you contact support: 1452464078-314667 (-1173371248)" (H).
fn error_id(message: &str) -> &str {
    let id = message.rsplit_once("ErrorId").and_then(|(_, rest)| rest.split_once(':')).map(|(_, id)| id.trim());
    id.filter(|id| !id.is_empty() && id.len() <= 64).unwrap_or("that it answered")
}

/// Whether the fault is a passing condition that is worth another try within the same call.
pub fn is_passing(fault: &Fault) -> bool {
    /// Seconds that a call waits at most for a condition to pass; the next job is better for longer ones.
    const PATIENCE: u32 = 60;
    row(fault).map_or(fault.is_silent(), |row| {
        row.kind == ErrorKind::Transient && matches!(row.retry, Retry::AtOnce | Retry::After(..=PATIENCE))
    })
}

/// Whether too many requests run at once in the organization, of which ours may be some.
pub fn is_crowded(fault: &Fault) -> bool {
    fault.code == "REQUEST_LIMIT_EXCEEDED" && fault.message.contains("Concurrent")
}

/// Whether somebody was changing the same records at that moment, which may have been ourselves.
pub fn is_lock(fault: &Fault) -> bool {
    fault.code == "UNABLE_TO_LOCK_ROW" || contains(&fault.message, "group membership operation already in progress")
}

/// Whether the session has ended, so that another sign-in lets the same call go on. Not every 401 says so (H).
pub fn is_end_of_session(fault: &Fault) -> bool {
    fault.status == 401
        && fault.code == "INVALID_SESSION_ID"
        && row(fault).is_some_and(|row| row.retry == Retry::AtOnce)
}

fn unknown(fault: &Fault, subject: &str) -> (ErrorKind, Retry, String, &'static str) {
    let (words, status) = (fault.message.trim(), u64::from(fault.status));
    let message = match (words.is_empty(), fault.code.is_empty()) {
        (false, false) => format!("Salesforce refused {subject}: {words} ({})", fault.code),
        (false, true) => format!("Salesforce refused {subject} with HTTP status {status}: {words}"),
        (true, false) => format!("Salesforce refused {subject} with the code {}", fault.code),
        (true, true) => format!("Salesforce refused {subject} with HTTP status {status} and no reason"),
    };
    let (kind, retry, remedy) = match fault.status {
        401 => (
            ErrorKind::InvalidCredentials,
            Retry::AfterRemedy,
            "Run test-credentials, and see Setup > Identity > Login History for what happened to the session",
        ),
        403 => (
            ErrorKind::PermissionDenied,
            Retry::AfterRemedy,
            "Check the permissions of the admin user under Setup > Users > Profiles, and whether a proxy or firewall refuses the request",
        ),
        404 => (
            ErrorKind::NotFound,
            Retry::Never,
            "Check the id, and that api-version is one that the organization offers",
        ),
        410 => (
            ErrorKind::InvalidSettings,
            Retry::AfterRemedy,
            "Set api-version to one that the organization lists under /services/data/, or leave it out",
        ),
        429 => (
            ErrorKind::RateLimited,
            Retry::After(60),
            "It is tried again by itself; if it comes back, run fewer jobs side by side",
        ),
        500.. => (
            ErrorKind::Transient,
            Retry::After(30),
            "It is tried again by itself; see status.salesforce.com if it stays so",
        ),
        _ => (
            ErrorKind::Other(short_name(&fault.code)),
            Retry::Never,
            "Act on what Salesforce says; its list of status codes explains the code, and its support finds the request by its id",
        ),
    };
    (kind, retry, message, remedy)
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
