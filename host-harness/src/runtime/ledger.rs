//! What a connector tells of single users while a call is under way, on its way to whoever keeps it.

use super::bindings::identity::provisioning::ledger as imports;
use super::job::JobState;
use super::wit::Status;

pub use imports::{Candidate, Intent, Owner, Progress};

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

fn kept<T>(result: Result<T, String>) -> wasmtime::Result<T> {
    result.map_err(|reason| Unkept(reason).into())
}

impl imports::Host for JobState {
    async fn owners(&mut self, ids: Vec<String>) -> wasmtime::Result<Vec<Option<Owner>>> {
        match &self.ledger {
            Some(ledger) => kept(ledger.owners(&ids)),
            None => Ok(ids.iter().map(|_| None).collect()),
        }
    }

    async fn undecided(&mut self, subject: String, candidates: Vec<Candidate>) -> wasmtime::Result<()> {
        self.ledger.as_ref().map_or(Ok(()), |ledger| kept(ledger.undecided(&subject, candidates)))
    }

    async fn out_of_use(&mut self, subjects: Vec<(String, Status)>) -> wasmtime::Result<()> {
        self.ledger.as_ref().map_or(Ok(()), |ledger| kept(ledger.out_of_use(subjects)))
    }

    async fn begin(&mut self, intents: Vec<Intent>) -> wasmtime::Result<Vec<bool>> {
        match &self.ledger {
            Some(ledger) => kept(ledger.begin(intents)),
            None => Ok(intents.iter().map(|_| true).collect()),
        }
    }

    async fn written(&mut self, progress: Vec<Progress>) -> wasmtime::Result<()> {
        self.ledger.as_ref().map_or(Ok(()), |ledger| kept(ledger.written(progress)))
    }
}
