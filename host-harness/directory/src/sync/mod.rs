//! What should change, on either side, so that people and an application's users stay in step.
//!
//! The [directory](crate::directory) stores; this module decides. It has two halves:
//!
//! - [`intents`]: what an admin, a script or an import wants of people, assignments and tenants. Each is part of a
//!   transaction, keeps the rules (a sourced attribute is not edited here, a feature that is off is reported as off), and
//!   leaves tasks for what has to be done in applications.
//! - Jobs, which talk to an application through its connector: [`import`] reads, [`push`] and [`plans`] carry out tasks.
//!
//! # A change's way to an application and back
//!
//! 1. An intent changes a person or an assignment and leaves a task, in one transaction. A crash leaves both or neither.
//! 2. A push takes the task, works out what to send, and calls the connector. What it is about to write and what it has
//!    written is stored during the call. A crash leaves a task that is under way and perhaps an attempt; the next push
//!    finds what was done. The documentation of [`push`] has the passes, each with what a crash leaves.
//! 3. The result of each task is stored in one transaction with its link and its audit row.
//! 4. An import stages the application's users page by page, and settles them once all are there. A crash leaves an open
//!    run, which the next import continues. The documentation of [`import`] has the passes.
//!
//! Only the directory remembers anything between jobs. One process at a time works for a tenant; a lock on a file keeps
//! others out and is freed by the operating system if the process ends.
//!
//! # Running jobs
//!
//! A job needs an [`Application`](provisioning_runtime::Application), which [`provisioning_runtime::Job`] is; tests script one.
//! [`Applications`] starts them: for real components, [`ComponentApplications`]. [`worker`] runs jobs by the tenants' schedules.

mod applications;
mod approval;
mod chores;
mod claims;
mod components;
mod confirm;
mod due;
mod ended;
mod entitlements;
mod error;
mod explain;
mod features;
mod grants;
pub mod import;
pub mod intents;
mod mapping;
pub mod names;
pub mod plans;
pub mod push;
mod removal;
mod retry;
pub mod scim;
mod session;
mod trail;
mod wind_down;
pub mod worker;

use crate::directory::Actor;

pub use applications::Applications;
pub use approval::{Declared, Grounds, Standing, approval, standing};
pub use chores::finish as finish_chores;
pub use claims::OpenClaim;
pub use components::ComponentApplications;
pub use confirm::{Confirmed, Decided, Decision, confirm, confirm_all};
pub use entitlements::{grant_name, misfit, refresh_entitlements};
pub use error::SyncError;
pub use explain::explain;
pub use features::Feature;
pub use grants::{Entitlements, list_entitlements};
pub use mapping::{check_mapping, preview};
pub use removal::{Removal, remove_person};
pub use retry::{failure, failure_of_job, is_of_the_connector};
pub use trail::{Tried, Written, note_tried};
pub use wind_down::WindDown;

/// Whoever does what nobody asked for: the host itself.
pub(crate) fn host_actor() -> Actor {
    Actor::new("host")
}

#[cfg(test)]
mod scripted;
#[cfg(test)]
#[allow(clippy::redundant_closure_for_method_calls, reason = "a path is not general over the view's lifetime")]
mod tests;
