//! How long a call computes: in the component, and in the host on its behalf.
//!
//! What counts is the processor time of the thread while it works for the call, read from the operating system before and after. So
//! it makes no difference whether a component computes itself or has a host function do it (unpack, parse, sign, copy arguments),
//! waiting costs nothing, and a busy machine doesn't shorten anybody's time.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use super::error::ComputeExceeded;

/// The processor time of one job: what the call under way has used, and what it may use.
#[derive(Debug)]
pub(crate) struct Meter {
    /// In nanoseconds.
    limit: u64,
    used: AtomicU64,
    /// The thread's time when it began to work for the call, while it does.
    since: AtomicU64,
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The processor time of this thread, in nanoseconds.
#[cfg(unix)]
fn now() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    seconds * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or_default()
}

/// Where there is no such clock, time that passes is good enough.
#[cfg(not(unix))]
fn now() -> u64 {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    nanoseconds(START.elapsed())
}

impl Meter {
    /// One whose calls may use `limit` each.
    pub(crate) fn new(limit: Duration) -> Arc<Self> {
        Arc::new(Self { limit: nanoseconds(limit), used: AtomicU64::new(0), since: AtomicU64::new(0) })
    }

    /// Begins a call.
    pub(crate) fn reset(&self) {
        self.used.store(0, Ordering::Relaxed);
    }

    /// Whether the call has used more than it may. To be asked by the thread that works for it.
    pub(crate) fn is_exceeded(&self) -> bool {
        let since = now().saturating_sub(self.since.load(Ordering::Relaxed));
        self.used.load(Ordering::Relaxed).saturating_add(since) > self.limit
    }

    /// Does some work on behalf of the call, on any thread.
    pub(crate) fn charge<T>(&self, work: impl FnOnce() -> T) -> T {
        let before = now();
        let result = work();
        self.used.fetch_add(now().saturating_sub(before), Ordering::Relaxed);
        result
    }

    /// The call itself. It ends when it has used more than it may, at the latest when it next waits for something.
    pub(crate) fn call<F>(self: &Arc<Self>, work: F) -> Call<F> {
        Call { meter: Arc::clone(self), work: Box::pin(work) }
    }

    /// What goes on beside the call, on its account.
    pub(crate) fn beside<F>(self: &Arc<Self>, work: F) -> Beside<F> {
        Beside { meter: Arc::clone(self), work: Box::pin(work) }
    }
}

/// See [`Meter::call`].
pub(crate) struct Call<F> {
    meter: Arc<Meter>,
    work: Pin<Box<F>>,
}

impl<T, F: Future<Output = wasmtime::Result<T>>> Future for Call<F> {
    type Output = wasmtime::Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let began = now();
        self.meter.since.store(began, Ordering::Relaxed);
        let polled = self.work.as_mut().poll(context);
        self.meter.used.fetch_add(now().saturating_sub(began), Ordering::Relaxed);
        // A call that is done has what it has used.
        if polled.is_pending() && self.meter.used.load(Ordering::Relaxed) > self.meter.limit {
            return Poll::Ready(Err(ComputeExceeded.into()));
        }
        polled
    }
}

/// See [`Meter::beside`].
pub(crate) struct Beside<F> {
    meter: Arc<Meter>,
    work: Pin<Box<F>>,
}

impl<F: Future> Future for Beside<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Self { meter, work } = &mut *self;
        meter.charge(|| work.as_mut().poll(context))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compute(time: Duration) {
        let began = now();
        while now() - began < nanoseconds(time) {
            std::hint::spin_loop();
        }
    }

    #[tokio::test]
    async fn computing_counts_wherever_it_is_done_and_waiting_does_not() {
        let meter = Meter::new(Duration::from_millis(60));
        let waited = meter.call(async {
            tokio::time::sleep(Duration::from_millis(70)).await;
            Ok(())
        });
        assert!(waited.await.is_ok());
        assert!(meter.used.load(Ordering::Relaxed) < 60_000_000, "{meter:?}");
        meter.reset();
        let elsewhere = {
            let meter = Arc::clone(&meter);
            tokio::task::spawn_blocking(move || meter.charge(|| compute(Duration::from_millis(40))))
        };
        let beside = tokio::spawn(meter.beside(async { compute(Duration::from_millis(15)) }));
        let both = meter.call(async {
            let _ = tokio::join!(elsewhere, beside);
            compute(Duration::from_millis(15));
            tokio::task::yield_now().await;
            Ok(())
        });
        assert!(both.await.unwrap_err().is::<ComputeExceeded>(), "{meter:?}");
        meter.reset();
        let within = meter.call(async {
            compute(Duration::from_millis(15));
            Ok(())
        });
        assert!(within.await.is_ok());
    }
}
