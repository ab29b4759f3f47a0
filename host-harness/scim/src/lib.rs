//! The SCIM 2.0 service (RFC 7642 to 7644) of a host of provisioning connectors: identity platforms create, change and deactivate
//! people through it, and the people's users in the application follow.
//!
//! * [`protocol`]: what SCIM says, as pure functions.

#![deny(unsafe_code)]

pub mod protocol;
