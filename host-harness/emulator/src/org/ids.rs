//! Record ids: 15 case-sensitive base-62 characters, and the three-character suffix that makes them safe to compare
//! without regard to case.

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SUFFIX: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// The three suffix characters of a 15-character id: each encodes which of five characters are upper case (H).
fn suffix(id: &[u8]) -> [u8; 3] {
    let mut out = [0; 3];
    for (slot, chunk) in out.iter_mut().zip(id.chunks(5)) {
        let bits = chunk
            .iter()
            .enumerate()
            .fold(0_usize, |bits, (index, byte)| bits | (usize::from(byte.is_ascii_uppercase()) << index));
        *slot = SUFFIX[bits & 31];
    }
    out
}

/// The `serial`-th id of an object of the org with this two-character pod and reserve code, e.g. `005Hs00000000010MAA`.
#[must_use]
pub(crate) fn record_id(key_prefix: &str, pod: &str, serial: u64) -> String {
    let mut body = [b'0'; 10];
    let mut rest = serial;
    for slot in body.iter_mut().rev() {
        *slot = ALPHABET[usize::try_from(rest % 62).unwrap_or_default()];
        rest /= 62;
    }
    let mut id = String::with_capacity(18);
    id.push_str(key_prefix);
    id.push_str(pod);
    id.extend(body.iter().map(|byte| char::from(*byte)));
    let tail = suffix(id.as_bytes());
    id.extend(tail.iter().map(|byte| char::from(*byte)));
    id
}

/// The 18-character form of a 15- or 18-character id; `None` when it is no id or its suffix does not fit.
#[must_use]
pub(crate) fn normalise(id: &str) -> Option<String> {
    let bytes = id.as_bytes();
    if !matches!(bytes.len(), 15 | 18) || !bytes.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    let expected = suffix(&bytes[..15]);
    if bytes.len() == 18 && !bytes[15..].eq_ignore_ascii_case(&expected) {
        return None;
    }
    let mut full = id.get(..15)?.to_owned();
    full.extend(expected.iter().map(|byte| char::from(*byte)));
    Some(full)
}

/// The serial number inside a full id, the reverse of [`record_id`].
#[must_use]
pub(crate) fn serial(id: &str) -> Option<u64> {
    id.get(5..15)?.bytes().try_fold(0_u64, |serial, byte| {
        let digit = ALPHABET.iter().position(|letter| *letter == byte)?;
        serial.checked_mul(62)?.checked_add(u64::try_from(digit).ok()?)
    })
}

/// The 15-character form, as Salesforce shows it in some error texts.
#[must_use]
pub(crate) fn short(id: &str) -> &str {
    id.get(..15).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffix_matches_published_ids() {
        // Ids that appear in Salesforce's own documents.
        for id in ["0038M0000016Wv8QAE", "001D000000IRFmaIAH", "001D000000IqhSLIAZ"] {
            assert_eq!(normalise(&id[..15]).as_deref(), Some(id));
            assert_eq!(normalise(id).as_deref(), Some(id));
        }
    }

    #[test]
    fn a_wrong_suffix_or_length_is_refused() {
        for id in ["0038M0000016Wv8QAA", "0038M0000016Wv", "BadValue", "0038M0000016Wv!", "", "0038M0000016Wv8QA"] {
            assert_eq!(normalise(id), None, "{id}");
        }
    }

    #[test]
    fn ids_grow_with_their_serial() {
        let ids: Vec<String> = [0, 1, 61, 62, 3843, 3844, 1_000_000].map(|n| record_id("005", "Hs", n)).to_vec();
        assert!(ids.is_sorted());
        assert_eq!(ids.last().and_then(|id| serial(id)), Some(1_000_000));
        assert!(ids.iter().all(|id| normalise(id).as_deref() == Some(id)));
    }
}
