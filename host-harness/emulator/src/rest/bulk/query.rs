//! Query jobs: a query's rows as CSV, in sets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::Value;

use super::csv::Dialect;
use super::job::{Job, State, Work};
use super::{keep, with_job, wrong_state};
use crate::error::ApiError;
use crate::rest::{Context, Request, Response};
use crate::soql::{self, Options};

/// The first version with query jobs (H).
const OLDEST: u32 = 47;
/// Records in a set unless `maxRecords` asks for fewer. Salesforce goes by bytes; how many is not said (U).
const LARGEST_SET: usize = 50_000;

pub(super) fn create(context: &Context<'_>, request: &Request) -> Result<Response, ApiError> {
    if context.version.0 < OLDEST {
        return Err(ApiError::not_found());
    }
    let body = request.object()?;
    let operation = match body.get("operation").and_then(Value::as_str) {
        Some("query") => "query",
        Some("queryAll") => "queryAll",
        other => {
            let other = other.unwrap_or_default();
            return Err(ApiError::new(400, "INVALIDJOB", format!("Unsupported operation for a query job: '{other}'")));
        }
    };
    let query = body.get("query").and_then(Value::as_str).unwrap_or_default().to_owned();
    let dialect = Dialect::read(body)?;
    let now = context.actor.org.clock.now();
    let table = soql::table(&query, &options(context, operation))?;
    keep(context, |id| Job {
        id,
        operation,
        object: table.object,
        version: context.version,
        dialect,
        state: State::UploadComplete,
        work: Work::Query { soql: query, columns: table.columns, found: Vec::new() },
        created_by: context.actor.user_id.to_owned(),
        created: now,
        changed: now,
        polls: 0,
        error: None,
    })
}

fn options<'a>(context: &Context<'_>, operation: &str) -> Options<'a> {
    let now = context.actor.org.clock.now();
    let features = context.actor.org.switches().features();
    Options { include_deleted: operation == "queryAll", batch: 0, version: "64.0", now, hidden: &[], features }
}

pub(super) fn work(context: &Context<'_>, job: &mut Job) -> Result<(), ApiError> {
    let options = options(context, job.operation);
    let Work::Query { soql, found, .. } = &mut job.work else { return Ok(()) };
    *found = soql::ids(context.actor.db, soql, &options)?;
    job.state = State::JobComplete;
    Ok(())
}

fn locator(at: usize) -> String {
    STANDARD_NO_PAD.encode(at.to_string())
}

fn read_locator(text: &str) -> Option<usize> {
    String::from_utf8(STANDARD_NO_PAD.decode(text).ok()?).ok()?.parse().ok()
}

pub(super) fn results(context: &Context<'_>, request: &Request, id: &str) -> Result<Response, ApiError> {
    with_job(context, "query", id, |job| {
        if job.version != context.version {
            // That it is a 409 is H; the words are U.
            return Err(ApiError::new(
                409,
                "API_VERSION_MISMATCH",
                format!("The job was created with API version {}; use it for the results, too.", job.version.number()),
            ));
        }
        let options = options(context, job.operation);
        let (Work::Query { soql, columns, found }, State::JobComplete) = (&job.work, job.state) else {
            return Err(wrong_state(job, "Retrieving results"));
        };
        let from = match request.parameter("locator") {
            None | Some("") => 0,
            Some(text) => read_locator(text)
                .filter(|at| *at <= found.len())
                .ok_or_else(|| ApiError::new(400, "INVALID_QUERY_LOCATOR", format!("Invalid locator: {text}")))?,
        };
        let most = match request.parameter("maxRecords") {
            None => LARGEST_SET,
            Some(text) => text
                .parse()
                .ok()
                .filter(|most| *most > 0)
                .map(|most: usize| most.min(LARGEST_SET))
                .ok_or_else(|| {
                    ApiError::new(400, "INVALID_ARGUMENT", format!("maxRecords must be a positive number, not {text}"))
                })?,
        };
        let until = (from + most).min(found.len());
        let records = soql::page(context.actor.db, soql, &found[from..until], &options)?;
        let repeats = context.actor.org.switches().bulk_results_repeat_header;
        let header = (from == 0 || repeats).then(|| columns.clone());
        let rows = records.iter().map(|record| soql::values(record, columns));
        let text = job.dialect.write(header.into_iter().chain(rows))?;
        let next = if until < found.len() { locator(until) } else { "null".to_owned() };
        Ok(Response::text(200, "text/csv;charset=UTF-8", text)
            .with_header("sforce-locator", next)
            .with_header("sforce-numberofrecords", records.len().to_string())
            .with_rows(records.len()))
    })
}
