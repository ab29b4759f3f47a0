//! Whether a field has another value than the one wanted.

use std::borrow::Cow;

use salesforce_records::Decimal;

use super::super::wanted::Entry;
use crate::attributes::Form;
use crate::model::FieldChange;

/// The change that an attribute's field of one of the two records needs, if it needs one. `old` gives what is there.
pub(super) fn entry_difference<'a>(
    object: &'static str,
    field: Cow<'static, str>,
    entry: &Entry,
    old: &dyn Fn(&str) -> Option<&'a str>,
) -> Option<FieldChange> {
    let old = old(&field);
    difference(object, field, entry.form, old, entry.value.as_deref())
}

/// The change that a field needs, if it needs one.
pub(super) fn difference(
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
            Form::Number => old == new || Decimal::parse(old).is_some_and(|old| Some(old) == Decimal::parse(new)),
            Form::Time => second(old) == second(new),
        },
        (old, new) => old == new,
    };
    (!same).then(|| FieldChange { object, field, old: old.map(str::to_owned), new: new.map(str::to_owned) })
}

/// A moment without its fractions and without the name of the zone, which is always UTC.
fn second(text: &str) -> &str {
    text.split(['.', 'Z', '+']).next().unwrap_or(text)
}
