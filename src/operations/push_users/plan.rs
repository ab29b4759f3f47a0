//! The exact list of what a push changes, field by field, before anything is written.

use super::digest;
use super::resolve::{Known, Match};
use super::wanted::Wanted;
use crate::attributes::{self, Definition, EMAIL, FAMILY_NAME, Form, GIVEN_NAME};
use crate::model::{Action, Error, ErrorKind, FieldChange, Outcome, Result};
use crate::salesforce::id::Id;
use crate::salesforce::login::SignedIn;

pub(super) const USER: &str = "User";
pub(super) const CONTACT: &str = "Contact";

/// Which records a plan is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// Both are to be made.
    New,
    /// The contact is there, the user is to be made.
    Adopt(Id),
    /// Both are there.
    Existing { user: Id, contact: Option<Id> },
}

/// What a push would do to one user.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    /// The user, for the middle of a sentence.
    pub(super) subject: String,
    pub(super) target: Target,
    pub(super) action: Action,
    /// Those of the contact first.
    pub(super) changes: Vec<FieldChange>,
    pub(super) side_effects: Vec<String>,
    pub(super) digest: String,
}

impl Plan {
    /// What the plan would come to.
    pub(super) fn into_outcome(self) -> Outcome {
        let id = match self.target {
            Target::Existing { user, .. } => Some(user.to_string()),
            Target::New | Target::Adopt(_) => None,
        };
        Outcome { id, action: self.action, changes: self.changes, side_effects: self.side_effects, digest: self.digest }
    }

    /// The changes of one of the two records.
    pub(super) fn changes_of(&self, object: &'static str) -> impl Iterator<Item = &FieldChange> {
        self.changes.iter().filter(move |change| change.object == object)
    }
}

/// What new users get where nothing else is wanted: the admin user's own, as far as the sign-in tells them.
pub(super) struct Defaults {
    time_zone: String,
    locale: String,
    language: String,
}

impl Defaults {
    pub(super) fn of(signed_in: &SignedIn) -> Self {
        let or = |value: &Option<String>, fallback: &str| value.clone().unwrap_or_else(|| fallback.to_owned());
        Self {
            time_zone: or(&signed_in.time_zone, "GMT"),
            locale: or(&signed_in.locale, "en_US"),
            language: or(&signed_in.language, "en_US"),
        }
    }
}

/// Plans one user.
pub(super) fn plan(wanted: &Wanted, found: Match, account_id: Id, defaults: &Defaults) -> Result<Plan> {
    let (target, action, changes, side_effects) = match found {
        Match::User(user, note) => update(wanted, &user, note, account_id),
        Match::Contact(contact) => {
            let name = contact.text("Name").unwrap_or("without a name");
            let side_effects =
                vec![format!("The contact {name} ({}), which has no user, is taken for this person.", contact.id)];
            (
                Target::Adopt(contact.id),
                Action::Created,
                create(wanted, Some(&contact), account_id, defaults)?,
                side_effects,
            )
        }
        Match::Nobody => (Target::New, Action::Created, create(wanted, None, account_id, defaults)?, Vec::new()),
    };
    let (kind, user, contact) = match target {
        Target::New => ("new", String::new(), account_id.to_string()),
        Target::Adopt(contact) => ("adopt", String::new(), contact.to_string()),
        Target::Existing { user, contact } => {
            ("existing", user.to_string(), contact.map_or_else(String::new, |id| id.to_string()))
        }
    };
    let digest = digest::digest(&[kind, &user, &contact], &changes);
    Ok(Plan { subject: wanted.subject(), target, action, changes, side_effects, digest })
}

fn update(
    wanted: &Wanted,
    user: &Known,
    note: Option<String>,
    account_id: Id,
) -> (Target, Action, Vec<FieldChange>, Vec<String>) {
    let contact = user.id("ContactId");
    let mut changes = Vec::new();
    if contact.is_some() {
        for (definition, value) in &wanted.values {
            if let Some(field) = definition.contact {
                let old = user.text(&format!("Contact.{}", field.name));
                changes.extend(difference(CONTACT, field.name, definition.form, old, value.as_deref()));
            }
        }
    }
    changes.extend(difference(USER, "Username", Form::Email, user.text("Username"), Some(&wanted.username)));
    for (definition, value) in &wanted.values {
        if let Some(field) = definition.user {
            changes.extend(difference(USER, field.name, definition.form, user.text(field.name), value.as_deref()));
        }
    }
    let mut side_effects: Vec<String> = note.into_iter().collect();
    for (field, granted) in [("ProfileId", wanted.profile), ("UserRoleId", wanted.role)] {
        let held = user.id(field);
        if granted.is_some() && granted != held {
            changes.push(FieldChange {
                object: USER,
                field,
                old: held.map(|id| id.to_string()),
                new: granted.map(|id| id.to_string()),
            });
            if field == "ProfileId" {
                side_effects.push("The user's licence becomes that of the new profile.".to_owned());
            }
        }
    }
    if !user.is_active {
        side_effects.push("The user is inactive and stays so until it is reactivated.".to_owned());
    }
    if let Some(account) = user.id("Contact.AccountId").filter(|account| *account != account_id) {
        side_effects.push(format!(
            "The user's contact belongs to the account {account} and not to the one of the settings, and stays there."
        ));
    }
    let action = if changes.is_empty() { Action::Unchanged } else { Action::Updated };
    (Target::Existing { user: user.id, contact }, action, changes, side_effects)
}

