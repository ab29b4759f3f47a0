//! What a form has sent.

use axum::body::{Body, HttpBody as _};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::StreamExt as _;

use super::super::problem::Problem;
use super::Visitor;

/// The largest form that is read, in bytes.
const LARGEST: usize = 256 << 10;
/// What of a larger one is still received, in bytes, so that the browser hears the answer instead of a cut connection.
const DRAINED: usize = 16 << 20;
/// The most fields of a form.
const MOST: usize = 8_192;
/// The field that carries the form token.
pub(super) const TOKEN: &str = "form-token";

/// The fields of a form, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Those of a body in the encoding of forms.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(bytes).into_owned().take(MOST + 1).collect())
    }

    /// The value of a field; of several with the name, the first.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// All values of a field.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// Whether there is such a field: a ticked box, or the button that was pressed.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

/// A form that has passed the gate, and who has sent it.
#[derive(Clone, Debug)]
pub(crate) struct Submission {
    pub(crate) visitor: Visitor,
    pub(crate) fields: Fields,
}

impl<S: Sync> FromRequestParts<S> for Submission {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let visitor = Visitor::from_request_parts(parts, state).await?;
        let fields = parts.extensions.remove::<Fields>();
        let fields = fields.ok_or_else(|| Problem::internal(&"a form went past the gate"))?;
        Ok(Self { visitor, fields })
    }
}

/// Reads a form.
pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Fields, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported",
            "This is no form of the console",
            "What was sent is not encoded as the console's forms are.",
            "Use the forms on the console's pages.",
        ));
    }
    let stated = body.size_hint().lower();
    let mut stream = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut received = 0;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| Problem::refused("The form did not arrive whole."))?;
        received += chunk.len();
        if received > LARGEST {
            bytes.clear();
            if received > DRAINED || stated > DRAINED as u64 {
                break;
            }
        } else {
            bytes.extend_from_slice(&chunk);
        }
    }
    if received > LARGEST {
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            "The form is too large",
            &format!("More than {} KiB were sent; nothing of it was kept.", LARGEST >> 10),
            "Go back and shorten the longest field.",
        ));
    }
    let fields = Fields::parse(&bytes);
    if fields.0.len() > MOST {
        return Err(Problem::refused("The form has more fields than any of the console's."));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read_text(kind: &str, text: String) -> Result<Fields, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
        read(&headers, Body::from(text)).await
    }

    #[tokio::test]
    async fn a_form_is_read_up_to_its_bounds() {
        let kind = "application/x-www-form-urlencoded; charset=utf-8";
        let fields = read_text(kind, "a=1&b=%C3%A9+%3Cb%3E&a=2".to_owned()).await.unwrap();
        assert_eq!(fields.get("a"), Some("1"));
        assert_eq!(fields.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(fields.get("b"), Some("é <b>"));
        assert!(!fields.has("c"));
        let status = |result: Result<Fields, Problem>| result.unwrap_err().status.as_u16();
        assert_eq!(status(read_text(kind, format!("a={}", "x".repeat(LARGEST))).await), 413);
        assert_eq!(status(read_text(kind, "a=&".repeat(MOST + 1)).await), 400);
        assert_eq!(status(read_text("multipart/form-data", String::new()).await), 415);
    }
}
