//! The tree to SQL with bound parameters.
//!
//! SOQL's logic has two values where SQL's has three: `Name != 'x'` finds rows without a name, and so does
//! `NOT (Name = 'x')`. The translation keeps that.

use std::fmt::Write as _;

use rusqlite::types::Value;

use super::ast::{Aggregate, Condition, Function, Literal, LiteralValue, Operand, Operator, Path, Query};
use super::error::QueryError;
use crate::org::catalogue::{self, Field, FieldType, Object};
use crate::org::ids;

/// The greatest OFFSET (H).
const MAX_OFFSET: u64 = 2_000;

/// A statement under construction: one `FROM` with the joins that paths need, and parameters in the order of their marks.
pub(super) struct Scope {
    pub(super) object: &'static Object,
    alias: Option<String>,
    /// The table's SQL name; nested scopes have other prefixes, so that subqueries cannot capture.
    table: String,
    joins: Vec<Join>,
}

struct Join {
    path: Vec<String>,
    object: &'static Object,
    table: String,
    on: String,
}

/// A field that a path leads to.
pub(super) struct Resolved {
    pub(super) field: &'static Field,
    pub(super) column: String,
    /// Where the path stands in the query.
    at: usize,
}

/// SQL text and its parameters, in order.
#[derive(Default)]
pub(super) struct Fragment {
    pub(super) sql: String,
    pub(super) parameters: Vec<Value>,
}

impl Scope {
    pub(super) fn new(object: &'static Object, alias: Option<&str>, depth: usize) -> Self {
        Self { object, alias: alias.map(str::to_owned), table: format!("t{depth}"), joins: Vec::new() }
    }

    /// The `FROM` clause, once all paths are resolved.
    pub(super) fn source(&self) -> String {
        let mut sql = format!("\"{}\" {}", self.object.name, self.table);
        for join in &self.joins {
            let _ = write!(sql, " LEFT JOIN \"{}\" {} ON {}", join.object.name, join.table, join.on);
        }
        sql
    }

    pub(super) fn id_column(&self) -> String {
        format!("{}.\"Id\"", self.table)
    }

    /// Whether a path's first part means the query's object itself: its alias, or its name.
    pub(super) fn is_own_name(&self, part: &str) -> bool {
        self.alias.as_deref().is_some_and(|alias| alias.eq_ignore_ascii_case(part))
            || part.eq_ignore_ascii_case(self.object.name) && self.object.relationship(part).is_none()
    }

    /// Finds the field behind a path, joining as needed.
    pub(super) fn resolve(&mut self, path: &Path) -> Result<Resolved, QueryError> {
        let mut parts = path.parts.as_slice();
        if let [first, _, ..] = parts {
            let own = self.is_own_name(first);
            if own {
                parts = &parts[1..];
            }
        }
        let Some((name, relationships)) = parts.split_last() else {
            return Err(QueryError::no_such_column(path.at, &path.text(), self.object.name));
        };
        // Five levels up, and no further (H).
        if relationships.len() > 5 {
            return Err(QueryError::malformed(path.at, "maximum 5 levels of relationship may be traversed"));
        }
        let (mut object, mut table) = (self.object, self.table.clone());
        for (index, relationship) in relationships.iter().enumerate() {
            let (field, reference) = object
                .relationship(relationship)
                .ok_or_else(|| QueryError::no_such_relationship(path.at, relationship))?;
            let walked: Vec<String> = relationships[..=index].iter().map(|part| part.to_ascii_lowercase()).collect();
            // Of a polymorphic reference, the first target answers; Salesforce shows its Name object there.
            let target = reference.to.first().and_then(|name| catalogue::object(name)).unwrap_or(object);
            table = match self.joins.iter().find(|join| join.path == walked) {
                Some(join) => join.table.clone(),
                None => {
                    let joined = format!("{}j{}", self.table, self.joins.len());
                    let on = format!("{joined}.\"Id\" = {table}.\"{}\"", field.name);
                    self.joins.push(Join { path: walked, object: target, table: joined.clone(), on });
                    joined
                }
            };
            object = target;
        }
        let field = object.field(name).ok_or_else(|| QueryError::no_such_column(path.at, name, object.name))?;
        Ok(Resolved { field, column: format!("{table}.\"{}\"", field.name), at: path.at })
    }