/// The change that a field needs, if it needs one.
fn difference(
    object: &'static str,
    field: &'static str,
    form: Form,
    old: Option<&str>,
    new: Option<&str>,
) -> Option<FieldChange> {
    let same = match (old, new) {
        (Some(old), Some(new)) => match form {
            Form::Plain => old == new,
            // Salesforce may store addresses in lower case (U); to compare them as written could differ for ever.
            Form::Email => old.eq_ignore_ascii_case(new),
            Form::Lines => old.lines().eq(new.lines()),
        },
        (old, new) => old == new,
    };
    (!same).then(|| FieldChange { object, field, old: old.map(str::to_owned), new: new.map(str::to_owned) })
}

fn create(wanted: &Wanted, contact: Option<&Known>, account_id: Id, defaults: &Defaults) -> Result<Vec<FieldChange>> {
    let subject = wanted.subject();
    let missing = |what: &str, remedy: &str| {
        Error::new(ErrorKind::MissingValue, format!("{subject} cannot be made without {what}")).with_remedy(remedy)
    };
    for (name, what) in [(FAMILY_NAME, "a last name"), (EMAIL, "an e-mail address")] {
        if wanted.value(name).is_none() {
            return Err(missing(what, "Fill it in the directory and map it"));
        }
    }
    let profile = wanted.profile.ok_or_else(|| missing("a profile", "Assign a profile of a portal licence"))?;

    let set = |object, field, new: String| FieldChange { object, field, old: None, new: Some(new) };
    let mut changes = Vec::new();
    if contact.is_none() {
        changes.push(set(CONTACT, "AccountId", account_id.to_string()));
    }
    for (definition, value) in &wanted.values {
        if let Some(field) = definition.contact {
            let old = contact.and_then(|contact| contact.text(field.name));
            changes.extend(difference(CONTACT, field.name, definition.form, old, value.as_deref()));
        }
    }
    changes.extend(contact.map(|contact| set(USER, "ContactId", contact.id.to_string())));
    changes.push(set(USER, "Username", wanted.username.clone()));
    for (definition, value) in &wanted.values {
        if let (Some(field), Some(value)) = (definition.user, value) {
            changes.push(set(USER, field.name, value.clone()));
        }
    }
    for (field, value) in required_defaults(wanted, defaults) {
        if !changes.iter().any(|change| change.object == USER && change.field == field) {
            changes.push(set(USER, field, value));
        }
    }
    changes.push(set(USER, "ProfileId", profile.to_string()));
    changes.extend(wanted.role.map(|role| set(USER, "UserRoleId", role.to_string())));
    Ok(changes)
}

/// Fields that Salesforce requires of a new user (H) and that directories rarely have.
fn required_defaults(wanted: &Wanted, defaults: &Defaults) -> [(&'static str, String); 6] {
    let local = wanted.username.split('@').next().unwrap_or_default();
    // Nicknames are unique in the organisation; the username's digest keeps two people of one name apart.
    let nickname: String = local.chars().take(31).collect();
    [
        ("Alias", alias(wanted, local)),
        ("CommunityNickname", format!("{nickname}.{}", digest::short(&wanted.username.to_ascii_lowercase()))),
        ("TimeZoneSidKey", defaults.time_zone.clone()),
        ("LocaleSidKey", defaults.locale.clone()),
        ("EmailEncodingKey", "UTF-8".to_owned()),
        ("LanguageLocaleKey", defaults.language.clone()),
    ]
}

/// The first letter of the first name and the beginning of the last, as Salesforce's own form suggests it; of names without
/// letters, the beginning of the username.
fn alias(wanted: &Wanted, local: &str) -> String {
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
