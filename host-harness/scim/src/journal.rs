//! A client's last requests, kept for whoever sets a platform up: written off the requests' way, once a second.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::Value as Json;

use provisioning_directory::{Actor, Directory, DirectoryError, ScimClientId, ScimRequest, Timestamp};

/// Requests that are held at most between two writes; the rest isn't kept.
const MOST: usize = 2000;
/// The longest body that is kept, in bytes, masked.
const BODY: usize = 2000;

#[derive(Default)]
pub(crate) struct Journal {
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    requests: HashMap<ScimClientId, Vec<ScimRequest>>,
    count: usize,
    tokens: HashMap<i64, Timestamp>,
    /// When the use of a token was last written, so that a busy token isn't written all the time.
    written: HashMap<i64, Timestamp>,
}

impl Journal {
    pub(crate) fn token(&self, token: i64) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).tokens.insert(token, Timestamp::now());
    }

    pub(crate) fn request(&self, client: ScimClientId, request: ScimRequest) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.count < MOST {
            held.count += 1;
            held.requests.entry(client).or_default().push(request);
        }
    }

    /// Writes what is held.
    pub(crate) fn flush(&self, directory: &Directory) {
        let (requests, tokens) = {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.count = 0;
            let requests = std::mem::take(&mut held.requests);
            let used = std::mem::take(&mut held.tokens);
            let mut tokens = Vec::new();
            for (token, at) in used {
                let is_new = held.written.get(&token).is_none_or(|last| at.since(*last).as_secs() >= 60);
                if is_new {
                    held.written.insert(token, at);
                    tokens.push((token, at));
                }
            }
            (requests, tokens)
        };
        if requests.is_empty() && tokens.is_empty() {
            return;
        }
        let kept = directory.write(&Actor::new("scim"), |change| -> Result<(), DirectoryError> {
            change.touch_scim_tokens(&tokens)?;
            requests.iter().try_for_each(|(client, requests)| change.keep_scim_requests(*client, requests))
        });
        if let Err(error) = kept {
            tracing::warn!(%error, "the last requests of SCIM clients could not be kept");
        }
    }
}

/// A body with its texts masked: which attributes a client sends is of use, what they hold is nobody's business.
pub(crate) fn masked(body: &[u8]) -> Option<String> {
    if body.is_empty() {
        return None;
    }
    let Ok(mut json) = serde_json::from_slice::<Json>(body) else {
        return Some(format!("({} bytes that are no JSON)", body.len()));
    };
    mask(&mut json, None);
    let mut text = json.to_string();
    if text.len() > BODY {
        text.truncate(text.floor_char_boundary(BODY));
        text.push('…');
    }
    Some(text)
}

fn mask(json: &mut Json, key: Option<&str>) {
    match json {
        Json::Object(parts) => parts.iter_mut().for_each(|(key, value)| mask(value, Some(key))),
        Json::Array(values) => values.iter_mut().for_each(|value| mask(value, key)),
        Json::String(text) => match key.map(str::to_ascii_lowercase).as_deref() {
            Some("op" | "method" | "schemas" | "type") => {}
            Some("path") => *text = without_quoted(text),
            _ => *text = "***".to_owned(),
        },
        Json::Number(number) => *number = 0.into(),
        Json::Bool(_) | Json::Null => {}
    }
}

/// A filter or path without the texts in it.
pub(crate) fn without_quoted(text: &str) -> String {
    text.split('"').enumerate().map(|(at, part)| if at % 2 == 0 { part } else { "\"***\"" }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_body_shows_what_is_sent_and_not_what_it_holds() {
        let body = br#"{"schemas":["urn:x"],"userName":"ada@x","password":"geheim","active":false,"emails":[{"type":"work","value":"a@x"}],"Operations":[{"op":"Add","path":"members[value eq \"u1\"]","value":["u1", 7]}]}"#;
        let masked = masked(body).unwrap();
        for secret in ["ada@x", "geheim", "a@x", "u1", "7"] {
            assert!(!masked.contains(secret), "{masked}");
        }
        for shape in ["urn:x", "userName", "\"active\":false", "work", "Add", "members[value eq"] {
            assert!(masked.contains(shape), "{masked}");
        }
        assert_eq!(super::masked(b""), None);
        assert!(super::masked(b"{password").is_some_and(|kept| !kept.contains("password")));
    }
}
