//! `composite/batch`: up to 25 independent requests, one after the other, each for itself (H).

use serde_json::{Value, json};

use super::address::Address;
use super::{MAX_SUBREQUESTS, malformed, over_limit};
use crate::error::ApiError;
use crate::exact;
use crate::org::unconfirmed::Unconfirmed;
use crate::rest::{self, Body, Context, Request, Response};

struct Part {
    method: String,
    address: Address,
    body: Body,
}

/// Each part counts as a request of its own (H); the first was counted when the batch came in.
pub(in crate::rest) fn run(context: &Context<'_>, request: &Request) -> Result<Response, ApiError> {
    let body = request.object()?;
    let halt_on_error = body.get("haltOnError").and_then(Value::as_bool).unwrap_or(false);
    let list = body.get("batchRequests").and_then(Value::as_array).filter(|list| !list.is_empty());
    let list = list.ok_or_else(malformed)?;
    if list.len() > MAX_SUBREQUESTS {
        return Err(over_limit(MAX_SUBREQUESTS, "subrequests in the Batch request"));
    }
    let parts: Option<Vec<Part>> = list.iter().map(read).collect();
    let parts = parts.ok_or_else(malformed)?;
    let mut has_errors = false;
    let mut results = Vec::with_capacity(list.len());
    for (index, part) in parts.into_iter().enumerate() {
        let response = if has_errors && halt_on_error {
            // The status and the code are H, the text is L.
            ApiError::new(412, "BATCH_PROCESSING_HALTED", "Batch processing halted per request.").into()
        } else if index > 0
            && let Err(over) = context.usage.count()
        {
            over.into()
        } else {
            answer(context, part)
        };
        has_errors |= response.status >= 400;
        let result: Value = exact::read(response.body.as_bytes()).unwrap_or(Value::Null);
        results.push(json!({"statusCode": response.status, "result": result}));
    }
    Ok(Response::json(200, &json!({"hasErrors": has_errors, "results": results})))
}

fn read(part: &Value) -> Option<Part> {
    let text = |name: &str| part.get(name).and_then(Value::as_str);
    Some(Part {
        method: text("method")?.to_uppercase(),
        address: Address::relative(text("url")?)?,
        body: part.get("richInput").filter(|body| !body.is_null()).cloned().map_or(Body::Empty, Body::Json),
    })
}

fn answer(context: &Context<'_>, part: Part) -> Response {
    let Part { method, address: Address { version, path, query }, body } = part;
    if path.first().is_some_and(|family| family == "composite") {
        return Unconfirmed::CompositePart.refusal().into();
    }
    let request = Request { method, path, query, body, headers: std::collections::BTreeMap::new() };
    rest::dispatch(&Context { version, ..*context }, &request)
}
