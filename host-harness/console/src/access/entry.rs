//! The token that lets somebody in where nobody has a password: it stands in the address that the console prints when it starts.
//!
//! That something comes from this machine says little of who it is: other users are here as well, and so is a sandbox that may reach
//! an emulator on loopback.

use axum::http::Uri;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};

/// Bytes of randomness in a token.
const BYTES: usize = 24;

/// The name of the token in an address and in a form.
pub(crate) const TOKEN: &str = "token";

/// The token of one console, valid for as long as it runs.
pub(crate) struct EntryToken(String);

impl EntryToken {
    /// A new one. Returns `None` if the machine gives no random numbers.
    pub(crate) fn random() -> Option<Self> {
        let mut bytes = [0; BYTES];
        SystemRandom::new().fill(&mut bytes).ok()?;
        Some(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// What stands behind the `?` of the address.
    pub(crate) fn query(&self) -> String {
        format!("{TOKEN}={}", self.0)
    }

    /// Whether `text` is the token. How long that takes says nothing of how much of it is right.
    pub(crate) fn is(&self, text: &str) -> bool {
        digest(&SHA256, self.0.as_bytes()).as_ref() == digest(&SHA256, text.as_bytes()).as_ref()
    }
}

/// The token in an address, and the address without it.
pub(super) fn split(address: &Uri) -> Option<(String, String)> {
    let pairs = || url::form_urlencoded::parse(address.query().unwrap_or_default().as_bytes());
    let (_, token) = pairs().find(|(name, _)| name == TOKEN)?;
    let mut rest = url::form_urlencoded::Serializer::new(String::new());
    rest.extend_pairs(pairs().filter(|(name, _)| name != TOKEN));
    let rest = rest.finish();
    let separator = if rest.is_empty() { "" } else { "?" };
    Some((token.into_owned(), format!("{}{separator}{rest}", address.path())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_in_an_address_and_taken_out_of_it() {
        let split = |address: &'static str| split(&Uri::from_static(address));
        let found = |token: &str, rest: &str| Some((token.to_owned(), rest.to_owned()));
        assert_eq!(split("/?token=abc"), found("abc", "/"));
        assert_eq!(split("/tasks?kind=push&token=a%20b&person=x+y"), found("a b", "/tasks?kind=push&person=x+y"));
        assert_eq!(split("/tasks?kind=push"), None);
    }

    #[test]
    fn only_the_whole_token_fits() {
        let (one, other) = (EntryToken::random().unwrap(), EntryToken::random().unwrap());
        let text = one.query().strip_prefix("token=").unwrap().to_owned();
        assert!(one.is(&text) && !other.is(&text));
        assert!(!one.is("") && !one.is(&text[1..]) && !one.is(&format!("{text} ")));
    }
}
