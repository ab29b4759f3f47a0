//! Serving HTTP to strangers: how many connections, how slow, whose, and their end.
//!
//! [`serve()`] serves a router as `axum::serve` does, and bounds what it takes:
//!
//! - There is a bounded number of connections, in all and for each address ([`Limits`]). When a further one comes, the oldest that
//!   waits for its client makes room, among those of the address that has the most. So whoever holds connections and says nothing,
//!   or says it slowly, loses them first, and nobody else waits. Only if every connection is being worked for is the new one refused.
//! - A client has a bounded time for the head of a request.
//! - Every request carries who sent it ([`Peer`]), behind a proxy as well ([`TrustedProxies`]).
//!
//! ```no_run
//! # async fn served(router: axum::Router) -> std::io::Result<()> {
//! use provisioning_http::{Limits, serve};
//!
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! let (stopping, _) = tokio::sync::watch::channel(false);
//! serve(listener, router, &Limits::default(), std::future::pending(), &stopping).await;
//! # Ok(())
//! # }
//! ```

#![deny(unsafe_code)]

mod origin;
mod seats;
mod serve;

pub use origin::{Origin, TrustedProxies};
pub use serve::{Limits, Peer, serve};
