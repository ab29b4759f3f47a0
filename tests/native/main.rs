//! The connector, built natively, against the emulated org: what it costs, what a crash leaves behind, and what has gone
//! wrong elsewhere and must not go wrong here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod admin;
mod compatibility;
mod crash;
mod decimals;
mod figures;
mod first;
mod import;
mod injection;
mod junk;
mod keys;
mod lessons;
mod lifecycle;
mod settings;
mod sign_in;
mod support;
