//! The tree to SQL with bound parameters.
//!
//! SOQL's logic has two values where SQL's has three: `Name != 'x'` finds rows without a name, and so does
//! `NOT (Name = 'x')`. The translation keeps that.

use std::fmt::Write as _;

use rusqlite::types::Value;

use super::ast::{Condition, Literal, LiteralValue, Operator, Query, SelectItem};
use super::error::QueryError;
use super::literal::{bind, mismatch, unescape};
use super::scope::{Resolved, Scope};
use crate::org::catalogue::{self, Features, FieldType};

/// The greatest OFFSET (H).
const MAX_OFFSET: u64 = 2_000;

/// SQL text and its parameters, in order.
#[derive(Default)]
pub(super) struct Fragment {
    pub(super) sql: String,
    pub(super) parameters: Vec<Value>,
}

impl Scope {
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
                let (resolved, counts) = self.filtered(operand)?;
                compare(&resolved, counts, *operator, value, out)
            }
            Condition::Among { operand, negated, values } => {
                let (resolved, counts) = self.filtered(operand)?;
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
                let (resolved, _) = self.filtered(operand)?;
                let inner = rows(query, self.features, depth + 1)?;
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
            if !resolved.field.is_sortable() {
                let message = format!("field '{}' can not be sorted in a query call", resolved.field.name);
                return Err(QueryError::malformed(resolved.at, message));
            }
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

/// A semi-join's inner query: one column, never null.
fn rows(query: &Query, features: Features, depth: usize) -> Result<Fragment, QueryError> {
    let object = catalogue::object(&query.from.text())
        .filter(|object| object.is_in(features))
        .ok_or_else(|| QueryError::no_such_object(query.from.at, &query.from.text()))?;
    let mut scope = Scope::new(object, features, query.alias.as_deref(), depth);
    let [SelectItem::Field { path, .. }] = query.select.as_slice() else {
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
    if let Some(alive) = scope.alive() {
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
