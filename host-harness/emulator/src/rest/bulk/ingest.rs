//! Ingest jobs: CSV in, one result for each row.

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use super::csv::Dialect;
use super::job::{Ingest, Job, State, Work};
use super::{keep, with_job, wrong_state};
use crate::error::ApiError;
use crate::org::catalogue::{self, Features, Field, FieldType, Object};
use crate::org::{clock, decimals, ids};
use crate::rest::{Body, Context, Request, Response};
use crate::rules::{self, Actor, KeysInUse, WriteOptions};

pub(super) fn create(context: &Context<'_>, request: &Request) -> Result<Response, ApiError> {
    let body = request.object()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let operation = ["insert", "update", "upsert", "delete"]
        .into_iter()
        .find(|known| text("operation") == Some(*known))
        .ok_or_else(|| {
            let wanted = text("operation").unwrap_or_default();
            ApiError::new(400, "INVALIDJOB", format!("Unsupported operation for an ingest job: '{wanted}'"))
        })?;
    let name = text("object").unwrap_or_default();
    let object = catalogue::object(name).ok_or_else(|| {
        // H for code and words.
        ApiError::new(400, "INVALIDENTITY", format!("Entity '{name}' is not supported by the Bulk API."))
    })?;
    let external_id = match (operation, text("externalIdFieldName")) {
        ("upsert", Some(name)) => {
            let field = rules::key_field(object, name)
                .map_err(|error| ApiError::new(400, "INVALIDJOB", format!("InvalidJob : {}", error.message)))?;
            Some(field.name.to_owned())
        }
        ("upsert", None) => {
            return Err(ApiError::new(400, "INVALIDJOB", "InvalidJob : External ID was blank for an upsert job"));
        }
        _ => None,
    };
    let dialect = Dialect::read(body)?;
    let now = context.actor.org.clock.now();
    keep(context, |id| Job {
        id,
        operation,
        object: object.name,
        version: context.version,
        dialect,
        state: State::Open,
        work: Work::Ingest(Ingest {
            object,
            external_id,
            data: None,
            header: Vec::new(),
            header_line: String::new(),
            successful: Vec::new(),
            failed: Vec::new(),
            unprocessed: Vec::new(),
        }),
        created_by: context.actor.user_id.to_owned(),
        created: now,
        changed: now,
        polls: 0,
        error: None,
    })
}

pub(super) fn upload(context: &Context<'_>, request: &Request, id: &str) -> Result<Response, ApiError> {
    with_job(context, "ingest", id, |job| {
        if job.state != State::Open {
            return Err(wrong_state(job, "Uploading data"));
        }
        let Body::Text(text) = &request.body else {
            return Err(ApiError::new(400, "INVALIDCONTENTTYPE", "The data must be sent as text/csv."));
        };
        let Work::Ingest(ingest) = &mut job.work else { return Err(ApiError::not_found()) };
        if ingest.data.is_some() {
            // L for code and words.
            return Err(ApiError::new(
                400,
                "CLIENTINPUTERROR",
                format!(
                    "Found multiple contents for job: <{id}>, please 'Close' / 'Abort' / 'Delete' the current Job \
                     then create a new Job and make sure you only do 'PUT' once on a given Job."
                ),
            ));
        }
        ingest.data = Some(text.clone());
        Ok(Response::empty(201))
    })
}

/// What an aborted job had not worked on stays unprocessed.
pub(super) fn abandon(job: &mut Job) {
    let dialect = job.dialect;
    if let Work::Ingest(ingest) = &mut job.work
        && let Some(data) = ingest.data.take()
        && let Ok((header, rows)) = dialect.parse(&data)
    {
        ingest.header = header;
        ingest.unprocessed = rows;
    }
}

