//! Secrets: values that never enter a sandbox, a log, a print or a serialisation.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::{self, PemObject as _};
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::bindings::identity::provisioning::http::Escaping;

/// What stands in the place of a secret wherever a text could quote one.
pub(crate) const MASK: &str = "***";

/// Secrets shorter than this are not masked in texts: they would tear harmless words apart, and a secret of so few
/// characters is none.
const SHORTEST_MASKED: usize = 4;

/// A secret value. It is wiped from memory when the last copy goes, and prints as `***`.
///
/// ```
/// use provisioning_runtime::Secret;
///
/// let password = Secret::new("correct horse".to_owned());
/// assert_eq!(format!("{password:?}"), "Secret(***)");
/// assert_eq!(password.expose(), "correct horse");
/// ```
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// Takes a value as a secret.
    pub fn new(value: String) -> Self {
        Self(Arc::new(Zeroizing::new(value)))
    }

    /// The value. Whoever asks for it answers for where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The value as it stands in a body of that syntax.
    pub(crate) fn escaped(&self, escaping: Escaping) -> Zeroizing<String> {
        let value = self.expose();
        Zeroizing::new(match escaping {
            Escaping::Verbatim => value.to_owned(),
            Escaping::Xml => escape_xml(value),
            Escaping::Json => escape_json(value),
            Escaping::Form => form_urlencoded::byte_serialize(value.as_bytes()).collect(),
        })
    }

    /// Signs as RSASSA-PKCS1-v1_5 with SHA-256.
    ///
    /// # Errors
    /// One sentence, without the secret, when it is not a PEM-encoded RSA private key (PKCS #8 or PKCS #1) of at least
    /// 2,048 bits.
    pub(crate) fn sign_rs256(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        let key =
            PrivateKeyDer::from_pem_slice(self.expose().as_bytes()).map(Zeroizing::new).map_err(
                |error| match error {
                    pem::Error::NoItemsFound => {
                        "the secret is not a PEM-encoded private key; it must begin with -----BEGIN PRIVATE KEY-----"
                            .to_owned()
                    }
                    error => format!("the secret cannot be read as PEM: {error}"),
                },
            )?;
        let key = match &*key {
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            _ => return Err("the secret is the private key of an elliptic curve, not of RSA".to_owned()),
        }
        .map_err(|rejected| format!("the secret is not a usable RSA private key: {rejected}"))?;
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &ring::rand::SystemRandom::new(), message, &mut signature)
            .map_err(|_| "the RSA key could not sign the message".to_owned())?;
        Ok(signature)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

fn escape_xml(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len() + 16);
    for c in value.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            // Written as they are, these would be normalised to a space or a line feed by the reader (XML 1.0 §2.11).
            '\r' => escaped.push_str("&#13;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

fn escape_json(value: &str) -> String {
    // A JSON string is its escaped inside between two quotes, and serialising a string cannot fail.
    let quoted = Zeroizing::new(serde_json::Value::from(value).to_string());
    quoted[1..quoted.len() - 1].to_owned()
}

/// Finds secrets in what comes back from outside and puts `***` in their place.
#[derive(Clone, Default)]
pub(crate) struct Masks(Vec<Zeroizing<Vec<u8>>>);

impl Masks {
    /// Masks for a secret in each form in which a body may have carried it.
    pub(crate) fn add(&mut self, secret: &Secret) {
        for escaping in [Escaping::Verbatim, Escaping::Xml, Escaping::Json, Escaping::Form] {
            self.push(Zeroizing::new(secret.escaped(escaping).as_bytes().to_vec()));
        }
        self.sort();
    }

    /// A mask for a text that came from elsewhere, such as a session id.
    pub(crate) fn add_text(&mut self, text: &str) {
        self.push(Zeroizing::new(text.as_bytes().to_vec()));
        self.sort();
    }

    /// The masks of `other`, too.
    pub(crate) fn extend(&mut self, other: &Self) {
        other.0.iter().for_each(|form| self.push(form.clone()));
        self.sort();
    }

    fn push(&mut self, form: Zeroizing<Vec<u8>>) {
        if form.len() >= SHORTEST_MASKED && !self.0.contains(&form) {
            self.0.push(form);
        }
    }

    /// The longest first, or the rest of a longer form would stay visible beside the mask of a shorter one.
    fn sort(&mut self) {
        self.0.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// `bytes` with every secret masked; borrowed where there was none.
    pub(crate) fn apply<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let mut masked = Cow::Borrowed(bytes);
        for form in &self.0 {
            let finder = memchr::memmem::Finder::new(form.as_slice());
            if finder.find(&masked).is_none() {
                continue;
            }
            let mut out = Vec::with_capacity(masked.len());
            let mut from = 0;
            for at in finder.find_iter(&masked) {
                out.extend_from_slice(&masked[from..at]);
                out.extend_from_slice(MASK.as_bytes());
                from = at + form.len();
            }
            out.extend_from_slice(&masked[from..]);
            masked = Cow::Owned(out);
        }
        masked
    }

    /// `text` with every secret masked.
    pub(crate) fn apply_str<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.apply(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }
}

impl fmt::Debug for Masks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Masks({})", self.0.len())
    }
}

/// What a component's handle of a secret stands for in the host.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct SecretHandle(pub(crate) Secret);

#[cfg(test)]
mod tests;
