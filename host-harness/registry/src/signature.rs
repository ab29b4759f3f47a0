//! Who has signed a component.
//!
//! Signatures are minisign's: one of Ed25519 over the BLAKE2b hash of the file, with a comment that is signed as well. The form is
//! small enough to be checked offline by anybody, and has no certificates that expire.

use std::path::Path;

use minisign_verify::{Error, PublicKey, Signature};

/// A key file or a signature is a few hundred bytes. What is longer is something else.
const LONGEST: usize = 16 << 10;

/// Somebody whose signature counts.
#[derive(Clone, Debug)]
pub struct Signer {
    name: String,
    key: PublicKey,
}

/// Those whose signature counts.
#[derive(Clone, Debug, Default)]
pub struct Signers(Vec<Signer>);

/// A signature that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The signer's name.
    pub by: String,
    /// What the signer has written beside the signature, and signed as well.
    pub comment: String,
}

/// A signature that doesn't hold, or a key that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A key file can't be read.
    #[error("the public key {name} can't be used: {reason}; name the .pub file that `minisign -G` has written")]
    Key {
        /// Its file.
        name: String,
        /// Why.
        reason: String,
    },
    /// There is none.
    #[error(
        "the component isn't signed; have it signed by its maker, hand the signature over with --signature, or leave --key out for --unsigned if the digest is enough"
    )]
    Missing,
    /// It isn't a signature.
    #[error(
        "what is there as the component's signature isn't one of minisign's; have the component signed again with `minisign -S`"
    )]
    Malformed,
    /// It is of the form that signs the file itself.
    #[error(
        "the signature is of minisign's old form, which isn't accepted; have the component signed again by minisign 0.11 or later"
    )]
    OldForm,
    /// It is by a key that wasn't named.
    #[error(
        "the component is signed by a key that isn't among the trusted ones ({trusted}); if its maker has another key now, name that one with --key"
    )]
    Stranger {
        /// The names of those.
        trusted: String,
    },
    /// It is not for these bytes.
    #[error(
        "the signature by {by} isn't for this component: either was changed after it was signed; don't run it, and ask its maker"
    )]
    Wrong {
        /// The signer whose key it names.
        by: String,
    },
}

impl Signer {
    /// Reads a public key as `minisign -G` writes it. It is named after its file.
    ///
    /// # Errors
    /// If the file can't be read, or is something else.
    pub fn read(path: &Path) -> Result<Self, SignatureError> {
        let failed = |reason: String| SignatureError::Key { name: path.display().to_string(), reason };
        let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        let name =
            path.file_stem().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
        Self::parse(&name, &text).map_err(|_| failed("it isn't a public key of minisign's".to_owned()))
    }

    /// Reads the text of a public key.
    ///
    /// # Errors
    /// If it is something else.
    pub fn parse(name: &str, text: &str) -> Result<Self, SignatureError> {
        let failed =
            || SignatureError::Key { name: name.to_owned(), reason: "it isn't a public key of minisign's".to_owned() };
        if text.len() > LONGEST {
            return Err(failed());
        }
        let key = PublicKey::decode(text).or_else(|_| PublicKey::from_base64(text.trim())).map_err(|_| failed())?;
        Ok(Self { name: name.to_owned(), key })
    }
}

impl FromIterator<Signer> for Signers {
    fn from_iter<T: IntoIterator<Item = Signer>>(signers: T) -> Self {
        Self(signers.into_iter().collect())
    }
}

impl Signers {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Says who has signed these bytes.
    ///
    /// # Errors
    /// If there is no signature, or it isn't by one of these signers for these bytes.
    pub fn check(&self, bytes: &[u8], signature: Option<&str>) -> Result<Signed, SignatureError> {
        let text = signature.ok_or(SignatureError::Missing)?;
        if text.len() > LONGEST {
            return Err(SignatureError::Malformed);
        }
        let signature = Signature::decode(text).map_err(|_| SignatureError::Malformed)?;
        for signer in &self.0 {
            match signer.key.verify(bytes, &signature, false) {
                Ok(()) => {
                    return Ok(Signed { by: signer.name.clone(), comment: signature.trusted_comment().to_owned() });
                }
                Err(Error::UnexpectedKeyId) => {}
                Err(Error::UnexpectedAlgorithm) => return Err(SignatureError::OldForm),
                Err(_) => return Err(SignatureError::Wrong { by: signer.name.clone() }),
            }
        }
        let trusted: Vec<&str> = self.0.iter().map(|signer| signer.name.as_str()).collect();
        Err(SignatureError::Stranger { trusted: trusted.join(", ") })
    }
}
