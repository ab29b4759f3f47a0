//! What is wanted of each user, checked before anything is asked of Salesforce.

use std::borrow::Cow;
use std::collections::HashSet;

use super::assignment::{Assignment, Kind};
use crate::attributes::{self, Form};
use crate::model::{Change, DesiredUser, Error, ErrorKind, Grant, Result, Value};
use crate::operations::describe::{FEATURE_LICENSE, PERMISSION_SET, PERMISSION_SET_GROUP, PROFILE, PUBLIC_GROUP, ROLE};
use crate::operations::schema::Schema;
use crate::salesforce::describe::RecordType;
use crate::salesforce::id::{Id, Malformed, prefix};
use crate::salesforce::number::decimal;
use crate::salesforce::time;
use crate::text::quoted;

/// Most characters of the host's key: those of an external id (H).
const KEY_LENGTH: usize = 255;

/// A desired user without mistakes that can be seen from here.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CheckedUser {
    /// The host's key of the person.
    pub(super) key: String,
    /// The user's id, where the host knows it.
    pub(super) id: Option<Id>,
    pub(super) username: String,
    /// Attributes other than the username.
    pub(super) values: Vec<Entry>,
    /// The account of a new contact, if it isn't that of the settings.
    pub(super) account: Option<Id>,
    pub(super) profile: Option<Id>,
    pub(super) role: Option<Id>,
    /// The user's fields of the feature licences.
    pub(super) flags: Vec<String>,
    pub(super) assignments: Vec<Assignment>,
    /// Whether other assignments and flags are taken away.
    pub(super) exact: bool,
}

/// One attribute of a user.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) name: Cow<'static, str>,
    /// The user's field.
    pub(super) user: Option<Cow<'static, str>>,
    /// The contact's field.
    pub(super) contact: Option<Cow<'static, str>>,
    pub(super) form: Form,
    /// What sets or, with none, clears it.
    pub(super) value: Option<String>,
}

impl CheckedUser {
    /// The value that an attribute is set to.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|entry| entry.name == name).and_then(|entry| entry.value.as_deref())
    }

    /// The user, for the middle of a sentence.
    pub(super) fn subject(&self) -> String {
        format!("the user {}", self.username)
    }
}

/// Whether the schema is needed to check these users: most pushes name nothing that differs between organizations.
pub(super) fn needs_schema(users: &[DesiredUser]) -> bool {
    let by_grant = |grant: &Grant| matches!(grant.kind.as_str(), FEATURE_LICENSE | PERMISSION_SET_GROUP);
    users.iter().any(|user| {
        user.exact_grants
            || user.grants.iter().any(by_grant)
            || user.changes.iter().any(|change| is_custom(&change.name) || is_listed(change))
    })
}

/// Whether a value has to be one of the organization's own lists.
fn is_listed(change: &Change) -> bool {
    change.value.is_some() && attributes::find(&change.name).is_some_and(|definition| definition.is_listed)
}

fn is_custom(name: &str) -> bool {
    name.ends_with("__c")
}

/// Checks a batch. Of users that are given twice, by key, id or username, the first counts and the others are refused.
pub(super) fn check_all(users: &[DesiredUser], schema: Option<&Schema>) -> Vec<Result<CheckedUser>> {
    let (mut keys, mut usernames, mut ids) = (HashSet::new(), HashSet::new(), HashSet::new());
    let checked = users.iter().map(|user| {
        let wanted = check(user, schema)?;
        let twice = |what: &str| {
            Err(Error::new(
                ErrorKind::AmbiguousMatch,
                format!("the {what} of {} is given twice in this push", wanted.subject()),
            )
            .with_remedy("Give each person once, with a username of its own"))
        };
        if !keys.insert(user.key.as_str()) {
            return twice("key");
        }
        if !usernames.insert(wanted.username.to_ascii_lowercase()) {
            return twice("username");
        }
        if wanted.id.is_some_and(|id| !ids.insert(id)) {
            return twice("id");
        }
        Ok(wanted)
    });
    checked.collect()
}

