//! Bulk API 2.0: query jobs and ingest jobs.
//!
//! A job ages by being asked for: the switch `bulk_polls` says at which look it is complete, so that a test meets each
//! state without waiting. Its work is done at that moment, as the user who made it, record by record through the same
//! rules as any other write.

mod csv;
mod ingest;
mod job;
mod query;

use serde_json::{Value, json};

use super::{Context, Request, Response};
use crate::error::ApiError;
use crate::org::ids;
use job::{Job, State, Work};

pub use csv::bulk_csv;
pub(crate) use job::Jobs;

pub(super) fn handle(context: &Context<'_>, request: &Request) -> Result<Response, ApiError> {
    let path: Vec<&str> = request.path.iter().skip(1).map(String::as_str).collect();
    match (request.method.as_str(), path.as_slice()) {
        ("POST", ["query"]) => query::create(context, request),
        ("POST", ["ingest"]) => ingest::create(context, request),
        ("GET", [family @ ("query" | "ingest")]) => list(context, family),
        ("GET", [family @ ("query" | "ingest"), id]) => show(context, family, id),
        ("PATCH", [family @ ("query" | "ingest"), id]) => change(context, request, family, id),
        ("DELETE", [family @ ("query" | "ingest"), id]) => delete(context, family, id),
        ("GET", ["query", id, "results"]) => query::results(context, request, id),
        ("PUT", ["ingest", id, "batches"]) => ingest::upload(context, request, id),
        ("GET", ["ingest", id, kind @ ("successfulResults" | "failedResults")]) => ingest::results(context, id, kind),
        // Clients write it in several ways, and Salesforce takes them (M).
        ("GET", ["ingest", id, kind]) if kind.eq_ignore_ascii_case("unprocessedRecords") => {
            ingest::results(context, id, kind)
        }
        (method, _) => Err(ApiError::not_emulated(&format!("{method} {}", request.path.join("/")))),
    }
}

/// Runs something on a job of this family.
fn with_job<T>(
    context: &Context<'_>,
    family: &str,
    id: &str,
    work: impl FnOnce(&mut Job) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let id = ids::normalise(id).ok_or_else(ApiError::not_found)?;
    let mut kept = context.jobs.lock();
    let job = kept.jobs.get_mut(&id).filter(|job| job.family() == family).ok_or_else(ApiError::not_found)?;
    work(job)
}

/// Keeps a new job and shows it.
fn keep(context: &Context<'_>, make: impl FnOnce(String) -> Job) -> Result<Response, ApiError> {
    let mut kept = context.jobs.lock();
    kept.last += 1;
    let mut job = make(ids::record_id("750", &context.actor.org.facts.pod, kept.last));
    let shown = job.brief();
    if job.state == State::UploadComplete {
        age(context, &mut job)?;
    }
    kept.jobs.insert(job.id.clone(), job);
    Ok(Response::json(200, &shown))
}

/// Moves a queued job on, and does its work when its time has come.
fn age(context: &Context<'_>, job: &mut Job) -> Result<(), ApiError> {
    if !matches!(job.state, State::UploadComplete | State::InProgress) {
        return Ok(());
    }
    job.changed = context.actor.org.clock.now();
    if job.polls < context.actor.org.switches().bulk_polls {
        if job.polls > 0 {
            job.state = State::InProgress;
        }
        return Ok(());
    }
    match job.work {
        Work::Query { .. } => query::work(context, job),
        Work::Ingest(_) => ingest::work(context, job),
    }
}

fn show(context: &Context<'_>, family: &str, id: &str) -> Result<Response, ApiError> {
    with_job(context, family, id, |job| {
        if !job.state.is_over() && job.state != State::Open {
            job.polls += 1;
            age(context, job)?;
        }
        Ok(Response::json(200, &job.full()))
    })
}

fn list(context: &Context<'_>, family: &str) -> Result<Response, ApiError> {
    let kept = context.jobs.lock();
    let records: Vec<Value> = kept.jobs.values().filter(|job| job.family() == family).map(Job::brief).collect();
    Ok(Response::json(200, &json!({"done": true, "records": records, "nextRecordsUrl": Value::Null})))
}

/// A job is in the wrong state for what is asked (H for the code, U for the words).
fn wrong_state(job: &Job, what: &str) -> ApiError {
    ApiError::new(400, "INVALIDJOBSTATE", format!("{what} is not allowed for a job in state {}.", job.state.name()))
}

fn change(context: &Context<'_>, request: &Request, family: &str, id: &str) -> Result<Response, ApiError> {
    let wanted = request.object()?.get("state").and_then(Value::as_str).unwrap_or_default().to_owned();
    with_job(context, family, id, |job| {
        job.changed = context.actor.org.clock.now();
        match wanted.as_str() {
            "Aborted" if !job.state.is_over() => {
                job.state = State::Aborted;
                ingest::abandon(job);
            }
            "UploadComplete" if family == "ingest" && job.state == State::Open => job.state = State::UploadComplete,
            "Aborted" | "UploadComplete" if family == "ingest" || wanted == "Aborted" => {
                return Err(wrong_state(job, &format!("Changing the state to {wanted}")));
            }
            _ => {
                let message = format!("'{wanted}' is not a valid state for a job of this kind.");
                return Err(ApiError::new(400, "INVALIDJOBSTATE", message));
            }
        }
        let shown = job.changed();
        age(context, job)?;
        Ok(Response::json(200, &shown))
    })
}

fn delete(context: &Context<'_>, family: &str, id: &str) -> Result<Response, ApiError> {
    let id = with_job(context, family, id, |job| match job.state {
        State::UploadComplete | State::InProgress => Err(wrong_state(job, "Deletion")),
        State::Open if family == "query" => Err(wrong_state(job, "Deletion")),
        _ => Ok(job.id.clone()),
    })?;
    context.jobs.lock().jobs.remove(&id);
    Ok(Response::no_content())
}
