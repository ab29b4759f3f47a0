//! The functions that the world gives to a component, on the state of its job.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use wasmtime::component::Resource;

use super::bindings::identity::provisioning::http::{self, Failure, Request, Response};
use super::bindings::identity::provisioning::ledger::{self, Candidate, Intent, Owner, Progress};
use super::bindings::identity::provisioning::log::{self, Level};
use super::bindings::identity::provisioning::{secrets, types};
use super::bindings::wasi::clocks::monotonic_clock;
use super::bindings::wasi::clocks::wall_clock::{self, Datetime};
use super::bindings::wasi::io::poll;
use super::clocks::{self, Deadline};
use super::http::Prepared;
use super::job::JobState;
use super::ledger::Unkept;
use super::log::write;
use super::secrets::SecretHandle;
use super::wit::Status;

/// `types` declares no function; linking asks for the trait all the same.
impl types::Host for JobState {}

impl JobState {
    fn prepare(&self, request: Request) -> wasmtime::Result<Result<Prepared, Failure>> {
        Prepared::of(request, &self.table, self.gate.is_watched())
    }
}

impl http::Host for JobState {
    async fn send(&mut self, request: Request) -> wasmtime::Result<Result<Response, Failure>> {
        match self.prepare(request)? {
            Ok(prepared) => Ok(self.gate.send(prepared).await),
            Err(failure) => Ok(Err(failure)),
        }
    }

    async fn send_all(&mut self, requests: Vec<Request>) -> wasmtime::Result<Vec<Result<Response, Failure>>> {
        let prepared: Vec<_> =
            requests.into_iter().map(|request| self.prepare(request)).collect::<wasmtime::Result<_>>()?;
        let gate = Arc::clone(&self.gate);
        let answers = stream::iter(prepared)
            .map(|prepared| {
                let gate = Arc::clone(&gate);
                async move {
                    match prepared {
                        Ok(prepared) => gate.send(prepared).await,
                        Err(failure) => Err(failure),
                    }
                }
            })
            .buffered(self.limits.requests_in_flight.max(1))
            .collect()
            .await;
        Ok(answers)
    }
}

impl secrets::Host for JobState {}

impl secrets::HostSecret for JobState {
    async fn sign_rs256(
        &mut self,
        secret: Resource<SecretHandle>,
        message: Vec<u8>,
    ) -> wasmtime::Result<Result<Vec<u8>, String>> {
        Ok(self.table.get(&secret)?.0.sign_rs256(&message))
    }

    async fn drop(&mut self, secret: Resource<SecretHandle>) -> wasmtime::Result<()> {
        self.table.delete(secret)?;
        Ok(())
    }
}

impl log::Host for JobState {
    async fn write(&mut self, level: Level, message: String, fields: Vec<(String, String)>) -> wasmtime::Result<()> {
        self.log_events += 1;
        if self.log_events > self.limits.log_events {
            if self.log_events == self.limits.log_events + 1 {
                tracing::warn!(tenant = %self.tenant, job = %self.id, "the connector logs too much; its further events are dropped");
            }
            return Ok(());
        }
        let message = write((&self.tenant, &self.id), &self.masks, level, &message, &fields);
        if level == Level::Error {
            self.last_error = Some(message);
        }
        Ok(())
    }
}

impl ledger::Host for JobState {
    async fn owners(&mut self, ids: Vec<String>) -> wasmtime::Result<Vec<Option<Owner>>> {
        match &self.ledger {
            Some(ledger) => Unkept::check(ledger.owners(&ids)),
            None => Ok(ids.iter().map(|_| None).collect()),
        }
    }

    async fn undecided(&mut self, subject: String, candidates: Vec<Candidate>) -> wasmtime::Result<()> {
        self.ledger.as_ref().map_or(Ok(()), |ledger| Unkept::check(ledger.undecided(&subject, candidates)))
    }

    async fn out_of_use(&mut self, subjects: Vec<(String, Status)>) -> wasmtime::Result<()> {
        self.ledger.as_ref().map_or(Ok(()), |ledger| Unkept::check(ledger.out_of_use(subjects)))
    }

    async fn begin(&mut self, intents: Vec<Intent>) -> wasmtime::Result<Vec<bool>> {
        match &self.ledger {
            Some(ledger) => Unkept::check(ledger.begin(intents)),
            None => Ok(intents.iter().map(|_| true).collect()),
        }
    }

    async fn written(&mut self, progress: Vec<Progress>) -> wasmtime::Result<()> {
        self.ledger.as_ref().map_or(Ok(()), |ledger| Unkept::check(ledger.written(progress)))
    }
}

impl wall_clock::Host for JobState {
    async fn now(&mut self) -> wasmtime::Result<Datetime> {
        Ok(clocks::now())
    }
}

impl monotonic_clock::Host for JobState {
    async fn subscribe_duration(&mut self, when: u64) -> wasmtime::Result<Resource<Deadline>> {
        Ok(self.table.push(Deadline::after(when))?)
    }
}

impl poll::Host for JobState {}

impl poll::HostPollable for JobState {
    async fn block(&mut self, pollable: Resource<Deadline>) -> wasmtime::Result<()> {
        self.table.get(&pollable)?.wait().await;
        Ok(())
    }

    async fn drop(&mut self, pollable: Resource<Deadline>) -> wasmtime::Result<()> {
        self.table.delete(pollable)?;
        Ok(())
    }
}
