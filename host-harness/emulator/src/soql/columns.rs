//! What a query would answer, as columns: `query?columns=true`. The keys are those that two clients read (M).

use serde_json::{Value, json};

use super::ast::{Aggregate, Function, Path, Query, SelectItem};
use super::error::QueryError;
use super::run::{self, Options};
use super::{groups, parse};
use crate::error::ApiError;
use crate::org::catalogue::{self, Features, Field, FieldType, Object};

/// Describes the columns of a query, which isn't run.
///
/// # Errors
/// As [`run::run`].
pub(crate) fn columns(soql: &str, options: &Options<'_>) -> Result<Value, ApiError> {
    parse::query(soql, options.now)
        .and_then(|query| {
            let object = run::check(&query, options)?;
            of_query(&query, object, options.features)
        })
        .map_err(|error| error.into_api(soql))
}

fn of_query(query: &Query, object: &'static Object, features: Features) -> Result<Value, QueryError> {
    let expanded = groups::expand(query, object, features)?;
    let query = expanded.as_ref().unwrap_or(query);
    let list = list(query, object, features)?;
    let groups = !query.group_by.is_empty();
    let selects_id = list.iter().any(|column| column["columnName"] == "Id");
    Ok(json!({
        "columnMetadata": list,
        "entityName": object.name,
        "groupBy": groups,
        "idSelected": selects_id,
        "keyPrefix": object.key_prefix,
    }))
}

fn list(query: &Query, object: &'static Object, features: Features) -> Result<Vec<Value>, QueryError> {
    let (mut list, mut unnamed) = (Vec::new(), 0);
    for item in &query.select {
        match item {
            SelectItem::Count | SelectItem::Group(..) => {}
            SelectItem::Field { path, .. } => add(&mut list, object, path),
            SelectItem::Aggregate { call, alias } => {
                let name = alias.clone().unwrap_or_else(|| {
                    unnamed += 1;
                    format!("expr{}", unnamed - 1)
                });
                list.push(column(&name, &shown(call), None, true, &[]));
            }
            SelectItem::Children(child) => {
                let name = child.from.text();
                let Some((child_object, field)) = object.child_relationship(&name) else {
                    return Err(QueryError::no_such_relationship(child.from.at, &name));
                };
                let name = field.reference.as_ref().and_then(|reference| reference.child_relationship).unwrap_or("");
                let expanded = groups::expand(child, child_object, features)?;
                let columns = self::list(expanded.as_ref().unwrap_or(child), child_object, features)?;
                list.push(column(name, name, None, true, &columns));
            }
        }
    }
    Ok(list)
}

/// Adds the column of a path, inside the columns of the parents on its way.
fn add(list: &mut Vec<Value>, object: &'static Object, path: &Path) {
    let mut parts = path.parts.as_slice();
    // The object's own name or alias, where no relationship has it.
    if let [first, _, ..] = parts
        && object.relationship(first).is_none()
    {
        parts = &parts[1..];
    }
    descend(list, object, parts);
}

fn descend(list: &mut Vec<Value>, object: &'static Object, parts: &[String]) {
    match parts {
        [] => {}
        [name] => {
            let Some(field) = object.field(name) else { return };
            list.push(column(field.name, field.name, Some(field), false, &[]));
        }
        [relationship, rest @ ..] => {
            let Some((_, reference)) = object.relationship(relationship) else { return };
            let Some(target) = reference.to.first().and_then(|name| catalogue::object(name)) else { return };
            let name = reference.relationship;
            let at = list.iter().position(|column| column["columnName"] == name).unwrap_or_else(|| {
                list.push(column(name, name, None, false, &[]));
                list.len() - 1
            });
            let mut joined = match list[at]["joinColumns"].take() {
                Value::Array(joined) => joined,
                _ => Vec::new(),
            };
            descend(&mut joined, target, rest);
            list[at]["joinColumns"] = Value::Array(joined);
        }
    }
}

fn shown(call: &Aggregate) -> String {
    let function = match call.function {
        Function::Count => "COUNT",
        Function::CountDistinct => "COUNT_DISTINCT",
        Function::Min => "MIN",
        Function::Max => "MAX",
        Function::Sum => "SUM",
        Function::Avg => "AVG",
    };
    format!("{function}({})", call.path.text())
}

fn column(name: &str, display: &str, field: Option<&Field>, aggregate: bool, joined: &[Value]) -> Value {
    let is = |test: fn(FieldType) -> bool| field.is_some_and(|field| test(field.kind));
    json!({
        "aggregate": aggregate,
        "apexType": field.map(|field| apex_type(field.kind)),
        "booleanType": is(|kind| kind == FieldType::Boolean),
        "columnName": name,
        "custom": field.is_some_and(Field::is_custom),
        "displayName": display,
        "foreignKeyName": field.and_then(|field| field.reference.as_ref()).map(|reference| reference.relationship),
        "insertable": field.is_some_and(|field| field.createable),
        "joinColumns": joined,
        "numberType": is(|kind| kind == FieldType::Int || kind.is_decimal()),
        "textType": is(|kind| kind.is_text() || kind.is_id()),
        "updatable": field.is_some_and(|field| field.updateable),
    })
}

fn apex_type(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Id | FieldType::Reference => "Id",
        FieldType::Boolean => "Boolean",
        FieldType::Int => "Integer",
        FieldType::Double => "Double",
        FieldType::Currency => "Decimal",
        FieldType::Date => "Date",
        FieldType::DateTime => "Datetime",
        FieldType::Address => "Address",
        _ => "String",
    }
}
