//! A connector as version 0.1 of the interface knows it: made from the frozen WIT, with every function and every host function
//! in use. Its application is a register of three people that it knows by heart, and a server that takes passwords.
//!
//! It is there to be run by hosts that are newer, and changes as little as the version does. Natively it is empty.

#[cfg(target_arch = "wasm32")]
mod connector;
