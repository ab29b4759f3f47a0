//! What Salesforce says when it refuses something.

use serde::Deserialize;
use serde_json::Value;

use crate::host::Response;
use crate::model::Upstream;

/// One error, of a whole request or of one record in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fault {
    /// The HTTP status of the answer.
    pub status: u16,
    /// Salesforce's code (`DUPLICATE_USERNAME`); empty where it gave none.
    pub code: String,
    /// Salesforce's words.
    pub message: String,
    /// API names of the fields concerned.
    pub fields: Vec<String>,
    /// What Salesforce's support asks for: the id of the request, where the answer had one.
    pub request_id: Option<String>,
}

impl Fault {
    /// The same, with the id of the request that `response` answers.
    #[must_use]
    pub fn of(self, response: &Response) -> Self {
        Self { request_id: request_id(response).map(str::to_owned), ..self }
    }

    /// Whether it says nothing of what was done. Salesforce rolls back what it refuses with a code of its own; a gateway that
    /// answers without one knows nothing.
    pub fn is_silent(&self) -> bool {
        self.status >= 500 && self.code.is_empty()
    }
}

impl From<Fault> for Upstream {
    fn from(fault: Fault) -> Self {
        let Fault { status, code, message, fields, request_id } = fault;
        Self { status, code, message, fields, request_id }
    }
}

/// What came in place of an answer of Salesforce's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detour {
    /// A web page: of maintenance, of a proxy, or of a host that isn't Salesforce's.
    Page,
    /// A redirect, which nobody follows: the session must not go to another host.
    Moved {
        /// The address that it names.
        to: String,
    },
}

impl Detour {
    /// Recognizes a page or a redirect, whatever its status. Returns `None` for what can be an answer.
    pub fn of(response: &Response) -> Option<Self> {
        if matches!(response.status, 301 | 302 | 303 | 307 | 308)
            && let Some(to) = response.header("location")
        {
            return Some(Self::Moved { to: to.trim().to_owned() });
        }
        // 410 is the status of a version of the API that has been retired (H), and no gateway's: it says enough by itself.
        (response.status != 410 && is_page(response)).then_some(Self::Page)
    }
}

/// Most bytes that are looked at for the beginning of a page.
const BEGINNING: usize = 1024;

fn is_page(response: &Response) -> bool {
    let body = response.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&response.body).trim_ascii_start();
    // JSON and CSV never begin so; the XML of SOAP has no such element.
    if body.first() != Some(&b'<') {
        return false;
    }
    let beginning = body[..body.len().min(BEGINNING)].to_ascii_lowercase();
    let has = |part: &[u8]| beginning.windows(part.len()).any(|window| window == part);
    response.header("content-type").is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"))
        || has(b"<html")
        || has(b"<!doctype html")
}

/// The id that Salesforce gave a request (`X-SFDC-Request-Id`, H). What isn't a short plain word is no id: it would stand in
/// reports and on pages.
pub(super) fn request_id(response: &Response) -> Option<&str> {
    let plain = |id: &&str| (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    response.header("x-sfdc-request-id").map(str::trim_ascii).filter(plain)
}

/// What refuses something. The error objects of REST (`errorCode`), of collections (`statusCode`) and of OAuth (`error`) differ
/// in their names only (H). A part that has another type than the documented one costs nothing but itself.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Refusal {
    #[serde(rename = "errorCode")]
    error_code: Value,
    #[serde(rename = "statusCode")]
    status_code: Value,
    error: Value,
    message: Value,
    error_description: Value,
    fields: Value,
}

