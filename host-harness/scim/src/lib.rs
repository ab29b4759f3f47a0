//! The SCIM 2.0 service (RFC 7642 to 7644) of a host of provisioning connectors: identity platforms create, change and deactivate
//! people through it, and the people's users in the application follow.
//!
//! [`Scim`] is the service over a directory; its [`router`](Scim::router) is mounted by whatever serves with axum.
//!
//! # A request's way
//! 1. `router` finds the client by its token, and refuses it if it asks too often.
//! 2. [`protocol`] brings what was sent into the form of the tenant's schema, with bounds.
//! 3. `users` and `groups` write what is wanted: what the client has set, the person, its assignment and the tasks that follow,
//!    in one transaction ([`provisioning_directory::sync::scim`]).
//! 4. `pusher` gathers the requests of a tenant that wait, and carries their tasks out in one push.
//! 5. The answer is the application's: the resource, or the refusal in SCIM's form. If the application takes longer than the answer
//!    may wait, the resource says so itself, and the task goes on.
//!
//! A crash after 3 leaves tasks, which the next push carries out; the client hears nothing, asks again, and finds what it has made.

#![deny(unsafe_code)]

mod answer;
mod bulk;
mod choices;
mod discovery;
mod groups;
mod journal;
mod mapping;
pub mod protocol;
mod pusher;
mod refusal;
mod request;
mod router;
mod service;
mod throttle;
mod users;

pub use service::Scim;

#[cfg(test)]
mod tests;
