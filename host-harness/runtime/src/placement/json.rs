//! JSON, with its members in order and none twice.

use std::fmt;

use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{LONGEST_WAY, Note, Spot, too_deep};

/// A JSON value.
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    String(String),
    Array(Vec<Value>),
    Object(Vec<(String, Value)>),
}

/// Reads a text as one value.
pub(super) fn read(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| match error.classify() {
        // The words name a member, which may be anything.
        serde_json::error::Category::Data => "a member of its JSON stands twice".to_owned(),
        _ => format!("it isn't JSON (line {}, column {})", error.line(), error.column()),
    })
}

/// Whether the way to each part is short enough, from `way` bytes on.
pub(super) fn check(value: &Value, way: usize) -> Result<(), String> {
    let further = |length: usize| Some(way + length + 1).filter(|way| *way <= LONGEST_WAY).ok_or_else(too_deep);
    match value {
        Value::Array(items) => {
            let way = further(4)?;
            items.iter().try_for_each(|item| check(item, way))
        }
        Value::Object(members) => members.iter().try_for_each(|(name, member)| check(member, further(name.len())?)),
        _ => Ok(()),
    }
}

/// Shows each string and each name of a member, with where it stands.
pub(super) fn visit(value: &Value, at: &mut Vec<String>, note: &mut Note<'_>) {
    match value {
        Value::String(text) => note(text, &|| Spot::Json(at.clone())),
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                at.push(number.to_string());
                visit(item, at, note);
                at.pop();
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                note(name, &|| Spot::Never("the name of a JSON member"));
                at.push(name.clone());
                visit(member, at, note);
                at.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Changes strings.
pub(super) fn change(value: &mut Value, at: &mut Vec<String>, how: &mut dyn FnMut(&Spot, &str) -> Option<String>) {
    match value {
        Value::String(text) => {
            if let Some(changed) = how(&Spot::Json(at.clone()), text) {
                *text = changed;
            }
        }
        Value::Array(items) => {
            for (number, item) in items.iter_mut().enumerate() {
                at.push(number.to_string());
                change(item, at, how);
                at.pop();
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                at.push(name.clone());
                change(member, at, how);
                at.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether steps are those of a pointer (RFC 6901 §3), in which `*` is any one.
pub(super) fn fits(steps: &[String], pointer: &str) -> bool {
    let mut wanted = pointer.split('/');
    // What stands before the first slash is the whole document.
    if wanted.next() != Some("") {
        return false;
    }
    let mut steps = steps.iter();
    loop {
        match (wanted.next(), steps.next()) {
            (None, None) => return true,
            (Some("*"), Some(_)) => {}
            (Some(name), Some(step)) if name.replace("~1", "/").replace("~0", "~") == *step => {}
            _ => return false,
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => {
                let mut sequence = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    sequence.serialize_element(item)?;
                }
                sequence.end()
            }
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, member) in members {
                    map.serialize_entry(name, member)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members: Vec<(String, Value)> = Vec::new();
        let mut names = std::collections::HashSet::new();
        while let Some((name, member)) = map.next_entry::<String, Value>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom("a member twice"));
            }
            members.push((name, member));
        }
        Ok(Value::Object(members))
    }
}
