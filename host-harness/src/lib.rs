//! The reference host of provisioning connectors.

pub mod cli;
pub mod config;
pub mod embedded;
pub mod runtime;
