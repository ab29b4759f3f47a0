//! What lists have in common: what their address asks for, and the addresses of their pages.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::problem::Problem;
use provisioning_directory::{Day, Timestamp};

/// Rows of a page.
pub(super) const ROWS: u32 = 50;
/// The most characters of a value in an address.
const LONGEST: usize = 600;

/// What an address asks for behind its `?`.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

impl Asked {
    fn parse(query: &str) -> Result<Self, Problem> {
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.trim().to_owned()))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        for (_, value) in &pairs {
            if value.chars().count() > LONGEST || value.chars().any(char::is_control) {
                return Err(Problem::refused(
                    "The address asks for something that is too long or has control characters.",
                ));
            }
        }
        Ok(Self(pairs))
    }

    /// A value; none where it is empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// A value; empty where there is none.
    pub(super) fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().to_owned()
    }

    /// All values of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// A number.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, Problem> {
        let parsed = self.get(name).map(str::parse).transpose();
        parsed.map_err(|_| Problem::refused(&format!("The address has a `{name}` that is no number.")))
    }

    /// One of some names.
    ///
    /// # Errors
    /// When it is none of them.
    pub(super) fn one_of<T: Copy>(&self, name: &str, known: &[(&str, T)]) -> Result<Option<T>, Problem> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let found = known.iter().find(|(have, _)| *have == value);
        found.map(|(_, one)| Some(*one)).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            Problem::refused(&format!("The address has a `{name}` that is none of {}.", names.join(", ")))
        })
    }

    /// A moment: the start of a day, or a time in the form of RFC 3339. With `end`, a day means its end.
    ///
    /// # Errors
    /// When it is neither.
    pub(super) fn moment(&self, name: &str, end: bool) -> Result<Option<Timestamp>, Problem> {
        let Some(text) = self.get(name) else { return Ok(None) };
        if let Some(time) = Timestamp::parse(text) {
            return Ok(Some(time));
        }
        let day: Day = text.parse()?;
        Ok(Some(if end { day.next().start() } else { day.start() }))
    }
}

/// An address with these values behind its `?`; empty ones are left out.
pub(super) fn address(path: &str, values: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in values {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// A text as one part of a path (RFC 3986, section 2.3).
pub(super) fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// The address of a person's page.
pub(super) fn person(key: &str) -> String {
    format!("/people/{}", segment(key))
}

/// Cuts the row off that was read only to see whether there are more; whether there were.
pub(super) fn has_more<T>(rows: &mut Vec<T>) -> bool {
    let more = rows.len() > ROWS as usize;
    rows.truncate(ROWS as usize);
    more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_written_without_loss() {
        let path = address("/people", &[("q", "a&b=<c> é"), ("after", ""), ("state", "failed")]);
        assert_eq!(path, "/people?q=a%26b%3D%3Cc%3E+%C3%A9&state=failed");
        let asked = Asked::parse(path.split_once('?').unwrap().1).unwrap();
        assert_eq!((asked.get("q"), asked.get("after")), (Some("a&b=<c> é"), None));
        assert_eq!(person("acme:005/x y"), "/people/acme%3A005%2Fx%20y");
    }

    #[test]
    fn what_is_malformed_is_refused() {
        assert!(Asked::parse(&format!("q={}", "x".repeat(LONGEST + 1))).is_err());
        assert!(Asked::parse("q=a%00b").is_err());
        let asked = Asked::parse("n=1;DROP&since=soon&state=x").unwrap();
        assert!(asked.number("n").is_err() && asked.moment("since", false).is_err());
        assert!(asked.one_of("state", &[("open", 1)]).is_err());
    }
}
