//! Any text is an address, a key or a signature, or is refused.
#![no_main]

#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::registry(bytes));
