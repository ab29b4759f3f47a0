//! Asking by SOQL.

use serde::Deserialize;

use super::client::{Call, Client};
use super::record::{Record, Row};
use super::soql::Select;
use super::url::encode_query;
use crate::host::{Host, Response};
use crate::model::{Error, ErrorKind, Result, Retry};

/// The longest query, percent-encoded, that is sent. The limit is 16,384 bytes for the URL, and the same for URL and headers
/// together (H); this leaves room for both.
pub const LONGEST: usize = 14_000;

/// One answer to a query; borrows from the [`Response`].
#[derive(Debug, Clone)]
pub struct Page<'a> {
    /// Whether this is all. Salesforce may cut an answer anywhere, also before the query's own LIMIT (H).
    pub done: bool,
    /// Where the rest is, relative to the instance.
    next: Option<String>,
    /// How many there are in all, as far as Salesforce says.
    pub total: Option<u64>,
    /// The records.
    pub records: Vec<Record<'a>>,
}

/// An answer without numbers that would lose digits, as it is sent.
pub(super) type WholePage<'a> = Answer<'a, false>;

/// An answer as it is sent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer<'a, const EXACT: bool> {
    done: bool,
    next_records_url: Option<String>,
    total_size: Option<u64>,
    #[serde(borrow)]
    records: Vec<Row<'a, EXACT>>,
}

impl<'a, const EXACT: bool> From<Answer<'a, EXACT>> for Page<'a> {
    fn from(answer: Answer<'a, EXACT>) -> Self {
        let Answer { done, next_records_url: next, total_size: total, records } = answer;
        Self { done, next, total, records: records.into_iter().map(|Row(record)| record).collect() }
    }
}

impl<'a> Page<'a> {
    /// Reads an answer. Returns `None` if it is not in its documented form.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        match serde_json::from_str::<Answer<'a, false>>(text) {
            Err(error) if error.is_data() => serde_json::from_str::<Answer<'a, true>>(text).ok().map(Self::from),
            answer => answer.ok().map(Self::from),
        }
    }
}

impl Page<'_> {
    /// Where the rest of the answer is, if this is not all.
    pub fn rest(&self) -> Option<String> {
        if self.done { None } else { self.next.clone() }
    }
}

/// Sends a query; [`page`] reads the answer. `subject` says what is asked for, for errors.
///
/// # Errors
///
/// As [`Client::call`].
pub fn send<H: Host>(client: &Client<H>, query: &Select, subject: &str) -> Result<Response> {
    client.call(&Call::get(format!("query?q={}", encode_query(&query.to_string()))), subject)
}

/// Reads an answer to a query.
///
/// # Errors
///
/// When the answer is not what Salesforce documents.
pub fn page<'a>(response: &'a Response, subject: &str) -> Result<Page<'a>> {
    str::from_utf8(&response.body).ok().and_then(Page::parse).ok_or_else(|| unreadable(subject))
}

/// Sends a query and gives every record to `each`, following the answer to its end. For answers that are short by their
/// nature; an import pages by key instead.
///
/// # Errors
///
/// As [`send`] and [`page`].
pub fn for_each<H: Host>(
    client: &Client<H>,
    query: &Select,
    subject: &str,
    mut each: impl FnMut(&Record<'_>),
) -> Result<()> {
    let response = send(client, query, subject)?;
    let page = page(&response, subject)?;
    page.records.iter().for_each(&mut each);
    page.rest().map_or(Ok(()), |next| follow(client, next, subject, each))
}

/// Reads the rest of an answer to its end.
///
/// # Errors
///
/// As [`send`] and [`page`].
pub fn follow<H: Host>(
    client: &Client<H>,
    next: String,
    subject: &str,
    mut each: impl FnMut(&Record<'_>),
) -> Result<()> {
    let mut next = Some(next);
    while let Some(path) = next {
        let response = client.call(&Call::get_absolute(path), subject)?;
        let page = page(&response, subject)?;
        page.records.iter().for_each(&mut each);
        next = page.rest();
    }
    Ok(())
}

/// The error for an answer that is not what Salesforce documents.
pub(super) fn unreadable(subject: &str) -> Error {
    Error::new(
        ErrorKind::Transient,
        format!("Salesforce's answer for {subject} is cut off or not in its documented form"),
    )
    .with_retry(Retry::After(30))
}
