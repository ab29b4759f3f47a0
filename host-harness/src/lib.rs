//! The reference host of provisioning connectors.
//!
//! A *connector* is a WebAssembly component that implements the world `identity:provisioning/connector`: it knows one
//! application and nothing about the host. This crate is the other half. It loads connectors, gives each job of each tenant
//! a sandbox of its own, makes the HTTP calls that a connector asks for, and keeps the secrets out of its reach.
//!
//! # From a component to a result
//!
//! 1. [`Runtime::builder`](runtime::Runtime::builder) makes the engine; one a process is enough.
//! 2. [`Runtime::load`](runtime::Runtime::load) compiles a component and refuses one that asks for more than the world gives.
//! 3. A [`Tenant`](runtime::Tenant) says whose job it is: settings, [`Secret`](runtime::Secret)s,
//!    [`EgressPolicy`](runtime::EgressPolicy), [`Limits`](runtime::Limits).
//! 4. [`Runtime::start`](runtime::Runtime::start) makes a [`Job`](runtime::Job); its methods are the connector's functions.
//!
//! The example `embed` does these four steps in under sixty lines.
//!
//! # What a connector cannot do
//!
//! * Read a secret. It holds handles; the host puts the values into requests after they have left the sandbox, and masks
//!   them in what comes back ([`runtime::Secret`]).
//! * Reach a host that the tenant does not list. Every refusal names the host and the rule ([`runtime::Refusal`]).
//! * Take more than its share of memory, time, requests or handles ([`runtime::Limits`]). What it overruns is named in
//!   [`runtime::SandboxFault`], and its sandbox is gone.
//! * See another tenant. A sandbox serves one job of one tenant and is never used again, and no connection carries the requests
//!   of two tenants.
//!
//! # Rooms
//!
//! * [`runtime`]: engine, sandbox, egress, secrets, HTTP. Knows components, and no application.
//! * [`config`]: tenants in TOML, and where their secrets come from.
//! * [`directory`]: people, tenants with their sealed secrets, links, tasks and the audit trail, in SQLite.
//! * [`sync`]: what should change on either side, and the imports and pushes that bring it about.
//! * [`conformance`]: named checks that any connector must pass.
//! * [`console`]: the admin's pages, in a browser.
//! * [`monitoring`]: counts and health over HTTP.
//! * [`cli`]: the command line, one file a command.
//! * [`embedded`]: the connector that the build has embedded.

// Where it cannot be done without, the place says why it is sound.
#![deny(unsafe_code)]

pub mod cli;
pub mod config;
pub mod conformance;
pub mod console;
pub mod directory;
pub mod embedded;
pub mod monitoring;
pub mod runtime;
pub mod sync;
