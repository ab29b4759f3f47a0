//! One line of a recording.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::bindings::identity::provisioning::http::{Failure, Response};
use crate::secrets::{MASK, Masks};

pub(super) const VERSION: u32 = 1;

/// Fields whose whole value is a credential.
const CREDENTIAL_FIELDS: [&str; 5] = ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"];

/// Names under which applications hand out or take credentials: of OAuth 2.0 (RFC 6749, RFC 7523, RFC 7009), and of SOAP
/// sign-ins.
const CREDENTIAL_NAMES: [&str; 8] = [
    "access_token",
    "refresh_token",
    "id_token",
    "client_secret",
    "client_assertion",
    "assertion",
    "sessionId",
    "session_id",
];

/// A request and what came of it. It implements no `Debug`: it may not be masked yet.
#[derive(Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) version: u32,
    pub(super) tenant: String,
    pub(super) job: String,
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) body: Option<Body>,
    pub(super) duration_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) answer: Option<Answer>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) failure: Option<Failed>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Body {
    Text(String),
    Base64(String),
}

/// A failure, by the name of its case.
#[derive(Serialize, Deserialize)]
pub(super) struct Failed {
    kind: String,
    #[serde(skip_serializing_if = "String::is_empty", default)]
    text: String,
}

impl From<&[u8]> for Body {
    fn from(bytes: &[u8]) -> Self {
        std::str::from_utf8(bytes)
            .map_or_else(|_| Self::Base64(STANDARD.encode(bytes)), |text| Self::Text(text.to_owned()))
    }
}

impl Body {
    fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.clone().into_bytes()),
            Self::Base64(text) => STANDARD.decode(text).ok(),
        }
    }

    fn mask(&mut self, masks: &Masks) {
        if let Some(bytes) = self.bytes() {
            *self = Self::from(masks.apply(&bytes).as_ref());
        }
        if let Self::Text(text) = self {
            *text = without_credentials(text);
        }
    }
}

impl From<&Failure> for Failed {
    fn from(failure: &Failure) -> Self {
        let (kind, text) = match failure {
            Failure::Denied(text) => ("denied", text.clone()),
            Failure::Unreachable(text) => ("unreachable", text.clone()),
            Failure::Tls(text) => ("tls", text.clone()),
            Failure::TimedOut => ("timed-out", String::new()),
            Failure::TooLarge(limit) => ("too-large", limit.to_string()),
            Failure::Cancelled => ("cancelled", String::new()),
            Failure::Other(text) => ("other", text.clone()),
        };
        Self { kind: kind.to_owned(), text }
    }
}

impl Failed {
    fn failure(&self) -> Option<Failure> {
        let text = self.text.clone();
        Some(match self.kind.as_str() {
            "denied" => Failure::Denied(text),
            "unreachable" => Failure::Unreachable(text),
            "tls" => Failure::Tls(text),
            "timed-out" => Failure::TimedOut,
            "too-large" => Failure::TooLarge(text.parse().ok()?),
            "cancelled" => Failure::Cancelled,
            "other" => Failure::Other(text),
            _ => return None,
        })
    }
}

impl Entry {
    /// What came of the request; none where the line tells neither or something unknown.
    pub(super) fn outcome(&self) -> Option<Result<Response, Failure>> {
        match (&self.answer, &self.failure) {
            (Some(answer), None) => Some(Ok(Response {
                status: answer.status,
                headers: answer.headers.clone(),
                body: answer.body.bytes()?,
            })),
            (None, Some(failed)) => failed.failure().map(Err),
            _ => None,
        }
    }

    /// Puts `***` in the place of every credential.
    pub(super) fn mask(&mut self, masks: &Masks) {
        let fields = self.answer.iter_mut().flat_map(|answer| &mut answer.headers).chain(&mut self.headers);
        for (name, value) in fields {
            let is_credential = CREDENTIAL_FIELDS.iter().any(|field| name.eq_ignore_ascii_case(field));
            let masked = masks.apply_str(value).into_owned();
            *value = if is_credential && !is_named(&masked) { MASK.to_owned() } else { masked };
        }
        self.url = without_credentials(&masks.apply_str(&self.url));
        if let Some(body) = &mut self.body {
            body.mask(masks);
        }
        if let Some(answer) = &mut self.answer {
            answer.body.mask(masks);
        }
        if let Some(failed) = &mut self.failure {
            failed.text = masks.apply_str(&failed.text).into_owned();
        }
    }
}

/// Whether a value is a scheme, if any, and the name of a secret: `Bearer {{session}}`.
fn is_named(value: &str) -> bool {
    value.rsplit(' ').next().is_some_and(|last| last.starts_with("{{") && last.ends_with("}}"))
}

/// `text` with `***` as the value of each credential that is named in it, as JSON, XML or form has it.
pub(crate) fn without_credentials(text: &str) -> String {
    let mut masked = text.to_owned();
    for name in CREDENTIAL_NAMES {
        for (before, end) in [
            (format!("\"{name}\":\""), &['"'][..]),
            (format!("\"{name}\" : \""), &['"']),
            (format!("\"{name}\": \""), &['"']),
            (format!("<{name}>"), &['<']),
            (format!(":{name}>"), &['<']),
            (format!("{name}="), &['&', ' ', '"', '<']),
        ] {
            masked = masked_after(&masked, &before, end);
        }
    }
    masked
}

fn masked_after(text: &str, before: &str, end: &[char]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(before) {
        let (head, tail) = rest.split_at(at + before.len());
        masked.push_str(head);
        let length = tail.find(end).unwrap_or(tail.len());
        match &tail[..length] {
            named if is_named(named) => masked.push_str(named),
            "" => {}
            _ => masked.push_str(MASK),
        }
        rest = &tail[length..];
    }
    masked.push_str(rest);
    masked
}
