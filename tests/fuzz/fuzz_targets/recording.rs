//! Any text is a recording or is refused, and what was taken out stays out.
#![no_main]

#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::recording(bytes));
