//! What new users get that nobody asked for: fields that Salesforce requires and that directories rarely have.

use super::super::wanted::CheckedUser;
use crate::attributes::{self, Definition, FAMILY_NAME, GIVEN_NAME};
use crate::operations::digest;
use crate::salesforce::login::SignedIn;

/// The user's field of the nickname.
pub(super) const NICKNAME: &str = "CommunityNickname";

/// What new users get where nothing else is wanted: the admin user's own, as far as the sign-in tells them.
pub(in crate::operations::push_users) struct Defaults {
    time_zone: String,
    locale: String,
    language: String,
}

impl Defaults {
    pub(in crate::operations::push_users) fn of(signed_in: &SignedIn) -> Self {
        let or = |value: &Option<String>, fallback: &str| value.clone().unwrap_or_else(|| fallback.to_owned());
        Self {
            time_zone: or(&signed_in.time_zone, "GMT"),
            locale: or(&signed_in.locale, "en_US"),
            language: or(&signed_in.language, "en_US"),
        }
    }
}

/// Fields that Salesforce requires of a new user (H) and that directories rarely have.
pub(super) fn required_defaults(wanted: &CheckedUser, defaults: &Defaults) -> [(&'static str, String); 6] {
    let local = wanted.username.split('@').next().unwrap_or_default();
    [
        ("Alias", alias(wanted, local)),
        (NICKNAME, nickname(&wanted.username, &wanted.username)),
        ("TimeZoneSidKey", defaults.time_zone.clone()),
        ("LocaleSidKey", defaults.locale.clone()),
        ("EmailEncodingKey", "UTF-8".to_owned()),
        ("LanguageLocaleKey", defaults.language.clone()),
    ]
}

/// Nicknames are unique in the organisation: a digest keeps two people of one name apart.
pub(super) fn nickname(username: &str, seed: &str) -> String {
    let local: String = username.split('@').next().unwrap_or_default().chars().take(31).collect();
    format!("{local}.{}", digest::short(&seed.to_ascii_lowercase()))
}

/// The first letter of the first name and the beginning of the last, as Salesforce's own form suggests it; of names without
/// letters, the beginning of the username.
fn alias(wanted: &CheckedUser, local: &str) -> String {
    let letters = |name: &str, most: usize| -> String {
        let value = wanted.value(name).unwrap_or_default();
        value
            .chars()
            .filter(|letter| letter.is_alphanumeric())
            .take(most)
            .map(|letter| letter.to_ascii_lowercase())
            .collect()
    };
    let initial = letters(GIVEN_NAME, 1);
    let last = letters(FAMILY_NAME, 7);
    let alias = format!("{initial}{last}");
    let alias = if alias.is_empty() { local } else { &alias };
    alias.chars().take(attributes::find("alias").and_then(Definition::max_length).unwrap_or(8) as usize).collect()
}
