//! Filters (RFC 7644 §3.4.2.2), with bounds: a filter costs work for each resource that it is tried on.

mod evaluate;
mod parse;

use super::path::AttributeName;
use serde_json::Value as Json;

pub use evaluate::{Subject, matches, matches_value};
pub use parse::{DEEPEST, LONGEST, MOST_TERMS, parse};

/// A filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Both hold.
    And(Box<Filter>, Box<Filter>),
    /// One holds.
    Or(Box<Filter>, Box<Filter>),
    /// It doesn't hold.
    Not(Box<Filter>),
    /// The attribute has a value.
    Present(AttributeName),
    /// The attribute compares so.
    Compare(AttributeName, Operator, Json),
    /// One value of the attribute fulfils a filter of its own.
    Within(AttributeName, Box<Filter>),
}

/// How values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Contains.
    Co,
    /// Starts with.
    Sw,
    /// Ends with.
    Ew,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
}

impl Filter {
    /// What must hold whatever else does: the terms that `and` joins at the top.
    pub fn necessary(&self) -> Vec<&Filter> {
        match self {
            Self::And(one, other) => {
                let mut terms = one.necessary();
                terms.extend(other.necessary());
                terms
            }
            other => vec![other],
        }
    }
}
