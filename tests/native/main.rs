//! The connector, built natively, against the emulated org: what it costs, what a crash leaves behind, and what has gone
//! wrong elsewhere and must not go wrong here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod admin;
mod answers;
mod compatibility;
mod crash;
mod decimals;
mod ended;
#[path = "../error_table.rs"]
mod error_table;
mod faults;
mod figures;
mod first;
mod import;
mod injection;
mod junk;
mod keys;
mod ledger;
mod lessons;
mod lifecycle;
mod names;
mod owners;
mod settings;
mod sign_in;
mod support;
mod take_back;
