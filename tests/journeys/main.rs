//! The product from end to end: the component in the host against the emulated org, over real HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

mod directory;
mod egress;
mod grants;
mod import;
mod lifecycle;
mod password;
mod push;
mod sandbox;
mod secrecy;
mod sign_in;
