//! SOQL: a query's text becomes a tree ([`parse`]), the tree becomes SQL with bound parameters ([`sql`]), and rows
//! become records in Salesforce's shape ([`record`]).
//!
//! What the catalogue does not know, SOQL cannot reach: names are resolved against it before any SQL exists.

mod ast;
mod columns;
mod dates;
mod error;
mod groups;
mod lex;
mod literal;
mod parse;
mod record;
mod run;
mod scope;
mod sql;
mod table;

pub(crate) use columns::columns;
pub(crate) use record::Record;
pub(crate) use run::{Options, page, run};
pub(crate) use table::{ids, table, values};
