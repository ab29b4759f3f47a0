//! Secrets: values that never enter a sandbox, a log, a print or a serialisation.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::{self, PemObject as _};
use url::form_urlencoded;
use zeroize::Zeroizing;

/// What stands in the place of a credential whose name isn't known.
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

/// Finds secrets in what comes back from outside, and puts another text in their place: their placeholder for a component, `{{name}}`
/// for people.
#[derive(Clone, Default)]
pub(crate) struct Masks(Vec<Mask>);

/// A masked text that would be longer than it may be.
#[derive(Debug)]
pub(crate) struct TooLong;

#[derive(Clone)]
struct Mask {
    form: Zeroizing<Vec<u8>>,
    instead: String,
}

impl Masks {
    /// Masks a secret in each form in which a server may write what it was sent.
    pub(crate) fn add(&mut self, secret: &Secret, instead: &str) {
        let value = secret.expose();
        let hexadecimal = Zeroizing::new(value.bytes().map(|byte| format!("{byte:02x}")).collect::<String>());
        for form in [STANDARD.encode(value), URL_SAFE_NO_PAD.encode(value), hexadecimal.to_string()] {
            self.push(form.into_bytes(), instead);
        }
        self.add_token(secret, instead);
    }

    /// Masks a secret in the forms in which JSON, XML and forms have it. A token stands in many answers that are not about it, and
    /// each further form is another search of all of them.
    pub(crate) fn add_token(&mut self, secret: &Secret, instead: &str) {
        let value = secret.expose();
        // A JSON string is its escaped inside between two quotes, and writing a string can't fail.
        let json = Zeroizing::new(serde_json::Value::from(value).to_string());
        let form: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        for form in [value, quick_xml::escape::escape(value).as_ref(), &json[1..json.len() - 1], &form] {
            self.push(form.as_bytes().to_vec(), instead);
        }
    }

    fn push(&mut self, form: Vec<u8>, instead: &str) {
        let form = Zeroizing::new(form);
        if form.len() >= SHORTEST_MASKED && !self.0.iter().any(|mask| mask.form == form) {
            // The longest first, or the rest of a longer form would stay visible beside what stands for a shorter one.
            let at = self.0.partition_point(|mask| mask.form.len() >= form.len());
            self.0.insert(at, Mask { form, instead: instead.to_owned() });
        }
    }

    /// `bytes` with every secret masked; borrowed where there was none.
    pub(crate) fn apply<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        self.apply_within(bytes, usize::MAX).unwrap_or(Cow::Borrowed(&[]))
    }

    /// `bytes` with every secret masked, if that is no longer than `most`. What stands for a short secret is longer than it, so an
    /// answer that is nothing but secrets grows.
    ///
    /// # Errors
    /// It would be longer.
    pub(crate) fn apply_within<'a>(&self, bytes: &'a [u8], most: usize) -> Result<Cow<'a, [u8]>, TooLong> {
        let mut masked = Cow::Borrowed(bytes);
        for Mask { form, instead } in &self.0 {
            let finder = memchr::memmem::Finder::new(form.as_slice());
            let found = finder.find_iter(&masked).count();
            if found == 0 {
                continue;
            }
            let length = masked.len() - found * form.len() + found * instead.len();
            if length > most {
                return Err(TooLong);
            }
            let mut out = Vec::with_capacity(length);
            let mut from = 0;
            for at in finder.find_iter(&masked) {
                out.extend_from_slice(&masked[from..at]);
                out.extend_from_slice(instead.as_bytes());
                from = at + form.len();
            }
            out.extend_from_slice(&masked[from..]);
            masked = Cow::Owned(out);
        }
        Ok(masked)
    }

    /// The length of the longest form that is masked.
    pub(crate) fn longest(&self) -> usize {
        self.0.first().map_or(0, |mask| mask.form.len())
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

#[cfg(test)]
mod tests;
