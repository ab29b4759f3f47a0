//! The sandbox of provisioning connectors: components, jobs, and what the host gives to them.
//!
//! A *connector* is a WebAssembly component that implements the world `identity:provisioning/connector`: it knows one
//! application and nothing about the host. This crate is the other half. It loads connectors, gives each job of each tenant
//! a sandbox of its own, makes the HTTP calls that a connector asks for, and keeps the secrets out of its reach. It knows components,
//! and no application.
//!
//! # From a component to a result
//!
//! 1. [`Runtime::builder`] makes the engine; one per process is enough.
//! 2. [`Runtime::load`] refuses a component that asks for more than the world gives, and compiles any other ([`Compiler`]).
//! 3. A [`Tenant`] says whose job it is: settings, [`Secret`]s, [`EgressPolicy`], [`Limits`].
//! 4. [`Runtime::start`] makes a [`Job`]; its methods are the connector's functions.
//!
//! This is `examples/embed.rs`:
//!
//! ```no_run
#![doc = include_str!("../examples/embed.rs")]
//! ```
//!
//! # What a connector cannot do
//!
//! * Read a secret: it has a placeholder, and the host puts the value in after the request has left the sandbox. It does so only where
//!   an approved use has it ([`Declaration`], [`Approval`]): by host, method, path and place. Tokens that answers bring are placeholders before
//!   the connector sees them.
//! * Reach a host that it has not declared, or that the tenant does not list. Every refusal names the host and the rule ([`Refusal`]).
//! * Take more than its share of memory, time, requests or handles ([`Limits`]). What it overruns is named in
//!   [`SandboxFault`], and its sandbox is gone.
//! * See another tenant. A sandbox serves one job of one tenant and is never used again, and no connection carries the requests
//!   of two tenants.
//!
//! # WASI
//! Toolchains of most languages import WASI 0.2 beside the world, whether a connector needs it or not. With the feature `wasi`, such a
//! component is loaded, and what it imports of WASI is empty: no environment, no arguments, no folders, no sockets. A tenant may refuse
//! that ([`Wasi`]); [`Connector::given`] says which of a component's imports it is about.
//!
//! # Versions of the interface
//! One version of the WIT package is served, [`InterfaceVersion`]; a component of any other is refused by name
//! ([`LoadError::OtherVersion`]).

// Where it cannot be done without, the place says why it is sound.
#![deny(unsafe_code)]

mod access;
mod addresses;
mod answers;
mod apart;
mod application;
pub(crate) mod bindings;
mod cache;
mod clients;
pub(crate) mod clocks;
mod compiler;
mod connector;
mod derived;
mod egress;
mod engine;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod given;
mod host_functions;
mod http;
mod interface;
mod job;
mod ledger;
mod limits;
mod log;
mod meter;
mod metrics;
mod names;
mod outgoing;
pub mod own_files;
mod permit;
mod placeholders;
mod placement;
mod recording;
mod room;
mod said;
mod scheduler;
pub(crate) mod secrets;
mod shape;
mod spent;
mod started;
mod survey;
mod tenant;
#[cfg(feature = "wasi")]
mod wasi;

pub use access::{
    Approval, Declaration, HostEntry, HostSource, JwtBounds, MalformedDeclaration, Place, Put, SecretForm, SecretUse,
    Take,
};
pub use application::Application;
pub use cache::{CacheError, ComponentCache};
pub use compiler::{Compiler, compile_for_parent};
pub use connector::{Connector, digest_of};
pub use egress::{EgressPolicy, HostRule, Refusal, RuleError};
pub use engine::{Runtime, RuntimeBuilder};
pub use error::{EngineError, JobError, LoadError, SandboxFault};
pub use given::Given;
pub use interface::{ImportedUser, InterfaceVersion, MalformedPage};
pub use job::{Job, JobUsage, Results};
pub use ledger::{Candidate, Intent, Ledger, Owner, Progress};
pub use limits::Limits;
pub use metrics::{Exposition, Histogram, Labels, Metrics};
pub use names::{action_name, error_kind_name, feature_names};
pub use own_files::Untrusted;
pub use permit::Permit;
pub use recording::{Recorder, RecordingError, Replay};
pub use scheduler::{CancelHandle, JobEnd, Load, Scheduler, SchedulerLimits, Shutdown, SubmitError, Terms, Ticket};
pub use secrets::Secret;
pub use shape::interface_files;
pub use spent::{OperationCalls, Spent};
pub use tenant::{Tenant, Wasi};

/// The types of the WIT package, as Wasmtime generates them: what a job is asked and what it answers.
pub mod wit {
    pub use super::bindings::exports::identity::provisioning::provisioning_connector::{
        Abandoned, Action, AttributeDefinition, Deactivation, Descriptor, DesiredUser, Entitlement, EntitlementPage,
        GrantKind, HostEntry, HostSource, ImportPage, ImportQuery, ImportScope, Outcome, Panel, Probe, PushMode, Seats,
        Setting, SettingKind, Usage, Verdict,
    };
    pub use super::bindings::identity::provisioning::types::{
        Change, Error, ErrorKind, Features, FieldChange, Grant, Retry, Status, Upstream, User, Value,
    };
}
