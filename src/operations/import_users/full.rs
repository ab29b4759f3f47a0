//! Pages of all users: each a query of its own, or, where they are very many, a piece of one Bulk query's rows.

use super::cursor::{Cursor, Place, Reached};
use super::holdings::{self, Holdings, Who};
use super::{Job, SUBJECT, has_type, malformed, watermark};
use crate::host::{Host, Level};
use crate::model::{Error, ImportPage, Result};
use crate::operations::ID;
use crate::salesforce::bulk;
use crate::salesforce::composite;
use crate::salesforce::id::Id;
use crate::salesforce::query;
use crate::salesforce::record::Record;
use crate::salesforce::soql::{Condition, Literal, Name, Select};

/// Most records that Salesforce gives in one answer (H), and most users whose holdings one call asks for.
const LARGEST_PAGE: u32 = 2000;

pub(super) fn page<H: Host>(job: &Job<'_, H>, start: &Cursor) -> Result<ImportPage> {
    if let Some(reached) = &start.reached
        && let Some(place) = &reached.bulk
    {
        match bulk_page(job, start, reached, place) {
            // The rows are kept for seven days (H).
            Err(error) if is_refusal(&error) => go_on_without(job, &error),
            page => return page,
        }
    }
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
        Some(last) if start.last() != Some(*last) => {
            let next = start.behind(*last, began);
            let is_large = start.reached.is_none() && ids.len() >= LARGEST_PAGE as usize;
            let place = if is_large { bulk_query(job, &next)? } else { None };
            Some(match place {
                Some(place) => next.in_bulk(place),
                None => next,
            })
        }
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

/// A Bulk query of the users behind the first page, where those are enough for one.
fn bulk_query<H: Host>(job: &Job<'_, H>, start: &Cursor) -> Result<Option<Place>> {
    let Some(threshold) = job.bulk_threshold else { return Ok(None) };
    let all = Select::count("User").filter(&has_type("UserType", &start.population.user_types()));
    let response = query::send(job.client, &all, SUBJECT)?;
    if query::page(&response, SUBJECT)?.total.is_none_or(|total| total < threshold) {
        return Ok(None);
    }
    match bulk::run(job.client, &users(job, start), SUBJECT) {
        Ok(id) => Ok(id.and_then(|id| Id::parse(&id).ok()).map(|id| (id, None))),
        // The admin user, or the organisation's edition, may lack the Bulk API.
        Err(error) if is_refusal(&error) => {
            go_on_without(job, &error);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn is_refusal(error: &Error) -> bool {
    error.upstream.as_ref().is_some_and(|upstream| matches!(upstream.status, 400 | 403..=410))
}

fn go_on_without<H: Host>(job: &Job<'_, H>, error: &Error) {
    let fields = [("reason", error.message.as_str())];
    job.client.host().log(Level::Warn, "the import goes on by queries instead of the Bulk API", &fields);
}

fn bulk_page<H: Host>(
    job: &Job<'_, H>,
    start: &Cursor,
    reached: &Reached,
    (id, locator): &Place,
) -> Result<ImportPage> {
    let limit = job.page_size.clamp(1, LARGEST_PAGE);
    let response = bulk::results(job.client, id.as_str(), locator.as_deref(), limit, SUBJECT)?;
    let fields = job.fields();
    let fields: Vec<&str> = fields.iter().map(Name::as_str).collect();
    let records = bulk::rows(&response, &fields, SUBJECT)?;
    let ids = ids(&records)?;
    if ids.is_empty() && bulk::locator(&response).is_some() {
        return Err(malformed("a piece of rows that is not the last and has no users"));
    }
    let next = bulk::locator(&response).map(|locator| {
        let last = ids.last().copied().unwrap_or(reached.last);
        start.behind(last, reached.began).in_bulk((*id, Some(locator.to_owned())))
    });
    finish(job, start, reached.began, &records, &ids, next)
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
