//! Asking several queries together, and reading all of them to their ends.

use std::ops::Range;

use super::client::Client;
use super::composite::{self, MOST_QUERIES, Read};
use super::query::{self, LONGEST};
use super::record::Record;
use super::soql::Select;
use super::url::encode_query;
use crate::host::Host;
use crate::model::{Error, Result};

/// Sends queries, as few calls as they fit into, and gives each record with the place of its query to `each`. Results stand
/// in the order of the queries: why one was refused, while the others were answered.
///
/// # Errors
///
/// When a call as a whole failed.
pub fn gather<H: Host>(
    client: &Client<H>,
    queries: &[Select],
    subject: &str,
    mut each: impl FnMut(usize, &Record<'_>),
) -> Result<Vec<Result<()>>> {
    let mut outcomes = Vec::with_capacity(queries.len());
    for chunk in queries.chunks(MOST_QUERIES) {
        let first = outcomes.len();
        if let [only] = chunk {
            match query::for_each(client, only, subject, |record| each(first, record)) {
                // What Salesforce itself refuses concerns this query; anything else would meet the next one, too.
                Err(error) if !is_refusal(&error) => return Err(error),
                outcome => outcomes.push(outcome),
            }
            continue;
        }
        let reads: Vec<Read<'_>> = chunk.iter().map(Read::Query).collect();
        let response = composite::send(client, &reads, subject)?;
        let mut rest = Vec::new();
        for (at, answer) in composite::answers(&response, chunk.len(), subject)?.iter().enumerate() {
            outcomes.push(answer.page(subject).map(|page| {
                page.records.iter().for_each(|record| each(first + at, record));
                rest.extend(page.rest().map(|next| (first + at, next)));
            }));
        }
        for (at, next) in rest {
            query::follow(client, next, subject, |record| each(at, record))?;
        }
    }
    Ok(outcomes)
}

fn is_refusal(error: &Error) -> bool {
    error.upstream.as_ref().is_some_and(|upstream| upstream.status == 400)
}

/// As [`gather`], where every query has to be answered.
///
/// # Errors
///
/// When a call failed or a query was refused.
pub fn gather_all<H: Host>(
    client: &Client<H>,
    queries: &[Select],
    subject: &str,
    each: impl FnMut(usize, &Record<'_>),
) -> Result<()> {
    gather(client, queries, subject, each)?.into_iter().collect()
}

/// One query about `count` items, or several of about the same length where it would be too long. `query` asks about some of
/// the items.
pub fn split(count: usize, query: impl Fn(Range<usize>) -> Select) -> Vec<Select> {
    if count == 0 {
        return Vec::new();
    }
    let mut parts = 1;
    loop {
        let size = count.div_ceil(parts);
        let starts = (0..count).step_by(size);
        let queries: Vec<Select> = starts.map(|start| query(start..count.min(start + size))).collect();
        let lengths = queries.iter().map(|query| encode_query(&query.to_string()).len());
        let longest = lengths.max().unwrap_or_default();
        if longest <= LONGEST || size == 1 {
            return queries;
        }
        parts = (parts + 1).max(parts * longest / LONGEST);
    }
}

#[cfg(test)]
mod tests;
