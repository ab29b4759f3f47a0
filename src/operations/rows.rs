//! Records that the operations read: for each kind a struct, whose fields are the columns that are always asked for.
//!
//! Columns that settings, mapping and organization add ([`Extra`]) are known at run time only and are reached by name.

use std::rc::Rc;

use crate::model::{Error, ErrorKind, Retry};
use crate::salesforce::id::Id;
use crate::salesforce::record::{Cell, Record};

/// A kind of record.
pub(super) trait Row: Sized {
    /// The API name of the object.
    const OBJECT: &'static str;
    /// What is always asked for, beside the id.
    const COLUMNS: &'static [&'static str];

    /// Reads a record. Returns `None` if it lacks what it can't do without.
    fn read(record: &Record<'_>, extra: Extra) -> Option<Self>;

    /// The record's id.
    fn id(&self) -> Id;
}

/// The error for a record that lacks a field which was asked for. What the field holds is unknown then, which is another thing
/// than that it is empty.
pub(super) fn untold(path: &str, subject: &str) -> Error {
    let message = format!("Salesforce's answer for {subject} lacks the field {path}, so it isn't known what it holds");
    Error::new(ErrorKind::PermissionDenied, message).with_retry(Retry::AfterRemedy).with_remedy(
        "Make the field visible to the admin user's profile under Setup > Object Manager > Fields & Relationships > Set \
         Field-Level Security, with View Concealed Field Data where Enhanced Personal Information Management conceals it, \
         or leave the attribute out",
    )
}

/// The id under a name or path.
pub(super) fn id(record: &Record<'_>, path: &str) -> Option<Id> {
    Id::parse(record.text(path)?).ok()
}

/// The text under a name or path. Returns `None` if it is empty.
pub(super) fn text(record: &Record<'_>, path: &str) -> Option<String> {
    record.text(path).map(str::to_owned)
}

/// Whether the truth value under a name or path is true.
pub(super) fn is(record: &Record<'_>, path: &str) -> bool {
    record.boolean(path) == Some(true)
}

/// Names and paths of the columns that are added to a query, each once, in the order in which they were first named. All
/// records of a query share them.
#[derive(Debug, Default)]
pub(super) struct Columns(Vec<String>);

impl Columns {
    pub(super) fn add(&mut self, path: impl AsRef<str> + Into<String>) {
        if !self.0.iter().any(|have| have == path.as_ref()) {
            self.0.push(path.into());
        }
    }

    pub(super) fn share(self) -> Rc<[String]> {
        self.0.into()
    }
}

/// What a record has in the added columns. Truth values are `true` and `false`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Extra {
    paths: Rc<[String]>,
    texts: Vec<Option<String>>,
}

impl Extra {
    pub(super) fn read(record: &Record<'_>, paths: &Rc<[String]>) -> Self {
        let text = |path: &String| match record.cell(path)? {
            Cell::Text(text) if !text.is_empty() => Some(text.to_string()),
            Cell::Boolean(value) => Some(value.to_string()),
            _ => None,
        };
        Self { paths: Rc::clone(paths), texts: paths.iter().map(text).collect() }
    }

    /// The text under a path. Returns `None` if it is empty.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(self.paths.iter().position(|have| have == path)?)?.as_deref()
    }

    /// Whether the truth value under a path is true.
    pub(super) fn is(&self, path: &str) -> bool {
        self.text(path) == Some("true")
    }

    /// The names and paths of the columns.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }
}

/// A user licence, with its seats. A negative number of them stands for no limit (L).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LicenceRow {
    pub(super) id: Id,
    pub(super) name: Option<String>,
    pub(super) total: Option<i64>,
    pub(super) used: Option<i64>,
}

impl LicenceRow {
    pub(super) const OBJECT: &str = "UserLicense";
    pub(super) const COLUMNS: [&str; 4] = ["Id", "Name", "TotalLicenses", "UsedLicenses"];

    /// Reads a record. Returns `None` if it has no id.
    pub(super) fn read(record: &Record<'_>) -> Option<Self> {
        let number = |path: &str| record.text(path)?.parse().ok();
        let (name, total, used) = (text(record, "Name"), number("TotalLicenses"), number("UsedLicenses"));
        Some(Self { id: id(record, "Id")?, name, total, used })
    }
}
