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

/// Texts in their order, with a separator between them.
pub(crate) fn join<T: AsRef<str>>(texts: impl IntoIterator<Item = T>, separator: &str) -> String {
    let mut joined = String::new();
    let mut between = "";
    for text in texts {
        joined.push_str(between);
        joined.push_str(text.as_ref());
        between = separator;
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
