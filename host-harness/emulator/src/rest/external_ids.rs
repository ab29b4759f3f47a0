//! `sobjects/{Object}/{Field}/{value}`: rows by a key other than their id.

use serde_json::json;

use super::{Context, Request, Response, sobjects};
use crate::error::ApiError;
use crate::org::catalogue::{Field, FieldType, Object};
use crate::org::ids;
use crate::rules;

/// From here on an update by key says so in a body; before it answered 204 without one (H).
const TELLS_UPDATES: u32 = 46;

/// The key that an address names.
fn key(object: &'static Object, name: &str) -> Result<&'static Field, ApiError> {
    if ids::normalise(name).is_some_and(|id| id.starts_with(object.key_prefix)) {
        return Err(ApiError::not_emulated("Reading related records by the name of their relationship"));
    }
    rules::key_field(object, name).map_err(|_| sobjects::no_such_key(name))
}

/// Several records have the key: their addresses, and nothing is done (H).
fn several(context: &Context<'_>, object: &Object, found: &[String]) -> Response {
    let base = context.version.base();
    let urls: Vec<String> = found.iter().map(|id| format!("{base}/sobjects/{}/{id}", object.name)).collect();
    Response::json(300, &urls)
}

pub(super) fn handle(
    context: &Context<'_>,
    request: &Request,
    [object, field, value]: [&str; 3],
) -> Result<Response, ApiError> {
    let object = sobjects::object(context, object)?;
    let field = key(object, field)?;
    let found = rules::matching(&context.actor, object, field, value)?;
    match (request.method.as_str(), found.as_slice()) {
        ("GET" | "PATCH" | "POST" | "DELETE", [_, _, ..]) => Ok(several(context, object, &found)),
        ("PATCH" | "POST", []) if update_only(request) => Err(ApiError::not_found()),
        ("PATCH" | "POST", _) => write(context, request, object, field, value),
        ("GET" | "DELETE", []) => Err(ApiError::not_found()),
        ("GET", [id, ..]) => sobjects::read(context, request, object.name, id),
        ("DELETE", [id, ..]) => sobjects::delete(context, request, object.name, id),
        (method, _) => Err(ApiError::method_not_allowed(method, "DELETE,GET,HEAD,PATCH,POST")),
    }
}

/// `?updateOnly=true`: a record that is not there is not made (H; what is said then is L).
fn update_only(request: &Request) -> bool {
    request.parameter("updateOnly").is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

fn write(
    context: &Context<'_>,
    request: &Request,
    object: &'static Object,
    field: &Field,
    value: &str,
) -> Result<Response, ApiError> {
    let body = request.object()?;
    if body.keys().any(|name| name.eq_ignore_ascii_case(field.name)) {
        // The address says it already (H that it is refused, M for the text).
        return Err(ApiError::new(
            400,
            "INVALID_FIELD",
            format!("The {} field should not be specified in the sobject data.", field.name),
        ));
    }
    if let [id] = rules::matching(&context.actor, object, field, value)?.as_slice()
        && let Some(refused) = sobjects::precondition(context, request, object, id)?
    {
        return Ok(refused);
    }
    let (id, created) = rules::upsert(&context.actor, object, field, Some(value), body).map_err(|error| {
        if field.kind == FieldType::Id && error == rules::missing() { ApiError::not_found() } else { error }
    })?;
    let tells = context.version.0 >= TELLS_UPDATES;
    let mut answer = json!({"id": id, "success": true, "errors": []});
    if tells {
        answer["created"] = json!(created);
    }
    Ok(match (created, tells) {
        (true, _) => Response::json(201, &answer).with_header("location", sobjects::location(context, object, &id)),
        (false, true) => Response::json(200, &answer),
        (false, false) => Response::no_content(),
    })
}
