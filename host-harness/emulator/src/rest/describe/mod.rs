//! What the org's objects are, as clients see it: the list of all, one in short, one in full.
//!
//! Everything follows from the catalogue. The set of keys is that of a recorded answer (H); keys that say nothing about
//! an object of this org have the value that Salesforce gives there.

mod field;
mod object;

use serde_json::{Value, json};

use super::conditions::{self, Precondition};
use super::{Context, Request, Response, Version};
use crate::error::ApiError;
use crate::org::catalogue::{OBJECTS, Object};
use crate::org::seed::EPOCH;

/// `sobjects`: every object in short, in the order of the alphabet.
pub(super) fn global(context: &Context<'_>, request: &Request) -> Response {
    unless_unchanged(request, || {
        let features = context.actor.org.switches().features();
        let mut objects: Vec<&Object> = OBJECTS.iter().copied().filter(|object| object.is_in(features)).collect();
        objects.sort_by_key(|object| object.name);
        let list: Vec<Value> = objects.iter().map(|object| object::brief(object, context.version)).collect();
        Ok(Response::json(200, &json!({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": list})))
    })
    .unwrap_or_else(Response::from)
}

/// `sobjects/{Object}`: one object in short, and the records that the user looked at last: an API user has none.
pub(super) fn basic(context: &Context<'_>, request: &Request, name: &str) -> Result<Response, ApiError> {
    let object = super::sobjects::object(context, name)?;
    unless_unchanged(request, || {
        let body = json!({"objectDescribe": object::brief(object, context.version), "recentItems": []});
        Ok(Response::json(200, &body))
    })
}

/// `sobjects/{Object}/describe`: one object in full.
pub(super) fn full(context: &Context<'_>, request: &Request, name: &str) -> Result<Response, ApiError> {
    let object = super::sobjects::object(context, name)?;
    unless_unchanged(request, || Ok(Response::json(200, &object::full(context, object))))
}

/// The tag of all metadata, in the form of a recorded one (H).
const TAG: &str = "\"65920080\"";

/// Metadata has not changed since the org was made: 304 to who has seen it since (H).
fn unless_unchanged(
    request: &Request,
    answer: impl FnOnce() -> Result<Response, ApiError>,
) -> Result<Response, ApiError> {
    let told =
        |answer: Response| answer.with_header("etag", TAG).with_header("last-modified", conditions::http_date(EPOCH));
    match conditions::judge(request, EPOCH) {
        Precondition::Go => Ok(told(answer()?)),
        Precondition::NotModified => Ok(told(Response::empty(304))),
        Precondition::Failed => Err(conditions::failed()),
    }
}

/// Where an object's other resources are.
fn url(version: Version, object: &Object, rest: &str) -> String {
    format!("{}/sobjects/{}{rest}", version.base(), object.name)
}
