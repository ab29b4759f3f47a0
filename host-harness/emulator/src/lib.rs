//! A Salesforce organisation on loopback.
//!
mod error;
mod org;
mod rules;
mod soql;
