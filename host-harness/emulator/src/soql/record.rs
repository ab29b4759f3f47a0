//! Records in the shape and order of a query's select list.

use rusqlite::types::Value;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::exact;
use crate::org::catalogue::FieldType;
use crate::org::clock;

/// One record of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(super) type_name: &'static str,
    /// Where the record can be read; aggregate results have none.
    pub(super) url: Option<String>,
    pub(super) fields: Vec<(String, Cell)>,
}

impl Record {
    /// A record that holds these columns of one row.
    #[must_use]
    pub(crate) fn of_row(type_name: &'static str, url: String, columns: Vec<(&'static str, FieldType, Value)>) -> Self {
        let fields = columns.into_iter().map(|(name, kind, value)| (name.to_owned(), Cell::of(kind, value))).collect();
        Self { type_name, url: Some(url), fields }
    }
}

#[derive(Clone, Debug)]
pub(super) enum Cell {
    Null,
    Boolean(bool),
    Integer(i64),
    /// What an aggregate function gives.
    Real(f64),
    /// A decimal number, with all of its digits.
    Decimal(String),
    Text(String),
    /// A compound field.
    Object(serde_json::Value),
    Parent(Record),
    Children(Vec<Record>),
}

impl Cell {
    pub(super) fn of(kind: FieldType, value: Value) -> Self {
        match (kind, value) {
            (FieldType::Boolean, Value::Integer(value)) => Self::Boolean(value != 0),
            (FieldType::DateTime, Value::Integer(value)) => Self::Text(clock::rest_datetime(value)),
            (_, Value::Integer(value)) => Self::Integer(value),
            (_, Value::Real(value)) => Self::Real(value),
            (FieldType::Address, Value::Text(value)) => serde_json::from_str(&value).map_or(Self::Null, Self::Object),
            (kind, Value::Text(value)) if kind.is_decimal() => Self::Decimal(value),
            (_, Value::Text(value)) => Self::Text(value),
            (_, Value::Null | Value::Blob(_)) => Self::Null,
        }
    }
}

struct Attributes<'a>(&'a Record);

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", self.0.type_name)?;
        if let Some(url) = &self.0.url {
            map.serialize_entry("url", url)?;
        }
        map.end()
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len() + 1))?;
        map.serialize_entry("attributes", &Attributes(self))?;
        for (name, cell) in &self.fields {
            map.serialize_entry(name, cell)?;
        }
        map.end()
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => serializer.serialize_i64(*value),
            Self::Real(value) => serializer.serialize_f64(*value),
            Self::Decimal(value) => serializer.serialize_str(&exact::marked(value)),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Object(value) => value.serialize(serializer),
            Self::Parent(record) => record.serialize(serializer),
            Self::Children(records) => {
                let mut map = serializer.serialize_map(Some(3))?;
                map.serialize_entry("totalSize", &records.len())?;
                map.serialize_entry("done", &true)?;
                map.serialize_entry("records", records)?;
                map.end()
            }
        }
    }
}
