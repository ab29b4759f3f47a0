//! The sandbox: components, jobs, and what the host gives to them.
//!
//! [`Runtime`] compiles components into [`Connector`]s and starts [`Job`]s from them. A job holds one Wasmtime store for one
//! [`Tenant`]; nothing in it is shared with another tenant, and it is bounded in every direction by [`Limits`]. A component
//! reaches the outside only through the HTTP of this module, which asks the tenant's [`EgressPolicy`] and puts
//! [`Secret`]s into requests after they have left the sandbox.
//!
//! # Versions of the interface
//! One version of the WIT package is served, [`InterfaceVersion`]; a component of any other is refused by name
//! ([`LoadError::OtherVersion`]).

mod addresses;
pub(crate) mod bindings;
mod cache;
mod clients;
pub(crate) mod clocks;
mod connector;
mod egress;
mod engine;
mod error;
mod http;
mod interface;
mod job;
mod ledger;
mod limits;
mod log;
mod metrics;
mod names;
mod outgoing;
pub(crate) mod own_files;
mod recording;
mod scheduler;
pub(crate) mod secrets;
mod spent;
mod tenant;

pub use cache::{CacheError, ComponentCache};
pub use connector::Connector;
pub use egress::{EgressPolicy, HostRule, Refusal, RuleError};
pub use engine::{Runtime, RuntimeBuilder};
pub use error::{EngineError, JobError, LoadError, SandboxFault};
pub use interface::{ImportedUser, InterfaceVersion};
pub use job::{Job, JobUsage, Results};
pub use ledger::{Candidate, Intent, Ledger, Owner, Progress};
pub use limits::Limits;
pub use metrics::{Histogram, Metrics};
pub use names::{action_name, error_kind_name, feature_names};
pub use own_files::Untrusted;
pub use recording::{Recorder, RecordingError, Replay};
pub use scheduler::{CancelHandle, JobEnd, Load, Scheduler, SchedulerLimits, Shutdown, SubmitError, Terms, Ticket};
pub use secrets::Secret;
pub use spent::{OperationCalls, Spent};
pub use tenant::Tenant;

/// The types of the WIT package, as Wasmtime generates them: what a job is asked and what it answers.
pub mod wit {
    pub use super::bindings::exports::identity::provisioning::provisioning_connector::{
        Abandoned, Action, AttributeDefinition, Deactivation, Descriptor, DesiredUser, Entitlement, EntitlementPage,
        GrantKind, ImportPage, ImportQuery, ImportScope, Outcome, Panel, Probe, PushMode, Seats, Setting, SettingKind,
        Usage, Verdict,
    };
    pub use super::bindings::identity::provisioning::types::{
        Change, Error, ErrorKind, Features, FieldChange, Grant, Retry, Status, Upstream, User, Value,
    };
}
