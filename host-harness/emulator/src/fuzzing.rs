//! What a fuzz target in `tests/fuzz` tries on this crate. No part of its interface.

pub use super::rest::bulk_csv as bulk;
