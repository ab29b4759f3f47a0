//! The attributes of an import, and how each is read from a record.

use std::borrow::Cow;

use super::{SUBJECT, rfc3339};
use crate::attributes;
use crate::model::{AttributeDefinition, AttributeKind, Error, ErrorKind, Result, Value};
use crate::operations::rows::untold;
use crate::salesforce::number::decimal;
use crate::salesforce::path::Path;
use crate::salesforce::record::{Cell, Record};
use crate::text::quoted;

/// One attribute that is read.
pub(super) struct Column {
    pub(super) name: Cow<'static, str>,
    /// As a path from the user.
    pub(super) path: Path,
    kind: AttributeKind,
    many: bool,
}

impl Column {
    /// The attribute's value. Returns `None` if it is empty.
    ///
    /// # Errors
    ///
    /// When the record doesn't say. To a host, an attribute without a value is one that the user doesn't have, and clears it.
    pub(super) fn value(&self, record: &Record<'_>) -> Result<Option<Value>> {
        let text = match record.at(&self.path) {
            Some(Cell::Boolean(value)) => return Ok(Some(Value::Boolean(*value))),
            Some(Cell::Text(text)) if !text.is_empty() => text,
            None if !record.tells(self.path.as_str()) => return Err(untold(self.path.as_str(), SUBJECT)),
            _ => return Ok(None),
        };
        Ok(Some(match self.kind {
            AttributeKind::DateTime => Value::Text(rfc3339(text)),
            // Salesforce parts the values of a multi-select picklist by semicolons (H).
            _ if self.many => Value::Many(text.split(';').map(str::to_owned).collect()),
            // Salesforce may write a whole number with a fraction of zero, and either with an exponent.
            AttributeKind::Integer | AttributeKind::Decimal => {
                let number = decimal(text).map_or_else(|| text.to_string(), |number| number.to_string());
                match (self.kind, number.parse()) {
                    (AttributeKind::Integer, Ok(number)) => Value::Integer(number),
                    _ => Value::Text(number),
                }
            }
            _ => Value::Text(text.to_string()),
        }))
    }
}

/// The attributes of these names, each once; without names, the default set. `custom` gives the organisation's own, which
/// are only asked for where a name is none of ours.
pub(super) fn wanted<'a>(
    names: &[String],
    custom: impl Fn() -> Result<&'a Vec<AttributeDefinition>>,
) -> Result<Vec<Column>> {
    let fixed = |definition: &'static attributes::Definition| Column {
        name: Cow::Borrowed(definition.name),
        path: Path::new(definition.path),
        kind: definition.kind,
        many: false,
    };
    if names.is_empty() {
        return Ok(attributes::ALL.iter().filter(|definition| definition.by_default).map(fixed).collect());
    }
    let mut found: Vec<Column> = Vec::with_capacity(names.len());
    for name in names {
        if found.iter().any(|have| have.name == *name) {
            continue;
        }
        if let Some(definition) = attributes::find(name) {
            if let Some(switch) = definition.switch
                && !custom()?.iter().any(|known| known.name == *name)
            {
                let message = format!(
                    "the import asks for the attribute {name}, which does not exist in this organization or is hidden from the admin user"
                );
                return Err(Error::new(ErrorKind::InvalidValue, message).with_remedy(switch));
            }
            found.push(fixed(definition));
            continue;
        }
        // Salesforce ends the names of custom fields so (H); what cannot be one need not be looked up.
        let known = if name.ends_with("__c") { custom()?.iter().find(|known| known.name == *name) } else { None };
        let definition = known.ok_or_else(|| {
            let message = format!("the import asks for the attribute {}, which does not exist", quoted(name));
            Error::new(ErrorKind::InvalidValue, message).with_remedy("Use the names that list-attributes gives")
        })?;
        found.push(Column {
            name: Cow::Owned(definition.name.clone()),
            path: Path::new(definition.name.clone()),
            kind: definition.kind,
            many: definition.many,
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::salesforce::record;

    fn value(kind: AttributeKind, many: bool, json: &str) -> Option<Value> {
        let json = format!(r#"{{"F__c":{json}}}"#);
        let record = record::parse(&json).unwrap();
        Column { name: "F__c".into(), path: Path::new("F__c"), kind, many }.value(&record).unwrap()
    }

    #[test]
    fn values_have_the_type_of_their_field() {
        use AttributeKind::{Boolean, DateTime, Decimal, Integer, String};
        // As numbers, and as texts of such, which some fields are given as.
        for (kind, written, read) in [
            (Integer, "1.2E7", Value::Integer(12_000_000)),
            (Integer, "9007199254740993", Value::Integer(9_007_199_254_740_993)),
            (Integer, "0.5", Value::Text("0.5".to_owned())),
            (Decimal, "1234567890123456.78", Value::Text("1234567890123456.78".to_owned())),
            (Decimal, "1.23456789012345678E15", Value::Text("1234567890123456.78".to_owned())),
            (Decimal, "-0.10", Value::Text("-0.1".to_owned())),
            (Decimal, "7", Value::Text("7".to_owned())),
        ] {
            for json in [written.to_owned(), format!("\"{written}\"")] {
                assert_eq!(value(kind, false, &json).as_ref(), Some(&read), "{json}");
            }
        }
        let text = |text: &str| Some(Value::Text(text.to_owned()));
        assert_eq!(value(Boolean, false, "true"), Some(Value::Boolean(true)));
        assert_eq!(value(Integer, false, "42"), Some(Value::Integer(42)));
        assert_eq!(value(Integer, false, "42.0"), Some(Value::Integer(42)));
        assert_eq!(value(Decimal, false, "1.5"), text("1.5"));
        assert_eq!(value(String, true, r#""a;b""#), Some(Value::Many(vec!["a".to_owned(), "b".to_owned()])));
        assert_eq!(value(DateTime, false, r#""2022-03-17T16:21:26.000+0000""#), text("2022-03-17T16:21:26.000Z"));
        assert_eq!(value(String, false, r#""""#), None);
        assert_eq!(value(String, false, "null"), None);
    }
}
