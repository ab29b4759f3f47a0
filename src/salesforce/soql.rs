//! SOQL, built from typed parts.
//!
//! A value only ever gets into a query as a [`Literal`], which is escaped, and a name only as a [`Name`], which is
//! checked, so no attribute can change the shape of a query. `Display` writes the query.

use std::borrow::Cow;
use std::fmt;

use super::id::Id;

/// The name of an object or field, or a path of such (`Contact.Email`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(Cow<'static, str>);

impl Name {
    /// Stands for all of an object's own standard fields (H, API 51.0 and later): for those that are not there in every
    /// organisation, and that a query by name would fail over.
    pub const STANDARD_FIELDS: Self = Self(Cow::Borrowed("FIELDS(STANDARD)"));

    /// A name of ours.
    pub const fn fixed(name: &'static str) -> Self {
        assert!(is_name(name), "not the name of a field or object");
        Self(Cow::Borrowed(name))
    }

    /// A name from outside; none where it is no name.
    pub fn parse(name: &str) -> Option<Self> {
        is_name(name).then(|| Self(Cow::Owned(name.to_owned())))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Letters, digits and underscores, a letter first, in parts joined by single dots.
const fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut first = true;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'.' if !first => first = true,
            byte if byte.is_ascii_alphabetic() || !first && (byte.is_ascii_digit() || byte == b'_') => first = false,
            _ => return false,
        }
        at += 1;
    }
    !first
}

/// A value in a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// A text, from anywhere.
    Text(String),
    /// A record id.
    Id(Id),
    /// A truth value.
    Boolean(bool),
    /// A moment, in seconds since 1970-01-01T00:00:00Z.
    Time(u64),
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => {
                f.write_str("'")?;
                for letter in text.chars() {
                    // The escape sequences of SOQL (H, SOQL reference, "Quoted String Escape Sequences").
                    match letter {
                        '\'' => f.write_str("\\'")?,
                        '"' => f.write_str("\\\"")?,
                        '\\' => f.write_str("\\\\")?,
                        '\n' => f.write_str("\\n")?,
                        '\r' => f.write_str("\\r")?,
                        '\t' => f.write_str("\\t")?,
                        '\u{8}' => f.write_str("\\b")?,
                        '\u{c}' => f.write_str("\\f")?,
                        other => fmt::Write::write_char(f, other)?,
                    }
                }
                f.write_str("'")
            }
            Self::Id(id) => write!(f, "'{id}'"),
            Self::Boolean(true) => f.write_str("true"),
            Self::Boolean(false) => f.write_str("false"),
            Self::Time(seconds) => f.write_str(&super::time::soql(*seconds)),
        }
    }
}

/// What a record must fulfil.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The field has the value.
    Equals(Name, Literal),
    /// The field has one of the values; at least one is needed.
    In(Name, Vec<Literal>),
    /// The field has one of the values that another query selects.
    Among(Name, Box<Select>),
    /// The field is greater than the value.
    Above(Name, Literal),
    /// The field is the value or greater.
    AtLeast(Name, Literal),
    /// The field is the value or less.
    UpTo(Name, Literal),
    /// All of these.
    All(Vec<Condition>),
    /// At least one of these.
    Any(Vec<Condition>),
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equals(name, value) => write!(f, "{} = {value}", name.0),
            Self::Among(name, query) => write!(f, "{} IN ({query})", name.0),
            Self::Above(name, value) => write!(f, "{} > {value}", name.0),
            Self::AtLeast(name, value) => write!(f, "{} >= {value}", name.0),
            Self::UpTo(name, value) => write!(f, "{} <= {value}", name.0),
            Self::In(name, values) => {
                write!(f, "{} IN (", name.0)?;
                joined(f, values, ",")?;
                f.write_str(")")
            }
            Self::All(conditions) => joined_conditions(f, conditions, " AND "),
            Self::Any(conditions) => joined_conditions(f, conditions, " OR "),
        }
    }
}

/// SOQL refuses AND beside OR without brackets, so every nested list gets them.
fn joined_conditions(f: &mut fmt::Formatter<'_>, conditions: &[Condition], between: &str) -> fmt::Result {
    for (at, condition) in conditions.iter().enumerate() {
        if at > 0 {
            f.write_str(between)?;
        }
        match condition {
            Condition::All(inner) | Condition::Any(inner) if inner.len() > 1 => write!(f, "({condition})")?,
            _ => write!(f, "{condition}")?,
        }
    }
    Ok(())
}

fn joined<T: fmt::Display>(f: &mut fmt::Formatter<'_>, items: &[T], between: &str) -> fmt::Result {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            f.write_str(between)?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

/// A query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    fields: Vec<Name>,
    object: Name,
    condition: Option<Condition>,
    order: Option<Name>,
    limit: Option<u32>,
}

impl Select {
    /// All records of an object, with these fields.
    pub fn new(object: Name, fields: Vec<Name>) -> Self {
        Self { fields, object, condition: None, order: None, limit: None }
    }

    /// How many records of an object there are; the answer has the number and no records.
    pub fn count(object: Name) -> Self {
        Self::new(object, Vec::new())
    }

    /// Only the records that fulfil a condition.
    #[must_use]
    pub fn filter(mut self, condition: Condition) -> Self {
        self.condition = Some(condition);
        self
    }

    /// In rising order of a field.
    #[must_use]
    pub fn order_by(mut self, field: Name) -> Self {
        self.order = Some(field);
        self
    }

    /// At most so many.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.fields.is_empty() { "SELECT COUNT()" } else { "SELECT " })?;
        for (at, field) in self.fields.iter().enumerate() {
            if at > 0 {
                f.write_str(",")?;
            }
            f.write_str(&field.0)?;
        }
        write!(f, " FROM {}", self.object.0)?;
        if let Some(condition) = &self.condition {
            write!(f, " WHERE {condition}")?;
        }
        if let Some(order) = &self.order {
            write!(f, " ORDER BY {}", order.0)?;
        }
        if let Some(limit) = self.limit {
            write!(f, " LIMIT {limit}")?;
        }
        Ok(())
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
            let query = Select::new(Name::fixed("User"), vec![Name::fixed("Id")])
                .filter(Condition::Equals(Name::fixed("Username"), Literal::Text(text.clone())))
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
        let query = Select::new(Name::fixed("User"), vec![Name::fixed("Id"), Name::fixed("Contact.Email")])
            .filter(Condition::All(vec![
                Condition::In(Name::fixed("UserType"), vec![Literal::Text("a".into()), Literal::Text("b".into())]),
                Condition::Any(vec![
                    Condition::Equals(Name::fixed("IsActive"), Literal::Boolean(true)),
                    Condition::Above(Name::fixed("Id"), id("005A0000006Vm9r")),
                ]),
            ]))
            .order_by(Name::fixed("Id"))
            .limit(10);
        assert_eq!(
            query.to_string(),
            "SELECT Id,Contact.Email FROM User WHERE UserType IN ('a','b') AND \
             (IsActive = true OR Id > '005A0000006Vm9rIAC') ORDER BY Id LIMIT 10"
        );
    }
}
