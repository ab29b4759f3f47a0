//! The emulator from outside, over HTTP, as a client sees it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod assignments;
mod batch;
mod bulk;
mod client;
mod collections;
mod composite;
mod conditions;
mod control;
mod decimals;
mod describe;
mod documentation;
mod external_ids;
mod faults;
mod features;
mod graph;
mod login;
mod oauth;
mod org;
mod password;
mod query;
mod recorded;
mod replication;
mod rows;
mod rules;
mod soap;
mod types;
mod users;
