//! Asking several queries together, and reading all of them to their ends.

use std::cell::RefCell;
use std::ops::Range;

use super::client::{Call, Client};
use super::composite::{self, MOST_QUERIES, Read};
use super::query::{self, LONGEST};
use super::record::Record;
use super::soql::Select;
use super::url::encode_query;
use crate::host::{Host, Response};
use crate::model::{Error, Result};
use crate::together;

/// What each record is given to, with the place of its query.
type Each<'a> = RefCell<&'a mut dyn FnMut(usize, &Record<'_>)>;

/// Sends queries, in as few calls as they fit into and these side by side, and gives each record with the place of its query to
/// `each`. Results stand in the order of the queries: why one was refused, while the others were answered.
///
/// # Errors
///
/// When a call as a whole failed.
pub async fn gather<H: Host>(
    client: &Client<H>,
    queries: &[Select],
    subject: &'static str,
    mut each: impl FnMut(usize, &Record<'_>),
) -> Result<Vec<Result<()>>> {
    let each: Each<'_> = RefCell::new(&mut each);
    let calls = queries.chunks(MOST_QUERIES).enumerate().map(|(number, queries)| {
        let asking = Asking { client, subject, each: &each, first: number * MOST_QUERIES };
        asking.ask(queries)
    });
    Ok(together::try_all(calls).await?.into_iter().flatten().collect())
}

/// One call of several.
struct Asking<'a, H: Host> {
    client: &'a Client<H>,
    subject: &'static str,
    each: &'a Each<'a>,
    /// The place of its first query.
    first: usize,
}

impl<H: Host> Asking<'_, H> {
    async fn ask(self, queries: &[Select]) -> Result<Vec<Result<()>>> {
        match queries {
            [only] => self.ask_one(only).await,
            several => self.ask_several(several).await,
        }
    }

    async fn ask_one(&self, query: &Select) -> Result<Vec<Result<()>>> {
        let path = format!("query?q={}", encode_query(&query.to_string()));
        match self.read(0, path).await {
            // What Salesforce itself refuses concerns this query; anything else would meet the next one, too.
            Err(error) if !is_refusal(&error) => Err(error),
            outcome => Ok(vec![outcome]),
        }
    }

    async fn ask_several(&self, queries: &[Select]) -> Result<Vec<Result<()>>> {
        let reads: Vec<Read<'_>> = queries.iter().map(Read::Query).collect();
        let response = self.send(composite::reading(self.client, &reads)).await?;
        let (mut outcomes, mut rest) = (Vec::with_capacity(queries.len()), Vec::new());
        for (at, answer) in composite::answers(&response, queries.len(), self.subject)?.iter().enumerate() {
            outcomes.push(answer.page(self.subject).map(|page| {
                self.give(at, &page.records);
                rest.extend(page.rest().map(|next| (at, next)));
            }));
        }
        drop(response);
        for (at, next) in rest {
            self.read(at, next).await?;
        }
        Ok(outcomes)
    }

    /// Reads an answer, which is at this path, to its end.
    async fn read(&self, at: usize, path: String) -> Result<()> {
        let mut next = Some(path);
        while let Some(path) = next {
            let response = self.send(Call::get(path)).await?;
            let page = query::page(&response, self.subject)?;
            self.give(at, &page.records);
            next = page.rest();
        }
        Ok(())
    }

    async fn send(&self, call: Call<'static>) -> Result<Response> {
        self.client.answer(call, self.subject).await.map_err(|failed| failed.error)
    }

    fn give(&self, at: usize, records: &[Record<'_>]) {
        let mut each = self.each.borrow_mut();
        records.iter().for_each(|record| each(self.first + at, record));
    }
}

fn is_refusal(error: &Error) -> bool {
    error.upstream.as_ref().is_some_and(|upstream| upstream.status == 400)
}

/// As [`gather`], where every query has to be answered.
///
/// # Errors
///
/// When a call failed or a query was refused.
pub async fn gather_all<H: Host>(
    client: &Client<H>,
    queries: &[Select],
    subject: &'static str,
    each: impl FnMut(usize, &Record<'_>),
) -> Result<()> {
    gather(client, queries, subject, each).await?.into_iter().collect()
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
