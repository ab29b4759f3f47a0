//! Pieces of work that go on side by side, each until it has to wait.
//!
//! Small enough to have here; what the usual crates have relies on wakers, which a component's [work](crate::salesforce::client)
//! does without.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

/// A piece of work, and its result once it is done.
struct Piece<F: Future> {
    work: Pin<Box<F>>,
    done: Option<F::Output>,
}

impl<F: Future> Piece<F> {
    fn new(work: F) -> Self {
        Self { work: Box::pin(work), done: None }
    }

    /// Goes on with it. Returns whether it is done.
    fn go_on(&mut self, context: &mut Context<'_>) -> bool {
        if self.done.is_none()
            && let Poll::Ready(done) = self.work.as_mut().poll(context)
        {
            self.done = Some(done);
        }
        self.done.is_some()
    }
}

/// Does all of it. Results stand in the order of the pieces.
pub(crate) async fn all<F: Future>(works: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut pieces: Vec<Piece<F>> = works.into_iter().map(Piece::new).collect();
    poll_fn(|context| {
        let waiting = pieces.iter_mut().filter_map(|piece| (!piece.go_on(context)).then_some(())).count();
        if waiting > 0 {
            return Poll::Pending;
        }
        Poll::Ready(pieces.drain(..).filter_map(|piece| piece.done).collect())
    })
    .await
}

/// Does all of it, unless a piece fails: then the others are dropped as they are.
///
/// # Errors
///
/// That of the first piece that failed.
pub(crate) async fn try_all<T, E, F: Future<Output = Result<T, E>>>(
    works: impl IntoIterator<Item = F>,
) -> Result<Vec<T>, E> {
    let mut pieces: Vec<Piece<F>> = works.into_iter().map(Piece::new).collect();
    poll_fn(|context| {
        let mut is_done = true;
        for piece in &mut pieces {
            is_done &= piece.go_on(context);
            if matches!(piece.done, Some(Err(_))) {
                return Poll::Ready(piece.done.take().into_iter().collect());
            }
        }
        if is_done { Poll::Ready(pieces.drain(..).filter_map(|piece| piece.done).collect()) } else { Poll::Pending }
    })
    .await
}

/// Does both.
pub(crate) async fn both<A: Future, B: Future>(first: A, second: B) -> (A::Output, B::Output) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let mut done = (None, None);
    poll_fn(|context| {
        if done.0.is_none()
            && let Poll::Ready(value) = first.as_mut().poll(context)
        {
            done.0 = Some(value);
        }
        if done.1.is_none()
            && let Poll::Ready(value) = second.as_mut().poll(context)
        {
            done.1 = Some(value);
        }
        match (done.0.take(), done.1.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            part => {
                done = part;
                Poll::Pending
            }
        }
    })
    .await
}

/// Waits until a piece of work that goes on beside this one has brought something about.
pub(crate) async fn until<T>(mut is_there: impl FnMut() -> Option<T>) -> T {
    poll_fn(|_| is_there().map_or(Poll::Pending, Poll::Ready)).await
}

/// What one piece of work has at a time.
#[derive(Default)]
pub(crate) struct Turn(Cell<bool>);

/// Holds a [`Turn`].
pub(crate) struct Taken<'a>(&'a Turn);

impl Turn {
    /// Waits until nobody has it.
    pub(crate) async fn take(&self) -> Taken<'_> {
        until(|| (!self.0.replace(true)).then_some(Taken(self))).await
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.0.set(false);
    }
}

#[cfg(test)]
mod tests;
