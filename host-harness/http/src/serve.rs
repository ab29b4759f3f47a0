//! Connections from their beginning to their end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderMap;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::seats::{Seat, Seats};
use super::{Origin, TrustedProxies};

/// How long accepting rests after the system had no file handle left.
const REST: Duration = Duration::from_millis(200);

/// What is said to a connection that nobody makes room for.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// What a server takes on.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at once. Default 256.
    pub connections: usize,
    /// Connections at once of one address, or of one IPv6 network. Default 64: a browser opens six, and a company may have one
    /// address for all of them. Trusted proxies have as many as there are.
    pub of_one: usize,
    /// How long a client may take to send a request's head. Default 15 s.
    pub head: Duration,
    /// How long requests under way may take to end once the server is told to. Default 10 s.
    pub grace: Duration,
    /// Proxies whose word is taken for where a request comes from.
    pub proxies: TrustedProxies,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 256,
            of_one: 64,
            head: Duration::from_secs(15),
            grace: Duration::from_secs(10),
            proxies: TrustedProxies::default(),
        }
    }
}

/// Who sent a request: an extension of each.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The other end of the connection.
    pub address: SocketAddr,
    proxies: Arc<TrustedProxies>,
}

impl Peer {
    /// The address that the request comes from: the connection's, or what a trusted proxy says.
    pub fn client(&self, headers: &HeaderMap) -> std::net::IpAddr {
        self.proxies.client(self.address.ip(), headers)
    }
}

/// Serves until `stop` completes; then requests under way have some time to end. `stopping` is set then, for what would go on for
/// ever.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: &Limits,
    stop: impl Future<Output = ()>,
    stopping: &watch::Sender<bool>,
) {
    let seats = Seats::new(limits.connections, limits.of_one);
    let proxies = Arc::new(limits.proxies.clone());
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            // The end first: what listens for it begins to with its first look, which must not wait for a second connection.
            biased;
            () = &mut stop => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => {
                    let origin = (!proxies.contains(address.ip())).then(|| Origin::of(address.ip()));
                    let Some(seat) = seats.take(origin) else {
                        refuse(&stream, address);
                        continue;
                    };
                    let (router, stopped) = (router.clone(), stopping.subscribe());
                    let peer = Peer { address, proxies: Arc::clone(&proxies) };
                    connections.spawn(talk(stream, peer, router, stopped, seat, limits.head));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(REST).await;
                }
            },
        }
    }
    drop(listener);
    stopping.send_replace(true);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.grace, ended).await.is_err() {
        tracing::warn!(connections = connections.len(), "requests that were under way for too long were cut off");
        connections.shutdown().await;
    }
}

/// Says why, if the client takes that at once; nobody waits for it.
fn refuse(stream: &TcpStream, peer: SocketAddr) {
    tracing::debug!(%peer, "all connections are taken; one more is refused");
    let _ = stream.try_write(FULL);
}

async fn talk(
    mut stream: TcpStream,
    peer: Peer,
    router: Router,
    mut stopped: watch::Receiver<bool>,
    seat: Seat,
    head: Duration,
) {
    // Pages are small and written at once; waiting for more to send only delays them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its delay");
    }
    let seat = Arc::new(seat);
    let address = peer.address;
    let of_service = Arc::clone(&seat);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let seat = Arc::clone(&of_service);
        seat.works();
        let mut request: Request = request.map(|body| Body::new(Awaited { body, seat: Arc::clone(&seat) }));
        request.extensions_mut().insert(peer.clone());
        let router = TowerToHyperService::new(router.clone());
        async move {
            let response = match hyper::service::Service::call(&router, request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            Ok::<_, Infallible>(response.map(|body| Body::new(Answered { body, seat })))
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(head);
    let result = {
        let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(&mut stream), service));
        let ended = tokio::select! {
            result = connection.as_mut() => Some(result),
            // It makes room for another.
            () = seat.ends() => return,
            // The guard that comes back is dropped at once; it must not be held while the connection ends.
            () = async { drop(stopped.wait_for(|stopped| *stopped).await) } => None,
        };
        match ended {
            Some(result) => result,
            None => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, peer = %address, "a connection ended early");
    }
    // A client that is gone is told nothing.
    let _ = stream.shutdown().await;
}

/// The body of a request. While it doesn't come, the connection waits for its client.
struct Awaited {
    body: Incoming,
    seat: Arc<Seat>,
}

impl http_body::Body for Awaited {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match polled.is_pending() {
            true => self.seat.waits(),
            false => self.seat.works(),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of an answer. Once it is handed over, the connection waits for its client.
struct Answered {
    body: Body,
    seat: Arc<Seat>,
}

impl http_body::Body for Answered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answered {
    fn drop(&mut self) {
        self.seat.waits();
    }
}

#[cfg(test)]
mod tests;
