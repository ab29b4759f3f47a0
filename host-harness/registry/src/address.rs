//! Where a component is in a registry.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use oci_client::Reference;

/// How an address begins.
const SCHEME: &str = "oci://";

/// A component in a registry: `oci://HOST[:PORT]/NAME[:TAG]@sha256:DIGEST`.
///
/// The digest is that of the manifest, which tools print when they publish, or of the component itself. A tag may be there for
/// people to read; it isn't looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    reference: Reference,
    digest: String,
}

/// A text that isn't an address. It isn't quoted: somebody may have written a password into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is of another form.
    #[error(
        "this isn't the address of a component in a registry; write it as oci://HOST/NAME@sha256:DIGEST, without a user or a password"
    )]
    Form,
    /// It names no registry.
    #[error("the address names no registry; write its host first, as in oci://registry.example/NAME@sha256:DIGEST")]
    NoHost,
    /// It names no digest.
    #[error(
        "the address names no digest, and what a tag leads to may change; add the @sha256:DIGEST that was printed when the component was published"
    )]
    NoDigest,
    /// Its digest isn't a SHA-256.
    #[error("the digest of the address isn't sha256: and 64 hexadecimal digits")]
    Digest,
}

impl Address {
    /// Whether a text is meant as an address.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(SCHEME)
    }

    /// The registry's host, with its port if the address has one.
    pub fn host(&self) -> &str {
        self.reference.registry()
    }

    /// The digest that the address names, as 64 hexadecimal digits in lower case.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    pub(crate) fn reference(&self) -> &Reference {
        &self.reference
    }

    /// Whether the registry is on this machine. Only then is it asked by plain HTTP.
    pub(crate) fn is_loopback(&self) -> bool {
        let name = self.host().split(':').next().unwrap_or_default();
        name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let rest = text.strip_prefix(SCHEME).ok_or(AddressError::Form)?;
        let (name, digest) = match rest.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (rest, None),
        };
        // What comes before the first slash is a registry only if it looks like a host; else the parser would choose one itself.
        let (host, _) = name.split_once('/').ok_or(AddressError::NoHost)?;
        if !(host.contains(['.', ':']) || host == "localhost") {
            return Err(AddressError::NoHost);
        }
        let digest = digest.ok_or(AddressError::NoDigest)?;
        if digest.contains('@') {
            return Err(AddressError::Form);
        }
        let digits = digest.strip_prefix("sha256:").ok_or(AddressError::Digest)?;
        if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(AddressError::Digest);
        }
        let digest = digits.to_ascii_lowercase();
        let reference = format!("{name}@sha256:{digest}").parse().map_err(|_| AddressError::Form)?;
        Ok(Self { reference, digest })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}", self.reference)
    }
}
