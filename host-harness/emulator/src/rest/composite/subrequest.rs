//! One part of a composite request.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::address::Address;
use super::references::{Known, Unresolved};
use crate::error::ApiError;
use crate::exact;
use crate::org::unconfirmed::Unconfirmed;
use crate::rest::{self, Body, Context, Request, Response, Version};

/// From here on a reference id with other characters fails the whole request (H).
const STRICT_REFERENCE_IDS: u32 = 52;

/// A part as the client wrote it.
#[derive(Clone, Debug)]
pub(super) struct Subrequest {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) reference_id: String,
    pub(super) body: Option<Value>,
    headers: BTreeMap<String, String>,
}

/// What came of a part.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) status: u16,
    /// The answer as it was written: a query's is long, and few parts are referred to.
    text: String,
    headers: Map<String, Value>,
    /// How many rows it has.
    pub(super) rows: usize,
}

/// An element of `compositeResponse`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Element<'a> {
    body: Option<&'a RawValue>,
    http_headers: &'a Map<String, Value>,
    http_status_code: u16,
    reference_id: &'a str,
}

/// Letters, digits and underscores, the first not an underscore (H).
fn is_reference_id(id: &str) -> bool {
    id.starts_with(|first: char| first.is_ascii_alphanumeric())
        && id.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// Reads the parts of a request; `None` when the whole must be refused, because a part lacks what it must have (H) or
/// an id comes twice.
pub(super) fn list(parts: Option<&Value>, version: Version) -> Option<Vec<Subrequest>> {
    let parts: Vec<Subrequest> = parts?.as_array()?.iter().map(Subrequest::read).collect::<Option<_>>()?;
    let ids: BTreeSet<&str> = parts.iter().map(|part| part.reference_id.as_str()).collect();
    let strict = version.0 >= STRICT_REFERENCE_IDS;
    let fits = ids.len() == parts.len() && !(strict && ids.iter().any(|id| !is_reference_id(id)));
    (fits && !parts.is_empty()).then_some(parts)
}

fn illegal_reference_id(id: &str) -> String {
    format!(
        "Provided referenceId ('{id}') must start with a letter or a number, and it can contain only letters, numbers \
         and underscores ('_')."
    )
}

impl Subrequest {
    fn read(part: &Value) -> Option<Self> {
        let text = |name: &str| part.get(name).and_then(Value::as_str).map(str::to_owned);
        let headers = part.get("httpHeaders").and_then(Value::as_object);
        Some(Self {
            method: text("method")?.to_uppercase(),
            url: text("url")?,
            reference_id: text("referenceId")?,
            body: part.get("body").filter(|body| !body.is_null()).cloned(),
            headers: headers
                .into_iter()
                .flatten()
                .filter_map(|(name, value)| Some((name.to_lowercase(), value.as_str()?.to_owned())))
                .collect(),
        })
    }

    /// The decoded path behind the version, as far as it can be told before references are resolved.
    pub(super) fn path(&self) -> Vec<String> {
        Address::absolute(&self.url).map(|address| address.path).unwrap_or_default()
    }

    /// Whether it is one of the few queries or collections that a request may have.
    pub(super) fn is_heavy(&self) -> bool {
        let path = self.path();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        matches!(path.as_slice(), ["query" | "queryAll", ..] | ["composite", "sobjects", ..])
    }

    /// Whether `composite` takes it: sObject resources, queries and collections (H).
    pub(super) fn is_composable(&self) -> bool {
        self.is_heavy() || self.path().first().is_some_and(|family| matches!(family.as_str(), "sobjects" | "limits"))
    }

    /// Runs it with the answers of its predecessors, and adds its own to them.
    pub(super) fn run(&self, context: &Context<'_>, known: &mut Known, allowed: fn(&Self) -> bool) -> Outcome {
        let outcome = match known.resolve(self) {
            _ if !allowed(self) => Outcome::of(refused().into()),
            Ok(resolved) => resolved.dispatch(context),
            Err(Unresolved { path, reference_id }) => Outcome::halted(&format!(
                "Invalid reference specified. No value for {path} found in {reference_id}. {}",
                illegal_reference_id(&path)
            )),
        };
        known.insert(&self.reference_id, &outcome);
        outcome
    }

    fn dispatch(&self, context: &Context<'_>) -> Outcome {
        let Some(Address { version, path, query }) = Address::absolute(&self.url) else {
            return Outcome::of(refused().into());
        };
        let request = Request {
            method: self.method.clone(),
            path,
            query,
            body: self.body.clone().map_or(Body::Empty, Body::Json),
            headers: self.headers.clone(),
        };
        Outcome::of(rest::dispatch(&Context { version, ..*context }, &request))
    }
}

/// A part that composite requests do not take (H that it is refused).
fn refused() -> ApiError {
    Unconfirmed::CompositePart.refusal()
}

impl Outcome {
    pub(super) fn of(response: Response) -> Self {
        let name = |name: &str| match name {
            "location" => Some("Location"),
            "last-modified" => Some("Last-Modified"),
            "etag" => Some("ETag"),
            _ => None,
        };
        // Here a day of one digit is written as one (H), unlike in HTTP.
        let plain = |value: String| value.replace(", 0", ", ");
        let headers = response.headers.into_iter();
        Self {
            status: response.status,
            text: response.body,
            rows: response.rows,
            headers: headers.filter_map(|(key, value)| Some((name(key)?.to_owned(), json!(plain(value))))).collect(),
        }
    }

    /// The answer.
    pub(super) fn body(&self) -> Value {
        exact::read(self.text.as_bytes()).unwrap_or(Value::Null)
    }

    /// A part that was not run, or whose work was undone, because of another.
    pub(super) fn halted(message: &str) -> Self {
        Self::of(ApiError::new(400, "PROCESSING_HALTED", message).into())
    }

    /// Whether an all-or-nothing request fails by it: so it does by one record of a collection, though that answers
    /// 200 (H).
    pub(super) fn failed(&self) -> bool {
        let record_failed = |record: &Value| record.get("success") == Some(&Value::Bool(false));
        self.status >= 400
            || self.status == 300
            || self.body().as_array().is_some_and(|records| records.iter().any(record_failed))
    }

    /// Its element of `compositeResponse`, as it is written.
    pub(super) fn element<'a>(&'a self, part: &'a Subrequest) -> Element<'a> {
        Element {
            body: serde_json::from_str(&self.text).ok(),
            http_headers: &self.headers,
            http_status_code: self.status,
            reference_id: &part.reference_id,
        }
    }

    /// Its element of `compositeResponse`, as a value.
    pub(super) fn result(self, part: &Subrequest) -> Value {
        json!({
            "body": self.body(),
            "httpHeaders": self.headers,
            "httpStatusCode": self.status,
            "referenceId": part.reference_id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_ids_are_words() {
        for (id, fits) in [("a", true), ("9_z", true), ("_a", false), ("a[1]", false), ("a.b", false), ("", false)] {
            assert_eq!(is_reference_id(id), fits, "{id}");
        }
    }
}
