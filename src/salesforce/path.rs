//! Finding the same field in many records.

use std::borrow::Cow;
use std::cell::Cell as Remembered;

/// The name of a field, or a path to one (`Contact.Email`), to be looked up in many records.
///
/// Salesforce gives all records of a query the same fields in the same order. A path remembers where it led to, and looks
/// there first; in the component, searching every record by names was a fifth of an import's time.
#[derive(Debug)]
pub struct Path {
    whole: Cow<'static, str>,
    /// Bytes of the first name.
    first: usize,
    /// The place of the first name among a record's fields.
    pub(crate) outer: Remembered<usize>,
    /// The place of the rest among the fields of the record within.
    pub(crate) inner: Remembered<usize>,
}

impl Path {
    /// A path; it is not checked for being one.
    pub fn new(path: impl Into<Cow<'static, str>>) -> Self {
        let whole = path.into();
        let first = whole.split_once('.').map_or(whole.len(), |(name, _)| name.len());
        Self { whole, first, outer: Remembered::default(), inner: Remembered::default() }
    }

    /// The path as it is written.
    pub fn as_str(&self) -> &str {
        &self.whole
    }

    /// The first name, and what follows its dot.
    pub(crate) fn parts(&self) -> (&str, Option<&str>) {
        (self.whole.get(..self.first).unwrap_or_default(), self.whole.get(self.first + 1..))
    }
}
