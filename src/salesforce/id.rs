//! Record ids: 15 case-sensitive characters, or the same with a checksum of 3 that survives lost case. The checksum is
//! Salesforce's own, so no library has it.

use std::fmt;

/// The first three characters of an id name the kind of record (H, object reference; `060` L).
pub mod prefix {
    /// `Account`.
    pub const ACCOUNT: &str = "001";
    /// `Contact`.
    pub const CONTACT: &str = "003";
    /// `User`.
    pub const USER: &str = "005";
    /// `Profile`.
    pub const PROFILE: &str = "00e";
    /// `UserRole`.
    pub const ROLE: &str = "00E";
    /// `PermissionSet`.
    pub const PERMISSION_SET: &str = "0PS";
    /// `PermissionSetGroup` (L).
    pub const PERMISSION_SET_GROUP: &str = "0PG";
    /// `Group`.
    pub const GROUP: &str = "00G";
    /// `UserLicense` (L).
    pub const USER_LICENSE: &str = "100";
    /// `Organization`.
    pub const ORGANIZATION: &str = "00D";
    /// The classic portal.
    pub const PORTAL: &str = "060";
}

/// Why a text is no record id; displays as the end of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Wrong length.
    #[error("is {0} long where an id has 15 or 18 characters")]
    Length(usize),
    /// Something other than ASCII letters and digits.
    #[error("has characters other than letters and digits")]
    Characters,
    /// The last three characters do not fit the first 15.
    #[error(
        "has a mistyped character or lost its upper and lower case (its last three characters are a checksum that does not fit)"
    )]
    Checksum,
    /// Another kind of record.
    #[error("does not start with {0}, so it is the id of another kind of record")]
    Prefix(&'static str),
}

/// A record id in its form of 18 characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id([u8; 18]);

impl Id {
    /// Reads an id of 15 or 18 characters.
    ///
    /// # Errors
    ///
    /// When the text has another length, other characters, or a checksum that does not fit.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let bytes = text.as_bytes();
        if !bytes.iter().all(u8::is_ascii_alphanumeric) {
            return Err(Malformed::Characters);
        }
        let Some(base) = bytes.first_chunk::<15>() else { return Err(Malformed::Length(bytes.len())) };
        let mut id = [0; 18];
        id[..15].copy_from_slice(base);
        id[15..].copy_from_slice(&checksum(base));
        match bytes.len() {
            15 => Ok(Self(id)),
            18 if bytes[15..].eq_ignore_ascii_case(&id[15..]) => Ok(Self(id)),
            18 => Err(Malformed::Checksum),
            other => Err(Malformed::Length(other)),
        }
    }

    /// Reads an id of one kind of record.
    ///
    /// # Errors
    ///
    /// As [`Id::parse`], and when the id is of another kind.
    pub fn parse_of(text: &str, prefix: &'static str) -> Result<Self, Malformed> {
        let id = Self::parse(text)?;
        if id.as_str().starts_with(prefix) { Ok(id) } else { Err(Malformed::Prefix(prefix)) }
    }

    /// The 18 characters.
    pub fn as_str(&self) -> &str {
        // Only ASCII ever gets in, so the empty string is never given.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One character for each five of the base: the positions of upper-case letters as a number in base 32 (H).
fn checksum(base: &[u8; 15]) -> [u8; 3] {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
    let mut sum = [0; 3];
    for (digit, five) in sum.iter_mut().zip(base.chunks(5)) {
        let bits = five.iter().rev().fold(0, |bits, byte| bits << 1 | usize::from(byte.is_ascii_uppercase()));
        *digit = DIGITS[bits];
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifteen_characters_gain_the_documented_checksum() {
        assert_eq!(Id::parse("001A0000006Vm9r").unwrap().as_str(), "001A0000006Vm9rIAC");
        assert_eq!(Id::parse("0038M0000016Wv8").unwrap().as_str(), "0038M0000016Wv8QAE");
        assert_eq!(Id::parse("005D2000005smGP").unwrap().as_str(), "005D2000005smGPIAY");
    }

    #[test]
    fn both_forms_of_one_id_are_equal() {
        assert_eq!(Id::parse("0038M0000016Wv8QAE"), Id::parse("0038M0000016Wv8"));
    }

    #[test]
    fn what_is_no_id_is_told_apart() {
        assert_eq!(Id::parse("0038M0000016Wv8QAF"), Err(Malformed::Checksum));
        assert_eq!(Id::parse("0038M0000016wv8QAE"), Err(Malformed::Checksum));
        assert_eq!(Id::parse("0038M0000016Wv"), Err(Malformed::Length(14)));
        assert_eq!(Id::parse("0038M0000016Wv8Q"), Err(Malformed::Length(16)));
        assert_eq!(Id::parse("0038M0000016Wv'"), Err(Malformed::Characters));
        assert_eq!(Id::parse(""), Err(Malformed::Length(0)));
        assert_eq!(Id::parse_of("0038M0000016Wv8", prefix::USER), Err(Malformed::Prefix("005")));
    }
}
