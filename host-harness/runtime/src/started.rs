//! Requests that a component has started and not finished yet. They go on while it computes, and between its calls.
//!
//! # Cancellation
//! They end with the store: whoever drops it drops the answers with it.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::JoinHandle;
use tracing::Instrument as _;

use super::bindings::identity::provisioning::http::{Failure, Request, Response};
use super::http::{Answer, Gate};

/// Most requests that a component may have started and not finished; the interface says so.
const MOST: usize = 64;

/// The requests of one job.
#[derive(Default)]
pub(crate) struct Started {
    /// The number of the next one.
    next: u32,
    requests: HashMap<u32, State>,
}

/// How far one of them is.
enum State {
    /// Nothing was sent.
    Refused(Failure),
    Sent(Exchange),
}

/// A request on its way. It ends when nobody waits for it any more.
struct Exchange(JoinHandle<Answer>);

impl Drop for Exchange {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Started {
    /// Starts a request.
    pub(crate) async fn start(&mut self, gate: &Arc<Gate>, request: Request) -> u32 {
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        // Of one too many nothing is kept, or a component could fill the host with refusals.
        if self.requests.len() < MOST {
            let state = match gate.prepare(request).await {
                Ok(prepared) => {
                    let gate = Arc::clone(gate);
                    let meter = Arc::clone(&gate.meter);
                    let exchange = meter.beside(async move { gate.send(prepared).await });
                    State::Sent(Exchange(tokio::spawn(exchange.in_current_span())))
                }
                Err(failure) => State::Refused(failure),
            };
            self.requests.insert(number, state);
        }
        number
    }

    /// Waits for the answer to a request.
    pub(crate) async fn finish(&mut self, number: u32) -> Result<Response, Failure> {
        match self.requests.remove(&number) {
            Some(State::Refused(failure)) => Err(failure),
            Some(State::Sent(mut exchange)) => match (&mut exchange.0).await {
                Ok(answer) => answer.result,
                Err(error) => {
                    tracing::error!(%error, "a request failed inside the host");
                    Err(Failure::Other("the host failed over this request; its log says more".to_owned()))
                }
            },
            None => Err(Failure::Other(format!(
                "request {number} has no answer: either it was never started, or its answer was given already, or it was refused because {MOST} others weren't finished; finish requests before starting more"
            ))),
        }
    }
}
