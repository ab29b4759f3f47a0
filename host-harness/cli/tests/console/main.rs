//! The console over real HTTP: what a browser without JavaScript sends and sees, and what it refuses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::redundant_closure_for_method_calls, reason = "a path is not general over the view's lifetime")]

mod support;

mod access;
mod hostile;
mod live;
mod navigation;
mod scim;
mod sessions;
mod setup;
mod several;
mod sign_in;
mod stale;
mod work;
