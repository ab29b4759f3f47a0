//! The body of a request on its way out, and the end of a connection that a body was left on.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use zeroize::Zeroizing;

use super::room::Kept;

/// How much of a body is handed over at once, so that an answer that comes too early finds some of it not yet sent.
const PIECE: usize = 64 << 10;

/// A body that is wiped from memory once nobody needs it any more. That may be later than its request is over: a connection keeps what
/// a server doesn't take. So the room for it is held until then, too.
pub(super) struct Wiped {
    body: Zeroizing<Vec<u8>>,
    _kept: Kept,
}

impl Wiped {
    pub(super) fn new(body: Vec<u8>, kept: Kept) -> Self {
        Self { body: Zeroizing::new(body), _kept: kept }
    }
}

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

/// A body that is sent piece by piece for as long as its answer is waited for.
///
/// What is left when the exchange is over is not sent any more: the connection fails with it, and so it never comes to another
/// request. The server has not read that body, and would read what follows as part of it, or the rest of it as a request.
pub(super) struct Outgoing {
    rest: Bytes,
    over: Arc<AtomicBool>,
}

/// An exchange of request and answer. It is over when this is dropped, whatever it came to.
pub(super) struct Exchange(Arc<AtomicBool>);

impl Drop for Exchange {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Outgoing {
    pub(super) fn new(body: Wiped) -> (Self, Exchange) {
        let over = Arc::<AtomicBool>::default();
        (Self { rest: Bytes::from_owner(body), over: Arc::clone(&over) }, Exchange(over))
    }
}

/// Why a body is not sent to its end. Nobody hears of it: the request's answer has been taken, or nobody waits for it any more.
#[derive(Debug, thiserror::Error)]
#[error("the exchange was over before the server had taken the request's body")]
pub(super) struct Unread;

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Unread;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Unread>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        if self.over.load(Ordering::Acquire) {
            return Poll::Ready(Some(Err(Unread)));
        }
        let length = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
