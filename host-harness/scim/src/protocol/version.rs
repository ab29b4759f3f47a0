//! Weak entity tags (RFC 7644 §3.14).

/// The tag of a version.
pub fn tag(version: i64) -> String {
    format!("W/\"{version}\"")
}

/// Whether a list of tags, as in `If-Match`, has the tag of a version. `*` stands for any.
pub fn is_in(list: &str, version: i64) -> bool {
    let own = version.to_string();
    list.split(',').map(str::trim).any(|tag| {
        let opaque = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
        tag == "*" || opaque == own
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_weak_or_strong_and_alone_or_among_others() {
        assert_eq!(tag(7), "W/\"7\"");
        for (list, expected) in [
            ("W/\"7\"", true),
            ("\"7\"", true),
            ("*", true),
            ("W/\"6\", W/\"7\"", true),
            ("W/\"77\"", false),
            ("", false),
        ] {
            assert_eq!(is_in(list, 7), expected, "{list}");
        }
    }
}
