//! The plan of a user who is not there yet.

use std::borrow::Cow;

use super::super::rows::ContactRow;
use super::super::wanted::CheckedUser;
use super::defaults::required_defaults;
use super::difference::{difference, entry_difference};
use super::{CONTACT, Fit, Target, Terms, USER, UserPlan, assignment_change, forms, keys};
use crate::attributes::{EMAIL, FAMILY_NAME, Form};
use crate::model::{Action, Error, ErrorKind, FieldChange, Result};

/// Plans a new user on a new contact, or on one that has no user.
pub(super) fn create(wanted: &CheckedUser, contact: Option<&ContactRow>, terms: &Terms<'_>) -> Result<UserPlan> {
    let subject = wanted.subject();
    let missing = |kind: ErrorKind, what: &str, remedy: &str| {
        Error::new(kind, format!("{subject} cannot be made without {what}")).with_remedy(remedy)
    };
    for (name, what) in [(FAMILY_NAME, "a last name"), (EMAIL, "an e-mail address")] {
        if wanted.value(name).is_none() {
            return Err(missing(ErrorKind::MissingValue, what, "Fill it in the directory and map it"));
        }
    }
    let without_profile = || {
        let kind = ErrorKind::Other(Cow::Borrowed("missing-grant"));
        missing(kind, "a profile", "Assign a profile of a portal licence")
    };
    let profile = wanted.profile.ok_or_else(without_profile)?;

    let account = wanted.account.unwrap_or(terms.account_id);
    let set = |object, field: &str, new: String| FieldChange {
        object,
        field: field.to_owned().into(),
        old: None,
        new: Some(new),
    };
    let [contact_key, user_key] = keys(wanted, terms);
    let mut changes = Vec::new();
    if contact.is_none() {
        changes.push(set(CONTACT, "AccountId", account.to_string()));
    }
    let old = |field: &str| contact.and_then(|contact| contact.extra.text(field));
    if let Some((object, field, key)) = contact_key {
        changes.extend(difference(object, Cow::Owned(field.to_owned()), Form::Plain, old(field), Some(key)));
    }
    for entry in &wanted.values {
        changes.extend(entry.contact.clone().and_then(|field| entry_difference(CONTACT, field, entry, old)));
    }
    changes.extend(contact.map(|contact| set(USER, "ContactId", contact.id.to_string())));
    changes.extend(user_key.map(|(object, field, key)| set(object, field, key.to_owned())));
    changes.push(set(USER, "Username", wanted.username.clone()));
    for entry in &wanted.values {
        if let (Some(field), Some(value)) = (&entry.user, &entry.value) {
            changes.push(set(USER, field, value.clone()));
        }
    }
    for (field, value) in required_defaults(wanted, &terms.defaults) {
        if !changes.iter().any(|change| change.object == USER && change.field == field) {
            changes.push(set(USER, field, value));
        }
    }
    changes.push(set(USER, "ProfileId", profile.to_string()));
    changes.extend(wanted.role.map(|role| set(USER, "UserRoleId", role.to_string())));
    changes.extend(wanted.flags.iter().map(|flag| set(USER, flag, true.to_string())));
    changes.extend(wanted.assignments.iter().map(|one| assignment_change(*one, true)));
    let mut side_effects = Vec::new();
    if let Some(contact) = contact {
        let name = contact.name.as_deref().unwrap_or("without a name");
        side_effects.push(format!("The contact {name} ({}), which has no user, is taken for this person.", contact.id));
    }
    Ok(UserPlan {
        key: wanted.key.clone(),
        subject,
        target: contact.map_or(Target::New, |contact| Target::Adopt(contact.id)),
        action: Action::Created,
        changes,
        made_up_nickname: wanted.value("nickName").is_none().then(|| wanted.username.clone()),
        forms: forms(wanted),
        given: wanted.assignments.clone(),
        taken: Vec::new(),
        fit: Fit {
            old_profile: None,
            profile: Some(profile),
            account: Some(account),
            role: wanted.role,
            flags: wanted.flags.clone(),
            is_active: true,
            is_same: false,
        },
        side_effects,
        digest: String::new(),
    })
}
