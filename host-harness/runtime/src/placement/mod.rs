//! Where placeholders stand in a body, and how values take their place.
//!
//! A body is parsed, changed in its parsed form, and written anew. So no secret is escaped by hand, and what was checked is what leaves: a
//! body that two readers may read differently, such as one with a field twice, never goes out with a secret.

mod form;
mod json;
mod xml;

use std::sync::Arc;

use crate::access::Place;
use crate::placeholders::{Held, Placeholders};

/// The longest body that placeholders may stand in, in bytes.
pub(crate) const LONGEST_BODY: usize = 1 << 20;

/// The most parts of a body that placeholders may stand in: members, elements, fields. It is counted by the characters that
/// separate them, those in texts included.
const MOST_PARTS: usize = 10_000;

/// The longest way to a part, in bytes of the names on it. It is written down for each part.
const LONGEST_WAY: usize = 2 << 10;

/// The most placeholders in a body.
const MOST_FOUND: usize = 1_000;

/// What syntax a body has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    Json,
    Xml,
    Form,
}

impl Syntax {
    /// The syntax of a `content-type` (RFC 9110 §8.3.1). Returns `None` for any other, and for a charset other than UTF-8.
    pub(crate) fn of(content_type: &str) -> Option<Self> {
        let mut parts = content_type.split(';').map(str::trim);
        let kind = parts.next()?.to_ascii_lowercase();
        for parameter in parts {
            if let Some((name, value)) = parameter.split_once('=')
                && name.trim().eq_ignore_ascii_case("charset")
                && !value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            {
                return None;
            }
        }
        match kind.as_str() {
            "application/json" | "text/json" => Some(Self::Json),
            "application/xml" | "text/xml" => Some(Self::Xml),
            "application/x-www-form-urlencoded" => Some(Self::Form),
            other if other.ends_with("+json") => Some(Self::Json),
            other if other.ends_with("+xml") => Some(Self::Xml),
            _ => None,
        }
    }
}

/// Where in a body something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Spot {
    /// The steps of a JSON pointer.
    Json(Vec<String>),
    /// The local names of the elements around it.
    Xml(Vec<String>),
    /// The field's name.
    Form(String),
    /// A header field, and what stands before the value.
    Header(String, String),
    /// Where no secret may ever stand, in words.
    Never(&'static str),
}

impl Spot {
    /// Whether the place names this spot.
    pub(crate) fn is(&self, place: &Place) -> bool {
        match (self, place) {
            (Self::Json(steps), Place::Json(pointer)) => json::fits(steps, pointer),
            (Self::Xml(names), Place::Xml(path)) => names.iter().map(String::as_str).eq(path.split('/')),
            (Self::Form(field), Place::Form(name)) => field == name,
            (Self::Header(name, before), Place::Header(field, text)) => {
                name.eq_ignore_ascii_case(field) && before == text
            }
            _ => false,
        }
    }
}

impl std::fmt::Display for Spot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Json(steps) => write!(f, "the JSON string at /{}", steps.join("/")),
            Self::Xml(names) => write!(f, "the XML element {}", names.join("/")),
            Self::Form(field) => write!(f, "the form field {field}"),
            Self::Header(name, _) => write!(f, "the header field {name}"),
            Self::Never(what) => f.write_str(what),
        }
    }
}

/// A placeholder that was found in a request.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) held: Arc<Held>,
    pub(crate) spot: Spot,
}

/// A body in its parsed form.
pub(crate) enum Parsed {
    Json(json::Value),
    Xml(String),
    Form(Vec<(String, String)>),
}

impl Parsed {
    /// Reads a body.
    ///
    /// # Errors
    /// Why it can't be read, or is read differently by others, in a clause without anything of the body.
    pub(crate) fn read(syntax: Syntax, body: &[u8]) -> Result<Self, String> {
        let text = str::from_utf8(body).map_err(|_| "it isn't UTF-8".to_owned())?;
        let separators: &[u8] = match syntax {
            Syntax::Json => b",[{",
            Syntax::Xml => b"<&=",
            Syntax::Form => b"&",
        };
        if body.iter().filter(|byte| separators.contains(byte)).count() > MOST_PARTS {
            return Err(format!("it has more than {MOST_PARTS} parts"));
        }
        match syntax {
            Syntax::Json => {
                let value = json::read(text)?;
                json::check(&value, 0)?;
                Ok(Self::Json(value))
            }
            Syntax::Xml => xml::check(text).map(|()| Self::Xml(text.to_owned())),
            Syntax::Form => Ok(Self::Form(form::read(text))),
        }
    }

    /// The placeholders in it, and where they stand.
    ///
    /// # Errors
    /// As [`Parsed::read`].
    pub(crate) fn find(&self, placeholders: &Placeholders) -> Result<Vec<Found>, String> {
        let mut found = Vec::new();
        let mut note = |text: &str, spot: &dyn Fn() -> Spot| {
            for (_, held) in placeholders.find(text.as_bytes()) {
                found.push(Found { held, spot: spot() });
            }
        };
        match self {
            Self::Json(value) => json::visit(value, &mut Vec::new(), &mut note),
            Self::Xml(text) => xml::visit(text, &mut note)?,
            Self::Form(pairs) => form::visit(pairs, &mut note),
        }
        if found.len() > MOST_FOUND {
            return Err(format!("it has more than {MOST_FOUND} placeholders"));
        }
        Ok(found)
    }

    /// The body with each text at a spot changed, written anew.
    ///
    /// # Errors
    /// As [`Parsed::read`].
    pub(crate) fn rewrite(self, change: &mut dyn FnMut(&Spot, &str) -> Option<String>) -> Result<Vec<u8>, String> {
        match self {
            Self::Json(mut value) => {
                json::change(&mut value, &mut Vec::new(), change);
                serde_json::to_vec(&value).map_err(|error| error.to_string())
            }
            Self::Xml(text) => xml::rewrite(&text, change),
            Self::Form(pairs) => Ok(form::rewrite(pairs, change)),
        }
    }
}

/// The way to a part is longer than it may be.
fn too_deep() -> String {
    format!("the names on the way to a part of it are longer than {LONGEST_WAY} bytes")
}

/// What takes a text and where it stands.
type Note<'a> = dyn FnMut(&str, &dyn Fn() -> Spot) + 'a;

#[cfg(test)]
mod tests;
