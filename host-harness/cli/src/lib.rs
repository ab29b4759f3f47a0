//! The command line: one file per command, and [`direct`] for what needs no directory.
//!
//! Tenants live in one of two places. The *data folder* (`--data`) is the directory: its tenants, people and secrets are
//! edited by commands, imports write to it, and pushes carry out its tasks. A *tenants file* (`--tenants`) is configuration
//! that somebody else keeps: it is only read, and serves commands that do one thing and remember nothing. A command that
//! takes a tenant looks in a tenants file that was named, then in the data folder, then in `tenants.toml`.

#![deny(unsafe_code)]

pub mod embedded;

mod apply;
mod assign;
mod attributes;
mod audit;
mod backlog;
mod backup;
mod command_line;
mod completion;
mod component;
mod confirm;
mod conformance;
mod console;
mod context;
mod core_dumps;
mod database;
mod deactivate;
#[cfg(feature = "emulator")]
mod demo;
#[cfg(not(feature = "emulator"))]
#[path = "without_emulator.rs"]
mod demo;
mod describe;
mod direct;
mod doctor;
#[cfg(feature = "emulator")]
mod emulated_tenant;
#[cfg(feature = "emulator")]
mod emulator;
mod entitlements;
mod failure;
#[doc(hidden)]
pub mod fuzzing;
mod global;
mod grants;
mod help;
mod import;
mod init;
mod interrupt;
mod key;
mod licenses;
mod man;
mod new;
mod output;
mod people;
mod person;
mod plan;
mod prune;
mod push;
mod readiness;
mod report;
mod retry;
mod runs;
mod sample;
mod scim;
mod serve;
mod sync_password;
mod tasks;
mod tenant;
mod test_credentials;
mod unassign;
mod unlink;
mod usage;
mod view;
mod worker;

pub use command_line::main;
pub use help::EXAMPLES;
