//! SOQL, built from typed parts.
//!
//! A value only ever gets into a query as a [`Literal`], which is escaped, and a name only as a constant of ours or as a
//! [`Name`], which is checked, so no attribute can change the shape of a query. Conditions are written as they are made. No
//! kept library writes SOQL.

use std::fmt::{self, Write};

use super::id::Id;

/// Stands for all of an object's own standard fields (H, API 51.0 and later): for those that are not there in every
/// organisation, and that a query by name would fail over.
pub const STANDARD_FIELDS: &str = "FIELDS(STANDARD)";

/// The name of a field, or a path of such (`Contact.Email`), from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// Checks a name; none where it is no name.
    pub fn parse(name: &str) -> Option<Self> {
        is_name(name).then(|| Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Letters, digits and underscores, a letter first, in parts joined by single dots.
fn is_name(name: &str) -> bool {
    name.split('.').all(|part| {
        part.starts_with(|first: char| first.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// A value in a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Literal<'a> {
    /// A text, from anywhere.
    Text(&'a str),
    /// A record id.
    Id(Id),
    /// A truth value.
    Boolean(bool),
    /// A moment, in seconds since 1970-01-01T00:00:00Z.
    Time(u64),
}

impl Literal<'_> {
    fn write(self, soql: &mut String) {
        match self {
            Self::Text(text) => {
                soql.push('\'');
                for letter in text.chars() {
                    // The escape sequences of SOQL (H, SOQL reference, "Quoted String Escape Sequences").
                    match letter {
                        '\'' => soql.push_str("\\'"),
                        '"' => soql.push_str("\\\""),
                        '\\' => soql.push_str("\\\\"),
                        '\n' => soql.push_str("\\n"),
                        '\r' => soql.push_str("\\r"),
                        '\t' => soql.push_str("\\t"),
                        '\u{8}' => soql.push_str("\\b"),
                        '\u{c}' => soql.push_str("\\f"),
                        other => soql.push(other),
                    }
                }
                soql.push('\'');
            }
            Self::Id(id) => {
                soql.push('\'');
                soql.push_str(id.as_str());
                soql.push('\'');
            }
            Self::Boolean(true) => soql.push_str("true"),
            Self::Boolean(false) => soql.push_str("false"),
            Self::Time(seconds) => soql.push_str(&super::time::soql(seconds)),
        }
    }
}

/// What a record must fulfil.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    soql: String,
    /// Whether it is several, joined by AND or OR.
    is_list: bool,
}

impl Condition {
    /// The field has the value.
    pub fn equals(field: &'static str, value: Literal<'_>) -> Self {
        Self::compare(field, " = ", value)
    }

    /// The field is greater than the value.
    pub fn above(field: &'static str, value: Literal<'_>) -> Self {
        Self::compare(field, " > ", value)
    }

    /// The field is the value or greater.
    pub fn at_least(field: &'static str, value: Literal<'_>) -> Self {
        Self::compare(field, " >= ", value)
    }

    /// The field is the value or less.
    pub fn up_to(field: &'static str, value: Literal<'_>) -> Self {
        Self::compare(field, " <= ", value)
    }

    fn compare(field: &'static str, operator: &str, value: Literal<'_>) -> Self {
        debug_assert!(is_name(field), "not the name of a field: {field}");
        let mut soql = format!("{field}{operator}");
        value.write(&mut soql);
        Self { soql, is_list: false }
    }

    /// The field has one of these ids; at least one is needed.
    pub fn ids(field: &'static str, ids: &[Id]) -> Self {
        debug_assert!(is_name(field), "not the name of a field: {field}");
        Self::one_of(field, ids.iter().copied().map(Literal::Id))
    }

    /// The field has one of these texts; at least one is needed.
    pub fn texts<'a>(field: &'static str, texts: impl IntoIterator<Item = &'a str>) -> Self {
        debug_assert!(is_name(field), "not the name of a field: {field}");
        Self::one_of(field, texts.into_iter().map(Literal::Text))
    }

    /// The field of this name has one of these texts; at least one is needed.
    pub fn texts_of<'a>(field: &Name, texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::one_of(field.as_str(), texts.into_iter().map(Literal::Text))
    }

    fn one_of<'a>(field: &str, values: impl Iterator<Item = Literal<'a>>) -> Self {
        let mut soql = format!("{field} IN (");
        for (at, value) in values.enumerate() {
            if at > 0 {
                soql.push(',');
            }
            value.write(&mut soql);
        }
        soql.push(')');
        Self { soql, is_list: false }
    }

    /// The field has one of the values that another query selects.
    pub fn among(field: &'static str, query: &Select) -> Self {
        debug_assert!(is_name(field), "not the name of a field: {field}");
        Self { soql: format!("{field} IN ({query})"), is_list: false }
    }

    /// All of these; at least one is needed.
    pub fn all(conditions: &[Self]) -> Self {
        Self::joined(conditions, " AND ")
    }

    /// At least one of these; at least one is needed.
    pub fn any(conditions: &[Self]) -> Self {
        Self::joined(conditions, " OR ")
    }

    /// SOQL refuses AND beside OR without brackets, so every nested list gets them.
    fn joined(conditions: &[Self], between: &str) -> Self {
        let mut soql = String::new();
        for (at, condition) in conditions.iter().enumerate() {
            if at > 0 {
                soql.push_str(between);
            }
            let (open, close) = if condition.is_list { ("(", ")") } else { ("", "") };
            soql.push_str(open);
            soql.push_str(&condition.soql);
            soql.push_str(close);
        }
        Self { soql, is_list: conditions.len() > 1 }
    }
}

/// A query. Its parts are added in SOQL's own order: fields, condition, order, limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    /// Joined by commas.
    fields: String,
    object: &'static str,
    /// Condition, order and limit.
    rest: String,
}