/// Does a job's work, as the user who made it.
pub(super) fn work(context: &Context<'_>, job: &mut Job) -> Result<(), ApiError> {
    let (dialect, operation) = (job.dialect, job.operation);
    let mut options = WriteOptions::none();
    let address = format!("{}/jobs/ingest/{}", job.version.base(), job.id);
    if let Some(met) = context.faults.take("BULK", &address, None) {
        let status = context.actor.org.switches().unknown_exception_status;
        options.faults.extend(met.fault.effect.and_then(|effect| effect.record_fault(status)));
    }
    let actor = Actor { options: &options, user_id: &job.created_by, ..context.actor };
    let Work::Ingest(ingest) = &mut job.work else { return Ok(()) };
    let data = ingest.data.take().unwrap_or_default();
    Dialect::header_line(&data).clone_into(&mut ingest.header_line);
    let features = context.actor.org.switches().features();
    let parsed = dialect.parse(&data).map(|(header, rows)| {
        let columns =
            header.iter().map(|name| Column::of(ingest.object, features, name)).collect::<Result<Vec<_>, _>>();
        (columns, header, rows)
    });
    let (columns, rows) = match parsed {
        Ok((Ok(columns), header, rows)) => {
            ingest.header = header;
            (columns, rows)
        }
        Ok((Err(error), header, rows)) => {
            (ingest.header, ingest.unprocessed) = (header, rows);
            (job.state, job.error) = (State::Failed, Some(error));
            return Ok(());
        }
        Err(error) => {
            (job.state, job.error) = (State::Failed, Some(error));
            return Ok(());
        }
    };
    let key = ingest.key(operation);
    for chunk in rows.chunks(CHUNK) {
        let keys = KeysInUse::of(chunk.iter().filter_map(|row| key_of(&columns, key, row)));
        for row in chunk {
            let written = check_key(&keys, key, &columns, row)
                .and_then(|()| check_values(&columns, row))
                .map_err(|error| (String::new(), error))
                .and_then(|()| write(&actor, ingest, operation, &columns, row));
            match written {
                Ok((id, created)) => ingest.successful.push((id, created, row.clone())),
                Err((id, error)) => ingest.failed.push((id, shown(&error), row.clone())),
            }
        }
    }
    job.state = State::JobComplete;
    Ok(())
}

/// Rows that Salesforce works on together (H for 200; that a key shared beyond them is no error is L).
const CHUNK: usize = 200;

/// The value by which a row's record is found; `None` if it has none.
fn key_of(columns: &[Column], key: Option<&Field>, row: &[String]) -> Option<String> {
    let key = key?;
    let value = columns.iter().zip(row).find(|(column, _)| column.names(key.name)).map(|(_, value)| value.trim())?;
    let full = if key.kind == FieldType::Id { ids::normalise(value) } else { None };
    (!value.is_empty()).then(|| full.unwrap_or_else(|| value.to_owned()))
}

/// Refuses a row whose key another row of its chunk has (M).
fn check_key(keys: &KeysInUse, key: Option<&Field>, columns: &[Column], row: &[String]) -> Result<(), ApiError> {
    match (key, key_of(columns, key, row)) {
        (Some(key), Some(value)) if key.kind == FieldType::Id => keys.check_id(&value),
        (Some(key), value) => keys.check_external(value.as_deref(), key),
        _ => Ok(()),
    }
}

/// Refuses a row with a value that its field's type doesn't have; the column is counted from 0 (H).
fn check_values(columns: &[Column], row: &[String]) -> Result<(), ApiError> {
    for (index, (column, value)) in columns.iter().zip(row).enumerate() {
        let Column::Field(field) = column else { continue };
        let fits = match field.kind {
            _ if value.is_empty() || value == "#N/A" => true,
            FieldType::Boolean => matches!(value.to_ascii_lowercase().as_str(), "true" | "false" | "1" | "0"),
            FieldType::Int => value.trim().parse::<i64>().is_ok(),
            FieldType::Date => NaiveDate::parse_from_str(value, "%Y-%m-%d").is_ok(),
            FieldType::DateTime => clock::parse_datetime(value).is_some(),
            kind if kind.is_decimal() => decimals::canonical(value.trim()).is_some(),
            _ => true,
        };
        if !fits {
            let message = format!(
                "Failed to deserialize field at col {index}. Due to, '{value}' is not a valid value for the type {}",
                field.kind.soap_type()
            );
            return Err(ApiError::dml("INVALID_FIELD", message, &[field.name]));
        }
    }
    Ok(())
}

/// `CODE:message:FIELDS --` (H).
fn shown(error: &ApiError) -> String {
    let fields = error.fields.as_deref().unwrap_or_default().join(" ");
    let fields = if fields.is_empty() { "--".to_owned() } else { format!("{fields} --") };
    format!("{}:{}:{fields}", error.code, error.message)
}

/// A column of the upload: a field of the object, or a parent's key by which the parent is found.
enum Column {
    Id,
    Field(&'static Field),
    Parent { relationship: &'static str, key: &'static Field },
}

impl Column {
    /// Whether it is the column of this field.
    fn names(&self, field: &str) -> bool {
        match self {
            Self::Id => field == "Id",
            Self::Field(own) => own.name == field,
            Self::Parent { .. } => false,
        }
    }

