//! Percent-encoding for the query part of a URL.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is encoded in a value of a query (RFC 3986 §2.1, §3.4): everything but the unreserved characters and, of those that
/// may stand bare in a query, the ones that SOQL uses most, since a URL is limited to 16,384 bytes (H) and a query over 200
/// users comes near it.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b',')
    .remove(b'(')
    .remove(b')')
    .remove(b':')
    .remove(b'@');

/// Encodes one value of a query.
pub fn encode_query(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_or_change_a_query_is_encoded() {
        assert_eq!(encode_query("a = 'b+c' & d#%é"), "a%20%3D%20%27b%2Bc%27%20%26%20d%23%25%C3%A9");
        assert_eq!(encode_query("ada@example.com,(x)"), "ada@example.com,(x)");
        assert_eq!(encode_query("A-z_0.9~:!*/?"), "A-z_0.9~:%21%2A%2F%3F");
    }
}
