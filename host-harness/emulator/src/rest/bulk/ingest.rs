//! Ingest jobs: CSV in, one result for each row.

use rusqlite::params_from_iter;
use serde_json::{Map, Value};

use super::csv::Dialect;
use super::job::{Ingest, Job, State, Work};
use super::{keep, with_job, wrong_state};
use crate::error::ApiError;
use crate::org::catalogue::{self, Field, Object};
use crate::org::ids;
use crate::rest::{Body, Context, Request, Response};
use crate::rules::{self, Actor, WriteOptions};

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
            let field = object.field(name).filter(|field| field.id_lookup).ok_or_else(|| {
                ApiError::new(
                    400,
                    "INVALIDJOB",
                    format!("InvalidJob : Field name provided, {name} is not an External ID or indexed field"),
                )
            })?;
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
            // M: quoted by several clients' users.
            return Err(ApiError::new(
                400,
                "CLIENTINPUTERROR",
                format!(
                    "Found multiple contents for job: <{id}>, please 'Close' / 'Abort' / 'Delete' the current Job then create \
                     a new Job and make sure you only do 'PUT' once on a given Job."
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
    let parsed = dialect.parse(&data).map(|(header, rows)| {
        let columns = header.iter().map(|name| Column::of(ingest.object, name)).collect::<Result<Vec<_>, _>>();
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
    for row in rows {
        match write(&actor, ingest, operation, &columns, &row) {
            Ok((id, created)) => ingest.successful.push((id, created, row)),
            Err((id, error)) => ingest.failed.push((id, shown(&error), row)),
        }
    }
    job.state = State::JobComplete;
    Ok(())
}

/// `CODE:message:FIELDS --` (H).
fn shown(error: &ApiError) -> String {
    let fields = error.fields.as_deref().unwrap_or_default().join(" ");
    let fields = if fields.is_empty() { "--".to_owned() } else { format!("{fields} --") };
    format!("{}:{}:{fields}", error.code, error.message)
}

/// A column of the upload: a field of the object, or a parent's field by which the parent is found.
enum Column {
    Id,
    Field(&'static Field),
    Parent { reference: &'static Field, target: &'static Object, key: &'static Field },
}

impl Column {
    fn of(object: &'static Object, name: &str) -> Result<Self, String> {
        let unknown = || format!("InvalidBatch : Field name not found : {name}");
        if name.eq_ignore_ascii_case("Id") {
            return Ok(Self::Id);
        }
        if let Some((relationship, key)) = name.split_once('.') {
            let (field, reference) = object.relationship(relationship).ok_or_else(unknown)?;
            let target = reference.to.first().and_then(|name| catalogue::object(name)).ok_or_else(unknown)?;
            let key = target.field(key).filter(|key| key.id_lookup).ok_or_else(unknown)?;
            return Ok(Self::Parent { reference: field, target, key });
        }
        object.field(name).map(Self::Field).ok_or_else(unknown)
    }
}

/// The record's id and whether it is new; or the id, if known, and the refusal.
type Written = Result<(String, bool), (String, ApiError)>;

fn write(actor: &Actor<'_>, ingest: &Ingest, operation: &str, columns: &[Column], row: &[String]) -> Written {
    let object = ingest.object;
    let (id, body) = record(actor, columns, row).map_err(|error| (String::new(), error))?;
    match operation {
        "insert" => {
            let made = rules::create(actor, object, &body).map_err(|error| (String::new(), error))?;
            Ok((made, true))
        }
        "upsert" => upsert(actor, ingest, id, body),
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

fn upsert(actor: &Actor<'_>, ingest: &Ingest, id: Option<String>, mut body: Map<String, Value>) -> Written {
    let object = ingest.object;
    let refused = |error| (String::new(), error);
    let name = ingest.external_id.as_deref().unwrap_or("Id");
    let existing = if name == "Id" {
        id
    } else {
        let value = body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if value.is_empty() {
            let message = format!("{name} not specified");
            return Err(refused(ApiError::dml("MISSING_ARGUMENT", message, &[])));
        }
        let mut found = lookup(actor, object, name, &value).map_err(refused)?;
        if found.len() > 1 {
            let list: Vec<String> = found.iter().map(|id| ids::short(id).to_owned()).collect();
            let message = format!("{name}: more than one record found for external id field: [{}]", list.join(", "));
            return Err(refused(ApiError::dml("DUPLICATE_EXTERNAL_ID", message, &[])));
        }
        found.pop()
    };
    match existing {
        None => rules::create(actor, object, &body).map(|id| (id, true)).map_err(refused),
        Some(id) => {
            body.remove(name);
            match rules::update(actor, object, &id, &body) {
                Ok(()) => Ok((ids::normalise(&id).unwrap_or(id), false)),
                Err(error) => Err((id, error)),
            }
        }
    }
}

/// The row as a record's id and body. An empty value leaves the field alone, `#N/A` empties it (H).
fn record(
    actor: &Actor<'_>,
    columns: &[Column],
    row: &[String],
) -> Result<(Option<String>, Map<String, Value>), ApiError> {
    let mut id = None;
    let mut body = Map::new();
    for (column, value) in columns.iter().zip(row) {
        if value.is_empty() {
            continue;
        }
        let given = if value == "#N/A" { Value::Null } else { Value::String(value.clone()) };
        match column {
            Column::Id => id = Some(value.trim().to_owned()),
            Column::Field(field) => drop(body.insert(field.name.to_owned(), given)),
            Column::Parent { reference, .. } if given.is_null() => drop(body.insert(reference.name.to_owned(), given)),
            Column::Parent { reference, target, key } => {
                let found = lookup(actor, target, key.name, value)?;
                let [parent] = found.as_slice() else {
                    // H for the words.
                    let message = format!(
                        "Foreign key external ID: {value} not found for field {} in entity {}",
                        key.name, target.name
                    );
                    return Err(ApiError::dml("INVALID_FIELD", message, &[]));
                };
                body.insert(reference.name.to_owned(), Value::String(parent.clone()));
            }
        }
    }
    Ok((id, body))
}

/// The ids of the records whose field has this value, two at most.
fn lookup(actor: &Actor<'_>, object: &Object, field: &str, value: &str) -> Result<Vec<String>, ApiError> {
    let alive = if object.recycled { " AND IsDeleted = 0" } else { "" };
    let sql = format!("SELECT Id FROM \"{}\" WHERE \"{field}\" = ?{alive} LIMIT 2", object.name);
    let mut statement = actor.db.prepare_cached(&sql)?;
    let found = statement.query_map(params_from_iter([value]), |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(found)
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
        let rows: Vec<Vec<String>> = match kind {
            "successfulResults" => std::iter::once(header(&["sf__Id", "sf__Created"]))
                .chain(ingest.successful.iter().map(|(id, new, row)| joined([id.clone(), new.to_string()], row)))
                .collect(),
            "failedResults" => std::iter::once(header(&["sf__Id", "sf__Error"]))
                .chain(ingest.failed.iter().map(|(id, error, row)| joined([id.clone(), error.clone()], row)))
                .collect(),
            _ => std::iter::once(header(&[])).chain(ingest.unprocessed.iter().cloned()).collect(),
        };
        Ok(Response::text(200, "text/csv;charset=UTF-8", dialect.write(rows)?))
    })
}
