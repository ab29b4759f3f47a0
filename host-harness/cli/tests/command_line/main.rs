//! The command line as a process: what it prints, what it exits with, and what it leaves behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../../../../tests/error_table.rs"]
mod error_table;
mod golden;
mod refusing;
#[path = "../../../../tests/signing.rs"]
mod signing;
mod support;

mod answers;
mod approval;
mod audit;
mod backup;
mod bad_input;
mod cache;
mod claims;
mod compiling;
mod components;
mod conformance;
mod console;
mod demo;
mod directory;
mod documents;
mod ending;
mod examples;
mod hostile_words;
mod hosts;
mod interrupted;
mod keys;
mod kill;
mod kill_scim;
mod licenses;
mod manual;
mod mistakes;
mod recording;
mod reference;
mod secrecy;
mod serve;
mod tables;
mod typing;
mod walk_scim;
mod wildcards;
mod words;
mod worker;
