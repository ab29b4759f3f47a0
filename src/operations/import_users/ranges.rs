//! Ranges of users' ids, which are read side by side.
//!
//! Salesforce counts the ids of an object up, in base 62 (H: fifteen characters, case-sensitive), from several places: those of
//! an organization that was moved, or of which several servers give ids out, lie in clusters. So a population is parted by
//! counts of evenly spaced cells, each with its first and last id, and a range that turns out longer than the others is parted
//! again when one of those ends.

use crate::salesforce::id::Id;

/// Users between two ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    /// The last id before it. `None` if it begins with the first user.
    pub(super) after: Option<Id>,
    /// Its last id. `None` if it has no end.
    pub(super) end: Option<Id>,
    /// How many users may be left in it, as far as is known. It's a guess, by which ranges are parted, and nothing else.
    pub(super) left: u64,
}

/// What was counted between two ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) users: u64,
    pub(super) first: Id,
    pub(super) last: Id,
}

impl Range {
    /// Takes the second half of a range out of it; `last` is the last id that is known of a range without an end. Returns `None`
    /// if it can't be parted.
    pub(super) fn part(&mut self, last: Option<Id>) -> Option<Self> {
        let (after, end) = (self.after?, self.end.or(last)?);
        let middle = between(after, end, 1, 2).filter(|middle| after < *middle && *middle < end)?;
        let half = self.left / 2;
        let second = Self { after: Some(middle), end: self.end, left: half };
        *self = Self { after: self.after, end: Some(middle), left: self.left - half };
        Some(second)
    }
}

/// Evenly spaced cells behind an id, up to another, each as the id before it and its last one.
pub(super) fn cells(after: Id, last: Id, count: u64) -> Vec<(Id, Id)> {
    let mut bounds: Vec<Id> = (1..count).filter_map(|at| between(after, last, at, count)).collect();
    bounds.push(last);
    bounds.dedup();
    let mut before = after;
    let cell = |bound| (std::mem::replace(&mut before, bound), bound);
    bounds.into_iter().filter(|bound| *bound > after).map(cell).collect()
}

/// Parts the users behind an id into so many ranges with about as many users each. The last one has no end.
pub(super) fn plan(after: Id, cells: &[Cell], parts: u64) -> Vec<Range> {
    let total: u64 = cells.iter().map(|cell| cell.users).sum();
    let mut bounds: Vec<Id> = Vec::new();
    let mut before = 0;
    for cell in cells {
        for part in 1..parts {
            let wanted = total.saturating_mul(part) / parts.max(1);
            if (before + 1..=before + cell.users).contains(&wanted) {
                bounds.extend(between(cell.first, cell.last, wanted - before, cell.users));
            }
        }
        before += cell.users;
    }
    bounds.retain(|bound| *bound > after);
    bounds.dedup();
    let left = total / (bounds.len() as u64 + 1);
    let starts = std::iter::once(after).chain(bounds.iter().copied());
    let ends = bounds.iter().copied().map(Some).chain([None]);
    starts.zip(ends).map(|(after, end)| Range { after: Some(after), end, left }).collect()
}

/// The id that lies so many of `parts` equal steps behind the first one, on the way to the last. Returns `None` if they
/// are of different kinds of records.
fn between(first: Id, last: Id, steps: u64, parts: u64) -> Option<Id> {
    let (kind, _) = first.as_str().split_at(KIND);
    let (from, to) = (number(first), number(last));
    let way = to.checked_sub(from).filter(|_| last.as_str().starts_with(kind))?;
    // The way has 72 bits and steps have 64, so it's divided before it's multiplied.
    let (steps, parts) = (u128::from(steps), u128::from(parts.max(1)));
    let at = from + way / parts * steps + way % parts * steps / parts;
    let mut digits = [b'0'; DIGITS];
    let mut rest = at;
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest % BASE) as usize];
        rest /= BASE;
    }
    Id::parse(&format!("{kind}{}", String::from_utf8_lossy(&digits))).ok()
}

/// The characters of ids, in the order in which Salesforce counts and compares them (M).
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE: u128 = 62;
/// Characters that name the kind of record.
const KIND: usize = 3;
/// Characters behind it, without the checksum.
const DIGITS: usize = 12;

