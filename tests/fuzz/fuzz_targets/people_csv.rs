//! Any bytes are a file of people or are refused.
#![no_main]

#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::people_csv(bytes));
