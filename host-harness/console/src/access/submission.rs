//! What a form has sent.

use axum::body::{Body, HttpBody as _};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};

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
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
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
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll};

    use super::*;

    async fn read_text(kind: &str, text: String) -> Result<Fields, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
        read(&headers, Body::from(text)).await
    }

    const KIND: &str = "application/x-www-form-urlencoded; charset=utf-8";

    fn status(result: Result<Fields, Problem>) -> u16 {
        result.map_or_else(|problem| problem.status.as_u16(), |_| 200)
    }

    #[tokio::test]
    async fn a_form_is_read_as_browsers_write_it() {
        let fields = read_text(KIND, "a=1&b=%C3%A9+%3Cb%3E&a=2".to_owned()).await.unwrap();
        assert_eq!(fields.get("a"), Some("1"));
        assert_eq!(fields.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(fields.get("b"), Some("é <b>"));
        assert!(fields.has("b") && !fields.has("c"));
        for (kind, expected) in
            [("APPLICATION/X-WWW-Form-Urlencoded ;x=y", 200), ("multipart/form-data", 415), ("", 415)]
        {
            assert_eq!(status(read_text(kind, String::new()).await), expected, "{kind}");
        }
    }

    #[tokio::test]
    async fn a_form_has_256_kib_and_8192_fields_at_the_most() {
        for (bytes, expected) in [(256 << 10, 200), ((256 << 10) + 1, 413)] {
            assert_eq!(
                status(read_text(KIND, format!("a={}", "x".repeat(bytes - 2))).await),
                expected,
                "{bytes} bytes"
            );
        }
        for (fields, expected) in [(8_192, 200), (8_193, 400)] {
            assert_eq!(status(read_text(KIND, vec!["a="; fields].join("&")).await), expected, "{fields} fields");
        }
        let whole = read_text(KIND, vec!["a="; 8_192].join("&")).await.unwrap();
        assert_eq!(whole.all("a").count(), 8_192);
    }

    /// A body of chunks of 64 KiB, and how many of them were taken.
    struct Chunks {
        left: usize,
        taken: Arc<AtomicUsize>,
        stated: bool,
    }

    impl http_body::Body for Chunks {
        type Data = axum::body::Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
            if self.left == 0 {
                return Poll::Ready(None);
            }
            self.left -= 1;
            self.taken.fetch_add(1, Ordering::SeqCst);
            Poll::Ready(Some(Ok(http_body::Frame::data(vec![b'x'; 64 << 10].into()))))
        }

        fn size_hint(&self) -> http_body::SizeHint {
            let left = (self.left as u64) << 16;
            if self.stated { http_body::SizeHint::with_exact(left) } else { http_body::SizeHint::default() }
        }
    }

    #[tokio::test]
    async fn of_a_form_that_is_too_large_no_more_than_16_mib_is_received() {
        // 16 MiB are 256 chunks, and 256 KiB are 4.
        for (sent, stated, received) in [
            (4, false, 4),
            (5, true, 5),
            (200, true, 200),
            (256, true, 256),
            (257, true, 5),
            (256, false, 256),
            (400, false, 257),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, KIND.parse().unwrap());
            let taken = Arc::new(AtomicUsize::new(0));
            let body = Body::new(Chunks { left: sent, taken: Arc::clone(&taken), stated });
            let expected = if sent > 4 { 413 } else { 200 };
            assert_eq!(status(read(&headers, body).await), expected, "{sent} chunks");
            assert_eq!(taken.load(Ordering::SeqCst), received, "{sent} chunks, stated: {stated}");
        }
    }
}