    pub(super) fn aggregate(&mut self, call: &Aggregate) -> Result<Resolved, QueryError> {
        let Resolved { field, column, at } = self.resolve(&call.path)?;
        let sql = match call.function {
            Function::Count => format!("count({column})"),
            Function::CountDistinct => format!("count(DISTINCT {column})"),
            Function::Min => format!("min({column})"),
            Function::Max => format!("max({column})"),
            Function::Sum | Function::Avg if field.kind != FieldType::Int => {
                let operator = if call.function == Function::Sum { "SUM" } else { "AVG" };
                return Err(QueryError::malformed(
                    call.path.at,
                    format!("field {} does not support aggregate operator {operator}", field.name),
                ));
            }
            Function::Sum => format!("sum({column})"),
            Function::Avg => format!("avg({column})"),
        };
        Ok(Resolved { field, column: sql, at })
    }

    fn operand(&mut self, operand: &Operand) -> Result<(Resolved, bool), QueryError> {
        match operand {
            Operand::Field(path) => Ok((self.resolve(path)?, false)),
            Operand::Aggregate(call) => {
                let counts =
                    matches!(call.function, Function::Count | Function::CountDistinct | Function::Sum | Function::Avg);
                Ok((self.aggregate(call)?, counts))
            }
        }
    }

    /// Translates a condition, appending its parameters.
    pub(super) fn condition(
        &mut self,
        condition: &Condition,
        depth: usize,
        out: &mut Fragment,
    ) -> Result<(), QueryError> {
        match condition {
            Condition::And(all) => self.joined(all, " AND ", depth, out),
            Condition::Or(all) => self.joined(all, " OR ", depth, out),
            Condition::Not(inner) => {
                out.sql.push_str("NOT coalesce(");
                self.condition(inner, depth, out)?;
                out.sql.push_str(", 0)");
                Ok(())
            }
            Condition::Compare { operand, operator, value } => {
                let (resolved, counts) = self.operand(operand)?;
                compare(&resolved, counts, *operator, value, out)
            }
            Condition::Among { operand, negated, values } => {
                let (resolved, counts) = self.operand(operand)?;
                let mut wants_null = false;
                let mut marks = 0;
                let mut parameters = Vec::new();
                for value in values {
                    match bind(&resolved, counts, value)? {
                        Value::Null => wants_null = true,
                        bound => {
                            marks += 1;
                            parameters.push(bound);
                        }
                    }
                }
                let column = &resolved.column;
                let list = vec!["?"; marks].join(",");
                let _ = match (negated, wants_null) {
                    (false, false) => write!(out.sql, "{column} IN ({list})"),
                    (false, true) => write!(out.sql, "({column} IN ({list}) OR {column} IS NULL)"),
                    (true, false) => write!(out.sql, "({column} NOT IN ({list}) OR {column} IS NULL)"),
                    (true, true) => write!(out.sql, "({column} NOT IN ({list}) AND {column} IS NOT NULL)"),
                };
                out.parameters.extend(parameters);
                Ok(())
            }
            Condition::AmongRows { operand, negated, query } => {
                let (resolved, _) = self.operand(operand)?;
                let inner = rows(query, depth + 1)?;
                let not = if *negated { "NOT " } else { "" };
                let _ = write!(out.sql, "{} {not}IN ({})", resolved.column, inner.sql);
                out.parameters.extend(inner.parameters);
                Ok(())
            }
        }
    }

    fn joined(&mut self, all: &[Condition], join: &str, depth: usize, out: &mut Fragment) -> Result<(), QueryError> {
        out.sql.push('(');
        for (index, condition) in all.iter().enumerate() {
            if index > 0 {
                out.sql.push_str(join);
            }
            self.condition(condition, depth, out)?;
        }
        out.sql.push(')');
        Ok(())
    }

    /// The `ORDER BY` clause, or nothing.
    pub(super) fn order(&mut self, query: &Query) -> Result<String, QueryError> {
        let mut terms = Vec::new();
        for order in &query.order_by {
            let (resolved, _) = self.operand(&order.operand)?;
            let direction = if order.descending { "DESC" } else { "ASC" };
            let nulls = if order.nulls_last { "LAST" } else { "FIRST" };
            // On columns that cannot be null the clause would only keep SQLite from using its index.
            let nulls = if resolved.field.nillable { format!(" NULLS {nulls}") } else { String::new() };
            terms.push(format!("{} {direction}{nulls}", resolved.column));
        }
        Ok(if terms.is_empty() { String::new() } else { format!(" ORDER BY {}", terms.join(", ")) })
    }
}

