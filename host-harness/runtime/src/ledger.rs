//! What a connector tells of single users while a call is under way, on its way to whoever keeps it.

use super::wit::Status;

pub use super::bindings::identity::provisioning::ledger::{Candidate, Intent, Owner, Progress};

/// Keeps what connectors tell of single users ([`Tenant::ledger`](super::Tenant)); the WIT interface `ledger` says what each
/// function means. Calls may block for as long as a database takes.
///
/// # Errors
/// Of each function: one sentence for the operator. The job then ends as after a trap, so that nothing is written that
/// nobody has taken note of.
pub trait Ledger: Send + Sync + std::fmt::Debug {
    /// Whose users these are, in the order of the ids.
    fn owners(&self, ids: &[String]) -> Result<Vec<Option<Owner>>, String>;
    /// Users between which only an admin can decide.
    fn undecided(&self, subject: &str, candidates: Vec<Candidate>) -> Result<(), String>;
    /// Subjects whose users are out of use.
    fn out_of_use(&self, subjects: Vec<(String, Status)>) -> Result<(), String>;
    /// What is about to be written; says of each whether it is still wanted.
    fn begin(&self, intents: Vec<Intent>) -> Result<Vec<bool>, String>;
    /// What has been written.
    fn written(&self, progress: Vec<Progress>) -> Result<(), String>;
}

/// The ledger could not keep what it was told.
#[derive(Debug, thiserror::Error)]
#[error("what it told of its work could not be kept: {0}")]
pub(crate) struct Unkept(String);

impl Unkept {
    /// Ends the job over what could not be kept.
    pub(crate) fn check<T>(result: Result<T, String>) -> wasmtime::Result<T> {
        result.map_err(|reason| Self(reason).into())
    }
}
