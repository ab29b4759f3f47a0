//! Paths to attributes: `name.givenName`, `emails[type eq "work"].value`, `urn:…:User:department` (RFC 7644 §3.10, §3.5.2).

use super::error::{ScimError, ScimType};
use super::filter::{self, Filter};
use super::schema::{Attribute, Resource, Schema};

/// The longest path, in bytes. Room for a URN, a filter over a value list and a sub-attribute.
pub const LONGEST: usize = 2048;

/// An attribute by its name, as it is written in filters, paths and lists of attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeName {
    /// The schema's URN, if it was named.
    pub schema: Option<String>,
    /// The attribute; empty if only the schema was named.
    pub name: String,
    /// The sub-attribute.
    pub sub: Option<String>,
}

/// A path of a PATCH operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The attribute, with the sub-attribute behind the filter.
    pub attribute: AttributeName,
    /// Which of several values are meant.
    pub filter: Option<Filter>,
}

impl AttributeName {
    /// Reads a name without a filter. A URN has colons, and dots too (`2.0`), so the attribute is what follows its last colon.
    pub fn parse(text: &str) -> Option<Self> {
        let is_urn = text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"));
        let (schema, rest) = match text.rsplit_once(':') {
            Some((schema, rest)) if is_urn => (Some(schema), rest),
            Some(_) => return None,
            None => (None, text),
        };
        // `urn:…:2.0:User` names a schema: what follows its last colon is no attribute of another one.
        if is_urn && is_resource_name(schema.unwrap_or_default()) {
            return Some(Self { schema: Some(text.to_owned()), name: String::new(), sub: None });
        }
        let (name, sub) = match rest.split_once('.') {
            Some((name, sub)) => (name, Some(sub)),
            None => (rest, None),
        };
        let is_name = |text: &str| {
            let mut letters = text.chars();
            letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '$')
                && letters.all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'))
        };
        (is_name(name) && sub.is_none_or(is_name)).then(|| Self {
            schema: schema.map(str::to_owned),
            name: name.to_owned(),
            sub: sub.map(str::to_owned),
        })
    }

    /// The attribute in a resource's schemas, with the extension that it is in. `None` if the resource has no such attribute.
    pub fn find<'r>(&self, resource: &'r Resource) -> Option<(Option<&'r Schema>, &'r Attribute)> {
        let within = |schema: &'r Schema| Attribute::find(&schema.attributes, &self.name);
        let Some(urn) = &self.schema else {
            return match Attribute::find(&resource.common, &self.name).or_else(|| within(&resource.core)) {
                Some(attribute) => Some((None, attribute)),
                // Clients leave the URN out of what is in no other schema.
                None => resource.extensions.iter().find_map(|schema| Some((Some(schema), within(schema)?))),
            };
        };
        if urn.eq_ignore_ascii_case(&resource.core.id) {
            return Some((None, within(&resource.core)?));
        }
        let schema = resource.extension(urn)?;
        Some((Some(schema), within(schema)?))
    }
}

/// Whether a URN ends before a resource's name: with the version of a schema.
fn is_resource_name(urn: &str) -> bool {
    let last = urn.rsplit(':').next().unwrap_or_default();
    last.split('.').count() == 2 && last.split('.').all(|part| part.parse::<u32>().is_ok())
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// `invalidPath` if it is malformed or too long, `invalidFilter` if the filter in it is.
    pub fn parse(text: &str) -> Result<Self, ScimError> {
        let text = text.trim();
        let invalid = || {
            let shown: String = text.chars().take(80).collect();
            ScimError::bad(
                ScimType::InvalidPath,
                format!(
                    "the path `{shown}` is malformed; write `attribute`, `attribute.sub` or `attribute[filter].sub`"
                ),
            )
        };
        if text.is_empty() || text.len() > LONGEST {
            return Err(invalid());
        }
        let Some((before, rest)) = text.split_once('[') else {
            let attribute = AttributeName::parse(text).ok_or_else(invalid)?;
            return Ok(Self { attribute, filter: None });
        };
        let (inner, behind) = rest.rsplit_once(']').ok_or_else(invalid)?;
        let mut attribute = AttributeName::parse(before).ok_or_else(invalid)?;
        if attribute.sub.is_some() || attribute.name.is_empty() {
            return Err(invalid());
        }
        if let Some(sub) = behind.strip_prefix('.') {
            attribute.sub =
                AttributeName::parse(sub).filter(|sub| sub.schema.is_none() && sub.sub.is_none()).map(|sub| sub.name);
        }
        if !behind.is_empty() && attribute.sub.is_none() {
            return Err(invalid());
        }
        Ok(Self { attribute, filter: Some(filter::parse(inner)?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(schema: Option<&str>, name: &str, sub: Option<&str>) -> AttributeName {
        AttributeName { schema: schema.map(str::to_owned), name: name.to_owned(), sub: sub.map(str::to_owned) }
    }

    #[test]
    fn names_are_read_with_and_without_their_schema() {
        const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        for (text, expected) in [
            ("userName".to_owned(), Some(name(None, "userName", None))),
            ("name.givenName".to_owned(), Some(name(None, "name", Some("givenName")))),
            (format!("{ENTERPRISE}:department"), Some(name(Some(ENTERPRISE), "department", None))),
            (format!("{ENTERPRISE}:manager.value"), Some(name(Some(ENTERPRISE), "manager", Some("value")))),
            (ENTERPRISE.to_owned(), Some(name(Some(ENTERPRISE), "", None))),
            ("a.b.c".to_owned(), None),
            ("1a".to_owned(), None),
            ("a:b".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(AttributeName::parse(&text), expected, "{text}");
        }
    }

    #[test]
    fn a_path_may_have_a_filter_and_a_sub_attribute_behind_it() {
        let path = Path::parse(r#"emails[type eq "a]b"].value"#).unwrap();
        assert_eq!(path.attribute, name(None, "emails", Some("value")));
        assert!(path.filter.is_some());
        for wrong in
            ["", "emails[", "emails[type eq \"x\"", "emails[type eq \"x\"]value", "a.b[c pr]", "[x pr]", "emails[].x"]
        {
            assert!(Path::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Path::parse(&"a".repeat(LONGEST + 1)).is_err());
    }
}
