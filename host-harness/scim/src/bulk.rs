//! Several operations in a request: `/Bulk` (RFC 7644 §3.7).
//!
//! All operations are written first, one after the other, and then their tasks are waited for together: they are in one push.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::answer::Answer;
use crate::protocol::error::{ScimError, ScimType};
use crate::protocol::projection::Projection;
use crate::pusher::Ended;
use crate::refusal;
use crate::request::Conditions;
use crate::service::{Caller, Shared};
use crate::{groups, users};

/// The most operations of a request. Clients cut group changes into pieces of this size.
pub(crate) const MOST_OPERATIONS: usize = 1000;

enum Begun {
    User(users::Begun),
    Group(groups::Begun),
}

pub(crate) async fn run(shared: &Shared, caller: &Arc<Caller>, body: &Json) -> Result<Answer, ScimError> {
    let syntax = |detail: &str| ScimError::bad(ScimType::InvalidSyntax, detail.to_owned());
    let find = |name: &str| {
        body.as_object()
            .and_then(|body| body.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
    };
    let Some(operations) = find("Operations").and_then(Json::as_array) else {
        return Err(syntax("the body has no list `Operations`; send one with at least one operation"));
    };
    if operations.len() > MOST_OPERATIONS {
        return Err(ScimError::new(
            413,
            format!(
                "the request has {} operations, and {MOST_OPERATIONS} at most are carried out; send several",
                operations.len()
            ),
        ));
    }
    let most_errors = find("failOnErrors").and_then(Json::as_u64).filter(|most| *most > 0);
    let mut ids: HashMap<String, String> = HashMap::new();
    let mut begun: Vec<(usize, Result<Begun, ScimError>)> = Vec::new();
    let mut errors = 0;
    for (at, operation) in operations.iter().enumerate() {
        if most_errors.is_some_and(|most| errors >= most) {
            break;
        }
        let result = begin(shared, caller, operation, &ids).await;
        match &result {
            Ok(one) => {
                if let Some(name) = operation.get("bulkId").and_then(Json::as_str) {
                    let id = match one {
                        Begun::User(one) => &one.id,
                        Begun::Group(one) => &one.id,
                    };
                    ids.insert(name.to_owned(), id.clone());
                }
            }
            Err(_) => errors += 1,
        }
        begun.push((at, result));
    }
    let mut answers = Vec::with_capacity(begun.len());
    let all: BTreeSet<_> = begun
        .iter()
        .filter_map(|(_, one)| one.as_ref().ok())
        .flat_map(|one| match one {
            Begun::User(one) => one.tasks.iter(),
            Begun::Group(one) => one.tasks.iter(),
        })
        .copied()
        .collect();
    let stopped = shared.pusher.wait_for_all(&caller.tenant, &all, caller.until).await;
    let stopped = stopped.map_err(|error| refusal::of_directory(&error))?;
    for (at, result) in begun {
        let finished = match result {
            Ok(Begun::User(one)) => {
                let ended = shared.pusher.ended(&one.tasks).map_err(|error| refusal::of_directory(&error))?;
                let ended = match (ended, &stopped) {
                    (Ended::Waits, Some(error)) => Ended::Stopped(error.clone()),
                    (ended, _) => ended,
                };
                users::finish(shared, caller, one, ended, &Projection::All).await
            }
            Ok(Begun::Group(one)) => groups::finish(shared, caller, one, &Projection::All).await,
            Err(error) => Err(error),
        };
        let operation = operations.get(at).unwrap_or(&Json::Null);
        answers.push(answered(operation, finished.unwrap_or_else(Answer::from)));
    }
    Ok(Answer::new(
        200,
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"], "Operations": answers }),
    ))
}

fn answered(operation: &Json, answer: Answer) -> Json {
    let mut parts = Map::new();
    for name in ["method", "bulkId"] {
        if let Some(value) = operation.get(name) {
            parts.insert(name.to_owned(), value.clone());
        }
    }
    parts.insert("status".to_owned(), answer.status.to_string().into());
    if let Some(location) = answer.location {
        parts.insert("location".to_owned(), location.into());
    }
    if let Some(version) = answer.version {
        parts.insert("version".to_owned(), version.into());
    }
    if answer.status >= 400
        && let Some(body) = answer.body
    {
        parts.insert("response".to_owned(), body);
    }
    Json::Object(parts)
}

async fn begin(
    shared: &Shared,
    caller: &Arc<Caller>,
    operation: &Json,
    ids: &HashMap<String, String>,
) -> Result<Begun, ScimError> {
    let syntax = |detail: String| ScimError::bad(ScimType::InvalidSyntax, detail);
    let text = |name: &str| operation.get(name).and_then(Json::as_str);
    let method = text("method").unwrap_or_default().to_ascii_uppercase();
    let path = text("path").ok_or_else(|| syntax("the operation has no path; name a resource".to_owned()))?;
    let mut parts = path.trim_matches('/').split('/');
    let (kind, id) = (parts.next().unwrap_or_default(), parts.next().map(|id| resolved(id, ids)).transpose()?);
    let mut data = operation.get("data").cloned().unwrap_or(Json::Null);
    resolve(&mut data, ids)?;
    let conditions = Conditions { if_match: text("version").map(str::to_owned), ..Conditions::default() };
    match (method.as_str(), kind.to_ascii_lowercase().as_str(), &id) {
        ("POST", "users", None) => users::create(shared, caller, &data).await.map(Begun::User),
        ("PUT", "users", Some(id)) => users::replace(shared, caller, id, &data, &conditions).await.map(Begun::User),
        ("PATCH", "users", Some(id)) => users::patch(shared, caller, id, &data, &conditions).await.map(Begun::User),
        ("DELETE", "users", Some(id)) => users::delete(shared, caller, id, &conditions).await.map(Begun::User),
        ("POST", "groups", None) => groups::create(shared, caller, &data).await.map(Begun::Group),
        ("PUT", "groups", Some(id)) => groups::replace(shared, caller, id, &data, &conditions).await.map(Begun::Group),
        ("PATCH", "groups", Some(id)) => groups::patch(shared, caller, id, &data, &conditions).await.map(Begun::Group),
        ("DELETE", "groups", Some(id)) => groups::delete(shared, caller, id, &conditions).await.map(Begun::Group),
        _ => Err(syntax(
            "the operation is none of POST, PUT, PATCH and DELETE on a user or a group; correct it".to_owned(),
        )),
    }
}

/// An id, or that of what an earlier operation has created.
fn resolved(id: &str, ids: &HashMap<String, String>) -> Result<String, ScimError> {
    match id.strip_prefix("bulkId:") {
        None => Ok(id.to_owned()),
        Some(name) => ids.get(name).cloned().ok_or_else(|| ScimError {
            kind: Some(ScimType::InvalidValue),
            ..ScimError::new(
                409,
                format!(
                    "no operation before this one has created `{}`; put the one that does before it",
                    name.chars().take(64).collect::<String>()
                ),
            )
        }),
    }
}

fn resolve(value: &mut Json, ids: &HashMap<String, String>) -> Result<(), ScimError> {
    match value {
        Json::String(text) if text.starts_with("bulkId:") => *text = resolved(text, ids)?,
        Json::Array(values) => values.iter_mut().try_for_each(|value| resolve(value, ids))?,
        Json::Object(parts) => parts.values_mut().try_for_each(|value| resolve(value, ids))?,
        _ => {}
    }
    Ok(())
}
