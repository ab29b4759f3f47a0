//! `person add` and `person edit`.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::super::context::open_directory;
use super::super::failure::{DONE, Failure};
use super::super::global::Global;
use super::super::output::Output;
use provisioning_directory::sync::intents::{self, Followed};
use provisioning_directory::sync::names::check_attributes;
use provisioning_directory::{AttributeValue, NewPerson, PersonEdit, PersonStatus};

#[derive(Args)]
pub(crate) struct AddOptions {
    /// The name by which the platform knows the person for good, such as an employee number.
    key: String,
    /// The name to sign in with.
    username: String,
    /// An attribute, such as givenName=Ada, familyName=King, email=ada@acme.example or federationId=F1.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = attribute)]
    set: Vec<(String, AttributeValue)>,
}

#[derive(Args)]
pub(crate) struct EditOptions {
    /// The person, by key or username.
    person: String,
    /// Set an attribute.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = attribute)]
    set: Vec<(String, AttributeValue)>,
    /// Clear an attribute.
    #[arg(long = "clear", value_name = "NAME")]
    clear: Vec<String>,
    /// A new username.
    #[arg(long)]
    username: Option<String>,
    /// Put the person into use or out of it.
    #[arg(long, value_enum)]
    status: Option<Status>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Status {
    Active,
    Suspended,
    Deactivated,
}

impl From<Status> for PersonStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Active => Self::Active,
            Status::Suspended => Self::Suspended,
            Status::Deactivated => Self::Deactivated,
        }
    }
}

/// `NAME=VALUE`; flags and whole numbers stay texts, as connectors give most of them.
pub(crate) fn attribute(text: &str) -> Result<(String, AttributeValue), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() && !value.is_empty() => {
            Ok((name.trim().to_owned(), value.into()))
        }
        _ => Err("write it as NAME=VALUE, such as familyName=King".to_owned()),
    }
}

#[derive(Serialize)]
struct Document<'a> {
    person: &'a str,
    changed: bool,
    tasks: usize,
    off: &'a [String],
}

pub(super) fn add(global: &Global, options: &AddOptions, output: &mut Output) -> Result<u8, Failure> {
    let attributes = options.set.iter().cloned().collect();
    let new = NewPerson { key: options.key.clone(), username: options.username.clone(), attributes };
    let directory = open_directory(global)?;
    directory.read(|view| check_attributes(view, options.set.iter().map(|(name, _)| name.as_str())))?;
    directory.write(&global.actor(), |change| change.add_person(&new))?;
    output.line(&format!("{} was added.", options.key))?;
    if output.json() {
        output.document(&Document { person: &options.key, changed: true, tasks: 0, off: &[] })?;
    }
    Ok(DONE)
}

pub(super) fn edit(global: &Global, options: &EditOptions, output: &mut Output) -> Result<u8, Failure> {
    let mut attributes: BTreeMap<String, Option<AttributeValue>> =
        options.set.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect();
    for name in &options.clear {
        if attributes.insert(name.clone(), None).is_some() {
            return Err(Failure::usage(format!("`{name}` is both set and cleared; do one of the two")));
        }
    }
    if let Some(name) = ["username", "key", "status"].into_iter().find(|name| attributes.contains_key(*name)) {
        return Err(Failure::usage(format!(
            "`{name}` is no attribute; --username and --status change those, and a key stays"
        )));
    }
    let directory = open_directory(global)?;
    // What somebody has already can be changed and cleared, whatever its name.
    directory.read(|view| {
        let person = view.person(&options.person)?;
        let new = attributes.keys().filter(|name| !person.attributes.contains_key(*name));
        check_attributes(view, new.map(String::as_str))
    })?;
    let edit =
        PersonEdit { username: options.username.clone(), status: options.status.map(PersonStatus::from), attributes };
    let followed = directory.write(&global.actor(), |change| intents::edit_person(change, &options.person, &edit))?;
    report_change(&options.person, &followed, output)
}

/// Reports what an intent has changed of a person.
pub(crate) fn report_change(person: &str, followed: &Followed, output: &mut Output) -> Result<u8, Failure> {
    if output.json() {
        let (changed, tasks) = (followed.changed, followed.tasks.len());
        output.document(&Document { person, changed, tasks, off: &followed.off })?;
    }
    output.line(&match (followed.changed, followed.tasks.len()) {
        (false, 0) => format!("{person} is as it was."),
        (_, 0) => format!("{person} was changed."),
        (_, tasks) => format!("{person} was changed; {tasks} tasks wait for the next push."),
    })?;
    for sentence in &followed.off {
        output.line(sentence)?;
    }
    Ok(DONE)
}