fn check(user: &DesiredUser, schema: Option<&Schema>) -> Result<CheckedUser> {
    let username = user.username.trim();
    let subject = format!("the user {username}");
    let invalid = |what: String, remedy: &str| Err(Error::new(ErrorKind::InvalidValue, what).with_remedy(remedy));
    if username.is_empty() {
        return Err(Error::new(
            ErrorKind::MissingValue,
            format!("the person with the key {} has no username", quoted(&user.key)),
        )
        .with_remedy("Set a username in the form of an e-mail address"));
    }
    if !attributes::is_email(username) {
        return invalid(
            format!("the username of {subject} does not have the form of an e-mail address"),
            "Set a username such as john@acme.com; it need not be an address that works",
        );
    }
    check_length(&subject, attributes::USERNAME, username, Some(80))?;
    let id = match user.id.as_deref().map(|id| Id::parse_of(id.trim(), prefix::USER)) {
        None => None,
        Some(Ok(id)) => Some(id),
        Some(Err(reason)) => {
            return invalid(
                format!("the stored id of {subject} {reason}"),
                "Link the person to the Salesforce user again",
            );
        }
    };
    if user.key.chars().count() > KEY_LENGTH {
        return invalid(format!("the key of {subject} is longer than {KEY_LENGTH} characters"), "Use a shorter key");
    }
    let mut values: Vec<Entry> = Vec::with_capacity(user.changes.len());
    for change in &user.changes {
        let Some(entry) = attribute(&subject, username, change, schema)? else { continue };
        if values.iter().any(|have| have.name == entry.name) {
            return invalid(format!("the attribute {} of {subject} is given twice", entry.name), "Map it once");
        }
        values.push(entry);
    }
    let mut wanted = CheckedUser {
        key: user.key.clone(),
        id,
        username: username.to_owned(),
        values,
        account: None,
        profile: None,
        role: None,
        flags: Vec::new(),
        assignments: Vec::new(),
        exact: user.exact_grants,
    };
    for grant in &user.grants {
        add_grant(&mut wanted, &subject, grant, schema)?;
    }
    Ok(wanted)
}

