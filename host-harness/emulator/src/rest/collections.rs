//! `composite/sobjects`: up to 200 records in one call, each with its own result.

use serde_json::{Map, Value};

use super::{Context, Request, Response, sobjects};
use crate::error::ApiError;
use crate::exact;
use crate::org::catalogue::{self, Object};
use crate::org::unconfirmed::Unconfirmed;
use crate::org::{ids, savepoint};
use crate::rules::{self, Actor, KeysInUse, Transaction};

/// Records in one call (H).
const MAX_RECORDS: usize = 200;
/// Runs of one type in one call (H).
const MAX_CHUNKS: usize = 10;

/// A record that was written, and in an upsert whether it is new.
#[derive(Clone)]
struct Written {
    id: String,
    created: Option<bool>,
}

impl From<String> for Written {
    fn from(id: String) -> Self {
        Self { id, created: None }
    }
}

type Outcome = Result<Written, ApiError>;

/// Runs each item; with `all_or_none`, one failure undoes the rest. A transaction around the call decides for it (H).
///
/// The rows of a failed upsert say `created` beside `success: false`: false (H), and true in an all-or-nothing call (M).
/// A row that was undone keeps the id of a record that is still there in one source and loses it in another (H both ways).
fn each<T>(
    context: &Context<'_>,
    items: &[T],
    all_or_none: bool,
    upserts: bool,
    work: impl Fn(&T) -> Outcome,
) -> Result<Response, ApiError> {
    let keep_ids = context.actor.org.switches().rolled_back_rows_keep_id;
    let failed_created = upserts.then_some(all_or_none);
    let all_or_none = all_or_none || context.actor.transaction.is_some();
    let mut outcomes: Vec<Outcome> = Vec::new();
    let whole: Result<(), ApiError> = savepoint(context.actor.db, || {
        outcomes.extend(items.iter().map(&work));
        match outcomes.iter().find_map(|outcome| outcome.as_ref().err()) {
            Some(error) if all_or_none => Err(error.clone()),
            _ => Ok(()),
        }
    });
    let undone = whole.is_err();
    let results: Vec<Value> = outcomes
        .into_iter()
        .map(|outcome| {
            let (id, created, error) = match outcome {
                Ok(Written { id, created }) if undone => {
                    // An id that was given with the record is gone with it.
                    let lasting = keep_ids && created != Some(true) && rules::exists(&context.actor, &id);
                    (lasting.then_some(id), failed_created, Some(rolled_back()))
                }
                Ok(Written { id, created }) => (Some(id), created, None),
                Err(error) => (None, failed_created, Some(error)),
            };
            let mut result = Map::new();
            result.extend(id.map(|id| ("id".to_owned(), Value::String(id))));
            result.insert("success".to_owned(), Value::Bool(error.is_none()));
            result.insert("errors".to_owned(), error.iter().map(ApiError::save_result).collect());
            result.extend(created.map(|created| ("created".to_owned(), Value::Bool(created))));
            Value::Object(result)
        })
        .collect();
    Ok(Response::json(200, &results))
}

fn rolled_back() -> ApiError {
    ApiError::dml(
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "Record rolled back because not all records were valid and the request was using AllOrNone header",
        &[],
    )
}

struct Item {
    object: Result<&'static Object, ApiError>,
    body: Map<String, Value>,
}

fn items(request: &Request) -> Result<(Vec<Item>, bool), ApiError> {
    let body = request.object()?;
    let all_or_none = body.get("allOrNone").and_then(Value::as_bool).unwrap_or(false);
    let records = body.get("records").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    check_count(records.len())?;
    let items: Result<Vec<Item>, ApiError> = records
        .iter()
        .map(|record| {
            let mut body = record.as_object().cloned().ok_or_else(|| {
                ApiError::new(400, "JSON_PARSER_ERROR", "Each record must be a JSON object at [line:1, column:1]")
            })?;
            let attributes = body.remove("attributes");
            let name = attributes.as_ref().and_then(|attributes| attributes["type"].as_str());
            let object = match name {
                None => {
                    Err(ApiError::dml("INVALID_TYPE", "type is not specified in the attributes of the sobject", &[]))
                }
                Some(name) => catalogue::object(name).ok_or_else(|| {
                    ApiError::dml("INVALID_TYPE", format!("sObject type '{name}' is not supported."), &[])
                }),
            };
            Ok(Item { object, body })
        })
        .collect();
    let items = items?;
    check_chunks(&items)?;
    Ok((items, all_or_none))
}

fn check_count(count: usize) -> Result<(), ApiError> {
    match count {
        0 => Err(ApiError::new(400, "REQUIRED_FIELD_MISSING", "At least 1 record is required")),
        1..=MAX_RECORDS => Ok(()),
        _ => Err(ApiError::new(
            400,
            "EXCEEDED_ID_LIMIT",
            format!("record limit reached. cannot submit more than {MAX_RECORDS} records into this call"),
        )),
    }
}

/// Records come in at most ten runs of one type (H). The same words hold for Salesforce's answer only in kind (L).
fn check_chunks(items: &[Item]) -> Result<(), ApiError> {
    let names: Vec<&str> =
        items.iter().filter_map(|item| item.object.as_ref().ok()).map(|object| object.name).collect();
    let chunks = 1 + names.windows(2).filter(|pair| pair[0] != pair[1]).count();
    if chunks > MAX_CHUNKS {
        return Err(ApiError::new(
            400,
            "LIMIT_EXCEEDED",
            format!(
                "You can't have more than {MAX_CHUNKS} chunks in a single operation. Rearrange the records by type."
            ),
        ));
    }
    Ok(())
}

