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
use super::http::Answer;
use super::job::JobState;
use super::ledger::Unkept;
use super::log::write;
use super::wit::Status;

/// `types` declares no function; linking asks for the trait all the same.
impl types::Host for JobState {}

impl http::Host for JobState {
    async fn send(&mut self, request: Request) -> wasmtime::Result<Result<Response, Failure>> {
        match self.gate.prepare(request) {
            Ok(prepared) => Ok(self.gate.send(prepared).await.result),
            Err(failure) => Ok(Err(failure)),
        }
    }

    async fn send_all(&mut self, requests: Vec<Request>) -> wasmtime::Result<Vec<Result<Response, Failure>>> {
        let prepared: Vec<_> = requests.into_iter().map(|request| self.gate.prepare(request)).collect();
        let gate = Arc::clone(&self.gate);
        // Each keeps its room until all are here.
        let answers: Vec<Answer> = stream::iter(prepared)
            .map(|prepared| {
                let gate = Arc::clone(&gate);
                async move {
                    match prepared {
                        Ok(prepared) => gate.send(prepared).await,
                        Err(failure) => gate.unsent(failure),
                    }
                }
            })
            // The gate lets fewer go at a time.
            .buffered(self.limits.requests_in_flight.max(1))
            .collect()
            .await;
        Ok(answers.into_iter().map(|answer| answer.result).collect())
    }

    async fn start(&mut self, request: Request) -> wasmtime::Result<u32> {
        Ok(self.started.start(&self.gate, request))
    }

    async fn finish(&mut self, started: u32) -> wasmtime::Result<Result<Response, Failure>> {
        Ok(self.started.finish(started).await)
    }
}

impl secrets::Host for JobState {
    async fn basic(&mut self, username: String, secret: String) -> wasmtime::Result<Result<String, String>> {
        Ok(self.gate.basic(&username, &secret))
    }

    async fn sign_jwt(
        &mut self,
        key: String,
        key_id: Option<String>,
        claims: String,
    ) -> wasmtime::Result<Result<String, String>> {
        Ok(self.gate.sign_jwt(&key, key_id.as_deref(), &claims))
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
        let written = {
            let placeholders = self.gate.placeholders();
            let named = |text: &str| placeholders.named_text(text).into_owned();
            let fields: Vec<_> = fields.iter().map(|(name, value)| (named(name), named(value))).collect();
            (named(&message), fields)
        };
        let message = write((&self.tenant, &self.id), &self.masks, level, &written.0, &written.1);
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

    async fn resolution(&mut self) -> wasmtime::Result<Datetime> {
        Ok(Datetime { seconds: 0, nanoseconds: clocks::RESOLUTION })
    }
}

impl monotonic_clock::Host for JobState {
    async fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.clock.now())
    }

    async fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(u64::from(clocks::RESOLUTION))
    }

    async fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<Deadline>> {
        Ok(self.table.push(self.clock.at(when))?)
    }

    async fn subscribe_duration(&mut self, when: u64) -> wasmtime::Result<Resource<Deadline>> {
        Ok(self.table.push(Deadline::after(when))?)
    }
}

impl poll::Host for JobState {
    async fn poll(&mut self, pollables: Vec<Resource<Deadline>>) -> wasmtime::Result<Vec<u32>> {
        if pollables.is_empty() {
            // WASI has it trap (`wasi:io/poll`, `poll`).
            return Err(wasmtime::Error::msg("it waited for the first of no pollables"));
        }
        let deadlines: Vec<Deadline> =
            pollables.iter().map(|pollable| self.table.get(pollable).copied()).collect::<Result<_, _>>()?;
        if let Some(first) = deadlines.iter().min() {
            first.wait().await;
        }
        let ready = deadlines.iter().enumerate().filter(|(_, deadline)| deadline.has_passed());
        Ok(ready.filter_map(|(at, _)| u32::try_from(at).ok()).collect())
    }
}

impl poll::HostPollable for JobState {
    async fn ready(&mut self, pollable: Resource<Deadline>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&pollable)?.has_passed())
    }

    async fn block(&mut self, pollable: Resource<Deadline>) -> wasmtime::Result<()> {
        self.table.get(&pollable)?.wait().await;
        Ok(())
    }

    async fn drop(&mut self, pollable: Resource<Deadline>) -> wasmtime::Result<()> {
        self.table.delete(pollable)?;
        Ok(())
    }
}
