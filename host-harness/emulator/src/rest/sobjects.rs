//! Rows by id: `sobjects/{Object}` and `sobjects/{Object}/{id}`.

use rusqlite::types::Value as Column;
use serde_json::json;

use super::conditions::{self, Precondition};
use super::{Context, Request, Response};
use crate::error::ApiError;
use crate::org::catalogue::{self, Field, FieldType, Object};
use crate::org::{ids, store};
use crate::rules;
use crate::soql::Record;

pub(super) fn object(context: &Context<'_>, name: &str) -> Result<&'static Object, ApiError> {
    let features = context.actor.org.switches().features();
    catalogue::object(name).filter(|object| object.is_in(features)).ok_or_else(ApiError::not_found)
}

pub(super) fn create(context: &Context<'_>, request: &Request, name: &str) -> Result<Response, ApiError> {
    let object = object(context, name)?;
    let id = rules::create(&context.actor, object, request.object()?)?;
    let body = json!({"id": id, "success": true, "errors": []});
    Ok(Response::json(201, &body).with_header("location", location(context, object, &id)))
}

/// Where a record can be read.
pub(super) fn location(context: &Context<'_>, object: &Object, id: &str) -> String {
    format!("{}/sobjects/{}/{id}", context.version.base(), object.name)
}

/// Salesforce takes what is no id for an external id field (H for the text).
pub(super) fn no_such_key(name: &str) -> ApiError {
    let message = format!("Provided external ID field does not exist or is not accessible: {name}");
    ApiError::new(404, "NOT_FOUND", message)
}

/// When a row changed last, in seconds since 1970.
fn changed(row: &store::Row) -> i64 {
    let at = |name: &str| match row.get(name) {
        Some(Column::Integer(at)) => Some(*at),
        _ => None,
    };
    at("LastModifiedDate").or_else(|| at("SystemModstamp")).unwrap_or_default()
}

/// The answer of a request whose conditions the record does not meet; none where it may go on.
pub(super) fn precondition(
    context: &Context<'_>,
    request: &Request,
    object: &'static Object,
    id: &str,
) -> Result<Option<Response>, ApiError> {
    let row = rules::existing(&context.actor, object, id).map_err(gone)?;
    match conditions::judge(request, changed(&row)) {
        Precondition::Go => Ok(None),
        Precondition::NotModified => Ok(Some(with_state(Response::empty(304), &row))),
        Precondition::Failed => Err(conditions::failed()),
    }
}

/// The fields that `?fields=` names, or all.
pub(super) fn selected(
    context: &Context<'_>,
    object: &'static Object,
    list: Option<&str>,
) -> Result<Vec<&'static Field>, ApiError> {
    let features = context.actor.org.switches().features();
    let Some(list) = list else { return Ok(object.fields_in(features).collect()) };
    list.split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| {
            if object.lacks(name) {
                return Err(ApiError::not_emulated(&format!("The field {name} of {}", object.name)));
            }
            object.field_in(features, name).ok_or_else(|| {
                ApiError::new(
                    400,
                    "INVALID_FIELD",
                    format!(
                        "No such column '{name}' on entity '{}'. If you are attempting to use a custom field, be sure \
                         to append the '__c' after the custom field name. Please reference your WSDL or the describe \
                         call for the appropriate names.",
                        object.name
                    ),
                )
            })
        })
        .collect()
}

/// The record of a stored row, with these fields.
pub(super) fn record(
    context: &Context<'_>,
    object: &'static Object,
    row: &mut store::Row,
    fields: &[&'static Field],
) -> Record {
    let id = store::text(row, "Id").unwrap_or_default();
    let url = format!("{}/sobjects/{}/{id}", context.version.base(), object.name);
    let features = context.actor.org.switches().features();
    let columns: Vec<(&'static str, FieldType, Column)> = fields
        .iter()
        .map(|field| (field.name, field.kind, features.shown(field, row.get(field.name).cloned())))
        .collect();
    Record::of_row(object.name, url, columns)
}

pub(super) fn read(context: &Context<'_>, request: &Request, name: &str, id: &str) -> Result<Response, ApiError> {
    let object = object(context, name)?;
    let fields = selected(context, object, request.parameter("fields"))?;
    if ids::normalise(id).is_none_or(|full| !full.starts_with(object.key_prefix)) {
        return Err(no_such_key(id));
    }
    if let Some(refused) = precondition(context, request, object, id)? {
        return Ok(refused);
    }
    let mut row = rules::existing(&context.actor, object, id).map_err(gone)?;
    let answer = Response::json(200, &record(context, object, &mut row, &fields));
    Ok(with_state(answer, &row))
}

/// An answer with the tag and the date of the record that it is about (H).
fn with_state(answer: Response, row: &store::Row) -> Response {
    let changed = changed(row);
    let tag = conditions::tag(&format!("{}{changed}", store::text(row, "Id").unwrap_or_default()));
    answer.with_header("etag", tag).with_header("last-modified", conditions::http_date(changed))
}

/// In an address, a record that is not there is a resource that is not there.
fn gone(error: ApiError) -> ApiError {
    if error == rules::missing() { ApiError::not_found() } else { error }
}

pub(super) fn update(context: &Context<'_>, request: &Request, name: &str, id: &str) -> Result<Response, ApiError> {
    let object = object(context, name)?;
    let body = request.object()?;
    if let Some(refused) = precondition(context, request, object, id)? {
        return Ok(refused);
    }
    rules::update(&context.actor, object, id, body)?;
    Ok(Response::no_content())
}

pub(super) fn delete(context: &Context<'_>, request: &Request, name: &str, id: &str) -> Result<Response, ApiError> {
    let object = object(context, name)?;
    if let Some(refused) = precondition(context, request, object, id)? {
        return Ok(refused);
    }
    rules::delete(&context.actor, object, id)?;
    Ok(Response::no_content())
}
