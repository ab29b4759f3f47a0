//! `composite`, `composite/graph` and `composite/batch`: several requests in one.
//!
//! [`subrequest`] reads a part and runs it through [`dispatch`](super::dispatch) like a request of its own,
//! [`references`] carries values from one part to the next, and [`transaction`] makes parts all or nothing.

mod address;
mod batch;
mod graph;
mod references;
mod subrequest;
mod transaction;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Context, Request, Response};
use crate::error::ApiError;
use crate::org::unconfirmed::Unconfirmed;
use subrequest::{Outcome, Subrequest};

pub(super) use batch::run as batch;
pub(super) use graph::run as graph;

/// Parts of one request (H).
const MAX_SUBREQUESTS: usize = 25;
/// Queries and collections among them (H).
const MAX_HEAVY: usize = 5;

/// `GET composite`: the resources of the family (H).
pub(super) fn resources(context: &Context<'_>) -> Response {
    let base = context.version.base();
    let url = |name: &str| format!("{base}/composite/{name}");
    Response::json(200, &json!({"batch": url("batch"), "graph": url("graph"), "sobjects": url("sobjects")}))
}

/// A request whose limits are exceeded: the code and the form are M, from a recorded answer of `composite/graph`.
fn over_limit(limit: usize, of: &str) -> ApiError {
    ApiError::new(400, "LIMIT_EXCEEDED", format!("Limit of {limit} reached for number of {of}"))
}

/// A request that is not what it must be.
fn malformed() -> ApiError {
    Unconfirmed::CompositeShape.refusal()
}

/// `POST composite`: up to 25 parts, which may use each other's answers; one API call.
///
/// `collateSubrequests` lets Salesforce gather parts of one kind; answers come in the parts' order either way, so it
/// makes no difference here.
pub(super) fn run(context: &Context<'_>, request: &Request) -> Result<Response, ApiError> {
    let body = request.object()?;
    let all_or_none = body.get("allOrNone").and_then(Value::as_bool).unwrap_or(false);
    let parts = subrequest::list(body.get("compositeRequest"), context.version).ok_or_else(malformed)?;
    if parts.len() > MAX_SUBREQUESTS {
        return Err(over_limit(MAX_SUBREQUESTS, "subrequests in the Composite request"));
    }
    if parts.iter().filter(|part| part.is_heavy()).count() > MAX_HEAVY {
        return Err(over_limit(MAX_HEAVY, "query and sObject Collections subrequests in the Composite request"));
    }
    if all_or_none {
        let done = transaction::run(context, &parts, Subrequest::is_composable);
        return Ok(Response::json(200, &Answers { elements: done.into_results(|_| transaction::rolled_back()) }));
    }
    let mut known = references::Known::new(context.version, &parts);
    let outcomes: Vec<Outcome> =
        parts.iter().map(|part| part.run(context, &mut known, Subrequest::is_composable)).collect();
    let elements = outcomes.iter().zip(&parts).map(|(outcome, part)| outcome.element(part)).collect();
    let rows = outcomes.iter().map(|outcome| outcome.rows).sum();
    Ok(Response { rows, ..Response::json(200, &Answers { elements }) })
}

#[derive(Serialize)]
struct Answers<T> {
    #[serde(rename = "compositeResponse")]
    elements: Vec<T>,
}