/// Reads the part of an answer that refuses a request: an array of errors, or, where the documentation prints it and
/// gateways do it, a bare object.
pub(super) fn read(status: u16, body: &str) -> Fault {
    let first = match serde_json::from_str(body).unwrap_or_default() {
        Value::Array(refusals) => refusals.into_iter().next().unwrap_or_default(),
        refusal => refusal,
    };
    let refusal: Refusal = serde_json::from_value(first).unwrap_or_default();
    let text = |parts: &[Value]| parts.iter().map(text_of).find(|text| !text.is_empty()).unwrap_or_default();
    Fault {
        status,
        code: text(&[refusal.error_code, refusal.status_code, refusal.error]),
        message: text(&[refusal.message, refusal.error_description]),
        fields: refusal.fields.as_array().into_iter().flatten().map(text_of).filter(|name| !name.is_empty()).collect(),
        request_id: None,
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// Reads the body of an answer that refuses a request: errors, or a page of HTML, or nothing.
pub fn parse(status: u16, body: &[u8]) -> Fault {
    let fault = str::from_utf8(body).map(|body| read(status, body)).unwrap_or_default();
    if !fault.code.is_empty() {
        return fault;
    }
    Fault { status, message: excerpt(body), ..Fault::default() }
}

/// Most that is quoted of an answer that is no error of Salesforce's.
const EXCERPT: usize = 200;

/// What a page calls itself. Elements may be in any case and have attributes.
fn title(text: &str) -> Option<&str> {
    let lower = text.to_ascii_lowercase();
    let element = lower.find("<title")?;
    let start = element + lower[element..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    Some(text[start..end].trim()).filter(|title| !title.is_empty())
}

/// The readable beginning of a body: a page's title, or the text without tags.
fn excerpt(body: &[u8]) -> String {
    let body = &body[..body.len().min(16 * EXCERPT)];
    // Of another encoding than UTF-8, the part that is ASCII is told.
    let text = match str::from_utf8(body) {
        Ok(text) => text.to_owned(),
        Err(error) if error.error_len().is_none() => {
            // The cut went through a character.
            str::from_utf8(&body[..error.valid_up_to()]).unwrap_or_default().to_owned()
        }
        Err(_) => body.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '\u{fffd}' }).collect(),
    };
    let title = title(&text);
    let mut plain = String::new();
    let mut tag = false;
    for letter in title.unwrap_or(&text).chars() {
        match letter {
            '<' => tag = true,
            '>' if tag => tag = false,
            _ if tag => {}
            letter if letter.is_whitespace() || letter.is_control() => {
                if !plain.is_empty() && !plain.ends_with(' ') {
                    plain.push(' ');
                }
            }
            letter => plain.push(letter),
        }
        if plain.len() >= EXCERPT {
            plain.push('…');
            break;
        }
    }
    plain.truncate(plain.trim_end().len());
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fault(status: u16, code: &str, message: &str, fields: &[&str]) -> Fault {
        Fault {
            status,
            code: code.into(),
            message: message.into(),
            fields: fields.iter().map(ToString::to_string).collect(),
            request_id: None,
        }
    }

    #[test]
    fn the_id_of_a_request_is_a_short_plain_word_of_its_answer() {
        for (header, expected) in [
            (Some("9f86d081884c7d65"), Some("9f86d081884c7d65")),
            (Some(" 9f86d081 "), Some("9f86d081")),
            (Some("9f86 d081"), None),
            (Some("9f86\u{1b}[2Jd081"), None),
            (Some("é"), None),
            (Some(&"x".repeat(128)), Some(&*"x".repeat(128))),
            (Some(&"x".repeat(129)), None),
            (Some(""), None),
            (None, None),
        ] {
            let headers = header.map(|id| ("x-sfdc-request-id".to_owned(), id.to_owned())).into_iter().collect();
            let response = Response { status: 400, headers, body: Vec::new() };
            let fault = fault(400, "C", "m", &[]).of(&response);
            assert_eq!(fault.request_id.as_deref(), expected, "{header:?}");
            assert_eq!(Upstream::from(fault).request_id.as_deref(), expected, "{header:?}");
        }
    }

    #[test]
    fn every_shape_of_error_is_read() {
        for (body, expected) in [
            (r#"[{"message":"m","errorCode":"C","fields":["F"]}]"#, fault(400, "C", "m", &["F"])),
            (r#"[{"message":"m","errorCode":"C"}]"#, fault(400, "C", "m", &[])),
            (r#"{"message":"m","errorCode":"C"}"#, fault(400, "C", "m", &[])),
            (r#"[{"message":"m","statusCode":"C","fields":null}]"#, fault(400, "C", "m", &[])),
            (r#"{"error":"invalid_grant","error_description":"m"}"#, fault(400, "invalid_grant", "m", &[])),
            (
                r#"[{"duplicateResut":{"allowSave":true},"errorCode":"DUPLICATES_DETECTED","message":"m"}]"#,
                fault(400, "DUPLICATES_DETECTED", "m", &[]),
            ),
            (
                "<html><head><title>Down for\n Maintenance</title></head><body>x</body></html>",
                fault(400, "", "Down for Maintenance", &[]),
            ),
            ("<p>Bad <b>gateway</b></p>", fault(400, "", "Bad gateway", &[])),
            (
                r#"[{"message":7,"errorCode":"C","fields":["F",null,{}]},{"errorCode":"D"}]"#,
                fault(400, "C", "7", &["F"]),
            ),
            (r#"[{"message":null,"errorCode":"C","fields":"F"},5]"#, fault(400, "C", "", &[])),
            ("", fault(400, "", "", &[])),
            ("[]", fault(400, "", "[]", &[])),
        ] {
            assert_eq!(parse(400, body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn a_page_of_another_encoding_and_a_character_that_is_cut_are_told_as_far_as_they_go() {
        assert_eq!(parse(502, b"<title>Gesperrt f\xfcr alle</title>").message, "Gesperrt f\u{fffd}r alle");
        // One of the two is cut within a character.
        for pad in ["", "x"] {
            let long = format!("<title>für alle</title>{pad}{}", "ü".repeat(16 * EXCERPT));
            assert_eq!(parse(502, long.as_bytes()).message, "für alle");
        }
    }

    proptest! {
        #[test]
        fn junk_is_quoted_shortly_and_never_panics(body in proptest::collection::vec(any::<u8>(), 0..4000)) {
            prop_assert!(parse(500, &body).message.len() < 2 * EXCERPT);
        }
    }
}
