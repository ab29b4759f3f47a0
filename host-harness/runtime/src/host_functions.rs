//! The functions that the world gives to a component, on the state of its job.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use wasmtime::component::{Resource, ResourceTableError};

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
use super::ledger::{Ledger, Unkept};
use super::log::{MOST_FIELDS, beginning, printable, write};
use super::said::last_words;
use super::wit::Status;

/// Most requests of a `send-all`. A push of 10,000 users needs some hundred.
const MOST_TOGETHER: usize = 1_000;

/// Most entries of a list that the ledger is given in one call; a batch of the host has 5,000 people.
const MOST_ENTRIES: usize = 20_000;

/// From this many entries on, the ledger is asked apart from where jobs take turns.
const MANY_ENTRIES: usize = 64;

/// `types` declares no function; linking asks for the trait all the same.
impl types::Host for JobState {}

impl http::Host for JobState {
    async fn send(&mut self, request: Request) -> wasmtime::Result<Result<Response, Failure>> {
        match self.gate.prepare(request).await {
            Ok(prepared) => Ok(self.gate.send(prepared).await.result),
            Err(failure) => Ok(Err(failure)),
        }
    }

    async fn send_all(&mut self, requests: Vec<Request>) -> wasmtime::Result<Vec<Result<Response, Failure>>> {
        if requests.len() > MOST_TOGETHER {
            let refused = || {
                Err(Failure::Other(format!(
                    "none of the {} requests was sent, since {MOST_TOGETHER} are the most that are sent together; send them in several calls",
                    requests.len()
                )))
            };
            return Ok(requests.iter().map(|_| refused()).collect());
        }
        let mut prepared = Vec::with_capacity(requests.len());
        for request in requests {
            prepared.push(self.gate.prepare(request).await);
            // Others have their turn between any two.
            tokio::task::coop::consume_budget().await;
        }
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
        Ok(self.started.start(&self.gate, request).await)
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
        // Reading the key and signing take some milliseconds.
        let signed = self.gate.apart(move |gate| gate.sign_jwt(&key, key_id.as_deref(), &claims)).await;
        Ok(signed.map_err(|failed| failed.to_string()).flatten())
    }
}

impl log::Host for JobState {
    async fn write(&mut self, level: Level, message: String, fields: Vec<(String, String)>) -> wasmtime::Result<()> {
        let written = self.log_event(level, &message, &fields);
        if level == Level::Error && written.is_some() {
            self.last_error = written;
        }
        Ok(())
    }
}

impl JobState {
    /// Writes an event into the host's log. Returns the message as it was written, or `None` if the job has logged too much already.
    fn log_event(&mut self, level: Level, message: &str, fields: &[(String, String)]) -> Option<String> {
        self.log_events += 1;
        if self.log_events > self.limits.log_events {
            if self.log_events == self.limits.log_events + 1 {
                tracing::warn!(tenant = %self.tenant, job = %self.id, "the connector logs too much; its further events are dropped");
            }
            return None;
        }
        let written = {
            let placeholders = self.gate.placeholders();
            let named = |text: &str| placeholders.named_text(beginning(text)).into_owned();
            let fields: Vec<_> =
                fields.iter().take(MOST_FIELDS).map(|(name, value)| (named(name), named(value))).collect();
            (named(message), fields)
        };
        Some(write((&self.tenant, &self.id), &self.masks, level, &written.0, &written.1))
    }

    /// Logs what the call that has ended has written to its standard streams. Its last words on standard error count as its last error:
    /// that is where languages report an exception.
    pub(crate) fn log_what_was_said(&mut self) {
        let (output, error) = self.said.take();
        for (level, stream, text) in [(Level::Info, "stdout", &output), (Level::Warn, "stderr", &error)] {
            let fields = [("stream".to_owned(), stream.to_owned())];
            for line in text.lines().filter(|line| !line.trim().is_empty()) {
                self.log_event(level, line, &fields);
            }
        }
        if let Some(words) = last_words(&error) {
            let words = self.gate.placeholders().named_text(&words).into_owned();
            self.last_error = Some(printable(&self.masks, &words));
        }
    }

    /// Asks the ledger about `entries` entries. Returns `None` if there is no ledger.
    async fn ask<T: Send + 'static>(
        &mut self,
        entries: usize,
        ask: impl FnOnce(&dyn Ledger) -> Result<T, String> + Send + 'static,
    ) -> wasmtime::Result<Option<T>> {
        if entries > MOST_ENTRIES {
            return Err(wasmtime::Error::msg(format!(
                "it gave the ledger {entries} entries at once, and {MOST_ENTRIES} are the most"
            )));
        }
        let Some(ledger) = &self.ledger else { return Ok(None) };
        let told = match entries >= MANY_ENTRIES {
            true => {
                let ledger = Arc::clone(ledger);
                self.gate
                    .apart(move |_| ask(&*ledger))
                    .await
                    .map_err(|failed| wasmtime::Error::msg(failed.to_string()))?
            }
            false => ask(&**ledger),
        };
        Unkept::check(told).map(Some)
    }
}

impl ledger::Host for JobState {
    async fn owners(&mut self, ids: Vec<String>) -> wasmtime::Result<Vec<Option<Owner>>> {
        let unknown = ids.len();
        let owners = self.ask(unknown, move |ledger| ledger.owners(&ids)).await?;
        Ok(owners.unwrap_or_else(|| vec![None; unknown]))
    }

    async fn undecided(&mut self, subject: String, candidates: Vec<Candidate>) -> wasmtime::Result<()> {
        self.ask(candidates.len(), move |ledger| ledger.undecided(&subject, candidates)).await?;
        Ok(())
    }

    async fn out_of_use(&mut self, subjects: Vec<(String, Status)>) -> wasmtime::Result<()> {
        self.ask(subjects.len(), move |ledger| ledger.out_of_use(subjects)).await?;
        Ok(())
    }

    async fn begin(&mut self, intents: Vec<Intent>) -> wasmtime::Result<Vec<bool>> {
        let wanted = intents.len();
        Ok(self.ask(wanted, move |ledger| ledger.begin(intents)).await?.unwrap_or_else(|| vec![true; wanted]))
    }

    async fn written(&mut self, progress: Vec<Progress>) -> wasmtime::Result<()> {
        self.ask(progress.len(), move |ledger| ledger.written(progress)).await?;
        Ok(())
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
        if pollables.len() > self.limits.handles {
            // It has no more than so many, and named one repeatedly.
            return Err(ResourceTableError::Full.into());
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
