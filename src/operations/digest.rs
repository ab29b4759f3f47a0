//! Naming a plan.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::model::FieldChange;

/// Returns a plan's digest: SHA-256 over its parts, each with its length before it, so that no two lists of parts run
/// together to the same bytes.
///
/// An approval is given to a digest, and parts of a plan come from people who aren't the admin: their names, and whatever
/// Salesforce holds. Nobody may be able to make two plans of one digest, so it has to be a cryptographic hash.
pub(super) fn digest(parts: &[&str], changes: &[FieldChange]) -> String {
    let mut hash = Sha256::new();
    let mut add = |part: Option<&str>| {
        let length = part.map_or(u64::MAX, |part| part.len() as u64);
        hash.update(length.to_le_bytes());
        hash.update(part.unwrap_or_default());
    };
    parts.iter().for_each(|part| add(Some(part)));
    for change in changes {
        for part in [Some(change.object), Some(&*change.field), change.old.as_deref(), change.new.as_deref()] {
            add(part);
        }
    }
    let mut text = String::from("2-");
    for byte in hash.finalize() {
        // Writing to a String cannot fail.
        _ = write!(text, "{byte:02x}");
    }
    text
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
    fn the_digest_is_sha_256_of_the_parts_with_their_lengths() {
        let of_nothing = "2-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest(&[], &[]), of_nothing);
        // By `printf '\003\0\0\0\0\0\0\0abc' | sha256sum`.
        let of_one = "2-ce91dc5eec0139adf091900d225971d6ad246a845bad791b5693a9d0d55dd391";
        assert_eq!(digest(&["abc"], &[]), of_one);
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
