//! How users are found and written.

use super::definition::{APPLY, HOLD};
use super::{Reader, names};
use crate::salesforce::soql::Name;

/// How users are found and written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Writing {
    /// The field of users that holds the host's own key of the person.
    pub user_key: Option<Name>,
    /// The field of contacts that does.
    pub contact_key: Option<Name>,
    /// Whether a deactivated user gives its username up.
    pub rename: bool,
    /// Whether users that are there keep their e-mail addresses.
    pub hold_email: bool,
    /// Whether a new password is tried by signing in to the portal.
    pub verify_passwords: bool,
}

impl Reader {
    pub(super) fn writing(&mut self) -> Option<Writing> {
        let (user_key, contact_key) = (self.key_field(names::USER_KEY_FIELD), self.key_field(names::CONTACT_KEY_FIELD));
        let (rename, verify) = (self.flag(names::RENAME_ON_DEACTIVATION), self.flag(names::VERIFY_PASSWORDS));
        let hold_email = self.hold_email();
        Some(Writing {
            user_key: user_key?,
            contact_key: contact_key?,
            rename: rename?,
            hold_email: hold_email?,
            verify_passwords: verify?,
        })
    }

    /// Standard fields have meanings of their own, so only a custom one can hold the host's key.
    fn key_field(&mut self, name: &'static str) -> Option<Option<Name>> {
        let Some(value) = self.optional(name) else { return Some(None) };
        let field = Name::parse(&value).filter(|field| field.as_str().ends_with("__c") && !value.contains('.'));
        if field.is_none() {
            self.problem(name, format!("{name} is not the API name of a custom field, such as IdentityKey__c"));
        }
        field.map(Some)
    }

    fn hold_email(&mut self) -> Option<bool> {
        let name = names::EMAIL_CHANGE;
        match self.optional(name).map(|value| value.to_ascii_lowercase()).as_deref() {
            None | Some(APPLY) => Some(false),
            Some(HOLD) => Some(true),
            Some(_) => {
                self.problem(name, format!("{name} is neither {APPLY} nor {HOLD}"));
                None
            }
        }
    }

    fn flag(&mut self, name: &'static str) -> Option<bool> {
        let Some(value) = self.optional(name) else { return Some(false) };
        let flag = value.to_ascii_lowercase().parse().ok();
        if flag.is_none() {
            self.problem(name, format!("{name} is neither true nor false"));
        }
        flag
    }
}
