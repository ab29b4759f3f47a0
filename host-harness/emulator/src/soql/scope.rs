//! Names to columns: which table a path leads to, and the joins on the way.

use std::fmt::Write as _;

use super::ast::{Aggregate, Function, Operand, Path};
use super::error::QueryError;
use crate::org::catalogue::{self, Features, Field, FieldType, Object};

/// The `FROM` of a statement under construction, with the joins that paths need.
pub(super) struct Scope {
    pub(super) object: &'static Object,
    pub(super) features: Features,
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
    pub(super) at: usize,
}

impl Scope {
    pub(super) fn new(object: &'static Object, features: Features, alias: Option<&str>, depth: usize) -> Self {
        Self { object, features, alias: alias.map(str::to_owned), table: format!("t{depth}"), joins: Vec::new() }
    }

    /// The `FROM` clause, once all paths are resolved.
    pub(super) fn source(&self) -> String {
        let mut sql = format!("\"{}\" {}", self.object.name, self.table);
        for join in &self.joins {
            let _ = write!(sql, " LEFT JOIN \"{}\" {} ON {}", join.object.name, join.table, join.on);
        }
        sql
    }

    /// The condition that a row is not in the recycle bin, where the object has one.
    pub(super) fn alive(&self) -> Option<String> {
        self.object.recycled.then(|| format!("{}.\"IsDeleted\" = 0", self.table))
    }

    pub(super) fn id_column(&self) -> String {
        format!("{}.\"Id\"", self.table)
    }

    /// Whether a path's first part means the query's object itself: its alias, or its name.
    pub(super) fn is_own_name(&self, part: &str) -> bool {
        self.alias.as_deref().is_some_and(|alias| alias.eq_ignore_ascii_case(part))
            || part.eq_ignore_ascii_case(self.object.name) && self.object.relationship_in(self.features, part).is_none()
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
                .relationship_in(self.features, relationship)
                .ok_or_else(|| QueryError::no_such_relationship(path.at, relationship))?;
            let walked: Vec<String> = relationships[..=index].iter().map(|part| part.to_ascii_lowercase()).collect();
            // Of a polymorphic reference, the first target answers; Salesforce shows its Name object there.
            let target = reference.to.first().and_then(|name| catalogue::object(name));
            let target = target.ok_or_else(|| QueryError::not_emulated(&format!("The relationship {relationship}")))?;
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
        let field = object.field_in(self.features, name).ok_or_else(|| match object.lacks(name) {
            true => QueryError::not_emulated(&format!("The field {name} of {}", object.name)),
            false => QueryError::no_such_column(path.at, name, object.name),
        })?;
        let column = format!("{table}.\"{}\"", field.name);
        Ok(Resolved { field, column: self.features.seen(field, column), at: path.at })
    }

    pub(super) fn aggregate(&mut self, call: &Aggregate) -> Result<Resolved, QueryError> {
        let Resolved { field, column, at } = self.resolve(&call.path)?;
        let sql = match call.function {
            Function::Count => format!("count({column})"),
            Function::CountDistinct => format!("count(DISTINCT {column})"),
            Function::Min => format!("min({column})"),
            Function::Max => format!("max({column})"),
            Function::Sum | Function::Avg if field.kind != FieldType::Int && !field.kind.is_decimal() => {
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

    /// What a condition compares.
    ///
    /// # Errors
    /// `INVALID_FIELD` for a field that queries may not filter by (H).
    pub(super) fn filtered(&mut self, operand: &Operand) -> Result<(Resolved, bool), QueryError> {
        let found = self.operand(operand)?;
        let (Resolved { field, at, .. }, _) = &found;
        match operand {
            Operand::Field(_) if field.kind == FieldType::Address => {
                Err(QueryError::invalid_field(*at, "Address fields can only be filtered using Distance expressions"))
            }
            Operand::Field(_) if !field.is_filterable() => Err(QueryError::invalid_field(
                *at,
                format!("field '{}' can not be filtered in a query call", field.name),
            )),
            _ => Ok(found),
        }
    }

    pub(super) fn operand(&mut self, operand: &Operand) -> Result<(Resolved, bool), QueryError> {
        match operand {
            Operand::Field(path) => Ok((self.resolve(path)?, false)),
            Operand::Aggregate(call) => {
                let counts =
                    matches!(call.function, Function::Count | Function::CountDistinct | Function::Sum | Function::Avg);
                Ok((self.aggregate(call)?, counts))
            }
        }
    }
}
