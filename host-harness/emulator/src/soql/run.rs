//! Queries run: a plan from the tree, then rows to records.

use std::collections::HashMap;
use std::fmt::Write as _;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::ast::{Aggregate, Function, Path, Query, SelectItem};
use super::error::QueryError;
use super::groups;
use super::parse;
use super::record::{Cell, Record};
use super::scope::{Resolved, Scope};
use super::sql::{self, Fragment};
use crate::error::ApiError;
use crate::org::catalogue::{self, Features, Field, FieldType, Object};

/// How a query is to be answered.
#[derive(Clone, Debug)]
pub(crate) struct Options<'a> {
    /// Whether rows in the recycle bin count (`queryAll`).
    pub(crate) include_deleted: bool,
    /// Records on the first page.
    pub(crate) batch: usize,
    /// API version for the records' addresses, such as `64.0`.
    pub(crate) version: &'a str,
    /// The org's time, for date literals.
    pub(crate) now: i64,
    /// Objects that whoever asks may not see, by their API names.
    pub(crate) hidden: &'a [String],
    /// What the organization has turned on.
    pub(crate) features: Features,
}

/// A query's answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// All rows that the query finds.
    pub(crate) total: usize,
    /// The first page.
    pub(crate) records: Vec<Record>,
    /// The ids of the rows behind the first page, in order: what a query locator remembers.
    pub(crate) rest: Vec<String>,
}

/// Answers a query.
///
/// # Errors
/// `MALFORMED_QUERY`, `INVALID_FIELD`, `INVALID_TYPE` and their like, with HTTP status 400.
pub(crate) fn run(db: &Connection, soql: &str, options: &Options<'_>) -> Result<Answer, ApiError> {
    let prepared = parse::query(soql, options.now).and_then(|query| {
        let object = root(&query, options)?;
        Ok((QueryPlan::new(&query, object, options, None)?, query))
    });
    let (plan, query) = prepared.map_err(|error| error.into_api(soql))?;
    if matches!(query.select.as_slice(), [SelectItem::Count]) {
        let total: i64 = db
            .prepare_cached(&format!("SELECT count(*) FROM ({}{})", plan.base(), plan.window))?
            .query_row(params_from_iter(&plan.filter.parameters), |row| row.get(0))?;
        return Ok(Answer { total: usize::try_from(total).unwrap_or(0), records: Vec::new(), rest: Vec::new() });
    }
    let mut statement = db.prepare_cached(&format!("{}{}{}", plan.base(), plan.order, plan.window))?;
    let mut rows = statement.query(params_from_iter(&plan.filter.parameters))?;
    let mut answer = Answer { total: 0, records: Vec::new(), rest: Vec::new() };
    while let Some(row) = rows.next()? {
        answer.total += 1;
        // Aggregate results have no ids to come back to, so they come all at once.
        if plan.aggregate || answer.records.len() < options.batch {
            answer.records.push(plan.record(db, row, options)?);
        } else {
            answer.rest.push(row.get(0)?);
        }
    }
    Ok(answer)
}

