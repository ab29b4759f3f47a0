//! Writing the JSON of requests.

use std::borrow::Cow;

use rust_decimal::Decimal;
use serde::ser::{Error, Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

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

impl Serialize for Write {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Attributes {
            r#type: &'static str,
        }
        let mut record = serializer.serialize_map(None)?;
        record.serialize_entry("attributes", &Attributes { r#type: self.object })?;
        if let Some(id) = &self.id {
            record.serialize_entry("Id", id)?;
        }
        for (name, value) in &self.fields {
            record.serialize_entry(name, value)?;
        }
        record.end()
    }
}

impl Serialize for Datum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            // As a number of serde's it would be a double, which has too few digits.
            Self::Number(number) => {
                RawValue::from_string(number.to_string()).map_err(S::Error::custom)?.serialize(serializer)
            }
        }
    }
}

/// A value as JSON.
pub fn text(value: &impl Serialize) -> String {
    // Names are texts, and writing to memory cannot fail, so there is no error to pass on.
    serde_json::to_string(value).unwrap_or_default()
}

/// A value as the JSON body of a request.
pub fn body(value: &impl Serialize) -> Option<Cow<'static, str>> {
    Some(Cow::Owned(text(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::salesforce::number::decimal;
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
                field("Score__c", decimal("12345678901234567.8").map(Datum::Number)),
                field("Phone", None),
            ],
        };
        assert_eq!(
            text(&record),
            r#"{"attributes":{"type":"Contact"},"Id":"003","LastName":"O\"Neil","HasOptedOut__c":true,"Score__c":12345678901234567.8,"Phone":null}"#
        );
    }

    proptest! {
        #[test]
        fn names_and_texts_survive_being_written_and_read(name in any::<String>(), value in any::<String>()) {
            let fields = vec![(Cow::Owned(name.clone()), Some(Datum::Text(value.clone())))];
            let written = text(&Write { object: "User", id: None, fields });
            let read: serde_json::Value = serde_json::from_str(&written).unwrap();
            prop_assert_eq!(&read[&name], &serde_json::Value::from(value));
            prop_assert_eq!(read.as_object().unwrap().len(), 2);
        }
    }
}