/// `LIMIT` and `OFFSET`, or nothing.
pub(super) fn window(query: &Query) -> Result<String, QueryError> {
    if query.offset.is_some_and(|offset| offset > MAX_OFFSET) {
        return Err(QueryError::plain(
            "NUMBER_OUTSIDE_VALID_RANGE",
            format!("Maximum SOQL offset allowed is {MAX_OFFSET}"),
        ));
    }
    Ok(match (query.limit, query.offset) {
        (None, None) => String::new(),
        (limit, offset) => {
            let limit = limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
            format!(" LIMIT {limit} OFFSET {}", offset.unwrap_or(0))
        }
    })
}

/// Rows that are not in the recycle bin.
pub(super) fn alive(scope: &Scope) -> Option<String> {
    scope.object.recycled.then(|| format!("{}.\"IsDeleted\" = 0", scope.table))
}

/// A semi-join's inner query: one column, never null.
fn rows(query: &Query, depth: usize) -> Result<Fragment, QueryError> {
    let object = catalogue::object(&query.from.text())
        .ok_or_else(|| QueryError::no_such_object(query.from.at, &query.from.text()))?;
    let mut scope = Scope::new(object, query.alias.as_deref(), depth);
    let [super::ast::SelectItem::Field { path, .. }] = query.select.as_slice() else {
        return Err(QueryError::malformed(query.from.at, "a semi join must select exactly one field"));
    };
    let selected = scope.resolve(path)?;
    if !selected.field.kind.is_id() {
        return Err(QueryError::malformed(
            path.at,
            format!("The selected field '{}' in the semi join must be an Id or reference field", selected.field.name),
        ));
    }
    let mut filter = Fragment { sql: format!("{} IS NOT NULL", selected.column), parameters: Vec::new() };
    if let Some(alive) = alive(&scope) {
        let _ = write!(filter.sql, " AND {alive}");
    }
    if let Some(condition) = &query.filter {
        filter.sql.push_str(" AND ");
        scope.condition(condition, depth, &mut filter)?;
    }
    let order = scope.order(query)?;
    let sql =
        format!("SELECT {} FROM {} WHERE {}{order}{}", selected.column, scope.source(), filter.sql, window(query)?);
    Ok(Fragment { sql, parameters: filter.parameters })
}

fn compare(
    resolved: &Resolved,
    counts: bool,
    operator: Operator,
    literal: &Literal,
    out: &mut Fragment,
) -> Result<(), QueryError> {
    let column = &resolved.column;
    if let LiteralValue::Range { from, until } = literal.value
        && resolved.field.kind == FieldType::DateTime
    {
        let (from, until) = (Value::Integer(from), Value::Integer(until));
        let (sql, bound) = match operator {
            Operator::Equal => (format!("({column} >= ? AND {column} < ?)"), vec![from, until]),
            Operator::NotEqual => (format!("({column} < ? OR {column} >= ? OR {column} IS NULL)"), vec![from, until]),
            Operator::Less => (format!("{column} < ?"), vec![from]),
            Operator::LessOrEqual => (format!("{column} < ?"), vec![until]),
            Operator::Greater => (format!("{column} >= ?"), vec![until]),
            Operator::GreaterOrEqual => (format!("{column} >= ?"), vec![from]),
            Operator::Like => return Err(mismatch(resolved, literal)),
        };
        out.sql.push_str(&sql);
        out.parameters.extend(bound);
        return Ok(());
    }
    if operator == Operator::Like {
        let LiteralValue::Text(raw) = &literal.value else { return Err(mismatch(resolved, literal)) };
        if !resolved.field.kind.is_text() {
            return Err(QueryError::invalid_field(
                literal.at,
                format!("invalid operator on {} field", resolved.field.kind.api_name()),
            ));
        }
        let _ = write!(out.sql, "{column} LIKE ? ESCAPE '\\'");
        out.parameters.push(Value::Text(unescape(raw, true, literal.at)?));
        return Ok(());
    }
    let value = bind(resolved, counts, literal)?;
    let sign = match operator {
        // IS and IS NOT compare values too, and treat null as one.
        Operator::Equal if value == Value::Null => "IS",
        Operator::Equal => "=",
        Operator::NotEqual => "IS NOT",
        Operator::Less => "<",
        Operator::LessOrEqual => "<=",
        Operator::Greater => ">",
        Operator::GreaterOrEqual => ">=",
        Operator::Like => "LIKE",
    };
    if resolved.field.kind == FieldType::Boolean && !matches!(operator, Operator::Equal | Operator::NotEqual) {
        return Err(QueryError::invalid_field(literal.at, "invalid operator on boolean field"));
    }
    let _ = write!(out.sql, "{column} {sign} ?");
    out.parameters.push(value);
    Ok(())
}

