//! Writing the JSON of requests.

use std::borrow::Cow;

use serde::Serialize;
use serde::ser::{Error as _, SerializeMap};
use serde_json::value::RawValue;

use super::number::Decimal;

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

impl Serialize for Datum {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Number(value) => {
                RawValue::from_string(value.to_string()).map_err(S::Error::custom)?.serialize(serializer)
            }
        }
    }
}

impl Serialize for Write {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Attributes {
            r#type: &'static str,
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("attributes", &Attributes { r#type: self.object })?;
        if let Some(id) = &self.id {
            map.serialize_entry("Id", id)?;
        }
        for (name, value) in &self.fields {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The JSON of a value of ours.
pub fn encode<T: Serialize + ?Sized>(value: &T) -> String {
    // Our own types have text keys only and no failing `Serialize`, so there is no error to pass on.
    serde_json::to_string(value).unwrap_or_default()
}
