//! Values that SCIM writes in one way and an application in another: where an application takes only what is in a list, the one in
//! the list that is meant.
//!
//! Platforms send language tags (`en-US`, RFC 7643 §4.1.1), and applications have spellings of their own (`en_US`), or only the
//! language. Okta sends a locale with every user, so a tag that is taken by the letter would keep everybody out.

use std::cmp::Ordering;

/// The locale of a user: a language tag.
pub(crate) const LOCALE: &str = "locale";
/// The languages of a user in the form of `Accept-Language` (RFC 9110 §12.5.4), the preferred one first.
pub(crate) const LANGUAGE: &str = "preferredLanguage";
/// The time zone of a user, by its name in the IANA database.
pub(crate) const TIME_ZONE: &str = "timezone";

/// The choice that a value means. What means none stays as it is, for the application to refuse in its own words; a language that
/// the application doesn't have is `None`, since it is a preference.
pub(crate) fn meant(name: &str, value: &str, choices: &[String]) -> Option<String> {
    if choices.iter().any(|choice| choice == value) {
        return Some(value.to_owned());
    }
    let found = match name {
        LANGUAGE => {
            // Each as near as it comes, before the next.
            let languages = ranked(value);
            return languages.into_iter().find_map(|tag| {
                let of_language = || choices.iter().find(|choice| language(choice) == language(tag));
                looked_up(tag, choices).or_else(of_language).cloned()
            });
        }
        LOCALE => looked_up(value, choices),
        _ => choices.iter().find(|choice| folded(choice) == folded(value)),
    };
    Some(found.cloned().unwrap_or_else(|| value.to_owned()))
}

/// A text in which case and the kind of hyphen don't count.
fn folded(text: &str) -> String {
    text.trim().to_lowercase().replace('_', "-")
}

fn language(tag: &str) -> String {
    folded(tag).split('-').next().unwrap_or_default().to_owned()
}

/// The choice that a tag stands for, as a whole or without its last parts (RFC 4647 §3.4).
fn looked_up<'a>(tag: &str, choices: &'a [String]) -> Option<&'a String> {
    let tag = folded(tag);
    let mut left = tag.as_str();
    loop {
        if let Some(found) = choices.iter().find(|choice| folded(choice) == left) {
            return Some(found);
        }
        left = left.rsplit_once('-')?.0;
    }
}

/// The tags of a list, the preferred one first. What is not wanted at all is left out.
fn ranked(list: &str) -> Vec<&str> {
    let weight = |entry: &str| -> f32 {
        let stated = entry.split(';').skip(1).find_map(|part| part.trim().strip_prefix("q=")?.trim().parse().ok());
        stated.unwrap_or(1.0)
    };
    let mut tags: Vec<(f32, &str)> = list
        .split(',')
        .take(16)
        .map(|entry| (weight(entry), entry.split(';').next().unwrap_or_default().trim()))
        .filter(|(weight, tag)| *weight > 0.0 && !tag.is_empty() && *tag != "*")
        .collect();
    // Those of the same weight stay in order.
    tags.sort_by(|one, other| other.0.partial_cmp(&one.0).unwrap_or(Ordering::Equal));
    tags.into_iter().map(|(_, tag)| tag).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_platforms_write_is_the_choice_that_is_meant() {
        let choices = |list: &str| list.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let locales = choices("en_US en_GB de_DE zh_Hans_CN");
        let languages = choices("de en_US fr nl_NL pt_BR zh_CN");
        let zones = choices("GMT Europe/Berlin America/Los_Angeles");
        for (name, value, list, expected) in [
            (LOCALE, "en_US", &locales, Some("en_US")),
            (LOCALE, "en-US", &locales, Some("en_US")),
            (LOCALE, "EN-gb", &locales, Some("en_GB")),
            (LOCALE, "de-DE-u-co-phonebk", &locales, Some("de_DE")),
            (LOCALE, "zh-Hans-CN", &locales, Some("zh_Hans_CN")),
            // Which region is meant, nobody knows.
            (LOCALE, "en", &locales, Some("en")),
            (LOCALE, "tlh", &locales, Some("tlh")),
            (LANGUAGE, "en-US", &languages, Some("en_US")),
            (LANGUAGE, "de-AT", &languages, Some("de")),
            (LANGUAGE, "en-AU", &languages, Some("en_US")),
            (LANGUAGE, "nl", &languages, Some("nl_NL")),
            (LANGUAGE, "da, de;q=0.7, fr;q=0.8", &languages, Some("fr")),
            (LANGUAGE, "fr;q=0, pt-PT", &languages, Some("pt_BR")),
            (LANGUAGE, "tlh", &languages, None),
            (LANGUAGE, "*", &languages, None),
            (TIME_ZONE, "Europe/Berlin", &zones, Some("Europe/Berlin")),
            (TIME_ZONE, "america/los_angeles", &zones, Some("America/Los_Angeles")),
            (TIME_ZONE, "Mars/Olympus", &zones, Some("Mars/Olympus")),
        ] {
            assert_eq!(meant(name, value, list).as_deref(), expected, "{name} {value}");
        }
    }
}
