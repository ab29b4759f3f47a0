//! The exact list of what a push changes, field by field, before anything is written.

use std::borrow::Cow;

use super::assignment::{Assignment, Held, Kind};
use super::digest;
use super::resolve::Match;
use super::wanted::{Entry, Wanted};
use crate::attributes::{self, Definition, EMAIL, FAMILY_NAME, Form, GIVEN_NAME};
use crate::model::{Action, Error, ErrorKind, FieldChange, Outcome, Result};
use crate::operations::known::Known;
use crate::operations::retired::is_retired;
use crate::salesforce::id::Id;
use crate::salesforce::json::Datum;
use crate::salesforce::login::SignedIn;
use crate::settings::Writing;

pub(super) const USER: &str = "User";
pub(super) const CONTACT: &str = "Contact";
const NICKNAME: &str = "CommunityNickname";

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
    /// Those of the contact first, those of assignments last.
    pub(super) changes: Vec<FieldChange>,
    /// The username, where the nickname is made up from it.
    pub(super) made_up_nickname: Option<String>,
    /// Fields of the changes that are no texts.
    pub(super) forms: Vec<(&'static str, Cow<'static, str>, Form)>,
    /// What is assigned.
    pub(super) given: Vec<Assignment>,
    /// What is taken away.
    pub(super) taken: Vec<Held>,
    /// What has to fit together once the plan is applied.
    pub(super) fit: Fit,
    pub(super) side_effects: Vec<String>,
    pub(super) digest: String,
}

/// What of a plan has to fit together.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Fit {
    /// The profile that the user has so far.
    pub(super) old_profile: Option<Id>,
    /// The profile that the user will have.
    pub(super) profile: Option<Id>,
    /// The account of the user's contact.
    pub(super) account: Option<Id>,
    /// The role, where it is set anew or the profile changes.
    pub(super) role: Option<Id>,
    /// Feature licences, where they are set anew or the profile changes.
    pub(super) flags: Vec<String>,
    /// Whether the user takes a seat of its profile's licence.
    pub(super) is_active: bool,
    /// Whether nothing that has to fit changes.
    pub(super) is_same: bool,
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

    /// The changes of one of the two records, without feature licences.
    pub(super) fn changes_of(&self, object: &'static str) -> impl Iterator<Item = &FieldChange> {
        self.changes.iter().filter(move |change| change.object == object && !is_flag(change))
    }

    /// The changes of feature licences.
    pub(super) fn flags(&self) -> impl Iterator<Item = &FieldChange> {
        self.changes.iter().filter(|change| is_flag(change))
    }

    /// Takes another nickname than the one made up from the username, with `seed` to tell it apart; not where somebody wants
    /// the one that there is.
    pub(super) fn take_other_nickname(&mut self, seed: &str) -> bool {
        let Some(username) = &self.made_up_nickname else { return false };
        let other = nickname(username, &format!("{username} {seed}"));
        let mut changes = self.changes.iter_mut();
        let change = changes.find(|change| change.object == USER && change.field == NICKNAME);
        change.is_some_and(|change| change.new.replace(other).is_some())
    }

    /// What a change writes.
    pub(super) fn datum(&self, change: &FieldChange) -> Option<Datum> {
        let new = change.new.clone()?;
        let form = self.forms.iter().find(|(object, field, _)| *object == change.object && *field == change.field);
        Some(match form {
            Some((_, _, Form::Boolean)) => Datum::Boolean(new == "true"),
            Some((_, _, Form::Number)) => new.parse().map_or(Datum::Text(new), Datum::Number),
            _ if is_flag(change) => Datum::Boolean(new == "true"),
            _ => Datum::Text(new),
        })
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

/// Feature licences are fields of the user that begin so.
const FLAG: &str = "UserPermissions";

/// Whether a change gives or takes a feature licence, which is a step of its own.
pub(super) fn is_flag(change: &FieldChange) -> bool {
    change.object == USER && change.field.starts_with(FLAG)
}

/// What plans are made from beside the users themselves.
pub(super) struct Terms<'a> {
    pub(super) account_id: Id,
    pub(super) writing: &'a Writing,
    pub(super) defaults: Defaults,
}