/// One attribute; none for the username, which only has to be the same as the user's own.
fn attribute(subject: &str, username: &str, change: &Change, schema: Option<&Schema>) -> Result<Option<Entry>> {
    let name = &change.name;
    let invalid = |what: &str, remedy: &str| {
        Error::new(ErrorKind::InvalidValue, format!("the attribute {name} of {subject} {what}")).with_remedy(remedy)
    };
    let unknown = || invalid("does not exist", "Use the names that list-attributes gives");
    let read_only =
        || invalid("cannot be written, because Salesforce sets it itself", "Take it out of the attribute mapping");
    let (mut entry, required, length) = if is_custom(name) {
        let (known, form) = schema.and_then(|schema| schema.custom(name)).ok_or_else(unknown)?;
        if !known.writable {
            return Err(read_only());
        }
        let (user, contact) = match name.strip_prefix("Contact.") {
            Some(field) => (None, Some(Cow::Owned(field.to_owned()))),
            None => (Some(Cow::Owned(name.clone())), None),
        };
        let entry = Entry { name: Cow::Owned(name.clone()), user, contact, form, value: None };
        (entry, known.required || form == Form::Boolean, known.max_length)
    } else {
        let definition = attributes::find(name).ok_or_else(unknown)?;
        if !definition.is_writable() {
            return Err(read_only());
        }
        let known = schema.map(|schema| schema.attributes.iter().find(|known| known.name == definition.name));
        if let (Some(switch), Some(None)) = (definition.switch, known) {
            return Err(invalid("does not exist in this organization, or is hidden from the admin user", switch));
        }
        let entry = Entry {
            name: Cow::Borrowed(definition.name),
            user: definition.user.map(|field| Cow::Borrowed(field.name)),
            contact: definition.contact.map(|field| Cow::Borrowed(field.name)),
            form: definition.form,
            value: None,
        };
        (entry, definition.required, definition.max_length())
    };
    let text = match (&change.value, entry.form) {
        (None, _) => None,
        (Some(Value::Text(text)), _) => Some(text.trim().to_owned()),
        (Some(Value::Integer(number)), _) => Some(number.to_string()),
        (Some(Value::Boolean(value)), Form::Boolean) => Some(value.to_string()),
        // As Salesforce has them (H).
        (Some(Value::Many(values)), Form::Many) => Some(values.join(";")),
        (Some(Value::Boolean(_) | Value::Many(_)), _) => {
            return Err(invalid("takes a single text", "Map it to an attribute with a single text"));
        }
    };
    let mut text = text.filter(|text| !text.is_empty());
    if entry.name == attributes::RECORD_TYPE {
        let types = schema.map_or(&[][..], |schema| &schema.record_types);
        text = text.map(|text| record_type(&text, types).map_err(|what| {
            let names: Vec<String> = types.iter().map(|one| quoted(&one.name)).collect();
            invalid(&what, &format!("Use one of {}, or assign the record type to the profile of the admin user under Setup > Users > Profiles > Object Settings", names.join(", ")))
        })).transpose()?;
    } else if entry.name == attributes::USERNAME {
        return match text {
            Some(value) if value.eq_ignore_ascii_case(username) => Ok(None),
            _ => Err(invalid(
                "differs from the user's own",
                "Set the username itself and take the attribute out of the mapping",
            )),
        };
    }
    match &text {
        None if required => {
            return Err(Error::new(
                ErrorKind::MissingValue,
                format!("the attribute {name} of {subject} is empty, and Salesforce needs it"),
            )
            .with_remedy("Fill it in the directory, or leave it out of the push to keep what Salesforce has"));
        }
        None => {}
        Some(value) => {
            let well_formed = match entry.form {
                Form::Email => attributes::is_email(value),
                Form::Boolean => value.parse::<bool>().is_ok(),
                Form::Number => decimal(value).is_some(),
                Form::Whole => decimal(value).is_some_and(|number| number.is_integer()),
                Form::Time => time::moment(value).is_some(),
                Form::Date => time::is_date(value),
                Form::Plain | Form::Lines | Form::Many => true,
            };
            // One that Salesforce cannot read would fail the whole call, and all who are in it (H).
            if !well_formed {
                let what = match entry.form {
                    Form::Email => "is not an e-mail address",
                    Form::Boolean => "is neither true nor false",
                    Form::Whole => "is not a whole number",
                    Form::Time => "is not a date and time such as 2024-01-31T12:00:00Z",
                    Form::Date => "is not a date such as 2024-01-31",
                    _ => "is not a number",
                };
                return Err(invalid(what, "Correct it in the directory"));
            }
            if entry.name != attributes::RECORD_TYPE && !has_choice(name, value, schema) {
                let remedy = match nearly(name, value, schema) {
                    Some(choice) => format!("Write it as {}", quoted(&choice)),
                    None => "Use one of the values that list-attributes gives".to_owned(),
                };
                return Err(invalid(&format!("is {}, which is not among its choices", quoted(value)), &remedy));
            }
            check_length(subject, name, value, length)?;
        }
    }
    entry.value = text;
    Ok(Some(entry))
}

/// The id of the record type that has this id or name; or what is wrong, as the end of a sentence.
fn record_type(text: &str, types: &[RecordType]) -> std::result::Result<String, String> {
    let id = Id::parse(text).ok();
    let is_named = |one: &&RecordType| {
        (id.is_some() && Id::parse(&one.id).ok() == id)
            || one.developer_name.eq_ignore_ascii_case(text)
            || one.name.to_lowercase() == text.to_lowercase()
    };
    let found: Vec<&RecordType> = types.iter().filter(is_named).collect();
    match found.as_slice() {
        [one] => Ok(one.id.clone()),
        [] => Err(format!("is {}, which is no record type that the admin user may give to contacts", quoted(text))),
        several => {
            let ids: Vec<&str> = several.iter().map(|one| one.id.as_str()).collect();
            Err(format!("is {}, which is the name of several record types: {}", quoted(text), ids.join(", ")))
        }
    }
}

