//! People, the tenants that they are provisioned to, and the sync that keeps both in step.
//!
//! * [`config`]: what is kept of a tenant, and tenants in TOML.
//! * The directory itself ([`Directory`]): people, tenants with their sealed secrets, links, tasks and the audit trail, in SQLite.
//! * [`spreadsheet`]: cells of CSV files that no spreadsheet takes for formulas.
//! * [`sync`]: what should change on either side, and the imports and pushes that bring it about.

#![deny(unsafe_code)]

pub mod config;
mod directory;
pub mod spreadsheet;
pub mod sync;
mod typo;

pub use directory::*;
pub use typo::nearest;
