//! Percent-encoding for the query part of a URL.

use std::fmt::Write;

/// Encodes one value of a query (RFC 3986 §2.1, §3.4).
///
/// Of the characters that may stand bare in a query, those that SOQL uses most are left, since a URL is limited to
/// 16,384 bytes (H) and a query over 200 users comes near it.
pub fn encode_query(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() + text.len() / 4);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b',' | b'(' | b')' | b':' | b'@' => {
                encoded.push(char::from(byte));
            }
            // Writing to a String cannot fail.
            other => _ = write!(encoded, "%{other:02X}"),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_or_change_a_query_is_encoded() {
        assert_eq!(encode_query("a = 'b+c' & d#%é"), "a%20%3D%20%27b%2Bc%27%20%26%20d%23%25%C3%A9");
        assert_eq!(encode_query("ada@example.com,(x)"), "ada@example.com,(x)");
    }
}
