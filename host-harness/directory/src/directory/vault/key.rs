//! A key, and what is derived from it.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use ring::hmac;
use zeroize::Zeroizing;

use super::super::hashes::hexadecimal;
use super::super::{DirectoryError, random};

/// Length of a key, in bytes (RFC 8439 §2.8).
pub(super) const KEY_BYTES: usize = 32;
/// Length of a key's id, in bytes.
const ID_BYTES: usize = 8;

/// The first byte of what is sealed, and what the associated data begins with. The byte is a form's number.
const FORM: (u8, &str) = (2, "provisioning-secret/2");
/// What the associated data of values began with that were sealed before keys had ids. They begin with their nonce.
const FIRST_FORM: &str = "provisioning-secret/1";

/// A key, and what is derived from it by HKDF (RFC 5869).
pub(super) struct Key {
    /// By which what was made with it says so. Tells nothing of the key.
    id: [u8; ID_BYTES],
    bytes: Zeroizing<[u8; KEY_BYTES]>,
    sealing: LessSafeKey,
    audit: Zeroizing<[u8; KEY_BYTES]>,
    browsers: Zeroizing<[u8; KEY_BYTES]>,
}

impl Key {
    /// Returns `None` if it isn't of 32 bytes.
    pub(super) fn new(bytes: &[u8]) -> Option<Self> {
        let sealing = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, bytes).ok()?);
        let bytes = Zeroizing::new(<[u8; KEY_BYTES]>::try_from(bytes).ok()?);
        let derived = Salt::new(HKDF_SHA256, b"provisioning-key").extract(&*bytes);
        let (mut id, mut audit) = ([0; ID_BYTES], Zeroizing::new([0; KEY_BYTES]));
        let mut browsers = Zeroizing::new([0; KEY_BYTES]);
        fill(&derived, b"id/1", &mut id)?;
        fill(&derived, b"audit/1", &mut *audit)?;
        fill(&derived, b"browsers/1", &mut *browsers)?;
        Some(Self { id, bytes, sealing, audit, browsers })
    }

    pub(super) fn random() -> Result<Self, DirectoryError> {
        let bytes = Zeroizing::new(random::bytes::<KEY_BYTES>()?);
        Self::new(&*bytes).ok_or_else(|| DirectoryError::Invalid("no key could be made".to_owned()))
    }

    pub(super) fn id(&self) -> String {
        hexadecimal(&self.id)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &*self.bytes
    }

    /// What links of the audit trail are made with.
    pub(super) fn audit(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &*self.audit)
    }

    pub(super) fn audit_bytes(&self) -> &[u8] {
        &*self.audit
    }

    /// What signs that which goes to browsers.
    pub(super) fn browsers(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &*self.browsers)
    }

    /// Seals bytes for an owner: the form, the key's id, a nonce, and the bytes with their tag.
    pub(super) fn seal(&self, owner: &[&str], bytes: &[u8]) -> Result<Vec<u8>, DirectoryError> {
        let sealed = self.seal_form(FORM.1, owner, bytes)?;
        Ok([[FORM.0].as_slice(), self.id.as_slice(), sealed.as_slice()].concat())
    }

    fn seal_form(&self, form: &str, owner: &[&str], bytes: &[u8]) -> Result<Vec<u8>, DirectoryError> {
        let nonce = random::bytes::<NONCE_LEN>()?;
        let mut text = Zeroizing::new(bytes.to_vec());
        let tag = self
            .sealing
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad(form, owner), &mut text)
            .map_err(|_| DirectoryError::Invalid("a secret is too long to be sealed".to_owned()))?;
        Ok([nonce.as_slice(), text.as_slice(), tag.as_ref()].concat())
    }

    /// As versions before keys had ids have sealed.
    #[cfg(test)]
    pub(super) fn seal_in_the_first_form(&self, owner: &[&str], bytes: &[u8]) -> Result<Vec<u8>, DirectoryError> {
        self.seal_form(FIRST_FORM, owner, bytes)
    }

    /// Opens what this key has sealed for an owner. Returns `None` if it hasn't.
    pub(super) fn open(&self, owner: &[&str], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match key_id(sealed) {
            Some(id) if id == self.id() => self.open_form(FORM.1, owner, &sealed[1 + ID_BYTES..]),
            _ => self.open_form(FIRST_FORM, owner, sealed),
        }
    }

    fn open_form(&self, form: &str, owner: &[&str], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = Zeroizing::new(text.to_vec());
        let length = self.sealing.open_in_place(nonce, aad(form, owner), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}

/// The id of the key that something was sealed with. Of what was sealed before keys had ids it is some other text, or `None`.
pub(in crate::directory) fn key_id(sealed: &[u8]) -> Option<String> {
    match sealed {
        [form, rest @ ..] if *form == FORM.0 => rest.first_chunk::<ID_BYTES>().map(|id| hexadecimal(id)),
        _ => None,
    }
}

fn fill(derived: &Prk, purpose: &[u8], out: &mut [u8]) -> Option<()> {
    derived.expand(&[purpose], Length(out.len())).ok()?.fill(out).ok()
}

/// The length of what is derived, in bytes.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// Each part with its length before it, so that no two owners run together to the same bytes.
fn aad(form: &str, owner: &[&str]) -> Aad<Vec<u8>> {
    let mut bytes = Vec::new();
    for part in std::iter::once(&form).chain(owner) {
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    Aad::from(bytes)
}