impl Select {
    /// All records of an object, with these fields.
    pub fn new(object: &'static str, fields: &[&'static str]) -> Self {
        debug_assert!(is_name(object), "not the name of an object: {object}");
        let mut query = Self { fields: String::new(), object, rest: String::new() };
        for field in fields {
            debug_assert!(is_name(field) || *field == STANDARD_FIELDS, "not the name of a field: {field}");
            query.add(field);
        }
        query
    }

    /// The name that a census gives the number of records.
    pub const COUNTED: &'static str = "counted";
    /// The name that a census gives the least id.
    pub const LEAST: &'static str = "least";
    /// The name that a census gives the greatest id.
    pub const GREATEST: &'static str = "greatest";

    /// How many records of an object there are, and their least and greatest id (H: ids have a least and a greatest one). The answer
    /// has one record; where there are none, the ids are empty.
    pub fn census(object: &'static str) -> Self {
        let fields = format!("COUNT(Id) {},MIN(Id) {},MAX(Id) {}", Self::COUNTED, Self::LEAST, Self::GREATEST);
        Self { fields, object, rest: String::new() }
    }

    /// With these fields, too.
    #[must_use]
    pub fn with(mut self, fields: &[Name]) -> Self {
        for field in fields {
            self.add(field.as_str());
        }
        self
    }

    fn add(&mut self, field: &str) {
        if !self.fields.is_empty() {
            self.fields.push(',');
        }
        self.fields.push_str(field);
    }

    /// Only the records that fulfil a condition.
    #[must_use]
    pub fn filter(mut self, condition: &Condition) -> Self {
        self.rest.push_str(" WHERE ");
        self.rest.push_str(&condition.soql);
        self
    }

    /// In rising order of a field.
    #[must_use]
    pub fn order_by(mut self, field: &'static str) -> Self {
        debug_assert!(is_name(field), "not the name of a field: {field}");
        self.rest.push_str(" ORDER BY ");
        self.rest.push_str(field);
        self
    }

    /// At most so many.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        // Writing to a String cannot fail.
        _ = write!(self.rest, " LIMIT {limit}");
        self
    }
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SELECT {} FROM {}{}", self.fields, self.object, self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads a quoted literal as Salesforce does, and gives what is left behind it.
    fn unquote(text: &str) -> (String, &str) {
        let mut value = String::new();
        let mut letters = text.strip_prefix('\'').unwrap().char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\'' => return (value, &text[at + 2..]),
                '\\' => value.push(match letters.next().unwrap().1 {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    other => other,
                }),
                other => value.push(other),
            }
        }
        panic!("unterminated literal: {text}");
    }

    proptest! {
        #[test]
        fn any_text_stays_inside_its_literal(text in any::<String>()) {
            let query = Select::new("User", &["Id"])
                .filter(&Condition::equals("Username", Literal::Text(&text)))
                .limit(1)
                .to_string();
            let literal = query.strip_prefix("SELECT Id FROM User WHERE Username = ").unwrap();
            prop_assert_eq!(unquote(literal), (text, " LIMIT 1"));
            prop_assert!(!literal.contains(['\n', '\r', '\t']));
        }

        #[test]
        fn only_names_pass_as_names(text in any::<String>()) {
            if let Some(name) = Name::parse(&text) {
                prop_assert!(name.as_str().chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.'));
            }
        }
    }

    #[test]
    fn names_are_checked() {
        for good in ["Id", "Contact.Email", "Region__c", "a.b.c", "ns__F1__c"] {
            assert!(Name::parse(good).is_some(), "{good}");
        }
        for bad in ["", ".", "a.", ".a", "a..b", "1a", "_a", "a b", "a,b", "a'", "Id FROM User", "é"] {
            assert!(Name::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn nested_lists_stand_in_brackets() {
        let id = |text: &str| Literal::Id(Id::parse(text).unwrap());
        let query = Select::new("User", &["Id", "Contact.Email"])
            .filter(&Condition::all(&[
                Condition::texts("UserType", ["a", "b"]),
                Condition::any(&[
                    Condition::equals("IsActive", Literal::Boolean(true)),
                    Condition::above("Id", id("005A0000006Vm9r")),
                ]),
            ]))
            .order_by("Id")
            .limit(10);
        assert_eq!(
            query.to_string(),
            "SELECT Id,Contact.Email FROM User WHERE UserType IN ('a','b') AND \
             (IsActive = true OR Id > '005A0000006Vm9rIAC') ORDER BY Id LIMIT 10"
        );
    }
}
