//! Any text is a filter or is refused, and what is a filter can be tried on a user.
#![no_main]

#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::scim_filter(bytes));
