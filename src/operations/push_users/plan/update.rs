//! The plan of a user who is there.

use std::borrow::Cow;

use super::super::assignment::{Assignment, Held, Kind};
use super::super::rows::UserRow;
use super::super::wanted::{CheckedUser, Entry};
use super::difference::{difference, entry_difference};
use super::{CONTACT, FLAG, Fit, Target, Terms, USER, UserPlan, assignment_change, forms, keys};
use crate::attributes::{EMAIL, Form};
use crate::model::{Action, FieldChange};
use crate::operations::retired::is_retired;

/// Plans what a user, its contact and its grants lack of what is wanted.
pub(super) fn update(
    wanted: &CheckedUser,
    user: &UserRow,
    held: &[Held],
    note: Option<String>,
    terms: &Terms<'_>,
) -> UserPlan {
    let contact = user.contact;
    let [contact_key, user_key] = keys(wanted, terms);
    let mut changes = Vec::new();
    let is_held = |entry: &Entry| terms.writing.hold_email && entry.name == EMAIL;
    if contact.is_some() {
        let old = |field: &str| user.extra.text(&format!("Contact.{field}"));
        if let Some((object, field, key)) = contact_key {
            changes.extend(difference(object, Cow::Owned(field.to_owned()), Form::Plain, old(field), Some(key)));
        }
        for entry in wanted.values.iter().filter(|entry| !is_held(entry)) {
            changes.extend(entry.contact.clone().and_then(|field| entry_difference(CONTACT, field, entry, old)));
        }
    }
    let old = |field: &str| user.extra.text(field);
    if let Some((object, field, key)) = user_key {
        changes.extend(difference(object, Cow::Owned(field.to_owned()), Form::Plain, old(field), Some(key)));
    }
    let is_active = user.is_active;
    // A deactivated user that gave its name up takes it back when it is reactivated.
    if is_active || !is_retired(user.id, &user.username) {
        let username = Cow::Borrowed("Username");
        changes.extend(difference(USER, username, Form::Email, Some(&user.username), Some(&wanted.username)));
    }
    let mut side_effects: Vec<String> = note.into_iter().collect();
    for entry in &wanted.values {
        let change = entry.user.clone().and_then(|field| entry_difference(USER, field, entry, old));
        if change.is_some() && entry.name == EMAIL {
            let effect = if is_held(entry) { HELD } else { UNVERIFIED };
            side_effects.push(effect.to_owned());
        }
        changes.extend(change.filter(|_| !is_held(entry)));
    }
    let (old_profile, old_role) = (user.profile, user.role);
    for (field, granted, held) in [("ProfileId", wanted.profile, old_profile), ("UserRoleId", wanted.role, old_role)] {
        if granted.is_some() && granted != held {
            changes.push(FieldChange {
                object: USER,
                field: Cow::Borrowed(field),
                old: held.map(|id| id.to_string()),
                new: granted.map(|id| id.to_string()),
            });
            if field == "ProfileId" {
                side_effects.push("The user's licence becomes that of the new profile.".to_owned());
            }
        }
    }
    if !is_active {
        side_effects.push("The user is inactive and stays so until it is reactivated.".to_owned());
    }
    let account = user.account;
    if let Some(account) = account.filter(|account| *account != wanted.account.unwrap_or(terms.account_id)) {
        let other = if wanted.account.is_some() { "that is wanted" } else { "of the settings" };
        side_effects.push(format!(
            "The user's contact belongs to the account {account} and not to the one {other}, and stays there."
        ));
    }
    let (flags, flag_changes) = flag_changes(wanted, user);
    changes.extend(flag_changes);
    let has = |one: &Assignment| held.iter().any(|held| held.assignment == *one && !held.has_ended);
    let (given, later): (Vec<Assignment>, Vec<Assignment>) = wanted
        .assignments
        .iter()
        .filter(|one| !has(one))
        // An inactive user has left its groups, and would leave them again.
        .partition(|one| is_active || one.kind != Kind::Group);
    if !later.is_empty() {
        side_effects.push("An inactive user is in no public group; push it again after it is reactivated.".to_owned());
    }
    let is_extra = |held: &&Held| wanted.exact && !held.has_ended && !wanted.assignments.contains(&held.assignment);
    let mut taken: Vec<Held> = held.iter().filter(is_extra).cloned().collect();
    changes.extend(taken.iter().map(|held| assignment_change(held.assignment, false)));
    changes.extend(given.iter().map(|one| assignment_change(*one, true)));
    for ended in held.iter().filter(|held| held.has_ended && given.contains(&held.assignment)) {
        let Assignment { kind, id } = ended.assignment;
        side_effects
            .push(format!("The {} {id} of the user had ended, and is assigned again without an end.", kind.words()));
        taken.push(ended.clone());
    }

    let profile = wanted.profile.or(old_profile);
    let is_new_role = wanted.role.is_some() && wanted.role != old_role;
    let is_same = profile == old_profile && !is_new_role && flags.is_empty() && given.is_empty();
    let role = wanted.role.filter(|_| is_new_role || profile != old_profile);
    UserPlan {
        key: wanted.key.clone(),
        subject: wanted.subject(),
        target: Target::Existing { user: user.id, contact },
        action: if changes.is_empty() { Action::Unchanged } else { Action::Updated },
        changes,
        made_up_nickname: None,
        forms: forms(wanted),
        given,
        taken,
        fit: Fit { old_profile, profile, account, role, flags, is_active, is_same },
        side_effects,
        digest: String::new(),
    }
}

/// What an admin's or the API's change of an external user's address does (H, Salesforce Help 005103627).
const UNVERIFIED: &str = "The new e-mail address holds at once and is no longer verified (HasUserVerifiedEmail): until the user verifies it, signing in without a password fails.";

/// What is said of an address that differs and stays.
const HELD: &str = "The e-mail address differs and stays as it is, because email-change in the settings is hold.";

/// The feature licences that are new, and the changes that give and take them.
fn flag_changes(wanted: &CheckedUser, user: &UserRow) -> (Vec<String>, Vec<FieldChange>) {
    let change = |flag: &str, new: bool| FieldChange {
        object: USER,
        field: Cow::Owned(flag.to_owned()),
        old: Some((!new).to_string()),
        new: Some(new.to_string()),
    };
    let given: Vec<String> = wanted.flags.iter().filter(|flag| !user.extra.is(flag)).cloned().collect();
    let mut changes: Vec<FieldChange> = given.iter().map(|flag| change(flag, true)).collect();
    if wanted.exact {
        let extra =
            user.extra.names().filter(|name| name.starts_with(FLAG) && !wanted.flags.iter().any(|flag| flag == name));
        changes.extend(extra.filter(|name| user.extra.is(name)).map(|name| change(name, false)));
    }
    (given, changes)
}
