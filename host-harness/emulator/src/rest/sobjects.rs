//! Rows by id: `sobjects/{Object}` and `sobjects/{Object}/{id}`.

use rusqlite::types::Value as Column;
use serde_json::json;

use super::{Context, Request, Response};
use crate::error::ApiError;
use crate::org::catalogue::{self, Field, FieldType, Object};
use crate::org::{ids, store};
use crate::rules;
use crate::soql::Record;

pub(super) fn object(name: &str) -> Result<&'static Object, ApiError> {
    catalogue::object(name).ok_or_else(ApiError::not_found)
}

pub(super) fn create(context: &Context<'_>, request: &Request, name: &str) -> Result<Response, ApiError> {
    let object = object(name)?;
    let id = rules::create(&context.actor, object, request.object()?)?;
    let location = format!("{}/sobjects/{}/{id}", context.version.base(), object.name);
    let body = json!({"id": id, "success": true, "errors": []});
    Ok(Response::json(201, &body).with_header("location", location))
}

/// The fields that `?fields=` names, or all.
pub(super) fn selected(object: &'static Object, list: Option<&str>) -> Result<Vec<&'static Field>, ApiError> {
    let Some(list) = list else { return Ok(object.fields.iter().collect()) };
    list.split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| {
            object.field(name).ok_or_else(|| {
                ApiError::new(
                    400,
                    "INVALID_FIELD",
                    format!(
                        "No such column '{name}' on entity '{}'. If you are attempting to use a custom field, be sure to \
                         append the '__c' after the custom field name. Please reference your WSDL or the describe call for \
                         the appropriate names.",
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
    let columns: Vec<(&'static str, FieldType, Column)> = fields
        .iter()
        .map(|field| (field.name, field.kind, row.get(field.name).cloned().unwrap_or(Column::Null)))
        .collect();
    Record::of_row(object.name, url, columns)
}

pub(super) fn read(context: &Context<'_>, request: &Request, name: &str, id: &str) -> Result<Response, ApiError> {
    let object = object(name)?;
    let fields = selected(object, request.parameter("fields"))?;
    if ids::normalise(id).is_none_or(|full| !full.starts_with(object.key_prefix)) {
        // Salesforce takes what is no id for an external id field (H for the text).
        return Err(ApiError::new(
            404,
            "NOT_FOUND",
            format!("Provided external ID field does not exist or is not accessible: {id}"),
        ));
    }
    let mut row = rules::existing(&context.actor, object, id).map_err(gone)?;
    Ok(Response::json(200, &record(context, object, &mut row, &fields)))
}

/// In an address, a record that is not there is a resource that is not there.
fn gone(error: ApiError) -> ApiError {
    if error == rules::missing() { ApiError::not_found() } else { error }
}

pub(super) fn update(context: &Context<'_>, request: &Request, name: &str, id: &str) -> Result<Response, ApiError> {
    let object = object(name)?;
    let body = request.object()?;
    rules::existing(&context.actor, object, id).map_err(gone)?;
    rules::update(&context.actor, object, id, body)?;
    Ok(Response::no_content())
}

pub(super) fn delete(context: &Context<'_>, name: &str, id: &str) -> Result<Response, ApiError> {
    let object = object(name)?;
    rules::existing(&context.actor, object, id).map_err(gone)?;
    rules::delete(&context.actor, object, id)?;
    Ok(Response::no_content())
}
