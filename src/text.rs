//! Work on texts.

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
