//! Pages of all users: each a query of its own, or, where they are very many, a piece of one Bulk query's rows.

use super::cursor::Cursor;
use super::holdings::{self, Holdings, Who};
use super::{Job, SUBJECT, has_type, malformed, watermark};
use crate::host::Host;
use crate::model::{ImportPage, Result};
use crate::operations::ID;
use crate::salesforce::composite;
use crate::salesforce::id::Id;
use crate::salesforce::query;
use crate::salesforce::record::Record;
use crate::salesforce::soql::{Condition, Literal, Select};

/// Most records that Salesforce gives in one answer (H), and most users whose holdings one call asks for.
const LARGEST_PAGE: u32 = 2000;

pub(super) fn page<H: Host>(job: &Job<'_, H>, start: &Cursor) -> Result<ImportPage> {
    let limit = job.page_size.clamp(1, LARGEST_PAGE);
    let response = query::send(job.client, &users(job, start).limit(limit), SUBJECT)?;
    let began = job.began(start, &response);
    let page = query::page(&response, SUBJECT)?;
    let ids = ids(&page.records)?;
    // Salesforce may give fewer rows than LIMIT and say so by `done`; the rest then follows behind the last id (H).
    let is_last = page.done && ids.len() < limit as usize;
    let next = match ids.last() {
        _ if is_last => None,
        // Without progress, the next page would be this one again, for ever.
        Some(last) if start.last() != Some(*last) => Some(start.behind(*last, began)),
        _ => return Err(malformed("a page that is not the last and has no new users")),
    };
    finish(job, start, began, &page.records, &ids, next)
}

/// The users behind the last that was given, in order.
fn users<H: Host>(job: &Job<'_, H>, start: &Cursor) -> Select {
    let mut condition = has_type("UserType", &start.population.user_types());
    if let Some(last) = start.last() {
        condition = Condition::all(&[condition, Condition::above(ID, Literal::Id(last))]);
    }
    Select::new("User", &[]).with(&job.fields()).filter(&condition).order_by(ID)
}

fn ids(records: &[Record<'_>]) -> Result<Vec<Id>> {
    let id = |record: &Record<'_>| record.text("Id").and_then(|id| Id::parse(id).ok());
    records.iter().map(|record| id(record).ok_or_else(|| malformed("a user without an id"))).collect()
}

/// Reads what the users hold, and makes the page.
fn finish<H: Host>(
    job: &Job<'_, H>,
    start: &Cursor,
    began: u64,
    records: &[Record<'_>],
    ids: &[Id],
    next: Option<Cursor>,
) -> Result<ImportPage> {
    let mut holdings = Holdings::new(ids);
    if !ids.is_empty() {
        let queries = holdings::queries(&Who::Range(ids, start.population), job.schema);
        let reads: Vec<_> = holdings::reads(&queries).collect();
        let response = composite::send(job.client, &reads, SUBJECT)?;
        holdings.read(job.client, &queries, &composite::answers(&response, reads.len(), SUBJECT)?)?;
    }
    let users = records.iter().zip(ids).map(|(record, id)| job.user(record, id, &mut holdings)).collect();
    let watermark = next.is_none().then(|| watermark(start, began));
    let (attributes, departed) = (job.attributes(), Vec::new());
    Ok(ImportPage { attributes, users, departed, next: next.map(|next| next.to_string()), watermark })
}
