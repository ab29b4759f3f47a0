//! What is wanted of each user, checked before anything is asked of Salesforce.

use crate::attributes::{self, Definition, Form};
use crate::model::{Change, DesiredUser, Error, ErrorKind, Grant, Result, Value};
use crate::operations::describe::{PROFILE, ROLE};
use crate::operations::index::Index;
use crate::salesforce::id::{Id, prefix};

/// A desired user without mistakes that can be seen from here.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    /// The user's id, where the host knows it.
    pub(super) id: Option<Id>,
    pub(super) username: String,
    /// Attributes other than the username, with what sets or, with none, clears them.
    pub(super) values: Vec<(&'static Definition, Option<String>)>,
    pub(super) profile: Option<Id>,
    pub(super) role: Option<Id>,
}

impl PartialEq for Definition {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Wanted {
    /// The value that an attribute is set to.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(definition, _)| definition.name == name).and_then(|(_, value)| value.as_deref())
    }

    /// The user, for the middle of a sentence.
    pub(super) fn subject(&self) -> String {
        format!("the user {}", self.username)
    }
}

/// Checks a batch. Of users that are given twice, by key, id or username, the first counts and the others are refused.
pub(super) fn check_all(users: &[DesiredUser]) -> Vec<Result<Wanted>> {
    let (mut keys, mut usernames, mut ids) = (Index::default(), Index::default(), Index::default());
    let checked = users.iter().map(|user| {
        let wanted = check(user)?;
        let twice = |what: &str| {
            Err(Error::new(
                ErrorKind::AmbiguousMatch,
                format!("the {what} of {} is given twice in this push", wanted.subject()),
            )
            .with_remedy("Give each person once, with a username of its own"))
        };
        if !keys.insert(&user.key, 0) {
            return twice("key");
        }
        if !usernames.insert(&wanted.username.to_ascii_lowercase(), 0) {
            return twice("username");
        }
        if wanted.id.is_some_and(|id| !ids.insert(id.as_str(), 0)) {
            return twice("id");
        }
        Ok(wanted)
    });
    checked.collect()
}

fn check(user: &DesiredUser) -> Result<Wanted> {
    let username = user.username.trim();
    let subject = format!("the user {username}");
    let invalid = |what: String, remedy: &str| Err(Error::new(ErrorKind::InvalidValue, what).with_remedy(remedy));
    if username.is_empty() {
        return Err(Error::new(
            ErrorKind::MissingValue,
            format!("the person with the key {:?} has no username", user.key),
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
    let mut values: Vec<(&'static Definition, Option<String>)> = Vec::with_capacity(user.changes.len());
    for change in &user.changes {
        let Some((definition, value)) = attribute(&subject, username, change)? else { continue };
        if values.iter().any(|(have, _)| have.name == definition.name) {
            return invalid(format!("the attribute {} of {subject} is given twice", definition.name), "Map it once");
        }
        values.push((definition, value));
    }
    let (profile, role) = grants(&subject, &user.grants)?;
    Ok(Wanted { id, username: username.to_owned(), values, profile, role })
}

/// One attribute's value; none for the username, which only has to be the same as the user's own.
fn attribute(subject: &str, username: &str, change: &Change) -> Result<Option<(&'static Definition, Option<String>)>> {
    let name = &change.name;
    let invalid = |what: &str, remedy: &str| {
        Error::new(ErrorKind::InvalidValue, format!("the attribute {name} of {subject} {what}")).with_remedy(remedy)
    };
    let definition =
        attributes::find(name).ok_or_else(|| invalid("does not exist", "Use the names that list-attributes gives"))?;
    if !definition.is_writable() {
        return Err(invalid(
            "cannot be written, because Salesforce sets it itself",
            "Take it out of the attribute mapping",
        ));
    }
    let value = match &change.value {
        None => None,
        Some(Value::Text(text)) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Some(Value::Integer(number)) => Some(number.to_string()),
        Some(Value::Boolean(_) | Value::Many(_)) => {
            return Err(invalid("takes a single text", "Map it to an attribute with a single text"));
        }
    };
    if definition.name == attributes::USERNAME {
        return match value {
            Some(value) if value.eq_ignore_ascii_case(username) => Ok(None),
            _ => Err(invalid(
                "differs from the user's own",
                "Set the username itself and take the attribute out of the mapping",
            )),
        };
    }
    match &value {
        None if definition.required => {
            return Err(Error::new(
                ErrorKind::MissingValue,
                format!("the attribute {name} of {subject} is empty, and Salesforce needs it"),
            )
            .with_remedy("Fill it in the directory, or leave it out of the push to keep what Salesforce has"));
        }
        None => {}
        Some(value) => {
            if definition.form == Form::Email && !attributes::is_email(value) {
                return Err(invalid("is not an e-mail address", "Correct it in the directory"));
            }
            if !definition.choices.is_empty() && !definition.choices.contains(&value.as_str()) {
                return Err(invalid("is not among its choices", "Use one of the values that list-attributes gives"));
            }
            check_length(subject, name, value, definition.max_length())?;
        }
    }
    Ok(Some((definition, value)))
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

fn grants(subject: &str, grants: &[Grant]) -> Result<(Option<Id>, Option<Id>)> {
    let (mut profile, mut role) = (None, None);
    for grant in grants {
        let (slot, prefix) = match grant.kind.as_str() {
            PROFILE => (&mut profile, prefix::PROFILE),
            ROLE => (&mut role, prefix::ROLE),
            other => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    format!("{subject} is to get a {other}, which this version of the connector cannot assign"),
                )
                .with_remedy("Assign only the kinds of grant that describe lists"));
            }
        };
        let invalid = |what: String, remedy: &str| {
            Error::new(ErrorKind::InvalidValue, format!("the {} of {subject} {what}", grant.kind)).with_remedy(remedy)
        };
        let id = Id::parse_of(grant.id.trim(), prefix).map_err(|reason| {
            invalid(reason.to_string(), "Copy the id from the address of its page under Setup > Users")
        })?;
        if slot.replace(id).is_some_and(|before| before != id) {
            return Err(invalid("is given twice, and a user has only one".to_owned(), "Assign one of them"));
        }
    }
    Ok((profile, role))
}
