//! Records of Salesforce's answers, read out of JSON.
//!
//! A crate of its own, because an import spends most of its time here: it is compiled for speed, and the rest of the
//! component for size. Measured on pages of 2,000 users, that takes a third of the processor time away for five of the
//! component's kilobytes.

mod number;
mod numbers;
mod path;
mod record;

#[cfg(target_arch = "wasm32")]
mod allocator;

pub use number::Decimal;
pub use path::Path;
pub use record::{Cell, Record, parse};

/// A copy of a text, as [`str::to_owned`] makes it: of a page's texts there are tens of thousands, and where the code is
/// compiled for size each takes five calls within calls.
#[inline(never)]
pub fn owned(text: &str) -> String {
    text.to_owned()
}
