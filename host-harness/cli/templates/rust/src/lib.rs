//! A provisioning connector.

pub mod application;
#[cfg(target_arch = "wasm32")]
mod connector;
