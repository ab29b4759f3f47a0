//! Any operations are applied or refused, and what is left is a user in the form of the schema.
#![no_main]

#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::scim_patch(bytes));
