//! The admin's pages: what the commands do, in a browser.
//!
//! [`Console`] serves plain HTML over HTTP/1.1 from the directory and the connectors of this process. Pages are made on the
//! server and work without JavaScript; one small script of ours adds live progress and choices that follow each other.
//!
//! # Who may use it
//! Admins with a password ([`Admins`]). Where there are none, whoever has the address that it prints at its start, which ends with a
//! token ([`Console::address`]), and on loopback only; elsewhere it refuses to start without a password. `docs/console.md` says what it defends against and how to put it behind TLS.
//!
//! # Rooms
//! - `access`: what a request must be before a page sees it. Host and origin, session, sign-in, form token, size.
//! - `form`: fields that say themselves how they are shown, filled and checked.
//! - `jobs`: work that outlives its request, a tenant at a time, and how far it is.
//! - `pages`: a file a page; its HTML lies in `templates`.
//!
//! Pages read and write off the threads that serve, and readers do not wait for writers, so that an import under way holds up no
//! page.

#![deny(unsafe_code)]

mod access;
mod assets;
mod chrome;
mod connectors;
mod form;
#[doc(hidden)]
pub mod fuzzing;
mod jobs;
mod pages;
mod problem;
mod remedy;
mod server;
mod shared;

pub use access::{Admins, AdminsError};
pub use server::{Console, ConsoleBuilder, ConsoleError};
