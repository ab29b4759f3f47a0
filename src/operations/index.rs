//! Finding places in a list by a text.

use std::collections::BTreeMap;

/// Places by ids, usernames and other texts; each text counts once. One ordered map of one type for all uses, since every
/// type of map adds its own code to the component.
#[derive(Debug, Default)]
pub(super) struct Index(BTreeMap<String, usize>);

impl Index {
    /// Notes a place, unless the text has one already; says whether it was noted.
    pub(super) fn insert(&mut self, text: &str, place: usize) -> bool {
        let is_new = !self.0.contains_key(text);
        if is_new {
            self.0.insert(text.to_owned(), place);
        }
        is_new
    }

    /// The place of a text.
    pub(super) fn get(&self, text: &str) -> Option<usize> {
        self.0.get(text).copied()
    }
}
