//! `sobjects/{Object}/updated` and `/deleted`: what changed in a span of time (H).
//!
//! Where codes and limits are known from the documents, texts often are not: each says which it is.

use rusqlite::params;
use serde_json::{Value, json};

use super::{Context, Request, Response, sobjects};
use crate::error::ApiError;
use crate::org::catalogue::Object;
use crate::org::clock::{parse_datetime, rest_datetime};
use crate::org::seed::EPOCH;

const DAY: i64 = 86_400;
/// How far back a span may begin, in seconds (H).
const REACH: i64 = 30 * DAY;
/// How far back deletions are kept, in seconds (H).
const KEPT: i64 = 15 * DAY;
/// The most ids in an answer (H).
const MAX_IDS: usize = 600_000;

struct Span {
    from: i64,
    until: i64,
}

fn invalid(message: &str) -> ApiError {
    ApiError::new(400, "INVALID_REPLICATION_DATE", message)
}

fn span(context: &Context<'_>, request: &Request) -> Result<Span, ApiError> {
    let read = |name: &str| {
        let text = request
            .parameter(name)
            .ok_or_else(|| ApiError::new(400, "MISSING_ARGUMENT", format!("The {name} parameter is required")))?;
        // A plus that nobody escaped was read as a blank.
        let at = parse_datetime(text).or_else(|| parse_datetime(&text.replace(' ', "+")));
        // Seconds do not count (H).
        at.map(|at| at - at.rem_euclid(60)).ok_or_else(|| {
            ApiError::new(400, "INVALID_FIELD", format!("The {name} parameter '{text}' is not a date and time"))
        })
    };
    let (from, until) = (read("start")?, read("end")?);
    if from >= until {
        // Code H, text L.
        return Err(invalid("startDate must be before endDate"));
    }
    if from < EPOCH {
        // Text M: a client handles it.
        return Err(invalid("startDate before org replication enabled date"));
    }
    if from < context.actor.org.clock.now() - REACH - 60 {
        // Text L.
        return Err(invalid("startDate cannot be more than 30 days ago"));
    }
    Ok(Span { from, until })
}

fn replicateable(context: &Context<'_>, name: &str) -> Result<&'static Object, ApiError> {
    let object = sobjects::object(context, name)?;
    if object.is_replicateable() {
        return Ok(object);
    }
    // Code and text are L.
    Err(ApiError::new(400, "INVALID_TYPE", format!("Object {} is not replicateable", object.name)))
}

fn check_count(count: usize) -> Result<(), ApiError> {
    if count <= MAX_IDS {
        return Ok(());
    }
    // Code H, text L.
    Err(ApiError::new(400, "EXCEEDED_ID_LIMIT", format!("More than {MAX_IDS} ids; choose a shorter span of time")))
}

/// Until when an answer is complete: to the end of the span, or to now when that lies ahead.
fn covered(context: &Context<'_>, span: &Span) -> String {
    let now = context.actor.org.clock.now();
    rest_datetime(span.until.min(now - now.rem_euclid(60)))
}

pub(super) fn updated(context: &Context<'_>, request: &Request, name: &str) -> Result<Response, ApiError> {
    let object = replicateable(context, name)?;
    let span = span(context, request)?;
    let alive = if object.recycled { " AND IsDeleted = 0" } else { "" };
    let sql = format!(
        "SELECT Id FROM \"{}\" WHERE SystemModstamp >= ?1 AND SystemModstamp < ?2{alive} ORDER BY SystemModstamp, Id",
        object.name
    );
    let ids: Result<Vec<String>, rusqlite::Error> =
        context.actor.db.prepare_cached(&sql)?.query_map([span.from, span.until], |row| row.get(0))?.collect();
    let ids = ids?;
    check_count(ids.len())?;
    Ok(Response::json(200, &json!({"ids": ids, "latestDateCovered": covered(context, &span)})))
}

pub(super) fn deleted(context: &Context<'_>, request: &Request, name: &str) -> Result<Response, ApiError> {
    let object = replicateable(context, name)?;
    let span = span(context, request)?;
    let now = context.actor.org.clock.now();
    let from = span.from.max(now - KEPT);
    let sql = if object.recycled {
        format!(
            "SELECT Id, SystemModstamp FROM \"{}\" WHERE IsDeleted = 1 AND SystemModstamp >= ?1 AND SystemModstamp < ?2
               AND ?3 <> '' ORDER BY SystemModstamp, Id",
            object.name
        )
    } else {
        "SELECT Id, At FROM _removed WHERE At >= ?1 AND At < ?2 AND substr(Id, 1, 3) = ?3 ORDER BY At, Id".to_owned()
    };
    let mut statement = context.actor.db.prepare_cached(&sql)?;
    let records = statement.query_map(params![from, span.until, object.key_prefix], |row| {
        let at: i64 = row.get(1)?;
        Ok(json!({"id": row.get::<_, String>(0)?, "deletedDate": rest_datetime(at)}))
    })?;
    let records: Vec<Value> = records.collect::<Result<_, rusqlite::Error>>()?;
    check_count(records.len())?;
    Ok(Response::json(
        200,
        &json!({
            "deletedRecords": records,
            "earliestDateAvailable": rest_datetime((now - KEPT).max(EPOCH)),
            "latestDateCovered": covered(context, &span),
        }),
    ))
}
