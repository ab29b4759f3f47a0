//! Naming a plan.

use std::fmt::Write;

use crate::model::FieldChange;

/// A plan's digest: FNV-1a of 128 bits (the FNV specification's offset basis and prime) over its parts, each with its
/// length before it so that no two lists of parts run together to the same bytes.
///
/// A plan only has to be told from the plan that it has become since; nobody gains by making two alike, so no
/// cryptographic hash is needed.
pub(super) fn digest(parts: &[&str], changes: &[FieldChange]) -> String {
    let mut hash = Fnv(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
    for part in parts {
        hash.part(Some(part));
    }
    for change in changes {
        for part in [Some(change.object), Some(&*change.field), change.old.as_deref(), change.new.as_deref()] {
            hash.part(part);
        }
    }
    let mut text = String::from("1-");
    // Writing to a String cannot fail.
    _ = write!(text, "{:032x}", hash.0);
    text
}

struct Fnv(u128);

impl Fnv {
    fn part(&mut self, part: Option<&str>) {
        let length = part.map_or(u64::MAX, |part| part.len() as u64);
        self.bytes(&length.to_le_bytes());
        self.bytes(part.unwrap_or_default().as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }
}

/// Eight letters and digits that are always the same for a text; for values that must differ between people.
pub(super) fn short(text: &str) -> String {
    let mut digest = digest(&[text], &[]);
    digest.drain(..digest.len() - 8);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(old: Option<&str>, new: Option<&str>) -> FieldChange {
        FieldChange { object: "User", field: "Title".into(), old: old.map(str::to_owned), new: new.map(str::to_owned) }
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        let mut hash = Fnv(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        hash.bytes(b"foobar");
        assert_eq!(hash.0, 0x343e_1662_793c_64bf_6f0d_3597_ba44_6f18);
    }

    #[test]
    fn any_difference_gives_another_digest() {
        let digests = [
            digest(&["updated", "005"], &[change(None, Some("a"))]),
            digest(&["updated", "006"], &[change(None, Some("a"))]),
            digest(&["updated", "005"], &[change(Some(""), Some("a"))]),
            digest(&["updated", "005"], &[change(Some("a"), None)]),
            digest(&["updated", "005"], &[]),
            digest(&["updated0", "05"], &[]),
        ];
        for (at, one) in digests.iter().enumerate() {
            assert!(!digests[..at].contains(one), "{at}");
        }
        assert_eq!(digests[0], digest(&["updated", "005"], &[change(None, Some("a"))]));
    }
}
