//! The command line as a process: what it prints, what it exits with, and what it leaves behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../../../../tests/error_table.rs"]
mod error_table;
mod refusing;
mod support;

mod answers;
mod approval;
mod backup;
mod bad_input;
mod cache;
mod claims;
mod compiling;
mod conformance;
mod console;
mod demo;
mod directory;
mod documents;
mod hostile_words;
mod hosts;
mod kill;
mod kill_scim;
mod licenses;
mod manual;
mod recording;
mod secrecy;
mod serve;
mod typing;
mod wildcards;
mod words;
mod worker;