/// Plans one user.
pub(super) fn plan(wanted: &Wanted, found: Match, terms: &Terms<'_>) -> Result<Plan> {
    let account_id = terms.account_id;
    let (mut plan, kind, user, contact) = match found {
        Match::User(user, held, note) => {
            let plan = update(wanted, &user, &held, note, terms);
            let contact = user.id("ContactId").map_or_else(String::new, |id| id.to_string());
            (plan, "existing", user.id.to_string(), contact)
        }
        Match::Contact(contact) => {
            let plan = create(wanted, Some(&contact), terms)?;
            (plan, "adopt", String::new(), contact.id.to_string())
        }
        Match::Nobody => (create(wanted, None, terms)?, "new", String::new(), account_id.to_string()),
    };
    plan.digest = digest::digest(&[kind, &user, &contact], &plan.changes);
    Ok(plan)
}

/// The names of the key fields and what they are to hold.
fn keys<'a>(wanted: &'a Wanted, terms: &Terms<'a>) -> [Option<(&'static str, &'a str, &'a str)>; 2] {
    let key = wanted.key.as_str();
    [(CONTACT, &terms.writing.contact_key), (USER, &terms.writing.user_key)]
        .map(|(object, name)| Some((object, name.as_ref()?.as_str(), key)))
}

/// The forms of the fields that are no texts.
fn forms(wanted: &Wanted) -> Vec<(&'static str, Cow<'static, str>, Form)> {
    let special = wanted.values.iter().filter(|entry| matches!(entry.form, Form::Boolean | Form::Number));
    let fields = special.flat_map(|entry| {
        let contact = entry.contact.iter().map(|field| (CONTACT, field.clone(), entry.form));
        contact.chain(entry.user.iter().map(|field| (USER, field.clone(), entry.form)))
    });
    fields.collect()
}

