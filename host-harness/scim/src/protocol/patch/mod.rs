//! PATCH (RFC 7644 §3.5.2), in every form that clients send.

mod apply;

use serde_json::{Map, Value as Json};

use super::error::{ScimError, ScimType};
use super::path::Path;

pub use apply::apply;

/// The most operations of a request. Clients cut what they change of a group into requests by `bulk.maxOperations`.
pub const MOST_OPERATIONS: usize = 5000;
/// How many times a filter in a path may be tried on a value within one request: 5,000 operations on lists of 1,000 would be as
/// many as five million.
pub const MOST_TRIALS: usize = 100_000;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Adds to lists, sets the rest.
    Add,
    /// Sets.
    Replace,
    /// Takes away.
    Remove,
}

/// An operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// What it does.
    pub op: Op,
    /// To what; `None` if the value names it.
    pub path: Option<Path>,
    /// With what.
    pub value: Json,
}

/// Reads the operations of a body. Names and operations count without regard to case.
///
/// # Errors
/// `invalidSyntax`, `invalidPath` or `noTarget`, with the number of the operation.
pub fn parse(body: &Json) -> Result<Vec<Operation>, ScimError> {
    let syntax = |detail: String| ScimError::bad(ScimType::InvalidSyntax, detail);
    let find = |object: &Map<String, Json>, name: &str| {
        object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
    };
    let listed = body.as_object().and_then(|body| find(body, "Operations"));
    let Some(Json::Array(listed)) = listed else {
        return Err(syntax("the body has no list `Operations`; send one with at least one operation".to_owned()));
    };
    if listed.is_empty() || listed.len() > MOST_OPERATIONS {
        return Err(syntax(format!("the body has {} operations; send between 1 and {MOST_OPERATIONS}", listed.len())));
    }
    let mut operations = Vec::with_capacity(listed.len());
    for (at, one) in listed.iter().enumerate() {
        let number = at + 1;
        let one =
            one.as_object().ok_or_else(|| syntax(format!("operation {number} isn't an object; send one with `op`")))?;
        let op = find(one, "op");
        let op = match op.as_ref().and_then(Json::as_str).map(str::to_ascii_lowercase).as_deref() {
            Some("add") => Op::Add,
            Some("replace") => Op::Replace,
            Some("remove") => Op::Remove,
            _ => {
                return Err(syntax(format!("the `op` of operation {number} isn't add, replace or remove; correct it")));
            }
        };
        let path = match find(one, "path") {
            None | Some(Json::Null) => None,
            Some(Json::String(text)) if text.trim().is_empty() => None,
            Some(Json::String(text)) => Some(Path::parse(&text)?),
            Some(_) => {
                return Err(ScimError::bad(
                    ScimType::InvalidPath,
                    format!("the path of operation {number} isn't a text; correct it"),
                ));
            }
        };
        let value = find(one, "value").unwrap_or(Json::Null);
        if path.is_none() && op == Op::Remove && !value.is_object() {
            return Err(ScimError::bad(
                ScimType::NoTarget,
                format!("operation {number} removes and has no path; say what it removes"),
            ));
        }
        if path.is_none() && !value.is_object() {
            return Err(syntax(format!(
                "operation {number} has neither a path nor an object as its value; send one of them"
            )));
        }
        operations.push(Operation { op, path, value });
    }
    Ok(operations)
}

#[cfg(test)]
mod tests;