/// A literal of the wrong type: nearly always a matter of quotes.
fn mismatch(resolved: &Resolved, literal: &Literal) -> QueryError {
    let (name, kind) = (resolved.field.name, resolved.field.kind);
    let advice = match literal.value {
        LiteralValue::Text(_) => " and should not be enclosed in quotes",
        _ if kind.is_text() || kind.is_id() => " and should be enclosed in quotes",
        _ => "",
    };
    let kind = kind.api_name();
    QueryError::invalid_field(
        resolved.at,
        format!("value of filter criterion for field '{name}' must be of type {kind}{advice}"),
    )
}

/// The literal as the column stores it; refuses what does not fit the field's type.
fn bind(resolved: &Resolved, counts: bool, literal: &Literal) -> Result<Value, QueryError> {
    let kind = if counts { FieldType::Int } else { resolved.field.kind };
    match (&literal.value, kind) {
        (LiteralValue::Null, _) => Ok(Value::Null),
        (LiteralValue::Boolean(value), FieldType::Boolean) => Ok(Value::Integer(i64::from(*value))),
        (LiteralValue::Number(text), FieldType::Int) => Ok(text
            .parse::<i64>()
            .map(Value::Integer)
            .or_else(|_| text.parse::<f64>().map(Value::Real))
            .map_err(|_| mismatch(resolved, literal))?),
        (LiteralValue::DateTime(at), FieldType::DateTime) => Ok(Value::Integer(*at)),
        (LiteralValue::Text(raw), kind) if kind.is_id() => {
            let id = unescape(raw, false, literal.at)?;
            match ids::normalise(&id) {
                Some(id) => Ok(Value::Text(id)),
                None if id.is_empty() => Ok(Value::Null),
                None => Err(QueryError::invalid_id(resolved.at, &id)),
            }
        }
        (LiteralValue::Text(raw), kind) if kind.is_text() => {
            let text = unescape(raw, false, literal.at)?;
            // An empty string is stored as null, so it is looked for as null (H).
            Ok(if text.is_empty() { Value::Null } else { Value::Text(text) })
        }
        _ => Err(mismatch(resolved, literal)),
    }
}

/// The string behind the escapes. For `LIKE`, `\%` and `\_` stay escaped, and a literal backslash becomes escaped.
fn unescape(raw: &str, pattern: bool, at: usize) -> Result<String, QueryError> {
    let mut out = String::with_capacity(raw.len());
    let mut letters = raw.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        match letters.next() {
            Some('n' | 'N') => out.push('\n'),
            Some('r' | 'R') => out.push('\r'),
            Some('t' | 'T') => out.push('\t'),
            Some('b' | 'B') => out.push('\u{8}'),
            Some('f' | 'F') => out.push('\u{c}'),
            Some('\\') if pattern => out.push_str("\\\\"),
            Some(quoted @ ('\'' | '"' | '\\')) => out.push(quoted),
            Some(wild @ ('%' | '_')) if pattern => out.extend(['\\', wild]),
            Some(wild @ ('%' | '_')) => out.push(wild),
            other => {
                let other = other.map(String::from).unwrap_or_default();
                return Err(QueryError::malformed(
                    at,
                    format!(
                        "Invalid string literal '{raw}'. Illegal character sequence '\\{other}' in string literal."
                    ),
                ));
            }
        }
    }
    Ok(out)
}
