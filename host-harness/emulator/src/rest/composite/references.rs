//! `@{referenceId.path}`: values of earlier parts in the addresses, headers and bodies of later ones.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::subrequest::{Outcome, Subrequest};
use crate::rest::Version;

/// From here on a reference to a field that is null is null; before, it had no value (H).
const NULL_IS_A_VALUE: u32 = 52;

/// A reference that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unresolved {
    /// `refContact.FirstName`.
    pub(super) path: String,
    /// `refContact`.
    pub(super) reference_id: String,
}

/// The answers of the parts so far that others refer to.
#[derive(Debug)]
pub(super) struct Known {
    answers: BTreeMap<String, Value>,
    /// The ids that are referred to.
    wanted: BTreeSet<String>,
    version: Version,
}

/// The references in a text: what stands between `@{` and `}`.
pub(super) fn in_text(text: &str) -> impl Iterator<Item = &str> {
    text.split("@{").skip(1).filter_map(|rest| rest.split_once('}').map(|(path, _)| path))
}

/// The reference ids that a part uses.
pub(super) fn used(part: &Subrequest) -> Vec<String> {
    let mut texts = vec![part.url.clone()];
    texts.extend(part.body.as_ref().map(Value::to_string));
    texts.iter().flat_map(|text| in_text(text).map(|path| head(path).to_owned()).collect::<Vec<_>>()).collect()
}

fn head(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or(path)
}

impl Known {
    pub(super) fn new(version: Version, parts: &[Subrequest]) -> Self {
        Self { answers: BTreeMap::new(), wanted: parts.iter().flat_map(used).collect(), version }
    }

    pub(super) fn insert(&mut self, reference_id: &str, outcome: &Outcome) {
        if self.wanted.contains(reference_id) {
            self.answers.insert(reference_id.to_owned(), outcome.body());
        }
    }

    /// The part with its references replaced by their values.
    pub(super) fn resolve(&self, part: &Subrequest) -> Result<Subrequest, Unresolved> {
        let mut resolved = part.clone();
        resolved.url = self.replaced(&part.url, |value| utf8_percent_encode(&value, NON_ALPHANUMERIC).to_string())?;
        if let Some(body) = &mut resolved.body {
            self.resolve_in(body)?;
        }
        Ok(resolved)
    }

    fn resolve_in(&self, value: &mut Value) -> Result<(), Unresolved> {
        match value {
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.resolve_in(item)),
            Value::Object(map) => map.values_mut().try_for_each(|item| self.resolve_in(item)),
            Value::String(text) => {
                let whole = text.strip_prefix("@{").and_then(|rest| rest.strip_suffix('}'));
                match whole.filter(|path| !path.contains('}')) {
                    // A value of its own keeps its type.
                    Some(path) => *value = self.value(path)?.clone(),
                    None => *text = self.replaced(text, |value| value)?,
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn replaced(&self, text: &str, encode: impl Fn(String) -> String) -> Result<String, Unresolved> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("@{")
            && let Some((path, after)) = after.split_once('}')
        {
            out.push_str(before);
            match self.value(path)? {
                Value::Null => {}
                Value::String(value) => out.push_str(&encode(value.clone())),
                other => out.push_str(&encode(other.to_string())),
            }
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn value(&self, path: &str) -> Result<&Value, Unresolved> {
        let reference_id = head(path);
        self.answers
            .get(reference_id)
            .and_then(|answer| walk(answer, path.get(reference_id.len()..)?))
            .filter(|value| self.version.0 >= NULL_IS_A_VALUE || !value.is_null())
            .ok_or_else(|| Unresolved { path: path.to_owned(), reference_id: reference_id.to_owned() })
    }
}

/// Follows `.records[0].Id`.
fn walk<'a>(mut value: &'a Value, mut path: &str) -> Option<&'a Value> {
    while !path.is_empty() {
        if let Some(rest) = path.strip_prefix('[') {
            let (index, rest) = rest.split_once(']')?;
            value = value.get(index.parse::<usize>().ok()?)?;
            path = rest;
        } else {
            let rest = path.strip_prefix('.')?;
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            value = value.get(rest.get(..end)?)?;
            path = rest.get(end..)?;
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known(version: u32, answers: impl IntoIterator<Item = (&'static str, Value)>) -> Known {
        let answers = answers.into_iter().map(|(id, answer)| (id.to_owned(), answer)).collect();
        Known { answers, wanted: BTreeSet::new(), version: Version(version) }
    }

    #[test]
    fn paths_are_walked() {
        let answer = json!({"id": "1", "records": [{"Id": "2", "Owner": {"Name": "x"}}], "none": null});
        let mut known = known(51, [("q", answer), ("list", json!([{"id": "3"}]))]);
        for (path, expected) in [
            ("q.id", Some(json!("1"))),
            ("q.records[0].Id", Some(json!("2"))),
            ("q.records[0].Owner.Name", Some(json!("x"))),
            ("list[0].id", Some(json!("3"))),
            ("q.records[1].Id", None),
            ("q.none", None),
            ("q.Id", None),
            ("other.id", None),
        ] {
            assert_eq!(known.value(path).ok(), expected.as_ref(), "{path}");
        }
        known.version = Version(52);
        assert_eq!(known.value("q.none"), Ok(&Value::Null));
    }

    #[test]
    fn values_are_encoded_in_addresses_only_and_keep_their_type_in_bodies() {
        let known = known(64, [("a", json!({"Name": "A & B/é", "Count": 3}))]);
        assert_eq!(
            known.replaced("x/@{a.Name}?n=@{a.Count}", |value| utf8_percent_encode(&value, NON_ALPHANUMERIC)
                .to_string()),
            Ok("x/A%20%26%20B%2F%C3%A9?n=3".to_owned())
        );
        let mut body = json!({"n": "@{a.Count}", "text": "<@{a.Name}>", "list": ["@{a.Name}"], "mail": "me@{"});
        known.resolve_in(&mut body).unwrap();
        assert_eq!(body, json!({"n": 3, "text": "<A & B/é>", "list": ["A & B/é"], "mail": "me@{"}));
    }
}