fn number(id: Id) -> u128 {
    let digits = id.as_str().as_bytes().iter().skip(KIND).take(DIGITS);
    digits.fold(0, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'A'..=b'Z' => digit - b'A' + 10,
            _ => digit.wrapping_sub(b'a') + 36,
        };
        number * BASE + u128::from(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(text: &str) -> Id {
        Id::parse(text).unwrap()
    }

    #[test]
    fn the_middle_lies_between() {
        assert_eq!(between(id("005000000000000"), id("00500000000000z"), 1, 2), Some(id("00500000000000U")));
        assert_eq!(between(id("005000000000000"), id("005zzzzzzzzzzzz"), 1, 1), Some(id("005zzzzzzzzzzzz")));
        assert_eq!(between(id("00500000000000z"), id("005000000000000"), 1, 2), None);
        assert_eq!(between(id("005000000000000"), id("00e000000000000"), 1, 2), None);
    }

    #[test]
    fn clusters_are_parted_by_what_was_counted_in_them() {
        let (old, new) = ("0050000000000", "0055e00000abc");
        let at = |cluster: &str, digits: &str| id(&format!("{cluster}{digits}"));
        let cells = [
            Cell { users: 3000, first: at(old, "00"), last: at(old, "mO") },
            Cell { users: 1000, first: at(new, "00"), last: at(new, "G8") },
        ];
        let ranges = plan(at(old, "00"), &cells, 4);
        let ends: Vec<_> = ranges.iter().map(|range| range.end).collect();
        assert_eq!(ends, [Some(at(old, "G8")), Some(at(old, "WG")), Some(at(old, "mO")), None]);
        assert!(ranges.iter().all(|range| range.left == 1000));
    }

    #[test]
    fn what_cannot_be_parted_stays_whole() {
        let mut range = Range { after: Some(id("005000000000001")), end: Some(id("005000000000002")), left: 9 };
        assert_eq!(range.part(None), None);
        let mut open = Range { after: Some(id("005000000000001")), end: None, left: 9 };
        assert_eq!(open.part(None), None);
        let second = open.part(Some(id("005000000000009"))).unwrap();
        assert_eq!((open.end, second.after, second.end), (Some(id("005000000000005")), open.end, None));
        assert_eq!((open.left, second.left), (5, 4));
    }

    prop_compose! {
        fn user()(digits in "[0-9A-Za-z]{12}") -> Id { id(&format!("005{digits}")) }
    }

    proptest! {
        #[test]
        fn numbers_are_in_the_order_of_ids(one in user(), other in user()) {
            prop_assert_eq!(number(one).cmp(&number(other)), one.cmp(&other));
        }

        #[test]
        fn cells_follow_each_other(one in user(), other in user(), count in 1..50_u64) {
            let (after, last) = (one.min(other), one.max(other));
            let cells = cells(after, last, count);
            if after < last {
                prop_assert_eq!(cells.first().map(|cell| cell.0), Some(after));
                prop_assert_eq!(cells.last().map(|cell| cell.1), Some(last));
            }
            prop_assert!(cells.iter().all(|(before, end)| before < end));
            prop_assert!(cells.windows(2).all(|two| two[0].1 == two[1].0));
        }

        #[test]
        fn ranges_follow_each_other_and_the_last_has_no_end(
            mut ids in prop::collection::vec(user(), 3..40), users in prop::collection::vec(1..5000_u64, 20), parts in 1..30_u64,
        ) {
            ids.sort_unstable();
            let cells: Vec<Cell> = ids[1..].chunks_exact(2).zip(users)
                .map(|(ends, users)| Cell { users, first: ends[0], last: ends[1] }).collect();
            let ranges = plan(ids[0], &cells, parts);
            prop_assert!(ranges.len() as u64 <= parts);
            prop_assert_eq!(ranges[0].after, Some(ids[0]));
            prop_assert_eq!(ranges.last().unwrap().end, None);
            prop_assert!(ranges.windows(2).all(|two| two[0].end == two[1].after && two[0].after < two[0].end));
        }
    }
}
