//! Attributes of people and of an application's users.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use provisioning_runtime::wit::Value;

/// The value of an attribute; as JSON a string, a flag, a whole number or a list of strings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum AttributeValue {
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(String),
    /// Several texts in no order.
    Many(Vec<String>),
}

/// Attributes by name. An attribute that is empty is not there.
pub type Attributes = BTreeMap<String, AttributeValue>;

impl AttributeValue {
    /// The bytes of its texts; a number or a flag counts as eight.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Many(texts) => texts.iter().map(String::len).sum(),
            Self::Boolean(_) | Self::Integer(_) => 8,
        }
    }

    /// The text, where it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// By hand: for an untagged enum, `serde` tries one kind after the other and formats an error for each that doesn't fit. Making
/// those errors was 8 % of a profile of an unoptimised import that settled 50,000 users, without what they allocate.
impl<'de> Deserialize<'de> for AttributeValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OfAnyKind)
    }
}

struct OfAnyKind;

impl<'de> Visitor<'de> for OfAnyKind {
    type Value = AttributeValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, true or false, a whole number, or a list of strings")
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<AttributeValue, E> {
        Ok(AttributeValue::Boolean(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<AttributeValue, E> {
        Ok(AttributeValue::Integer(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<AttributeValue, E> {
        i64::try_from(number).map(AttributeValue::Integer).map_err(|_| E::custom("the number is too large"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<AttributeValue, E> {
        Ok(AttributeValue::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<AttributeValue, E> {
        Ok(AttributeValue::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<AttributeValue, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = list.next_element()? {
            texts.push(text);
        }
        Ok(AttributeValue::Many(texts))
    }
}

impl fmt::Display for AttributeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(flag) => flag.fmt(f),
            Self::Integer(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
            Self::Many(texts) => f.write_str(&texts.join("; ")),
        }
    }
}

impl From<&str> for AttributeValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Value> for AttributeValue {
    fn from(value: Value) -> Self {
        match value {
            Value::Text(text) => Self::Text(text),
            Value::Boolean(flag) => Self::Boolean(flag),
            Value::Integer(number) => Self::Integer(number),
            Value::Many(texts) => Self::Many(texts),
        }
    }
}

impl From<AttributeValue> for Value {
    fn from(value: AttributeValue) -> Self {
        match value {
            AttributeValue::Text(text) => Self::Text(text),
            AttributeValue::Boolean(flag) => Self::Boolean(flag),
            AttributeValue::Integer(number) => Self::Integer(number),
            AttributeValue::Many(texts) => Self::Many(texts),
        }
    }
}

/// The attributes of an imported user, from the names of its page and its values. Texts and lists that are empty count as not
/// there.
pub(crate) fn from_wit(names: &[String], values: Vec<Option<Value>>) -> Attributes {
    names
        .iter()
        .zip(values)
        .filter_map(|(name, value)| Some((name.clone(), AttributeValue::from(value?))))
        .filter(|(_, value)| !matches!(value, AttributeValue::Text(text) if text.is_empty()))
        .filter(|(_, value)| !matches!(value, AttributeValue::Many(texts) if texts.is_empty()))
        .collect()
}

/// The directory's name of what single sign-on knows a person by.
pub const FEDERATION_ID: &str = "federationId";

/// The directory's names of what people are matched by; those of SCIM (RFC 7643 §4.1) where it has one.
pub(crate) mod names {
    /// The e-mail address.
    pub(crate) const EMAIL: &str = "email";
    /// The first name.
    pub(crate) const GIVEN_NAME: &str = "givenName";
    /// The last name.
    pub(crate) const FAMILY_NAME: &str = "familyName";
    /// The name in the assertions of single sign-on.
    pub(crate) const FEDERATION_ID: &str = super::FEDERATION_ID;
}

/// What a record is matched by: in lower case, so that an index finds it without regard to case. What copies of an application put
/// behind addresses so that nobody gets mail from them, in a domain that nobody has (RFC 2606 §2), doesn't count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MatchKeys {
    pub(crate) username: String,
    pub(crate) email: Option<String>,
    pub(crate) federation_id: Option<String>,
    /// Given and family name; only where both are there.
    pub(crate) name: Option<String>,
}

impl MatchKeys {
    /// The keys of a record with these attributes, by the directory's names.
    pub(crate) fn of(username: &str, attributes: &Attributes) -> Self {
        let key = |name: &str| {
            attributes
                .get(name)
                .and_then(AttributeValue::as_text)
                .map(|text| text.trim().to_lowercase())
                .filter(|text| !text.is_empty())
        };
        Self {
            username: username.trim().to_lowercase(),
            email: key(names::EMAIL).map(|email| email.strip_suffix(".invalid").map(str::to_owned).unwrap_or(email)),
            federation_id: key(names::FEDERATION_ID),
            name: key(names::GIVEN_NAME)
                .zip(key(names::FAMILY_NAME))
                .map(|(given, family)| format!("{given}\u{1f}{family}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_json() {
        let attributes = Attributes::from([
            ("a".to_owned(), AttributeValue::Boolean(true)),
            ("b".to_owned(), AttributeValue::Integer(-7)),
            ("c".to_owned(), "true".into()),
            ("d".to_owned(), AttributeValue::Many(vec!["x".to_owned()])),
        ]);
        let text = serde_json::to_string(&attributes).unwrap();
        assert_eq!(text, r#"{"a":true,"b":-7,"c":"true","d":["x"]}"#);
        assert_eq!(serde_json::from_str::<Attributes>(&text).unwrap(), attributes);
        for (wrong, words) in [
            ("1.5", "a whole number"),
            ("null", "a list of strings"),
            ("[1]", "string"),
            ("{}", "true or false"),
            ("9223372036854775808", "too large"),
        ] {
            let error = serde_json::from_str::<AttributeValue>(wrong).unwrap_err().to_string();
            assert!(error.contains(words), "{wrong}: {error}");
        }
        assert_eq!(
            serde_json::from_str::<AttributeValue>("9223372036854775807").unwrap(),
            AttributeValue::Integer(i64::MAX)
        );
    }

    #[test]
    fn an_address_that_a_copy_has_muted_is_matched_as_it_was() {
        let of = |email: &str| MatchKeys::of("a@x", &Attributes::from([(names::EMAIL.to_owned(), email.into())])).email;
        assert_eq!(of("Ada@x.example.INVALID"), of("ada@x.example"));
        assert_ne!(of("ada@x.example"), of("eve@x.example"));
    }

    #[test]
    fn names_match_only_where_both_are_there() {
        let half = Attributes::from([(names::FAMILY_NAME.to_owned(), "Ångström".into())]);
        assert_eq!(MatchKeys::of("A@x", &half).name, None);
        let mut whole = half;
        whole.insert(names::GIVEN_NAME.to_owned(), "ANDERS ".into());
        let keys = MatchKeys::of(" A@X ", &whole);
        assert_eq!(keys.name.as_deref(), Some("anders\u{1f}ångström"));
        assert_eq!(keys.username, "a@x");
    }
}
