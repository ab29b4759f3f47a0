//! Work on texts. The standard library's search for a text in another one and its way to join texts are made for long texts,
//! and are seven of the component's kilobytes; these are for short ones.

/// What stands before and behind the first `separator`; none where there is none, or it is empty.
pub(crate) fn split<'a>(text: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    if separator.is_empty() {
        return None;
    }
    let at = text.as_bytes().windows(separator.len()).position(|window| window == separator.as_bytes())?;
    Some((text.get(..at)?, text.get(at + separator.len()..)?))
}

/// Whether `part` stands in a text.
pub(crate) fn contains(text: &str, part: &str) -> bool {
    split(text, part).is_some()
}

/// A text with each `part` of it replaced.
pub(crate) fn replace(text: &str, part: &str, by: &str) -> String {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some((before, behind)) = split(rest, part) {
        replaced.push_str(before);
        replaced.push_str(by);
        rest = behind;
    }
    replaced.push_str(rest);
    replaced
}

/// A text in quotes, as a sentence shows what somebody entered: what would end the quotes, break the line or not be seen is
/// escaped.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            // Blanks of no width, line separators, and marks that turn the direction of writing.
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
                quoted.extend(letter.escape_unicode());
            }
            letter if letter.is_control() => quoted.extend(letter.escape_default()),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// Texts in their order, with a separator between them.
pub(crate) fn join<T: AsRef<str>>(texts: &[T], separator: &str) -> String {
    let mut joined = String::new();
    for (at, text) in texts.iter().enumerate() {
        if at > 0 {
            joined.push_str(separator);
        }
        joined.push_str(text.as_ref());
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_quoted_stands_on_one_line_and_is_seen() {
        for (text, expected) in [
            ("", "\"\""),
            ("Ada Løvelace", "\"Ada Løvelace\""),
            ("a\"b\\c", "\"a\\\"b\\\\c\""),
            ("a\nb\u{1b}[31m\u{9b}\u{7f}", "\"a\\nb\\u{1b}[31m\\u{9b}\\u{7f}\""),
            ("a\u{202e}b\u{200b}\u{feff}", "\"a\\u{202e}b\\u{200b}\\u{feff}\""),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }

    proptest! {
        #[test]
        fn texts_are_split_and_joined_as_the_standard_library_does(
            texts in proptest::collection::vec("[ab é]{0,4}", 0..5),
            text in "[ab é]{0,12}",
            separator in "[ab é]{1,3}",
        ) {
            prop_assert_eq!(join(&texts, &separator), texts.join(&separator));
            prop_assert_eq!(split(&text, &separator), text.split_once(separator.as_str()));
            prop_assert_eq!(split(&text, ""), None);
            prop_assert_eq!(contains(&text, &separator), text.contains(&separator));
            prop_assert_eq!(replace(&text, &separator, "-"), text.replace(&separator, "-"));
        }
    }
}
