//! The queue: places of jobs that wait, turns of jobs that run.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{oneshot, watch};

use super::{Load, SchedulerLimits, SubmitError};

/// Who waits, who runs, and who is next.
pub(super) struct Turns {
    limits: SchedulerLimits,
    state: Mutex<State>,
    /// Jobs that wait or run.
    alive: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    tenants: HashMap<Arc<str>, Queue>,
    /// Tenants that have a waiting job and none that runs, the one that has waited longest for a turn first.
    ready: VecDeque<Arc<str>>,
    running: usize,
    waiting: usize,
    next_number: u64,
    closed: bool,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    runs: bool,
}

struct Waiting {
    number: u64,
    call: oneshot::Sender<Turn>,
}

/// A job's place in the queue; dropping it leaves the queue.
pub(super) struct QueuePosition {
    turns: Arc<Turns>,
    tenant: Arc<str>,
    number: u64,
    called: oneshot::Receiver<Turn>,
}

/// A worker and the tenant's exclusive turn; dropping it gives both back.
pub(super) struct Turn {
    turns: Arc<Turns>,
    tenant: Arc<str>,
}

impl Turns {
    pub(super) fn new(limits: SchedulerLimits) -> Self {
        let limits = SchedulerLimits { workers: limits.workers.max(1), ..limits };
        Self { limits, state: Mutex::default(), alive: watch::Sender::new(0) }
    }

    /// The state is only changed in steps that leave it whole, so a panic elsewhere does not spoil it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place at the end of the tenant's queue.
    pub(super) fn queue(self: &Arc<Self>, tenant: &str) -> Result<QueuePosition, SubmitError> {
        let mut state = self.state();
        if state.closed {
            return Err(SubmitError::ShutDown);
        }
        if state.waiting >= self.limits.waiting {
            return Err(SubmitError::QueueFull(self.limits.waiting));
        }
        let tenant: Arc<str> = match state.tenants.get_key_value(tenant) {
            Some((known, _)) => Arc::clone(known),
            None => tenant.into(),
        };
        let number = state.next_number;
        let queue = state.tenants.entry(Arc::clone(&tenant)).or_default();
        if queue.waiting.len() >= self.limits.waiting_per_tenant {
            return Err(SubmitError::TenantQueueFull {
                tenant: tenant.to_string(),
                limit: self.limits.waiting_per_tenant,
            });
        }
        let (call, called) = oneshot::channel();
        let is_next = queue.waiting.is_empty() && !queue.runs;
        queue.waiting.push_back(Waiting { number, call });
        if is_next {
            state.ready.push_back(Arc::clone(&tenant));
        }
        state.next_number += 1;
        state.waiting += 1;
        self.alive.send_modify(|alive| *alive += 1);
        self.call_up(&mut state);
        Ok(QueuePosition { turns: Arc::clone(self), tenant, number, called })
    }

    /// Hands out turns while there are workers and tenants for them.
    fn call_up(self: &Arc<Self>, state: &mut State) {
        while state.running < self.limits.workers {
            let Some(tenant) = state.ready.pop_front() else { return };
            let Some(queue) = state.tenants.get_mut(&tenant) else { continue };
            let Some(waiting) = queue.waiting.pop_front() else { continue };
            queue.runs = true;
            state.waiting -= 1;
            state.running += 1;
            // The call arrives: a place leaves the queue, under this same lock, before it drops its receiver. A turn that
            // arrives and is not picked up is given back by its drop.
            let _ = waiting.call.send(Turn { turns: Arc::clone(self), tenant });
        }
    }

    /// No more places; those that wait are told so by the end of their call.
    pub(super) fn close(&self) {
        let mut dropped = Vec::new();
        {
            let mut state = self.state();
            state.closed = true;
            state.ready.clear();
            for queue in state.tenants.values_mut() {
                dropped.extend(queue.waiting.drain(..));
            }
            state.tenants.retain(|_, queue| queue.runs);
            state.waiting = 0;
        }
        self.alive.send_modify(|alive| *alive -= dropped.len());
    }

    pub(super) fn workers(&self) -> usize {
        self.limits.workers
    }

    pub(super) fn load(&self) -> Load {
        let state = self.state();
        Load { running: state.running, waiting: state.waiting, tenants: state.tenants.len() }
    }

    /// Returns when no job waits or runs.
    pub(super) async fn idle(&self) {
        // The sender is `self.alive`, so it is there.
        let _ = self.alive.subscribe().wait_for(|alive| *alive == 0).await;
    }
}

impl QueuePosition {
    /// The turn, when it has come; none where the queue was closed before.
    pub(super) async fn turn(mut self) -> Option<Turn> {
        (&mut self.called).await.ok()
    }
}

impl Drop for QueuePosition {
    fn drop(&mut self) {
        let mut state = self.turns.state();
        let Some(queue) = state.tenants.get_mut(&self.tenant) else { return };
        let Some(at) = queue.waiting.iter().position(|waiting| waiting.number == self.number) else { return };
        queue.waiting.remove(at);
        if queue.waiting.is_empty() && !queue.runs {
            state.tenants.remove(&self.tenant);
            state.ready.retain(|ready| *ready != self.tenant);
        }
        state.waiting -= 1;
        self.turns.alive.send_modify(|alive| *alive -= 1);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        {
            let mut state = self.turns.state();
            state.running -= 1;
            if let Some(queue) = state.tenants.get_mut(&self.tenant) {
                queue.runs = false;
                if queue.waiting.is_empty() {
                    state.tenants.remove(&self.tenant);
                } else {
                    state.ready.push_back(Arc::clone(&self.tenant));
                }
            }
            self.turns.call_up(&mut state);
        }
        self.turns.alive.send_modify(|alive| *alive -= 1);
    }
}
