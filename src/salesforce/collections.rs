//! Writing up to 200 records of one kind in one call (`composite/sobjects`).
//!
//! Each record has its own result, and `allOrNone` is false: a bad record never fails its neighbours (H). Contacts and
//! users never share a call, since one of them is a setup object (H).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::client::{Call, Client, Repeat};
use super::error::{self, Fault};
use super::json::{self, Write};
use super::query::unreadable;
use crate::diagnosis;
use crate::host::{Host, Method, Response};
use crate::model::Error;

/// Most records of one call (H).
pub const MOST: usize = 200;

/// How often a record that met a passing condition is tried again.
const RETRIES: u32 = 3;

/// Why one record was not written.
#[derive(Debug)]
pub enum Refused {
    /// Salesforce refused this record.
    Record(Fault),
    /// The call as a whole failed. Where `uncertain`, Salesforce may have acted on it all the same.
    Call {
        /// Why.
        error: Box<Error>,
        /// Whether the record may have been written.
        uncertain: bool,
    },
}

impl Refused {
    /// The error for people; `subject` names the record.
    pub fn into_error(self, subject: &str) -> Error {
        match self {
            Self::Record(fault) => diagnosis::diagnose(fault, subject),
            Self::Call { error, .. } => *error,
        }
    }

    /// Whether the record may have been written all the same.
    pub fn is_uncertain(&self) -> bool {
        matches!(self, Self::Call { uncertain: true, .. })
    }
}

/// What became of one record: its id, or why it was not written.
pub type Written = Result<String, Refused>;

/// Is called with what each request has written as soon as its answer is there: places among the records, and ids.
pub type Progress<'a> = &'a mut dyn FnMut(&[(usize, &str)]);

/// Makes records. Results stand in the order of the records; `subject` names them together, in the plural.
pub fn create<H: Host>(client: &Client<H>, records: &[Write], subject: &str, report: Progress<'_>) -> Vec<Written> {
    write(client, Method::Post, Repeat::Never, records, subject, report)
}

/// Makes records that relate two others, of which Salesforce takes no second one with the same ends (H): a call may be sent
/// again. Results stand in the order of the records; `subject` names them together, in the plural.
pub fn relate<H: Host>(client: &Client<H>, records: &[Write], subject: &str, report: Progress<'_>) -> Vec<Written> {
    write(client, Method::Post, Repeat::Always, records, subject, report)
}

/// Changes records. Results stand in the order of the records; `subject` names them together, in the plural.
pub fn update<H: Host>(client: &Client<H>, records: &[Write], subject: &str, report: Progress<'_>) -> Vec<Written> {
    write(client, Method::Patch, Repeat::Always, records, subject, report)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    all_or_none: bool,
    records: &'a [&'a Write],
}

fn write<H: Host>(
    client: &Client<H>,
    method: Method,
    repeat: Repeat,
    records: &[Write],
    subject: &str,
    report: Progress<'_>,
) -> Vec<Written> {
    chunked(client, records, subject, report, |records| {
        let body = json::body(&Body { all_or_none: false, records });
        Call { method, path: Cow::Borrowed("composite/sobjects"), body, repeat }
    })
}

/// Deletes records by their ids. Results stand in the order of the ids.
pub fn delete<H: Host>(client: &Client<H>, ids: &[String], subject: &str, report: Progress<'_>) -> Vec<Written> {
    chunked(client, ids, subject, report, |ids| {
        let ids = ids.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(",");
        let path = Cow::Owned(format!("composite/sobjects?ids={ids}&allOrNone=false"));
        Call { method: Method::Delete, path, body: None, repeat: Repeat::Always }
    })
}

/// Sends the items, which are records or ids, in as many calls as they need.
fn chunked<H: Host, T>(
    client: &Client<H>,
    items: &[T],
    subject: &str,
    report: Progress<'_>,
    call: impl Fn(&[&T]) -> Call<'static>,
) -> Vec<Written> {
    let mut written: Vec<Option<Written>> = items.iter().map(|_| None).collect();
    let all: Vec<usize> = (0..items.len()).collect();
    for chunk in all.chunks(MOST) {
        let mut pending = chunk.to_vec();
        for attempt in 0..=RETRIES {
            let batch: Vec<&T> = pending.iter().filter_map(|&at| items.get(at)).collect();
            let results = send(client, &call(&batch), batch.len(), subject);
            let done: Vec<(usize, &str)> =
                pending.iter().zip(&results).filter_map(|(&at, result)| Some((at, result.as_deref().ok()?))).collect();
            if !done.is_empty() {
                report(&done);
            }
            let mut again = Vec::new();
            for (&at, result) in pending.iter().zip(results) {
                let passing = matches!(&result, Err(Refused::Record(fault)) if diagnosis::is_passing(fault));
                if passing && attempt < RETRIES {
                    again.push(at);
                }
                if let Some(slot) = written.get_mut(at) {
                    *slot = Some(result);
                }
            }
            if again.is_empty() {
                break;
            }
            client.back_off(attempt, "records that Salesforce was changing at the same moment");
            pending = again;
        }
    }
    written.into_iter().map(|slot| slot.unwrap_or_else(|| Err(failed(unreadable(subject), true)))).collect()
}

fn send<H: Host>(client: &Client<H>, call: &Call<'_>, count: usize, subject: &str) -> Vec<Written> {
    let failure = match client.attempt(call, subject) {
        Ok(response) => match serde_json::from_slice::<Vec<&RawValue>>(&response.body) {
            Ok(results) if results.len() == count => {
                return results.iter().map(|result| read(result.get(), &response, subject)).collect();
            }
            // The call was acted on, but which record got which result cannot be told.
            _ => (unreadable(subject), true),
        },
        Err(failed) => (failed.error, failed.uncertain),
    };
    (0..count).map(|_| Err(failed(failure.0.clone(), failure.1))).collect()
}

fn failed(error: Error, uncertain: bool) -> Refused {
    Refused::Call { error: Box::new(error), uncertain }
}

/// What became of one record.
#[derive(Deserialize)]
struct SaveResult<'a> {
    success: Option<bool>,
    id: Option<String>,
    #[serde(borrow)]
    errors: Option<&'a RawValue>,
}

fn read(result: &str, response: &Response, subject: &str) -> Written {
    match serde_json::from_str(result) {
        Ok(SaveResult { success: Some(true), id: Some(id), .. }) if !id.is_empty() => Ok(id),
        Ok(SaveResult { success: Some(false), errors, .. }) => {
            let fault = error::read(response.status, errors.map_or("", RawValue::get)).of(response);
            Err(Refused::Record(fault))
        }
        // It was acted on, but what became of it isn't said.
        _ => Err(failed(unreadable(subject), true)),
    }
}

#[cfg(test)]
mod tests;
