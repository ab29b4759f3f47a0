//! Signed assertions (RFC 7523): the connected app's key, and what an assertion claims.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use serde_json::Value;
use webpki::ring::RSA_PKCS1_2048_8192_SHA256;
use webpki::{EndEntityCert, RawPublicKeyEntity};

/// The RSA key against which a connected app's assertions are checked.
#[derive(Clone, Debug)]
pub(crate) struct VerificationKey {
    key: SubjectPublicKeyInfoDer<'static>,
}

/// What a verified assertion says.
#[derive(Debug)]
pub(crate) struct Claims {
    /// The connected app's consumer key.
    pub(crate) issuer: String,
    /// The user's username.
    pub(crate) subject: String,
    /// Whom the assertion is for.
    pub(crate) audiences: Vec<String>,
    /// Until when it holds, in seconds since 1970.
    pub(crate) expires: i64,
}

impl VerificationKey {
    /// Reads a certificate, as a connected app takes it, or a bare public key, in PEM.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub(crate) fn from_pem(pem: &str) -> Result<Self, String> {
        let key = match CertificateDer::from_pem_slice(pem.as_bytes()) {
            Ok(certificate) => EndEntityCert::try_from(&certificate)
                .map_err(|error| format!("the certificate cannot be read: {error}"))?
                .subject_public_key_info(),
            Err(_) => SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes())
                .map_err(|error| format!("there is neither a certificate nor a public key in PEM: {error}"))?,
        };
        RawPublicKeyEntity::try_from(&key).map_err(|error| format!("the public key cannot be read: {error}"))?;
        Ok(Self { key })
    }

    /// The claims of an assertion that this key signed by RS256; `None` for any other.
    pub(crate) fn verify(&self, assertion: &str) -> Option<Claims> {
        let (signed, signature) = assertion.rsplit_once('.')?;
        let (header, _) = signed.split_once('.')?;
        if part(header)?.get("alg")? != "RS256" {
            return None;
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        RawPublicKeyEntity::try_from(&self.key)
            .ok()?
            .verify_signature(RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature)
            .ok()?;
        claims(assertion)
    }
}

/// The claims of an assertion whose signature nobody has checked: only good for finding out whose key to check with.
pub(crate) fn claims(assertion: &str) -> Option<Claims> {
    let claims = part(assertion.split('.').nth(1)?)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let audiences = match claims.get("aud")? {
        Value::String(audience) => vec![audience.clone()],
        Value::Array(audiences) => audiences.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => return None,
    };
    Some(Claims { issuer: text("iss")?, subject: text("sub")?, audiences, expires: seconds(claims.get("exp")?)? })
}

/// RFC 7519 wants a number, and clients that are known to work send a string of digits as well.
#[allow(clippy::cast_possible_truncation)]
fn seconds(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|seconds| seconds as i64)),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn part(text: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?).ok()
}
