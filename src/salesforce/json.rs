//! Writing the JSON of requests.

use std::borrow::Cow;
use std::fmt::Display;

use salesforce_records::Decimal;

/// A record to write: its type, its id where it exists, and the fields to set or, with none, to clear.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// The API name of the object.
    pub object: &'static str,
    /// The record's id; none for a new one.
    pub id: Option<String>,
    /// Names and values.
    pub fields: Vec<(Cow<'static, str>, Option<Datum>)>,
}

/// A value that is written.
#[derive(Debug, Clone, PartialEq)]
pub enum Datum {
    /// A text, an id or a picklist value.
    Text(String),
    /// A truth value.
    Boolean(bool),
    /// A number, with all its digits.
    Number(Decimal),
}

impl Write {
    /// The record as a JSON object.
    pub fn encode(&self) -> String {
        let mut object = Object::default();
        object.value("attributes", &Object::default().text("type", self.object).end());
        if let Some(id) = &self.id {
            object.text("Id", id);
        }
        for (name, value) in &self.fields {
            match value {
                None => object.value(name, &"null"),
                Some(Datum::Text(text)) => object.text(name, text),
                Some(Datum::Boolean(value)) => object.value(name, value),
                Some(Datum::Number(value)) => object.value(name, value),
            };
        }
        object.end()
    }
}

/// An object that is being written (RFC 8259 §4). Names are not checked for repetition.
#[derive(Debug, Default)]
pub struct Object(String);

impl Object {
    /// Adds a text.
    pub fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.value(name, &quoted(value))
    }

    /// Adds a value that is written as JSON has it: a number, a truth value, `null`, or an object that has ended.
    pub fn value(&mut self, name: &str, value: &dyn Display) -> &mut Self {
        let before = if self.0.is_empty() { '{' } else { ',' };
        self.0 += &format!("{before}{}:{value}", quoted(name));
        self
    }

    /// Adds a list of objects that have ended.
    pub fn list<T: AsRef<str>>(&mut self, name: &str, objects: &[T]) -> &mut Self {
        let objects: Vec<&str> = objects.iter().map(AsRef::as_ref).collect();
        self.value(name, &format_args!("[{}]", objects.join(",")))
    }

    /// The object, whole.
    pub fn end(&mut self) -> String {
        let body = std::mem::take(&mut self.0);
        if body.is_empty() { "{}".to_owned() } else { body + "}" }
    }
}

/// A text in its quotes (RFC 8259 §7).
fn quoted(text: &str) -> String {
    // Writing a text to memory cannot fail, so there is no error to pass on.
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_record_is_written_with_its_type_and_every_kind_of_value() {
        let field = |name: &'static str, value| (Cow::Borrowed(name), value);
        let record = Write {
            object: "Contact",
            id: Some("003".to_owned()),
            fields: vec![
                field("LastName", Some(Datum::Text("O\"Neil".to_owned()))),
                field("HasOptedOut__c", Some(Datum::Boolean(true))),
                field("Score__c", Decimal::parse("12345678901234567.8").map(Datum::Number)),
                field("Phone", None),
            ],
        };
        assert_eq!(
            record.encode(),
            r#"{"attributes":{"type":"Contact"},"Id":"003","LastName":"O\"Neil","HasOptedOut__c":true,"Score__c":12345678901234567.8,"Phone":null}"#
        );
    }

    #[test]
    fn lists_and_empty_objects_are_written() {
        let mut object = Object::default();
        object.list("none", &[""; 0]).list("two", &["{}", &Object::default().end()]);
        assert_eq!(object.end(), r#"{"none":[],"two":[{},{}]}"#);
    }

    proptest! {
        #[test]
        fn names_and_texts_survive_being_written_and_read(name in any::<String>(), text in any::<String>()) {
            let written = Object::default().text(&name, &text).end();
            let read: serde_json::Value = serde_json::from_str(&written).unwrap();
            prop_assert_eq!(read, serde_json::json!({ name: text }));
        }
    }
}