/// The records with these ids, in this order, in the shape of this query: a further page of its answer.
///
/// # Errors
/// As [`run`].
pub(crate) fn page(
    db: &Connection,
    soql: &str,
    ids: &[String],
    options: &Options<'_>,
) -> Result<Vec<Record>, ApiError> {
    let plan = parse::query(soql, options.now)
        .and_then(|query| QueryPlan::new(&query, root(&query, options)?, options, None))
        .map_err(|error| error.into_api(soql))?;
    let list = serde_json::Value::from(ids).to_string();
    // The filter was applied when the locator was made; only the rows count now.
    let sql = format!(
        "SELECT {} FROM {} WHERE {} IN (SELECT value FROM json_each(?))",
        plan.columns.join(", "),
        plan.from,
        plan.columns[0]
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([list])?;
    let mut found = HashMap::new();
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        found.insert(id, plan.record(db, row, options)?);
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// Resolves every name of the query, without running it, and returns its object.
pub(super) fn check(query: &Query, options: &Options<'_>) -> Result<&'static Object, QueryError> {
    let object = root(query, options)?;
    QueryPlan::new(query, object, options, None)?;
    Ok(object)
}

fn root(query: &Query, options: &Options<'_>) -> Result<&'static Object, QueryError> {
    let name = query.from.text();
    let is_hidden = options.hidden.iter().any(|hidden| hidden.eq_ignore_ascii_case(&name));
    let object = catalogue::object(&name).filter(|object| !is_hidden && object.is_in(options.features));
    object.ok_or_else(|| QueryError::no_such_object(query.from.at, &name))
}

/// Where the parts of a record lie in a row.
struct Shape {
    object: &'static Object,
    id_column: usize,
    items: Vec<(String, Node)>,
}

enum Node {
    Leaf { column: usize, kind: FieldType },
    Parent(Shape),
    Children { query: Box<Query>, object: &'static Object, key: &'static Field },
}

struct QueryPlan {
    columns: Vec<String>,
    from: String,
    filter: Fragment,
    group: String,
    order: String,
    window: String,
    shape: Shape,
    aggregate: bool,
}

impl QueryPlan {
    /// `child_of` restricts a child subquery to one parent: the reference field and the parent's id.
    fn new(
        query: &Query,
        object: &'static Object,
        options: &Options<'_>,
        child_of: Option<(&'static Field, &str)>,
    ) -> Result<Self, QueryError> {
        let expanded = groups::expand(query, object, options.features)?;
        let query = expanded.as_ref().unwrap_or(query);
        let mut scope = Scope::new(object, options.features, query.alias.as_deref(), 0);
        let counts = query.select.iter().any(|item| matches!(item, SelectItem::Count));
        if counts && query.select.len() > 1 {
            return Err(QueryError::malformed(query.from.at, "count() must be the only element of the select list"));
        }
        let aggregate =
            !query.group_by.is_empty() || query.select.iter().any(|item| matches!(item, SelectItem::Aggregate { .. }));
        let mut shape = Shape { object, id_column: 0, items: Vec::new() };
        let mut columns = vec![if aggregate { "NULL".to_owned() } else { scope.id_column() }];
        for (index, item) in query.select.iter().enumerate() {
            match item {
                // Groups were written out above.
                SelectItem::Count | SelectItem::Group(..) => {}
                SelectItem::Field { path, alias } if aggregate => {
                    let grouped = query.group_by.iter().any(|group| group.text().eq_ignore_ascii_case(&path.text()));
                    if !grouped {
                        return Err(QueryError::malformed(
                            path.at,
                            format!("Field must be grouped or aggregated: {}", path.text()),
                        ));
                    }
                    let resolved = scope.resolve(path)?;
                    let name = alias.clone().unwrap_or_else(|| resolved.field.name.to_owned());
                    shape.items.push((name, Node::Leaf { column: columns.len(), kind: resolved.field.kind }));
                    columns.push(resolved.column);
                }
                SelectItem::Field { path, .. } => select(&mut scope, &mut shape, &mut columns, path)?,
                SelectItem::Aggregate { call, alias } => {
                    let resolved = scope.aggregate(call)?;
                    let name = alias.clone().unwrap_or_else(|| format!("expr{}", unnamed(&query.select[..index])));
                    let kind = result_kind(call, resolved.field);
                    shape.items.push((name, Node::Leaf { column: columns.len(), kind }));
                    columns.push(resolved.column);
                }
                SelectItem::Children(child) => {
                    let name = child.from.text();
                    let Some((child_object, key)) = object.child_relationship(&name) else {
                        return Err(QueryError::no_such_relationship(child.from.at, &name));
                    };
                    // Resolved once here so that a wrong name is refused even when there are no rows.
                    Self::new(child, child_object, options, Some((key, "")))?;
                    let relationship =
                        key.reference.as_ref().and_then(|reference| reference.child_relationship).unwrap_or(key.name);
                    let node = Node::Children { query: child.clone(), object: child_object, key };
                    shape.items.push((relationship.to_owned(), node));
                }
            }
        }
        let mut filter = Fragment::default();
        let mut conditions = String::from("1");
        if !options.include_deleted
            && let Some(alive) = scope.alive()
        {
            let _ = write!(conditions, " AND {alive}");
        }
        if let Some((key, parent)) = child_of {
            let path = Path { parts: vec![key.name.to_owned()], at: query.from.at };
            let _ = write!(conditions, " AND {} = ?", scope.resolve(&path)?.column);
            filter.parameters.push(Value::Text(parent.to_owned()));
        }
        if let Some(condition) = &query.filter {
            conditions.push_str(" AND ");
            filter.sql = conditions;
            scope.condition(condition, 0, &mut filter)?;
        } else {
            filter.sql = conditions;
        }
        let mut group = String::new();
        if !query.group_by.is_empty() {
            let keys: Result<Vec<String>, QueryError> =
                query.group_by.iter().map(|path| Ok(groupable(scope.resolve(path)?)?.column)).collect();
            group = format!(" GROUP BY {}", keys?.join(", "));
            if let Some(having) = &query.having {
                let mut condition = Fragment::default();
                scope.condition(having, 0, &mut condition)?;
                let _ = write!(group, " HAVING {}", condition.sql);
                filter.parameters.extend(condition.parameters);
            }
        }
        let order = scope.order(query)?;
        let window = sql::window(query)?;
        Ok(Self { columns, from: scope.source(), filter, group, order, window, shape, aggregate })
    }

    fn base(&self) -> String {
        format!("SELECT {} FROM {} WHERE {}{}", self.columns.join(", "), self.from, self.filter.sql, self.group)
    }

    fn record(&self, db: &Connection, row: &rusqlite::Row<'_>, options: &Options<'_>) -> Result<Record, ApiError> {
        if self.aggregate {
            let mut fields = Vec::with_capacity(self.shape.items.len());
            for (name, node) in &self.shape.items {
                if let Node::Leaf { column, kind } = node {
                    fields.push((name.clone(), Cell::of(*kind, row.get(*column)?)));
                }
            }
            return Ok(Record { type_name: "AggregateResult", url: None, fields });
        }
        Ok(shaped(&self.shape, db, row, options)?.unwrap_or(Record {
            type_name: self.shape.object.name,
            url: None,
            fields: Vec::new(),
        }))
    }
}

/// Refuses a field that queries may not group by (H).
fn groupable(resolved: Resolved) -> Result<Resolved, QueryError> {
    if resolved.field.is_groupable() {
        return Ok(resolved);
    }
    let message = format!("field '{}' can not be grouped in a query call", resolved.field.name);
    Err(QueryError::malformed(resolved.at, message))
}

fn unnamed(before: &[SelectItem]) -> usize {
    before.iter().filter(|item| matches!(item, SelectItem::Aggregate { alias: None, .. })).count()
}

fn result_kind(call: &Aggregate, field: &Field) -> FieldType {
    match call.function {
        Function::Min | Function::Max => field.kind,
        Function::Count | Function::CountDistinct | Function::Sum | Function::Avg => FieldType::Int,
    }
}

/// Adds a path to the columns and to the shape, with the parents on its way.
fn select(scope: &mut Scope, shape: &mut Shape, columns: &mut Vec<String>, path: &Path) -> Result<(), QueryError> {
    descend(scope, shape, columns, path, 0)
}

fn descend(
    scope: &mut Scope,
    shape: &mut Shape,
    columns: &mut Vec<String>,
    path: &Path,
    depth: usize,
) -> Result<(), QueryError> {
    if depth + 1 >= path.parts.len() {
        let resolved = scope.resolve(path)?;
        if shape.items.iter().any(|(name, _)| name == resolved.field.name) {
            return Err(QueryError::plain("INVALID_FIELD", format!("duplicate field selected: {}", path.text())));
        }
        let leaf = Node::Leaf { column: columns.len(), kind: resolved.field.kind };
        shape.items.push((resolved.field.name.to_owned(), leaf));
        columns.push(resolved.column);
        return Ok(());
    }
    let Some((_, reference)) = shape.object.relationship_in(scope.features, &path.parts[depth]) else {
        if depth == 0 && scope.is_own_name(&path.parts[0]) {
            return descend(scope, shape, columns, path, 1);
        }
        return Err(QueryError::no_such_relationship(path.at, &path.parts[depth]));
    };
    let index = match shape.items.iter().position(|(name, _)| name == reference.relationship) {
        Some(index) => index,
        None => {
            let mut parts = path.parts[..=depth].to_vec();
            parts.push("Id".to_owned());
            let id = scope.resolve(&Path { parts, at: path.at })?;
            let object = reference.to.first().and_then(|name| catalogue::object(name)).unwrap_or(shape.object);
            let parent = Shape { object, id_column: columns.len(), items: Vec::new() };
            columns.push(id.column);
            shape.items.push((reference.relationship.to_owned(), Node::Parent(parent)));
            shape.items.len() - 1
        }
    };
    match &mut shape.items[index].1 {
        Node::Parent(parent) => descend(scope, parent, columns, path, depth + 1),
        Node::Leaf { .. } | Node::Children { .. } => Err(QueryError::no_such_relationship(path.at, &path.parts[depth])),
    }
}

/// The record at this place of the row; `None` where a reference is null.
fn shaped(
    shape: &Shape,
    db: &Connection,
    row: &rusqlite::Row<'_>,
    options: &Options<'_>,
) -> Result<Option<Record>, ApiError> {
    let Some(id) = row.get::<_, Option<String>>(shape.id_column)? else { return Ok(None) };
    let mut fields = Vec::with_capacity(shape.items.len());
    for (name, node) in &shape.items {
        let cell = match node {
            Node::Leaf { column, kind } => Cell::of(*kind, row.get(*column)?),
            Node::Parent(parent) => shaped(parent, db, row, options)?.map_or(Cell::Null, Cell::Parent),
            Node::Children { query, object, key } => children(db, query, object, key, &id, options)?,
        };
        fields.push((name.clone(), cell));
    }
    let url = format!("/services/data/v{}/sobjects/{}/{id}", options.version, shape.object.name);
    Ok(Some(Record { type_name: shape.object.name, url: Some(url), fields }))
}

fn children(
    db: &Connection,
    query: &Query,
    object: &'static Object,
    key: &'static Field,
    parent: &str,
    options: &Options<'_>,
) -> Result<Cell, ApiError> {
    let plan = QueryPlan::new(query, object, options, Some((key, parent))).map_err(|error| error.into_api(""))?;
    let mut statement = db.prepare_cached(&format!("{}{}{}", plan.base(), plan.order, plan.window))?;
    let mut rows = statement.query(params_from_iter(&plan.filter.parameters))?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(plan.record(db, row, options)?);
    }
    Ok(if records.is_empty() { Cell::Null } else { Cell::Children(records) })
}
