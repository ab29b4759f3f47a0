//! A secret stands where its placeholder stood, and nowhere else.
#![no_main]

#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::placement(bytes));
