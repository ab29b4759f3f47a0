//! Pages of all users.

use super::cursor::Cursor;
use super::holdings::{self, Holdings, Who};
use super::{Job, SUBJECT, has_type, malformed, watermark};
use crate::host::Host;
use crate::model::{ImportPage, Result};
use crate::operations::ID;
use crate::salesforce::composite;
use crate::salesforce::id::Id;
use crate::salesforce::query;
use crate::salesforce::soql::{Condition, Literal, Name, Select};

/// Most records that Salesforce gives in one answer (H).
const LARGEST_PAGE: u32 = 2000;

pub(super) fn page<H: Host>(job: &Job<'_, H>, start: Cursor) -> Result<ImportPage> {
    let limit = job.page_size.clamp(1, LARGEST_PAGE);
    let mut condition = has_type("UserType", start.population.user_types());
    if let Some(last) = start.last {
        condition = Condition::All(vec![condition, Condition::Above(ID, Literal::Id(last))]);
    }
    let select = Select::new(Name::fixed("User"), job.fields()).filter(condition).order_by(ID).limit(limit);
    let response = query::send(job.client, &select, SUBJECT)?;
    let began = job.began(&start, &response);
    let page = query::page(&response, SUBJECT)?;
    let mut ids = Vec::with_capacity(page.records.len());
    for record in &page.records {
        ids.push(record.text("Id").and_then(|id| Id::parse(id).ok()).ok_or_else(|| malformed("a user without an id"))?);
    }
    // Salesforce may give fewer rows than LIMIT and say so by `done`; the rest then follows behind the last id (H).
    let is_last = page.done && ids.len() < limit as usize;
    let next = match ids.last() {
        _ if is_last => None,
        // Without progress, the next page would be this one again, for ever.
        Some(last) if start.last != Some(*last) => Some(start.behind(*last, began).to_string()),
        _ => return Err(malformed("a page that is not the last and has no new users")),
    };
    let mut holdings = Holdings::new(&ids);
    if !ids.is_empty() {
        let queries = holdings::queries(&Who::Range(&ids, start.population), job.schema);
        let reads: Vec<_> = holdings::reads(&queries).collect();
        let response = composite::send(job.client, &reads, SUBJECT)?;
        holdings.read(job.client, &queries, &composite::answers(&response, reads.len(), SUBJECT)?)?;
    }
    let users = page.records.iter().zip(&ids).map(|(record, id)| job.user(record, id, &mut holdings)).collect();
    let watermark = if is_last { watermark(&start, began) } else { None };
    Ok(ImportPage { users, departed: Vec::new(), next, watermark })
}
