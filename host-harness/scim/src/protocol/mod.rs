//! What SCIM says, without a server: pure functions over JSON.
//!
//! * [`schema`]: the attributes of resources, from which `/Schemas` is rendered and by which everything below reads and compares.
//! * [`shape`]: what a client sent, brought into the form of the schema.
//! * [`path`], [`filter`], [`patch`]: the small languages of RFC 7644, with bounds.
//! * [`projection`], [`order`], [`page`], [`version`]: what of a resource, and which resources, an answer has.
//! * [`error`]: how a refusal is written.
//!
//! Clients differ from the RFCs and from each other, so reading is lenient: names of attributes count without regard to case, what
//! the schema doesn't have is left out, and the forms of values that clients are known to send are understood. The table in
//! `quirks` has a row for each of them.

pub mod error;
pub mod filter;
pub mod order;
pub mod page;
pub mod patch;
pub mod path;
pub mod projection;
pub mod schema;
pub mod shape;
pub mod version;

#[cfg(test)]
mod quirks;
