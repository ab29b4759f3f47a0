//! Browsers that somebody has signed in with before.
//!
//! Strangers who guess at a name slow down every further guess at it, wherever it comes from, and would keep its owner out as well.
//! So a browser that has signed in gets a mark, and its tries are counted by themselves ([OWASP, device cookies]). The mark is of one
//! name and one password: it is worth nothing once that is changed, and lets nobody in.
//!
//! [OWASP, device cookies]: https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies

use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::{Cookie, SameSite};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::gate::cookie;
use super::{Access, AdminsError};

/// Bytes of randomness in a mark.
const BYTES: usize = 16;

/// How long a browser keeps it.
const DAYS: i64 = 180;

fn key(hash: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, hash.as_bytes())
}

fn message(name: &str, random: &[u8]) -> Vec<u8> {
    [b"known browser\0", name.as_bytes(), b"\0", random].concat()
}

impl Access {
    /// The header that marks a browser as one that has signed in with `name`, whose password has this hash. Returns `None` if the
    /// machine gives no random numbers.
    pub(crate) fn mark(&self, name: &str, hash: &str) -> Option<HeaderValue> {
        let mut random = [0; BYTES];
        SystemRandom::new().fill(&mut random).ok()?;
        let tag = hmac::sign(&key(hash), &message(name, &random));
        let value = format!("{}.{}", URL_SAFE_NO_PAD.encode(random), URL_SAFE_NO_PAD.encode(tag));
        let cookie = Cookie::build((self.device_cookie.as_str(), value))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Strict)
            .max_age(cookie::time::Duration::days(DAYS))
            .secure(self.behind_tls);
        HeaderValue::try_from(cookie.to_string()).ok()
    }

    /// Which browser this is, if it has signed in with `name` before.
    ///
    /// # Errors
    /// If the admins can't be read.
    pub(crate) fn known_browser(&self, headers: &HeaderMap, name: &str) -> Result<Option<String>, AdminsError> {
        let Some(value) = cookie(headers, &self.device_cookie) else { return Ok(None) };
        let Some((random, tag)) = value.split_once('.') else { return Ok(None) };
        let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let (Some(bytes), Some(tag)) = (decoded(random), decoded(tag)) else { return Ok(None) };
        let name = name.to_lowercase();
        let Some(hash) = self.admins.hash_of(&name)? else { return Ok(None) };
        let fits = hmac::verify(&key(&hash), &message(&name, &bytes), &tag).is_ok();
        Ok(fits.then(|| random.to_owned()))
    }
}
