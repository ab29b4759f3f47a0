//! Whether a field has another value than the one wanted.

use std::borrow::Cow;

use super::super::wanted::Entry;
use crate::attributes::{Form, unmuted};
use crate::model::FieldChange;
use crate::salesforce::number::decimal;
use crate::salesforce::time;

/// The change that an attribute's field of one of the two records needs, if it needs one. `old` gives what is there.
pub(super) fn entry_difference<'a>(
    object: &'static str,
    field: Cow<'static, str>,
    entry: &Entry,
    old: impl Fn(&str) -> Option<&'a str>,
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
            Form::Plain | Form::Boolean | Form::Date => old == new,
            // Salesforce may store addresses in lower case (U); to compare them as written could differ for ever.
            Form::Email if field == "Username" => old.eq_ignore_ascii_case(new),
            // A correction would send mail to the person that the sandbox's refresh has kept it from (H).
            Form::Email => unmuted(old).eq_ignore_ascii_case(unmuted(new)),
            Form::Lines => old.lines().eq(new.lines()),
            Form::Number | Form::Whole => is_same(decimal, old, new),
            Form::Time => is_same(time::moment, old, new),
            Form::Many => {
                let within =
                    |these: &str, those: &str| these.split(';').all(|one| those.split(';').any(|other| one == other));
                within(old, new) && within(new, old)
            }
        },
        (old, new) => old == new,
    };
    (!same).then(|| FieldChange { object, field, old: old.map(str::to_owned), new: new.map(str::to_owned) })
}

/// Whether two texts are equal, or two ways to write one value.
fn is_same<T: PartialEq>(parse: fn(&str) -> Option<T>, old: &str, new: &str) -> bool {
    old == new || parse(old).is_some_and(|old| Some(old) == parse(new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_in_another_notation_is_no_change_and_another_value_is_one() {
        for (form, old, new, same) in [
            (Form::Plain, "King", "King", true),
            (Form::Plain, "King", "king", false),
            (Form::Plain, "1.0", "1", false),
            (Form::Email, "ADA@example.com", "ada@EXAMPLE.com", true),
            (Form::Email, "ada@example.com", "eve@example.com", false),
            (Form::Email, "ada@example.com.invalid", "ada@example.com", true),
            (Form::Email, "Ada@example.com", "ada@example.com.invalid", true),
            (Form::Email, "eve@example.com.invalid", "ada@example.com", false),
            (Form::Lines, "1 Main St\r\nFloor 2", "1 Main St\nFloor 2", true),
            (Form::Lines, "1 Main St\r\nFloor 2", "1 Main St\nFloor 3", false),
            (Form::Lines, "1 Main St", "1 Main St\nFloor 2", false),
            (Form::Boolean, "true", "true", true),
            (Form::Boolean, "true", "false", false),
            (Form::Number, "1.5E7", "15000000.00", true),
            (Form::Number, "-0.0", "0", true),
            (Form::Number, "1234567890123456.78", "1234567890123456.77", false),
            (Form::Number, "1", "-1", false),
            // What is there may be no number, where the field was a text before.
            (Form::Number, "none", "none", true),
            (Form::Number, "none", "nothing", false),
            (Form::Whole, "42.0", "42", true),
            (Form::Whole, "42", "43", false),
            (Form::Time, "2022-03-17T16:21:26.000+0000", "2022-03-17T16:21:26Z", true),
            (Form::Time, "2022-03-17T16:21:26.000+0000", "2022-03-17T16:21:26.999Z", true),
            (Form::Time, "2022-03-17T16:21:26.000+0000", "2022-03-17T18:21:26+02:00", true),
            (Form::Time, "2022-03-17T23:21:26.000+0000", "2022-03-18T04:51:26+05:30", true),
            (Form::Time, "2022-03-17T01:21:26.000+0000", "2022-03-16T20:21:26-0500", true),
            (Form::Time, "2022-03-17T16:21:26.000+0000", "2022-03-17T16:21:26+02:00", false),
            (Form::Time, "2022-03-17T16:21:26.000+0000", "2022-03-17T16:21:26-05:00", false),
            (Form::Time, "2022-03-17T16:21:26.000+0000", "2022-03-17T16:21:27Z", false),
            (Form::Time, "soon", "later", false),
            (Form::Date, "2022-03-17", "2022-03-17", true),
            (Form::Date, "2022-03-17", "2022-03-18", false),
            (Form::Many, "a;b;c", "c;a;b", true),
            (Form::Many, "a;b", "a", false),
            (Form::Many, "a", "a;b", false),
            (Form::Many, "a;b", "b;c", false),
        ] {
            let change = difference("User", Cow::Borrowed("F__c"), form, Some(old), Some(new));
            let expected = FieldChange {
                object: "User",
                field: Cow::Borrowed("F__c"),
                old: Some(old.to_owned()),
                new: Some(new.to_owned()),
            };
            assert_eq!(change, (!same).then_some(expected), "{form:?} {old} {new}");
        }
        for form in [Form::Plain, Form::Email, Form::Number, Form::Time, Form::Many] {
            let change = |old, new| difference("User", Cow::Borrowed("F__c"), form, old, new).is_some();
            assert_eq!([change(None, None), change(Some("1"), None), change(None, Some("1"))], [false, true, true]);
        }
    }
}
