//! Writing many records of one kind: up to 200 by one call (`composite/sobjects`), and up to 1,000 by a `composite` of five such
//! parts, which counts as one call (H).
//!
//! Each record has its own result, and `allOrNone` is false: a bad record never fails its neighbours (H). Contacts and
//! users never share a call, since one of them is a setup object (H). Calls of one piece of work go side by side; where that is
//! not to be, as with contacts of one account, the caller gives no more records than one call takes ([`MOST`]).

use std::borrow::Cow;
use std::cell::RefCell;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::client::{Call, Client, Repeat};
use super::composite::{self, Answer, MOST_COLLECTIONS, Part};
use super::error::{self, Fault};
use super::json::Write;
use super::query::unreadable;
use crate::diagnosis;
use crate::host::{Host, Method};
use crate::model::Error;
use crate::together;

/// Most records of one collection (H).
const PART: usize = 200;

/// Most records of one call.
pub const MOST: usize = PART * MOST_COLLECTIONS;

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
pub async fn create<H: Host>(
    client: &Client<H>,
    records: &[Write],
    subject: &'static str,
    report: Progress<'_>,
) -> Vec<Written> {
    write(client, Items::Records(Method::Post, records), Repeat::Never, subject, report).await
}

/// Makes records that relate two others, of which Salesforce takes no second one with the same ends (H): a call may be sent
/// again. Results stand in the order of the records; `subject` names them together, in the plural.
pub async fn relate<H: Host>(
    client: &Client<H>,
    records: &[Write],
    subject: &'static str,
    report: Progress<'_>,
) -> Vec<Written> {
    write(client, Items::Records(Method::Post, records), Repeat::Always, subject, report).await
}

/// Changes records. Results stand in the order of the records; `subject` names them together, in the plural.
pub async fn update<H: Host>(
    client: &Client<H>,
    records: &[Write],
    subject: &'static str,
    report: Progress<'_>,
) -> Vec<Written> {
    write(client, Items::Records(Method::Patch, records), Repeat::Always, subject, report).await
}

/// Deletes records by their ids. Results stand in the order of the ids.
pub async fn delete<H: Host>(
    client: &Client<H>,
    ids: &[String],
    subject: &'static str,
    report: Progress<'_>,
) -> Vec<Written> {
    write(client, Items::Ids(ids), Repeat::Always, subject, report).await
}

/// What is written.
#[derive(Clone, Copy)]
enum Items<'a> {
    /// Records, new ones or others.
    Records(Method, &'a [Write]),
    /// The ids of records that are deleted.
    Ids(&'a [String]),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    all_or_none: bool,
    records: &'a [&'a Write],
}

impl Items<'_> {
    fn count(self) -> usize {
        match self {
            Self::Records(_, records) => records.len(),
            Self::Ids(ids) => ids.len(),
        }
    }

    /// Method, path and body of the collection of the items at these places.
    fn part(self, places: &[usize]) -> (Method, String, Option<Box<RawValue>>) {
        match self {
            Self::Records(method, records) => {
                let records: Vec<&Write> = places.iter().filter_map(|&at| records.get(at)).collect();
                // Writing to memory cannot fail.
                let body = to_raw_value(&Body { all_or_none: false, records: &records }).ok();
                (method, "composite/sobjects".to_owned(), body)
            }
            Self::Ids(ids) => {
                let ids: Vec<&str> = places.iter().filter_map(|&at| ids.get(at)).map(String::as_str).collect();
                (Method::Delete, format!("composite/sobjects?ids={}&allOrNone=false", ids.join(",")), None)
            }
        }
    }
}

/// Writes the items in as many calls as they need, side by side.
async fn write<H: Host>(
    client: &Client<H>,
    items: Items<'_>,
    repeat: Repeat,
    subject: &'static str,
    report: Progress<'_>,
) -> Vec<Written> {
    let report = RefCell::new(report);
    let all: Vec<usize> = (0..items.count()).collect();
    let calls = all.chunks(MOST).map(async |places| {
        let (mut written, mut rest) = (Vec::with_capacity(places.len()), places);
        while !rest.is_empty() {
            // An organization whose automations take long gets 200 records at a time, one call after the other.
            let most = if client.is_slow() { PART } else { MOST };
            let (some, others) = rest.split_at(rest.len().min(most));
            written.extend(persist(client, items, some, repeat, subject, &report).await);
            rest = others;
        }
        written
    });
    together::all(calls).await.into_iter().flatten().collect()
}

