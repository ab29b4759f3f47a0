//! What Salesforce has of users and contacts, as far as a push is concerned with it.

use std::rc::Rc;

use crate::salesforce::id::Id;
use crate::salesforce::record::{Cell, Record};

/// A record as Salesforce has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    pub(super) id: Id,
    /// The names and paths that were asked for; all records of a query share them.
    paths: Rc<[String]>,
    texts: Vec<Option<String>>,
}

impl Known {
    /// Reads a record; none where it has no id.
    pub(super) fn read(record: &Record<'_>, paths: &Rc<[String]>) -> Option<Self> {
        let text = |path: &String| match record.cell(path)? {
            Cell::Text(text) if !text.is_empty() => Some(text.to_string()),
            Cell::Boolean(value) => Some(value.to_string()),
            _ => None,
        };
        let id = Id::parse(record.text("Id")?).ok()?;
        Some(Self { id, paths: Rc::clone(paths), texts: paths.iter().map(text).collect() })
    }

    /// The text under a path; none where it is empty. Truth values are `true` and `false`.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(self.paths.iter().position(|have| have == path)?)?.as_deref()
    }

    /// The id under a path.
    pub(super) fn id(&self, path: &str) -> Option<Id> {
        Id::parse(self.text(path)?).ok()
    }

    /// Whether the truth value under a path is true.
    pub(super) fn is(&self, path: &str) -> bool {
        self.text(path) == Some("true")
    }

    /// The names and paths that were asked for.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// The user's username.
    pub(super) fn username(&self) -> &str {
        self.text("Username").unwrap_or_default()
    }
}

/// Names and paths, each once, in the order they were first named.
#[derive(Debug, Default)]
pub(super) struct Paths(Vec<String>);

impl Paths {
    pub(super) fn of(paths: &[&str]) -> Self {
        Self(paths.iter().map(|&path| path.to_owned()).collect())
    }

    pub(super) fn add(&mut self, path: impl AsRef<str> + Into<String>) {
        if !self.0.iter().any(|have| have == path.as_ref()) {
            self.0.push(path.into());
        }
    }

    pub(super) fn share(self) -> Rc<[String]> {
        self.0.into()
    }
}
