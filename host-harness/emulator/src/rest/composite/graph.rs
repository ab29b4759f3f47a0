//! `composite/graph`: up to 500 parts in graphs, each of which is all or nothing (H).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::subrequest::{self, Outcome, Subrequest};
use super::{malformed, over_limit, references, transaction};
use crate::error::ApiError;
use crate::rest::{Context, Request, Response};

/// The first version that has the resource (H).
const SINCE: u32 = 50;
/// Graphs in one request (H).
const MAX_GRAPHS: usize = 75;
/// Parts in one graph, and in one request (H).
const MAX_NODES: usize = 500;
/// Kinds of parts in one request: version, method and object (H).
const MAX_KINDS: usize = 15;
/// Parts in the longest chain of references (H).
const MAX_DEPTH: usize = 15;
/// Failed graphs before the rest is not tried (H).
const MAX_FAILURES: usize = 14;

struct Graph {
    id: String,
    parts: Vec<Subrequest>,
}

pub(in crate::rest) fn run(context: &Context<'_>, request: &Request) -> Result<Response, ApiError> {
    if context.version.0 < SINCE {
        return Err(ApiError::not_found());
    }
    let graphs = read(context, request)?;
    let repeats = context.actor.org.switches().graph_repeats_error;
    let mut failures = 0;
    let mut answers = Vec::with_capacity(graphs.len());
    for graph in &graphs {
        let (results, successful) = if failures > MAX_FAILURES {
            let halted = || Outcome::halted("Processing was halted since too many graphs of the request failed.");
            (graph.parts.iter().map(|part| halted().result(part)).collect(), false)
        } else if let Err(refusal) = check(graph) {
            (vec![refusal], false)
        } else {
            let done = transaction::run(context, &graph.parts, is_node);
            let successful = done.is_successful();
            let sibling = |failed: &Outcome| if repeats { failed.clone() } else { transaction::rolled_back() };
            (done.into_results(sibling), successful)
        };
        failures += usize::from(!successful);
        answers.push(json!({
            "graphId": graph.id,
            "graphResponse": {"compositeResponse": results},
            "isSuccessful": successful,
        }));
    }
    Ok(Response::json(200, &json!({"graphs": answers})))
}

fn read(context: &Context<'_>, request: &Request) -> Result<Vec<Graph>, ApiError> {
    let list = request.object()?.get("graphs").and_then(Value::as_array).filter(|graphs| !graphs.is_empty());
    let list = list.ok_or_else(malformed)?;
    if list.len() > MAX_GRAPHS {
        return Err(over_limit(MAX_GRAPHS, "Graphs in the Payload"));
    }
    let mut seen = BTreeSet::new();
    let mut graphs = Vec::with_capacity(list.len());
    for graph in list {
        let id = graph.get("graphId").and_then(Value::as_str).unwrap_or_default().to_owned();
        // Unique, and starting with a letter or a number (H).
        let fits = id.starts_with(|first: char| first.is_ascii_alphanumeric()) && seen.insert(id.clone());
        let parts = subrequest::list(graph.get("compositeRequest"), context.version).filter(|_| fits);
        let parts = parts.ok_or_else(malformed)?;
        graphs.push(Graph { id, parts });
    }
    let all = || graphs.iter().flat_map(|graph| &graph.parts);
    if graphs.len() > 1 && all().count() > MAX_NODES {
        return Err(over_limit(MAX_NODES, "Nodes in the Payload"));
    }
    if all().map(kind).collect::<BTreeSet<_>>().len() > MAX_KINDS {
        return Err(over_limit(MAX_KINDS, "different Nodes in the Payload"));
    }
    Ok(graphs)
}

/// Version, method and object.
fn kind(part: &Subrequest) -> (String, String, String) {
    let version = part.url.split('/').nth(3).unwrap_or_default().to_owned();
    (version, part.method.clone(), part.path().get(1).cloned().unwrap_or_default().to_lowercase())
}

/// Rows and rows by key, and nothing else (H).
fn is_node(part: &Subrequest) -> bool {
    let path = part.path();
    path.first().is_some_and(|family| family == "sobjects")
        && matches!(
            (part.method.as_str(), path.len()),
            ("POST", 2) | ("DELETE" | "GET" | "PATCH", 3) | ("DELETE" | "GET" | "PATCH" | "POST", 4)
        )
        && path.get(3).is_none_or(|last| last != "password")
}

/// Refuses a graph that is too large, by the one result that it then has (M: recorded for the number of nodes).
fn check(graph: &Graph) -> Result<(), Value> {
    let refuse = |limit: usize, of: &str| {
        let error = over_limit(limit, of);
        json!({"body": [error.rest()], "httpHeaders": {}, "httpStatusCode": 400, "referenceId": null})
    };
    if graph.parts.len() > MAX_NODES {
        return Err(refuse(MAX_NODES, "Nodes in the Graph"));
    }
    let mut depths: BTreeMap<&str, usize> = BTreeMap::new();
    for part in &graph.parts {
        let before = references::used(part).iter().filter_map(|id| depths.get(id.as_str())).max().copied();
        depths.insert(&part.reference_id, 1 + before.unwrap_or(0));
    }
    if depths.values().any(|depth| *depth > MAX_DEPTH) {
        return Err(refuse(MAX_DEPTH, "Levels in the Graph"));
    }
    Ok(())
}
