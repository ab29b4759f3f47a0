//! A query's answer as a table: one column per selected path, for Bulk queries.

use rusqlite::Connection;

use super::ast::{Path, Query, SelectItem};
use super::error::QueryError;
use super::parse;
use super::record::{Cell, Record};
use super::run::{self, Options};
use crate::error::ApiError;
use crate::org::catalogue::{self, FieldType, Object};

/// What a Bulk query finds.
#[derive(Debug)]
pub(crate) struct Table {
    /// The object that is queried.
    pub(crate) object: &'static str,
    /// The columns, as paths in Salesforce's spelling.
    pub(crate) columns: Vec<String>,
}

/// The table of this query, without its rows.
///
/// # Errors
/// As [`run::run`], and for what Bulk queries do not take: aggregates, children and `OFFSET` (H that they are refused;
/// the text is H for children and U for the others).
pub(crate) fn table(soql: &str, options: &Options<'_>) -> Result<Table, ApiError> {
    let query = parse::query(soql, options.now).map_err(|error| error.into_api(soql))?;
    let refused = |what: &str| {
        ApiError::new(400, "API_ERROR", format!("{what} not supported in Bulk V2 Query with CSV content type"))
    };
    if query.select.iter().any(|item| matches!(item, SelectItem::Children(_))) {
        return Err(refused("Aggregate Relationships"));
    }
    if !query.group_by.is_empty()
        || query.select.iter().any(|item| matches!(item, SelectItem::Count | SelectItem::Aggregate { .. }))
    {
        return Err(refused("Aggregate Functions"));
    }
    if query.offset.is_some() {
        return Err(refused("OFFSET"));
    }
    let object = run::check(&query, options).map_err(|error| error.into_api(soql))?;
    if query.select.iter().any(|item| matches!(item, SelectItem::Field { path, .. } if is_compound(object, path))) {
        // H for the words, M for the code.
        return Err(ApiError::new(400, "API_ERROR", "Selecting compound data not supported in Bulk Query"));
    }
    let columns: Result<Vec<String>, QueryError> = query
        .select
        .iter()
        .filter_map(|item| match item {
            SelectItem::Field { path, .. } => Some(spelt(object, path, &query)),
            _ => None,
        })
        .collect();
    Ok(Table { object: object.name, columns: columns.map_err(|error| error.into_api(soql))? })
}

/// Whether a path ends at the address of an object.
fn is_compound(root: &'static Object, path: &Path) -> bool {
    let Some((leaf, parents)) = path.parts.split_last() else { return false };
    let object = parents.iter().try_fold(root, |object, part| match object.relationship(part) {
        Some((_, reference)) => reference.to.first().and_then(|name| catalogue::object(name)),
        // The object's own name or alias.
        None => Some(object),
    });
    object.and_then(|object| object.field(leaf)).is_some_and(|field| field.kind == FieldType::Address)
}

/// The path as the catalogue spells it, without the object's own name or alias in front.
fn spelt(root: &'static Object, path: &Path, query: &Query) -> Result<String, QueryError> {
    let mut parts = path.parts.as_slice();
    if let [first, _, ..] = parts
        && root.relationship(first).is_none()
        && (first.eq_ignore_ascii_case(root.name)
            || query.alias.as_ref().is_some_and(|alias| alias.eq_ignore_ascii_case(first)))
    {
        parts = &parts[1..];
    }
    let mut object = root;
    let mut out = String::new();
    let Some((leaf, parents)) = parts.split_last() else { return Ok(out) };
    for part in parents {
        let (_, reference) =
            object.relationship(part).ok_or_else(|| QueryError::no_such_relationship(path.at, part))?;
        out.push_str(reference.relationship);
        out.push('.');
        object = reference.to.first().and_then(|name| catalogue::object(name)).unwrap_or(object);
    }
    let field = object.field(leaf).ok_or_else(|| QueryError::no_such_column(path.at, leaf, object.name))?;
    out.push_str(field.name);
    Ok(out)
}

/// The ids of the rows that the query finds behind the first page, in its order: all of them when the page is empty.
///
/// # Errors
/// As [`run::run`].
pub(crate) fn ids(db: &Connection, soql: &str, options: &Options<'_>) -> Result<Vec<String>, ApiError> {
    Ok(run::run(db, soql, options)?.rest)
}

/// The record's values in the table's columns, as Bulk writes them: null is empty (H), and instants end with `Z` (M).
pub(crate) fn values(record: &Record, columns: &[String]) -> Vec<String> {
    columns.iter().map(|column| value(record, column)).collect()
}

fn value(record: &Record, path: &str) -> String {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let cell = record.fields.iter().find(|(field, _)| field == name).map(|(_, cell)| cell);
    match (cell, rest) {
        (Some(Cell::Parent(parent)), Some(rest)) => value(parent, rest),
        (Some(Cell::Boolean(value)), None) => value.to_string(),
        (Some(Cell::Integer(value)), None) => value.to_string(),
        (Some(Cell::Real(value)), None) => value.to_string(),
        (Some(Cell::Decimal(value)), None) => value.clone(),
        (Some(Cell::Text(value)), None) => match value.strip_suffix("+0000") {
            Some(instant) if instant.len() == 23 && instant.as_bytes()[10] == b'T' => format!("{instant}Z"),
            _ => value.clone(),
        },
        _ => String::new(),
    }
}
