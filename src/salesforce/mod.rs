//! Salesforce's wire formats: signing in, calling, asking and writing.
//!
//! Facts carry the confidence that they were established with: H official documentation or a recorded response, M several
//! independent reports of real errors, L one report or an inference, U unconfirmed.

pub mod client;
pub mod collections;
pub mod composite;
pub mod describe;
pub mod error;
pub mod gather;
pub mod id;
mod identity;
pub mod json;
pub mod login;
pub mod number;
pub mod oauth;
pub mod path;
pub mod query;
pub mod record;
pub mod soql;
pub mod time;
pub mod url;
pub mod xml;
