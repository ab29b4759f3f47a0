//! Finding places in a list by a text.

/// Places by ids, usernames and other texts, in the order in which they came.
///
/// A table of chains, of one type for all uses: a map of the standard library costs the component 6 to 12 KB for every type
/// that it is used with, and one of trees a dozen comparisons for every user of an import. Texts come from the
/// organisation and its own host, at most some ten thousand at a time, so the hash need not withstand an enemy.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The last entry of each chain, one higher than its place among the entries; 0 for none. As many as a power of two.
    heads: Vec<usize>,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    text: String,
    place: usize,
    /// The entry before this one in its chain, as in the heads.
    before: usize,
}

impl Index {
    /// Notes a place, unless the text has one already; says whether it was noted.
    pub(super) fn insert(&mut self, text: &str, place: usize) -> bool {
        let is_new = self.get(text).is_none();
        if is_new {
            self.add(text, place);
        }
        is_new
    }

    /// Notes a place, beside those that the text has already.
    pub(super) fn add(&mut self, text: &str, place: usize) {
        if self.entries.len() >= self.heads.len() {
            self.grow();
        }
        self.entries.push(Entry { text: text.to_owned(), place, before: 0 });
        self.chain(self.entries.len());
    }

    /// The first place of a text.
    pub(super) fn get(&self, text: &str) -> Option<usize> {
        self.latest_first(text).last()
    }

    /// All places of a text, in the order in which they were noted.
    pub(super) fn all(&self, text: &str) -> Vec<usize> {
        let mut places: Vec<usize> = self.latest_first(text).collect();
        places.reverse();
        places
    }

    fn latest_first(&self, text: &str) -> impl Iterator<Item = usize> {
        let chain = hash(text) & self.heads.len().saturating_sub(1);
        let entry = |at: usize| at.checked_sub(1).and_then(|at| self.entries.get(at));
        let first = entry(self.heads.get(chain).copied().unwrap_or(0));
        let chain = std::iter::successors(first, move |last| entry(last.before));
        chain.filter(move |entry| entry.text == text).map(|entry| entry.place)
    }

    fn grow(&mut self) {
        let count = (self.heads.len() * 2).max(16);
        self.heads.clear();
        self.heads.resize(count, 0);
        (1..=self.entries.len()).for_each(|at| self.chain(at));
    }

    /// Puts an entry, whose place is given as in the heads, in front of its chain.
    fn chain(&mut self, at: usize) {
        let Some(entry) = self.entries.get_mut(at - 1) else { return };
        let chain = hash(&entry.text) & (self.heads.len() - 1);
        if let Some(head) = self.heads.get_mut(chain) {
            entry.before = std::mem::replace(head, at);
        }
    }
}

/// FNV-1a (draft-eastlake-fnv), folded so that its low bits depend on all of it.
fn hash(text: &str) -> usize {
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash ^ (hash >> 16)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_finds_what_a_map_finds(texts in proptest::collection::vec("[a-c]{0,3}", 0..200), sought in "[a-c]{0,3}") {
            let (mut index, mut firsts) = (Index::default(), Index::default());
            let mut map: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
            for (place, text) in texts.iter().enumerate() {
                index.add(text, place);
                prop_assert_eq!(firsts.insert(text, place), !map.contains_key(text.as_str()));
                map.entry(text).or_default().push(place);
            }
            for text in texts.iter().chain([&sought]) {
                let places = map.get(text.as_str()).cloned().unwrap_or_default();
                prop_assert_eq!(index.get(text), places.first().copied());
                prop_assert_eq!(firsts.get(text), places.first().copied());
                prop_assert_eq!(index.all(text), places);
            }
        }
    }
}
