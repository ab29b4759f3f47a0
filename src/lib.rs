//! A provisioning connector for the Salesforce Customer Portal, as a WebAssembly component.
//!
//! A portal user in Salesforce is two records: a Contact under an Account, and a User that points at the contact and
//! takes a seat of a portal licence through its profile. This crate keeps both in step with a directory. It knows
//! Salesforce and nothing about who runs it: everything outside is reached through the small trait [`host::Host`].
//!
//! # Map
//!
//! - [`model`]: what a host and a connector say to each other; mirrors the WIT interface `provisioning-connector`.
//! - [`host`]: what a host gives: HTTP with secrets put in from outside, a log, clocks.
//! - [`settings`]: a tenant's settings, checked.
//! - [`attributes`]: the users' attributes and the Salesforce fields that they stand for.
//! - [`operations`]: one file for each function of the interface.
//! - [`salesforce`]: the wire: sign-in, client, SOQL, queries, collections, errors.
//! - [`diagnosis`]: Salesforce's errors, told in plain words with a remedy.
//!
//! # Design decisions
//!
//! - All logic is plain Rust that builds natively and is tested there against a scripted host. Only `component`, which is
//!   compiled for WebAssembly alone, sees generated bindings.
//! - No secret is ever in this code's memory: a secret is an opaque handle that is placed into a request's body.
//! - What doesn't depend on each other goes side by side: pieces of work are `async` functions that one thread looks at in turns,
//!   as [`salesforce::client`] explains.
//! - Work comes in batches, since Salesforce bills calls and not records; each record has its own result.

pub mod attributes;
pub mod diagnosis;
pub mod host;
pub mod model;
pub mod operations;
pub mod salesforce;
pub mod settings;
mod text;
mod together;

#[cfg(target_arch = "wasm32")]
mod component;
#[cfg(test)]
mod scripted;
