//! The product from end to end: the component in the host against the emulated org, over real HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod kept;
mod support;

mod chaos;
mod directory;
mod egress;
mod faults;
mod features;
mod fuzz;
mod grants;
mod hostile;
mod import;
mod lifecycle;
mod misfits;
mod observability;
mod password;
mod push;
mod recording;
mod sandbox;
mod scim;
mod secrecy;
mod sign_in;
mod traces;
mod wishes;