    fn of(object: &'static Object, features: Features, name: &str) -> Result<Self, String> {
        let unknown = || format!("InvalidBatch : Field name not found : {name}");
        if name.eq_ignore_ascii_case("Id") {
            return Ok(Self::Id);
        }
        if let Some((relationship, key)) = name.split_once('.') {
            let (_, reference) = object.relationship_in(features, relationship).ok_or_else(unknown)?;
            let target = reference.to.first().and_then(|name| catalogue::object(name)).ok_or_else(unknown)?;
            let key = rules::key_field(target, key).map_err(|_| unknown())?;
            return Ok(Self::Parent { relationship: reference.relationship, key });
        }
        object.field_in(features, name).map(Self::Field).ok_or_else(unknown)
    }
}

/// The record's id and whether it is new; or the id, if known, and the refusal.
type Written = Result<(String, bool), (String, ApiError)>;

fn write(actor: &Actor<'_>, ingest: &Ingest, operation: &str, columns: &[Column], row: &[String]) -> Written {
    let object = ingest.object;
    let (id, body) = record(columns, row);
    match operation {
        "insert" => {
            let made = rules::create(actor, object, &body).map_err(|error| (String::new(), error))?;
            Ok((made, true))
        }
        "upsert" => upsert(actor, ingest, id.as_deref(), body),
        _ => {
            let Some(id) = id else {
                let message =
                    format!("Id not specified in {} {operation} call", if operation == "update" { "an" } else { "a" });
                return Err((String::new(), ApiError::dml("MISSING_ARGUMENT", message, &["Id"])));
            };
            let done = if operation == "update" {
                rules::update(actor, object, &id, &body)
            } else {
                rules::delete(actor, object, &id)
            };
            let full = ids::normalise(&id).unwrap_or(id);
            match done {
                Ok(()) => Ok((full, false)),
                Err(error) => Err((full, error)),
            }
        }
    }
}

fn upsert(actor: &Actor<'_>, ingest: &Ingest, id: Option<&str>, mut body: Map<String, Value>) -> Written {
    let object = ingest.object;
    let Some(key) = ingest.key("upsert") else { return Err((String::new(), rules::missing())) };
    let given = body.remove(key.name);
    let value = id.filter(|_| key.name == "Id").or_else(|| given.as_ref().and_then(Value::as_str));
    rules::upsert(actor, object, key, value, &body).map_err(|error| (String::new(), error))
}

/// The row as a record's id and body. An empty value leaves the field alone, `#N/A` empties it (H).
fn record(columns: &[Column], row: &[String]) -> (Option<String>, Map<String, Value>) {
    let mut id = None;
    let mut body = Map::new();
    for (column, value) in columns.iter().zip(row) {
        if value.is_empty() {
            continue;
        }
        let given = if value == "#N/A" { Value::Null } else { Value::String(value.clone()) };
        match column {
            Column::Id => id = Some(value.trim().to_owned()),
            Column::Field(field) => drop(body.insert(field.name.to_owned(), typed(field, given))),
            Column::Parent { relationship, .. } if given.is_null() => {
                body.insert((*relationship).to_owned(), given);
            }
            Column::Parent { relationship, key } => {
                body.insert((*relationship).to_owned(), json!({key.name: given}));
            }
        }
    }
    (id, body)
}

/// A cell by the type of its field. Rows have booleans as XML Schema writes them, `1` and `0` too, and in any case (L); what else
/// stands there goes on to be refused.
fn typed(field: &Field, given: Value) -> Value {
    match given.as_str() {
        Some(text) if field.kind == FieldType::Boolean => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Value::Bool(true),
            "false" | "0" => Value::Bool(false),
            _ => given,
        },
        Some(text) if field.kind == FieldType::Int => text.trim().parse::<i64>().map_or(given, Value::from),
        _ => given,
    }
}

pub(super) fn results(context: &Context<'_>, id: &str, kind: &str) -> Result<Response, ApiError> {
    with_job(context, "ingest", id, |job| {
        if !job.state.is_over() {
            return Err(wrong_state(job, "Retrieving results"));
        }
        let dialect = job.dialect;
        let Work::Ingest(ingest) = &job.work else { return Err(ApiError::not_found()) };
        let header = |extra: &[&str]| -> Vec<String> {
            extra.iter().map(|name| (*name).to_owned()).chain(ingest.header.iter().cloned()).collect()
        };
        let joined =
            |extra: [String; 2], row: &[String]| -> Vec<String> { extra.into_iter().chain(row.to_vec()).collect() };
        if kind == "failedResults" {
            let rows = ingest.failed.iter().map(|(id, error, row)| joined([id.clone(), error.clone()], row));
            let text = dialect.write_header(&["sf__Id", "sf__Error"], &ingest.header_line) + &dialect.write(rows)?;
            return Ok(Response::text(200, "text/csv;charset=UTF-8", text));
        }
        let rows: Vec<Vec<String>> = match kind {
            "successfulResults" => std::iter::once(header(&["sf__Id", "sf__Created"]))
                .chain(ingest.successful.iter().map(|(id, new, row)| joined([id.clone(), new.to_string()], row)))
                .collect(),
            _ => std::iter::once(header(&[])).chain(ingest.unprocessed.iter().cloned()).collect(),
        };
        Ok(Response::text(200, "text/csv;charset=UTF-8", dialect.write(rows)?))
    })
}
