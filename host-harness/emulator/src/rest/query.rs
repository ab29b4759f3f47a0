//! `query` and `queryAll`, and their further pages.

use serde::Serialize;

use super::{Context, Request, Response};
use crate::error::ApiError;
use crate::org::ids;
use crate::soql::{self, Options, Record};

/// Records on a page unless the client asks otherwise, and the bounds of what it may ask (H).
const DEFAULT_BATCH: usize = 2_000;
const MIN_BATCH: usize = 200;

/// What locators begin with (H; earlier ones began with `01g`).
const LOCATOR_PREFIX: &str = "0r8";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    total_size: usize,
    done: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_records_url: Option<String>,
    records: &'a [Record],
}

fn batch(context: &Context<'_>, request: &Request) -> usize {
    let wanted = request
        .header("sforce-query-options")
        .and_then(|options| {
            options.split([',', ';']).find_map(|option| {
                let (name, value) = option.split_once('=')?;
                name.trim().eq_ignore_ascii_case("batchSize").then(|| value.trim().parse::<usize>().ok())?
            })
        })
        .map_or(DEFAULT_BATCH, |size| size.clamp(MIN_BATCH, DEFAULT_BATCH));
    wanted.min(context.actor.org.switches().largest_query_page).max(1)
}

fn next_url(context: &Context<'_>, number: u64, at: usize) -> String {
    let locator = ids::record_id(LOCATOR_PREFIX, &context.actor.org.facts.pod, number);
    format!("{}/query/{locator}-{at}", context.version.base())
}

pub(super) fn run(context: &Context<'_>, request: &Request, include_deleted: bool) -> Result<Response, ApiError> {
    if request.parameter("explain").is_some() {
        return Err(ApiError::not_emulated("The parameter explain of a query"));
    }
    let soql = request
        .parameter("q")
        .ok_or_else(|| ApiError::new(400, "MALFORMED_QUERY", "A query string has to be specified"))?;
    let version = context.version.number();
    let actor = &context.actor;
    let now = actor.org.clock.now();
    let switches = actor.org.switches();
    let hidden = &switches.hidden_objects;
    let features = switches.features();
    let options = Options { include_deleted, batch: batch(context, request), version: &version, now, hidden, features };
    if request.parameter("columns").is_some_and(|wanted| wanted.eq_ignore_ascii_case("true")) {
        return Ok(Response::json(200, &soql::columns(soql, &options)?));
    }
    let answer = soql::run(actor.db, soql, &options)?;
    let done = answer.rest.is_empty();
    let at = answer.records.len();
    let next = (!done).then(|| {
        let number = context.locators.open(actor.user_id, now, soql, include_deleted, answer.total, answer.rest);
        next_url(context, number, at)
    });
    let page = Page { total_size: answer.total, done, next_records_url: next, records: &answer.records };
    Ok(Response::json(200, &page).with_rows(at))
}

/// Reads `0r8…-2000`: the cursor's number and where to go on.
fn read_locator(context: &Context<'_>, locator: &str) -> Option<(u64, usize)> {
    let (id, at) = locator.split_once('-')?;
    let full = ids::normalise(id)?;
    let number = ids::serial(&full)?;
    let expected = ids::record_id(LOCATOR_PREFIX, &context.actor.org.facts.pod, number);
    (full == expected).then_some((number, at.parse().ok()?))
}

pub(super) fn more(context: &Context<'_>, request: &Request, locator: &str) -> Result<Response, ApiError> {
    let actor = &context.actor;
    let now = actor.org.clock.now();
    let gone = || ApiError::new(400, "INVALID_QUERY_LOCATOR", "invalid query locator");
    let (number, at) = read_locator(context, locator).ok_or_else(gone)?;
    let cursor = context.locators.find(actor.user_id, now, number).ok_or_else(gone)?;
    let from = at.checked_sub(cursor.first).filter(|from| *from <= cursor.ids.len()).ok_or_else(gone)?;
    let until = (from + batch(context, request)).min(cursor.ids.len());
    let version = context.version.number();
    let options = Options {
        include_deleted: cursor.include_deleted,
        batch: DEFAULT_BATCH,
        version: &version,
        now,
        hidden: &[],
        features: actor.org.switches().features(),
    };
    let records = soql::page(actor.db, &cursor.soql, &cursor.ids[from..until], &options)?;
    let done = until == cursor.ids.len();
    let next = (!done).then(|| next_url(context, number, cursor.first + until));
    let page = Page { total_size: cursor.total, done, next_records_url: next, records: &records };
    Ok(Response::json(200, &page).with_rows(records.len()))
}