/// Setup objects do not mix with others in one create (H; code and text are M, from the mixed DML rule).
fn check_mix(items: &[Item]) -> Result<(), ApiError> {
    let objects: Vec<&Object> = items.iter().filter_map(|item| item.object.as_ref().ok()).copied().collect();
    let Some(first) = objects.first() else { return Ok(()) };
    match objects.iter().find(|object| object.setup != first.setup) {
        Some(other) => Err(rules::mixed(other.name, first.name)),
        None => Ok(()),
    }
}

pub(super) fn create(context: &Context<'_>, request: &Request) -> Result<Response, ApiError> {
    let (items, all_or_none) = items(request)?;
    check_mix(&items)?;
    each(context, &items, all_or_none, false, |item| {
        Ok(rules::create(&context.actor, item.object.clone()?, &item.body)?.into())
    })
}

/// The records of one call share one transaction (M), unless a larger one is under way.
fn shared<'a>(context: &Context<'a>, own: &'a Transaction) -> Actor<'a> {
    let transaction = context.actor.transaction.or(Some(own));
    Actor { transaction, ..context.actor }
}

/// Takes a field out of a body, whatever its case.
fn take(body: &mut Map<String, Value>, field: &str) -> Option<Value> {
    let name = body.keys().find(|name| name.eq_ignore_ascii_case(field)).cloned()?;
    body.remove(&name)
}

/// `composite/sobjects/{Object}/{Field}`: each record by its key (H).
pub(super) fn upsert(
    context: &Context<'_>,
    request: &Request,
    object: &str,
    field: &str,
) -> Result<Response, ApiError> {
    let object = sobjects::object(context, object)?;
    let key = rules::key_field(object, field).map_err(|_| sobjects::no_such_key(field))?;
    let (items, all_or_none) = items(request)?;
    let given = |item: &Item| {
        item.body.iter().find(|(name, _)| name.eq_ignore_ascii_case(key.name)).map(|(_, value)| exact::text_of(value))
    };
    let keys = KeysInUse::of(items.iter().filter_map(given));
    each(context, &items, all_or_none, true, |item| {
        let named = item.object.clone()?;
        if named.name != object.name {
            return Err(Unconfirmed::UpsertOfOtherObject.refusal());
        }
        let mut body = item.body.clone();
        let value = take(&mut body, key.name).filter(|value| !value.is_null());
        let value = value.map(|value| exact::text_of(&value));
        keys.check_external(value.as_deref(), key)?;
        let (id, created) = rules::upsert(&context.actor, object, key, value.as_deref(), &body)?;
        Ok(Written { id, created: Some(created) })
    })
}

pub(super) fn update(context: &Context<'_>, request: &Request) -> Result<Response, ApiError> {
    let (items, all_or_none) = items(request)?;
    let own = Transaction::default();
    let actor = shared(context, &own);
    let given = |item: &Item| {
        let (_, id) = item.body.iter().find(|(name, _)| name.eq_ignore_ascii_case("Id"))?;
        ids::normalise(id.as_str()?)
    };
    let keys = KeysInUse::of(items.iter().filter_map(given));
    each(context, &items, all_or_none, false, |item| {
        let object = item.object.clone()?;
        let mut body = item.body.clone();
        let id = take(&mut body, "Id");
        let Some(id) = id.as_ref().and_then(Value::as_str) else {
            return Err(ApiError::dml("MISSING_ARGUMENT", "Id not specified in an update call", &[]));
        };
        keys.check_id(id)?;
        rules::update(&actor, object, id, &body)?;
        Ok(ids::normalise(id).unwrap_or_else(|| id.to_owned()).into())
    })
}

pub(super) fn delete(context: &Context<'_>, request: &Request) -> Result<Response, ApiError> {
    let list: Vec<&str> =
        request.parameter("ids").unwrap_or_default().split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
    check_count(list.len())?;
    let all_or_none = request.parameter("allOrNone").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let own = Transaction::default();
    let actor = shared(context, &own);
    each(context, &list, all_or_none, false, |id| {
        let object = ids::normalise(id)
            .and_then(|full| catalogue::object_of_id(&full))
            .ok_or_else(|| ApiError::dml("MALFORMED_ID", format!("malformed id {id}"), &[]))?;
        rules::delete(&actor, object, id)?;
        Ok(ids::normalise(id).unwrap_or_else(|| (*id).to_owned()).into())
    })
}

/// Many records of one object by their ids; those that are not there are `null` (H).
pub(super) fn read(context: &Context<'_>, request: &Request, name: &str) -> Result<Response, ApiError> {
    let object = sobjects::object(context, name)?;
    let (ids, fields) = if request.method == "POST" {
        let body = request.object()?;
        let list = |key: &str| -> String {
            let values = body.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
        };
        (list("ids"), list("fields"))
    } else {
        let value = |key: &str| request.parameter(key).unwrap_or_default().to_owned();
        (value("ids"), value("fields"))
    };
    let ids: Vec<&str> = ids.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
    if ids.is_empty() || fields.is_empty() {
        let name = if ids.is_empty() { "ids" } else { "fields" };
        return Err(ApiError::new(400, "MISSING_ARGUMENT", format!("The {name} parameter is required")));
    }
    let fields = sobjects::selected(context, object, Some(&fields))?;
    let mut records = Vec::new();
    for id in ids {
        records.push(match rules::existing(&context.actor, object, id) {
            Ok(mut row) => Some(sobjects::record(context, object, &mut row, &fields)),
            Err(_) => None,
        });
    }
    Ok(Response::json(200, &records).with_rows(records.len()))
}
