//! Keys and signatures in minisign's form, for tests of what reads them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

/// A key pair with its id, which is eight bytes that its maker has chosen.
pub(crate) struct Keys {
    pub(crate) pair: Ed25519KeyPair,
    pub(crate) id: [u8; 8],
}

impl Keys {
    pub(crate) fn new() -> Self {
        let random = SystemRandom::new();
        let pair = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let mut id = [0; 8];
        random.fill(&mut id).unwrap();
        Self { pair: Ed25519KeyPair::from_pkcs8(pair.as_ref()).unwrap(), id }
    }

    /// The file of the public key.
    pub(crate) fn public(&self) -> String {
        let key = [b"Ed", &self.id[..], self.pair.public_key().as_ref()].concat();
        format!("untrusted comment: minisign public key\n{}\n", BASE64_STANDARD.encode(key))
    }

    /// The file of a signature.
    pub(crate) fn sign(&self, bytes: &[u8], comment: &str) -> String {
        let hash = blake2b_simd::blake2b(bytes);
        let signature = self.pair.sign(hash.as_bytes());
        let whole = self.pair.sign(&[signature.as_ref(), comment.as_bytes()].concat());
        let line = [b"ED", &self.id[..], signature.as_ref()].concat();
        format!(
            "untrusted comment: signature\n{}\ntrusted comment: {comment}\n{}\n",
            BASE64_STANDARD.encode(line),
            BASE64_STANDARD.encode(whole)
        )
    }
}
