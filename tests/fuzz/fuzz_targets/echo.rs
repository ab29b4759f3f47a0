//! An answer that repeats a secret brings none into the sandbox.
#![no_main]

#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::echo(bytes));
