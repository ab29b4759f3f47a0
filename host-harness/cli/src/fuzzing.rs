//! What a fuzz target in `tests/fuzz` tries on this crate. No part of its interface.

use std::path::Path;

use super::people::{EmptyCell, read};

/// Any bytes are a file of people or are refused, and no row of it has an empty username.
///
/// # Panics
/// If one has.
pub fn people(bytes: &[u8]) {
    for empty in [EmptyCell::Leave, EmptyCell::Clear] {
        let Ok(rows) = read(bytes, Path::new("people.csv"), empty) else { continue };
        for person in rows.iter().filter_map(|row| row.person.as_ref().ok()) {
            assert!(!person.username.is_empty());
            let _ = (person.to_new(), person.to_edit());
        }
    }
}