/// Writes the items at these places, which fit into one call. Those that met a passing condition are tried again.
async fn persist<H: Host>(
    client: &Client<H>,
    items: Items<'_>,
    places: &[usize],
    repeat: Repeat,
    subject: &'static str,
    report: &RefCell<Progress<'_>>,
) -> Vec<Written> {
    let mut written: Vec<Option<Written>> = places.iter().map(|_| None).collect();
    let mut pending: Vec<usize> = (0..places.len()).collect();
    for attempt in 0..=RETRIES {
        let batch: Vec<usize> = pending.iter().filter_map(|&at| places.get(at).copied()).collect();
        let results = send(client, items, &batch, repeat, subject).await;
        let done: Vec<(usize, &str)> =
            batch.iter().zip(&results).filter_map(|(&at, result)| Some((at, result.as_deref().ok()?))).collect();
        if !done.is_empty() {
            report.borrow_mut()(&done);
        }
        if results.iter().any(|result| matches!(result, Err(Refused::Record(fault)) if diagnosis::is_lock(fault))) {
            client.narrow();
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
    written.into_iter().map(|slot| slot.unwrap_or_else(|| Err(failed(unreadable(subject), true)))).collect()
}

/// Sends the items at these places by one call: as a collection, or as a composite of several.
async fn send<H: Host>(
    client: &Client<H>,
    items: Items<'_>,
    places: &[usize],
    repeat: Repeat,
    subject: &'static str,
) -> Vec<Written> {
    let parts: Vec<&[usize]> = places.chunks(PART).collect();
    let call = match parts.as_slice() {
        [only] => {
            let (method, path, body) = items.part(only);
            let body = body.map(|body| Cow::Owned(Box::<str>::from(body).into_string()));
            Call { method, path: Cow::Owned(path), body, repeat }
        }
        several => {
            let parts = several.iter().map(|places| {
                let (method, path, body) = items.part(places);
                Part { method: method_name(method), path, body }
            });
            composite::call(client, &parts.collect::<Vec<_>>(), repeat)
        }
    };
    let response = match client.answer(call, subject).await {
        Ok(response) => response,
        Err(failed) => {
            if failed.uncertain && parts.len() > 1 {
                client.note_slow();
            }
            return all_failed(places.len(), &failed.error, failed.uncertain);
        }
    };
    if let [only] = parts.as_slice() {
        let body = str::from_utf8(&response.body).unwrap_or_default();
        return read_all(body, response.status, error::request_id(&response), only.len(), subject);
    }
    match composite::answers(&response, parts.len(), subject) {
        Ok(answers) => {
            let results =
                parts.iter().zip(&answers).map(|(part, answer)| read_part(answer, part.len(), repeat, subject));
            results.flatten().collect()
        }
        // The call was acted on, but which record got which result cannot be told.
        Err(error) => all_failed(places.len(), &error, true),
    }
}

/// Reads the answer to one part of a composite, which succeeds or fails for itself. A passing condition is one of its records.
fn read_part(answer: &Answer<'_>, count: usize, repeat: Repeat, subject: &str) -> Vec<Written> {
    match (answer.fault(), answer.json()) {
        (Some(fault), _) if diagnosis::is_passing(&fault) && (repeat == Repeat::Always || !fault.is_silent()) => {
            (0..count).map(|_| Err(Refused::Record(fault.clone()))).collect()
        }
        (Some(fault), _) => {
            let uncertain = fault.is_silent();
            all_failed(count, &diagnosis::diagnose(fault, subject), uncertain)
        }
        (None, Some(body)) => read_all(body, answer.status(), answer.request_id(), count, subject),
        (None, None) => all_failed(count, &unreadable(subject), true),
    }
}

/// Reads the answer to one collection.
fn read_all(body: &str, status: u16, request_id: Option<&str>, count: usize, subject: &str) -> Vec<Written> {
    match serde_json::from_str::<Vec<&RawValue>>(body) {
        Ok(results) if results.len() == count => {
            results.iter().map(|result| read(result.get(), status, request_id, subject)).collect()
        }
        // It was acted on, but which record got which result cannot be told.
        _ => all_failed(count, &unreadable(subject), true),
    }
}

fn all_failed(count: usize, error: &Error, uncertain: bool) -> Vec<Written> {
    (0..count).map(|_| Err(failed(error.clone(), uncertain))).collect()
}

fn failed(error: Error, uncertain: bool) -> Refused {
    Refused::Call { error: Box::new(error), uncertain }
}

/// The name of a method, as a part of a composite has it.
fn method_name(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    }
}

/// What became of one record.
#[derive(Deserialize)]
struct SaveResult<'a> {
    success: Option<bool>,
    id: Option<String>,
    #[serde(borrow)]
    errors: Option<&'a RawValue>,
}

fn read(result: &str, status: u16, request_id: Option<&str>, subject: &str) -> Written {
    match serde_json::from_str(result) {
        Ok(SaveResult { success: Some(true), id: Some(id), .. }) if !id.is_empty() => Ok(id),
        Ok(SaveResult { success: Some(false), errors, .. }) => {
            let fault = error::read(status, errors.map_or("", RawValue::get));
            Err(Refused::Record(Fault { request_id: request_id.map(str::to_owned), ..fault }))
        }
        // It was acted on, but what became of it isn't said.
        _ => Err(failed(unreadable(subject), true)),
    }
}

#[cfg(test)]
mod tests;
