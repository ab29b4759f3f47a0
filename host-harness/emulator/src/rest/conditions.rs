//! Conditional requests: `If-Modified-Since` and `If-Unmodified-Since` (H).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use sha2::{Digest, Sha256};

use super::Request;
use crate::error::ApiError;

/// Whether a request may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precondition {
    /// Nothing stands against it.
    Go,
    /// The client has seen the newest state: 304 (H).
    NotModified,
    /// The record changed after the client saw it: 412 (H).
    Failed,
}

/// Judges a request about something that changed last at this instant, in seconds since 1970. As RFC 9110 wants it, a
/// header that is no HTTP date counts as absent, and so does `If-Modified-Since` on a write.
pub(super) fn judge(request: &Request, changed: i64) -> Precondition {
    let date = |name: &str| request.header(name).and_then(parse);
    if date("if-unmodified-since").is_some_and(|since| changed > since) {
        return Precondition::Failed;
    }
    let reads = request.method == "GET";
    if reads && date("if-modified-since").is_some_and(|since| changed <= since) {
        return Precondition::NotModified;
    }
    Precondition::Go
}

/// The tag of something in this state (H for the form of a record's).
pub(super) fn tag(state: &str) -> String {
    format!("\"{}\"", STANDARD.encode(Sha256::digest(state)))
}

/// The refusal of a request whose precondition does not hold: the status is H, code and text are L.
pub(super) fn failed() -> ApiError {
    ApiError::new(412, "PRECONDITION_FAILED", "The precondition of the request was not met.")
}

/// Zones that Salesforce's documents use in examples besides GMT, in hours.
const ZONES: [(&str, &str); 9] = [
    ("UTC", "+0000"),
    ("GMT", "+0000"),
    ("EST", "-0500"),
    ("EDT", "-0400"),
    ("CST", "-0600"),
    ("CDT", "-0500"),
    ("MST", "-0700"),
    ("PST", "-0800"),
    ("PDT", "-0700"),
];

/// Reads `Mon, 30 Nov 2020 08:34:54 MST` (H for the form).
fn parse(text: &str) -> Option<i64> {
    let (moment, zone) = text.trim().rsplit_once(' ')?;
    let offset = ZONES.iter().find(|(name, _)| *name == zone).map_or(zone, |(_, offset)| offset);
    // The weekday is redundant, and clients that format it in their own language exist.
    let moment = moment.split_once(", ").map_or(moment, |(_, moment)| moment);
    DateTime::parse_from_str(&format!("{moment} {offset}"), "%d %b %Y %H:%M:%S %z").ok().map(|at| at.timestamp())
}

/// An instant as HTTP writes it: `Mon, 30 Nov 2020 08:34:54 GMT`.
pub(super) fn http_date(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0)
        .map(|at| at.format("%a, %d %b %Y %H:%M:%S GMT").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::Body;

    fn request(headers: &[(&str, &str)]) -> Request {
        Request {
            method: "GET".to_owned(),
            path: Vec::new(),
            query: Vec::new(),
            body: Body::Empty,
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        }
    }

    #[test]
    fn dates_are_read_in_their_zone() {
        assert_eq!(parse("Mon, 30 Nov 2020 08:34:54 MST"), parse("Mon, 30 Nov 2020 15:34:54 GMT"));
        let now = parse("Mon, 30 Nov 2020 15:34:54 GMT").unwrap();
        assert_eq!(parse(&http_date(now)), Some(now));
        assert_eq!(parse("yesterday"), None);
    }

    #[test]
    fn the_second_of_the_change_itself_is_not_a_change_since() {
        let at = parse("Mon, 30 Nov 2020 15:34:54 GMT").unwrap();
        for (header, shift, verdict) in [
            ("if-modified-since", -1, Precondition::NotModified),
            ("if-modified-since", 0, Precondition::NotModified),
            ("if-modified-since", 1, Precondition::Go),
            ("if-unmodified-since", 0, Precondition::Go),
            ("if-unmodified-since", 1, Precondition::Failed),
        ] {
            assert_eq!(judge(&request(&[(header, &http_date(at))]), at + shift), verdict, "{header} {shift}");
        }
        assert_eq!(judge(&request(&[("if-modified-since", "yesterday")]), at), Precondition::Go);
    }
}
