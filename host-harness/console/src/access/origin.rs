//! Whether a request that changes something comes from a page of this console.
//!
//! Browsers say so in `Sec-Fetch-Site` (to secure addresses and loopback) and in `Origin`. This stands beside the form token and
//! `SameSite`, so that none of the three is alone.

use axum::http::{HeaderMap, HeaderValue, header};

/// Whether the browser says that another site has sent the request. What sends neither header is no browser, and then it is the
/// form token that counts.
pub(crate) fn is_foreign(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    if site.is_some_and(|site| site != b"same-origin" && site != b"none") {
        return true;
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return false };
    let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    match (authority, host) {
        (Some(authority), Some(host)) => !authority.eq_ignore_ascii_case(host),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        is_foreign(&headers)
    }

    #[test]
    fn a_request_of_another_site_is_foreign() {
        let host = ("host", "127.0.0.1:8700");
        assert!(!foreign(&[host]));
        assert!(!foreign(&[host, ("origin", "http://127.0.0.1:8700"), ("sec-fetch-site", "same-origin")]));
        for bad in [
            ("origin", "http://127.0.0.1:8701"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert!(foreign(&[host, bad]), "{bad:?}");
        }
    }
}