fn update(wanted: &Wanted, user: &Known, held: &[Held], note: Option<String>, terms: &Terms<'_>) -> Plan {
    let contact = user.id("ContactId");
    let [contact_key, user_key] = keys(wanted, terms);
    let mut changes = Vec::new();
    if contact.is_some() {
        let old = |field: &str| user.text(&format!("Contact.{field}"));
        if let Some((object, field, key)) = contact_key {
            changes.extend(difference(object, Cow::Owned(field.to_owned()), Form::Plain, old(field), Some(key)));
        }
        for entry in &wanted.values {
            changes.extend(entry.contact.clone().and_then(|field| entry_difference(CONTACT, field, entry, &old)));
        }
    }
    let old = |field: &str| user.text(field);
    if let Some((object, field, key)) = user_key {
        changes.extend(difference(object, Cow::Owned(field.to_owned()), Form::Plain, old(field), Some(key)));
    }
    let is_active = user.is("IsActive");
    // A deactivated user that gave its name up takes it back when it is reactivated.
    if is_active || !is_retired(user.id, user.username()) {
        let username = Cow::Borrowed("Username");
        changes.extend(difference(USER, username, Form::Email, Some(user.username()), Some(&wanted.username)));
    }
    for entry in &wanted.values {
        changes.extend(entry.user.clone().and_then(|field| entry_difference(USER, field, entry, &old)));
    }
    let mut side_effects: Vec<String> = note.into_iter().collect();
    let (old_profile, old_role) = (user.id("ProfileId"), user.id("UserRoleId"));
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
    let account = user.id("Contact.AccountId");
    if let Some(account) = account.filter(|account| *account != terms.account_id) {
        side_effects.push(format!(
            "The user's contact belongs to the account {account} and not to the one of the settings, and stays there."
        ));
    }
    let (flags, flag_changes) = flag_changes(wanted, user);
    changes.extend(flag_changes);
    let has = |one: &Assignment| held.iter().any(|held| held.assignment == *one);
    let (given, later): (Vec<Assignment>, Vec<Assignment>) = wanted
        .assignments
        .iter()
        .filter(|one| !has(one))
        // An inactive user has left its groups, and would leave them again.
        .partition(|one| is_active || one.kind != Kind::Group);
    if !later.is_empty() {
        side_effects.push("An inactive user is in no public group; push it again after it is reactivated.".to_owned());
    }
    let is_extra = |held: &&Held| wanted.exact && !wanted.assignments.contains(&held.assignment);
    let taken: Vec<Held> = held.iter().filter(is_extra).cloned().collect();
    changes.extend(taken.iter().map(|held| assignment_change(held.assignment, false)));
    changes.extend(given.iter().map(|one| assignment_change(*one, true)));

    let profile = wanted.profile.or(old_profile);
    let is_new_role = wanted.role.is_some() && wanted.role != old_role;
    let is_same = profile == old_profile && !is_new_role && flags.is_empty() && given.is_empty();
    let role = wanted.role.filter(|_| is_new_role || profile != old_profile);
    Plan {
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

/// The feature licences that are new, and the changes that give and take them.
fn flag_changes(wanted: &Wanted, user: &Known) -> (Vec<String>, Vec<FieldChange>) {
    let change = |flag: &str, new: bool| FieldChange {
        object: USER,
        field: Cow::Owned(flag.to_owned()),
        old: Some((!new).to_string()),
        new: Some(new.to_string()),
    };
    let given: Vec<String> = wanted.flags.iter().filter(|flag| !user.is(flag)).cloned().collect();
    let mut changes: Vec<FieldChange> = given.iter().map(|flag| change(flag, true)).collect();
    if wanted.exact {
        let extra = user.names().filter(|name| name.starts_with(FLAG) && !wanted.flags.iter().any(|flag| flag == name));
        changes.extend(extra.filter(|name| user.is(name)).map(|name| change(name, false)));
    }
    (given, changes)
}

fn assignment_change(one: Assignment, is_given: bool) -> FieldChange {
    let id = Some(one.id.to_string());
    let (old, new) = if is_given { (None, id) } else { (id, None) };
    FieldChange { object: one.kind.object(), field: Cow::Borrowed(one.kind.field()), old, new }
}

fn entry_difference<'a>(
    object: &'static str,
    field: Cow<'static, str>,
    entry: &Entry,
    old: &dyn Fn(&str) -> Option<&'a str>,
) -> Option<FieldChange> {
    let old = old(&field);
    difference(object, field, entry.form, old, entry.value.as_deref())
}

/// The change that a field needs, if it needs one.
fn difference(
    object: &'static str,
    field: Cow<'static, str>,
    form: Form,
    old: Option<&str>,
    new: Option<&str>,
) -> Option<FieldChange> {
    let same = match (old, new) {
        (Some(old), Some(new)) => match form {
            Form::Plain | Form::Boolean => old == new,
            // Salesforce may store addresses in lower case (U); to compare them as written could differ for ever.
            Form::Email => old.eq_ignore_ascii_case(new),
            Form::Lines => old.lines().eq(new.lines()),
            Form::Number => old == new || old.parse::<f64>().ok() == new.parse::<f64>().ok(),
            Form::Time => second(old) == second(new),
        },
        (old, new) => old == new,
    };
    (!same).then(|| FieldChange { object, field, old: old.map(str::to_owned), new: new.map(str::to_owned) })
}

/// A moment without its fractions and without the name of the zone, which is always UTC.
fn second(text: &str) -> &str {
    let end = text.find(['.', 'Z', '+']).unwrap_or(text.len());
    &text[..end]
}

fn create(wanted: &Wanted, contact: Option<&Known>, terms: &Terms<'_>) -> Result<Plan> {
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

    let set = |object, field: &str, new: String| FieldChange {
        object,
        field: field.to_owned().into(),
        old: None,
        new: Some(new),
    };
    let [contact_key, user_key] = keys(wanted, terms);
    let mut changes = Vec::new();
    if contact.is_none() {
        changes.push(set(CONTACT, "AccountId", terms.account_id.to_string()));
    }
    let old = |field: &str| contact.and_then(|contact| contact.text(field));
    if let Some((object, field, key)) = contact_key {
        changes.extend(difference(object, Cow::Owned(field.to_owned()), Form::Plain, old(field), Some(key)));
    }
    for entry in &wanted.values {
        changes.extend(entry.contact.clone().and_then(|field| entry_difference(CONTACT, field, entry, &old)));
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
        let name = contact.text("Name").unwrap_or("without a name");
        side_effects.push(format!("The contact {name} ({}), which has no user, is taken for this person.", contact.id));
    }
    Ok(Plan {
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
            account: Some(terms.account_id),
            role: wanted.role,
            flags: wanted.flags.clone(),
            is_active: true,
            is_same: false,
        },
        side_effects,
        digest: String::new(),
    })
}

/// Fields that Salesforce requires of a new user (H) and that directories rarely have.
fn required_defaults(wanted: &Wanted, defaults: &Defaults) -> [(&'static str, String); 6] {
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
fn nickname(username: &str, seed: &str) -> String {
    let local: String = username.split('@').next().unwrap_or_default().chars().take(31).collect();
    format!("{local}.{}", digest::short(&seed.to_ascii_lowercase()))
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