/// The choice that a value differs from by the case of letters alone.
fn nearly(name: &str, value: &str, schema: Option<&Schema>) -> Option<String> {
    let known = schema?.attributes.iter().find(|known| known.name == name)?;
    known.choices.iter().find(|choice| choice.to_lowercase() == value.to_lowercase()).cloned()
}

/// Whether a value is among the choices of an attribute, as far as they are known.
fn has_choice(name: &str, value: &str, schema: Option<&Schema>) -> bool {
    let fixed = attributes::find(name).map_or(&[][..], |definition| definition.choices);
    let own = schema.and_then(|schema| schema.attributes.iter().find(|known| known.name == name));
    let own = own.map_or(&[][..], |known| &known.choices);
    let fits = |one: &str| {
        (fixed.is_empty() || fixed.contains(&one)) && (own.is_empty() || own.iter().any(|choice| choice == one))
    };
    match is_custom(name) {
        true => value.split(';').all(fits),
        false => fits(value),
    }
}

fn check_length(subject: &str, name: &str, value: &str, most: Option<u32>) -> Result<()> {
    let length = value.chars().count();
    match most {
        Some(most) if length > most as usize => Err(Error::new(
            ErrorKind::InvalidValue,
            format!("the attribute {name} of {subject} has {length} characters, and Salesforce takes {most}"),
        )
        .with_remedy("Shorten it in the directory or in the attribute mapping")),
        _ => Ok(()),
    }
}

fn add_grant(wanted: &mut CheckedUser, subject: &str, grant: &Grant, schema: Option<&Schema>) -> Result<()> {
    let invalid = |what: String, remedy: &str| {
        Error::new(ErrorKind::InvalidValue, format!("the {} of {subject} {what}", grant.kind)).with_remedy(remedy)
    };
    let malformed =
        |reason: Malformed| invalid(reason.to_string(), "Copy the id from the address of its page in Setup");
    let id = grant.id.trim();
    match grant.kind.as_str() {
        kind @ (PROFILE | ROLE) => {
            let (slot, prefix) = match kind {
                PROFILE => (&mut wanted.profile, prefix::PROFILE),
                _ => (&mut wanted.role, prefix::ROLE),
            };
            let id = Id::parse_of(id, prefix).map_err(malformed)?;
            if slot.replace(id).is_some_and(|before| before != id) {
                return Err(invalid("is given twice, and a user has only one".to_owned(), "Assign one of them"));
            }
        }
        FEATURE_LICENSE => {
            // Where a feature is switched off, its flag does not exist; to leave it out silently would hide that.
            let flags = schema.map_or(&[][..], |schema| &schema.flags);
            let Some(flag) = flags.iter().find(|flag| flag.field.eq_ignore_ascii_case(id)) else {
                return Err(Error::new(
                    ErrorKind::NotFound,
                    format!("{subject} is to get the feature licence {}, which this organization does not have", quoted(id)),
                )
                .with_remedy("Take the grant away, or buy or switch on the feature; Setup > Company Settings > Company Information > Feature Licenses lists those there are"));
            };
            if !wanted.flags.contains(&flag.field) {
                wanted.flags.push(flag.field.clone());
            }
        }
        other => {
            let kind = match other {
                PERMISSION_SET => Kind::Set,
                PERMISSION_SET_GROUP => Kind::SetGroup,
                PUBLIC_GROUP => Kind::Group,
                _ => {
                    return Err(Error::new(
                        ErrorKind::Unsupported,
                        format!("{subject} is to get a {other}, which the connector cannot assign"),
                    )
                    .with_remedy("Assign only the kinds of grant that describe lists"));
                }
            };
            if kind == Kind::SetGroup && !schema.is_some_and(|schema| schema.has_set_groups) {
                return Err(Error::new(
                    ErrorKind::NotFound,
                    format!("{subject} is to get a permission set group, which this organization or the version of its API does not have"),
                )
                .with_remedy("Assign the permission sets of the group, or leave api-version out"));
            }
            let assignment = Assignment { kind, id: Id::parse_of(id, kind.prefix()).map_err(malformed)? };
            if !wanted.assignments.contains(&assignment) {
                wanted.assignments.push(assignment);
            }
        }
    }
    Ok(())
}
