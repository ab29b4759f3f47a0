//! Placeholders that are made of others: for the Basic scheme, and for tokens that a key signs.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::bindings::identity::provisioning::types;
use super::http::Gate;
use super::placeholders::{Claims, Kind};
use super::secrets::Secret;

/// The longest username of the Basic scheme, in bytes. LDAP's longest names are shorter, and so are header fields that servers take.
const LONGEST_USERNAME: usize = 1 << 10;

/// The longest claims that are signed, in bytes: servers refuse longer tokens (HTTP 431), and signing them would take a while.
const LONGEST_CLAIMS: usize = 8 << 10;

const NO_PLACEHOLDER: &str = "this is no placeholder of a secret setting of this job";

impl Gate {
    /// A placeholder of `base64(username ":" secret)` (RFC 7617 §2).
    ///
    /// # Errors
    /// A sentence: there is no such placeholder, no use for it, or no room for another.
    pub(crate) fn basic(&self, username: &str, secret: &str) -> Result<String, String> {
        let held = self.setting(secret)?;
        if !self.access().may_be_basic(&held.name) {
            return Err(format!("no approved use sends the secret `{}` in the form `basic`", held.name));
        }
        if username.len() > LONGEST_USERNAME {
            return Err(format!("the username is {} bytes long; {LONGEST_USERNAME} are the most", username.len()));
        }
        if username.contains(':') {
            return Err("the username holds a colon, which the Basic scheme has no escape for (RFC 7617 §2)".to_owned());
        }
        let joined = Zeroizing::new(format!("{username}:{}", held.value.expose()));
        self.mint(&held.name, STANDARD.encode(joined.as_bytes()), Kind::Basic)
    }

    /// A placeholder of a JWT of these claims, signed RS256 (RFC 7515 §3.1, RFC 7518 §3.3).
    ///
    /// # Errors
    /// A sentence: there is no such placeholder, the claims are beyond what was approved, or the key can't sign.
    pub(crate) fn sign_jwt(&self, key: &str, key_id: Option<&str>, claims: &str) -> Result<String, String> {
        let held = self.setting(key)?;
        let length = claims.len() + key_id.map_or(0, str::len);
        if length > LONGEST_CLAIMS {
            return Err(format!(
                "the claims and the name of the key are {length} bytes long; {LONGEST_CLAIMS} are the most"
            ));
        }
        let claims: Map<String, Value> =
            serde_json::from_str(claims).map_err(|_| "the claims are no JSON object".to_owned())?;
        let text = |name: &str| {
            let claim = claims.get(name).and_then(Value::as_str);
            claim.map(str::to_owned).ok_or_else(|| format!("the claim `{name}` isn't there, or no text"))
        };
        let bounded = Claims {
            issuer: text("iss")?,
            subject: text("sub")?,
            audience: text("aud")?,
            expires: claims
                .get("exp")
                .and_then(Value::as_u64)
                .ok_or("the claim `exp` isn't there, or no number of seconds")?,
        };
        if !self.access().may_sign(&held.name, &bounded) {
            return Err(format!(
                "no approved use has `{}` sign for the issuer {}, the subject {} and the audience {} until then",
                held.name,
                bounded.issuer.escape_debug(),
                bounded.subject.escape_debug(),
                bounded.audience.escape_debug()
            ));
        }
        let mut header = Map::from_iter([("alg".to_owned(), Value::from("RS256"))]);
        header.extend(key_id.map(|id| ("kid".to_owned(), Value::from(id))));
        let encoded = |part: Map<String, Value>| URL_SAFE_NO_PAD.encode(Value::Object(part).to_string());
        let signed = format!("{}.{}", encoded(header), encoded(claims));
        // What is replayed goes nowhere, and whoever replays need not have the key.
        let signature = if self.replay.is_some() { Vec::new() } else { held.value.sign_rs256(signed.as_bytes())? };
        self.mint(&held.name, format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)), Kind::Jwt(bounded))
    }

    /// The setting that a placeholder stands for.
    fn setting(&self, placeholder: &str) -> Result<std::sync::Arc<super::placeholders::Held>, String> {
        let held = self.placeholders().get(placeholder);
        held.filter(|held| held.kind == Kind::Setting).ok_or_else(|| NO_PLACEHOLDER.to_owned())
    }

    fn mint(&self, name: &str, value: String, kind: Kind) -> Result<String, String> {
        let most = self.limits.handles;
        let minted = self.placeholders().mint(name, &Secret::new(value), kind, most);
        minted.map_err(|_| format!("the job holds {most} placeholders, and no more are allowed"))
    }

    /// Puts `{{name}}` in the place of placeholders in a text for people.
    pub(crate) fn name_secrets(&self, text: &mut String) {
        if let std::borrow::Cow::Owned(named) = self.placeholders().named_text(text) {
            *text = named;
        }
    }

    /// Puts `{{name}}` in the place of placeholders in an error of the connector.
    pub(crate) fn name_secrets_of(&self, error: &mut types::Error) {
        self.name_secrets(&mut error.message);
        error.remedy.iter_mut().for_each(|remedy| self.name_secrets(remedy));
        if let Some(upstream) = &mut error.upstream {
            self.name_secrets(&mut upstream.code);
            self.name_secrets(&mut upstream.message);
            upstream.fields.iter_mut().for_each(|field| self.name_secrets(field));
        }
    }
}

#[cfg(test)]
mod tests;
