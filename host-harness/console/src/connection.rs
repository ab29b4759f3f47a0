//! Connections: how many, how slow, and their end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// Connections at once. A browser opens six; the rest wait in the listener's queue.
const CONNECTIONS: usize = 256;
/// How long a client may take to send a request's head, so that connections that say nothing are given back.
const HEAD_TIME: Duration = Duration::from_secs(15);
/// How long requests under way may take to end once the console is told to.
const GRACE: Duration = Duration::from_secs(10);
/// How long accepting rests after the system had no file handle left.
const REST: Duration = Duration::from_millis(200);

/// Who sent a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Serves until `stop` completes. `stopping` is set then, for what would go on for ever.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
    stopping: &watch::Sender<bool>,
) {
    let seats = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = async {
            // Never closed, so there is always a seat in the end.
            let seat = Arc::clone(&seats).acquire_owned().await.ok();
            (seat, listener.accept().await)
        };
        tokio::select! {
            // The end first: what listens for it begins to with its first look, which must not wait for a second connection.
            biased;
            () = &mut stop => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            (seat, accepted) = accepted => match accepted {
                Ok((stream, peer)) => {
                    let (router, stopped) = (router.clone(), stopping.subscribe());
                    connections.spawn(async move {
                        talk(stream, peer, router, stopped).await;
                        drop(seat);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "the console could not accept a connection");
                    tokio::time::sleep(REST).await;
                }
            },
        }
    }
    drop(listener);
    stopping.send_replace(true);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, ended).await.is_err() {
        connections.shutdown().await;
    }
}

async fn talk(stream: TcpStream, peer: SocketAddr, router: Router, mut stopped: watch::Receiver<bool>) {
    // Pages are small and written at once; waiting for more to send only delays them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its delay");
    }
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        let router = TowerToHyperService::new(router.clone());
        async move {
            Ok::<_, Infallible>(match hyper::service::Service::call(&router, request).await {
                Ok(response) => response,
                Err(never) => match never {},
            })
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        result = connection.as_mut() => Some(result),
        // The guard that comes back is dropped at once; it must not be held while the connection ends.
        () = async { drop(stopped.wait_for(|stopped| *stopped).await) } => None,
    };
    let result = match ended {
        Some(result) => result,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, %peer, "a connection ended early");
    }
}
