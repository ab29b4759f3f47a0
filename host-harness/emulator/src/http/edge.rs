//! What the servers before Salesforce add to an answer on its way out: cookies, caching, compression, and a body in chunks (H for REST and
//! `userinfo`, M for the other services). A client that reads a fixed length, or trips over a cookie, is to find out here.

use std::io::Write as _;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use chrono::{Duration, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;

/// How many bytes a chunk has at most.
const CHUNK: usize = 16 << 10;

/// Whether the client takes compressed answers.
pub(super) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim().eq_ignore_ascii_case("gzip") && !matches!(weight.trim(), "q=0" | "q=0.0")
    })
}

/// The answer as it leaves. One whose length was promised keeps it: that is a fault.
pub(super) async fn pass(mut response: Response, gzip: bool) -> Response {
    put_headers(response.headers_mut());
    if response.headers().contains_key(header::CONTENT_LENGTH) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(content) = to_bytes(body, usize::MAX).await else { return Response::from_parts(parts, Body::empty()) };
    if content.is_empty() {
        return Response::from_parts(parts, Body::empty());
    }
    let content = match gzip.then(|| compressed(&content)).flatten() {
        Some(content) => {
            parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            mark_tag(&mut parts.headers);
            content
        }
        None => content,
    };
    Response::from_parts(parts, chunked(&content))
}

fn compressed(content: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// A body of no declared length.
fn chunked(content: &Bytes) -> Body {
    let starts = (0..content.len()).step_by(CHUNK);
    let chunks: Vec<Result<Bytes, std::convert::Infallible>> =
        starts.map(|start| Ok(content.slice(start..content.len().min(start + CHUNK)))).collect();
    Body::from_stream(stream::iter(chunks))
}

/// The tag of a compressed answer ends with `--gzip` (H).
fn mark_tag(headers: &mut HeaderMap) {
    let tag = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok());
    let marked = tag.and_then(|tag| format!("{}--gzip\"", tag.strip_suffix('"')?).parse().ok());
    if let Some(marked) = marked {
        headers.insert(header::ETAG, marked);
    }
}

fn put_headers(headers: &mut HeaderMap) {
    let ends = (Utc::now() + Duration::days(365)).format("%a, %d-%b-%Y %H:%M:%S GMT");
    let browser: String = std::iter::repeat_with(fastrand::alphanumeric).take(22).collect();
    let cookies = [
        format!("CookieConsentPolicy=0:1; path=/; expires={ends}; Max-Age=31536000; secure"),
        format!("LSKey-c$CookieConsentPolicy=0:1; path=/; expires={ends}; Max-Age=31536000; secure"),
        format!(
            "BrowserId={browser}; domain=.salesforce.com; path=/; expires={ends}; Max-Age=31536000; secure; \
             SameSite=None"
        ),
    ];
    for cookie in cookies {
        if let Ok(value) = cookie.parse() {
            headers.append(header::SET_COOKIE, value);
        }
    }
    for (name, value) in [
        (header::CACHE_CONTROL, "no-cache,must-revalidate,max-age=0,no-store,private"),
        (header::VARY, "Accept-Encoding"),
        (header::SERVER, "sfdcedge"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("x-robots-tag", HeaderValue::from_static("none"));
    headers.insert("x-sfdc-edge-cache", HeaderValue::from_static("none"));
}
