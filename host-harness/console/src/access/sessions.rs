//! Sessions: who is signed in, and what is still to be told to a browser.
//!
//! A browser's session is a random name in its cookie. A session that nobody has signed in to costs no memory here; what is kept
//! is bounded, so that strangers cannot fill it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::super::chrome::Flash;

/// Bytes of randomness in a session's name.
const NAME_BYTES: usize = 32;
/// Sessions that are signed in at once; the one that was idle longest makes room.
const SIGNED_IN: usize = 256;
/// Browsers that something is still to be told to.
const WITH_FLASHES: usize = 256;
/// Things that are told at once.
const FLASHES: usize = 8;
/// A session ends after this long without a request.
const IDLE: Duration = Duration::from_secs(60 * 60);
/// A session ends this long after signing in.
const LIFE: Duration = Duration::from_secs(12 * 60 * 60);

/// A session's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SessionId(Arc<str>);

impl SessionId {
    /// A new one; none where the machine gives no random numbers.
    pub(crate) fn random() -> Option<Self> {
        let mut bytes = [0; NAME_BYTES];
        SystemRandom::new().fill(&mut bytes).ok()?;
        Some(Self(URL_SAFE_NO_PAD.encode(bytes).into()))
    }

    /// The one in a cookie; none where it is not one of ours.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == NAME_BYTES).then(|| Self(text.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The form token: only who reads this console's pages knows it.
    pub(super) fn token(&self, key: &hmac::Key) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(key, self.0.as_bytes()))
    }

    /// Whether `token` is the form token, in constant time.
    pub(super) fn has_token(&self, key: &hmac::Key, token: &str) -> bool {
        URL_SAFE_NO_PAD.decode(token).is_ok_and(|tag| hmac::verify(key, self.0.as_bytes(), &tag).is_ok())
    }
}

struct SignedIn {
    name: Arc<str>,
    /// The stored hash that the password was checked against; a new password ends the session.
    hash: String,
    since: Instant,
    seen: Instant,
}

#[derive(Default)]
struct Kept {
    signed_in: HashMap<SessionId, SignedIn>,
    flashes: HashMap<SessionId, (Instant, Vec<Flash>)>,
}

/// What is kept of sessions.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<Kept>);

impl Sessions {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signs a session in.
    pub(crate) fn sign_in(&self, session: &SessionId, name: &str, hash: &str, now: Instant) {
        let mut kept = self.kept();
        kept.signed_in.retain(|_, one| is_alive(one, now));
        if kept.signed_in.len() >= SIGNED_IN {
            let idle = kept.signed_in.iter().min_by_key(|(_, one)| one.seen).map(|(id, _)| id.clone());
            idle.and_then(|id| kept.signed_in.remove(&id));
        }
        let one = SignedIn { name: name.into(), hash: hash.to_owned(), since: now, seen: now };
        kept.signed_in.insert(session.clone(), one);
    }

    /// Who is signed in, and the stored hash that counted then. The session goes on being used.
    pub(crate) fn signed_in(&self, session: &SessionId, now: Instant) -> Option<(Arc<str>, String)> {
        let mut kept = self.kept();
        let one = kept.signed_in.get_mut(session)?;
        if !is_alive(one, now) {
            kept.signed_in.remove(session);
            return None;
        }
        one.seen = now;
        Some((Arc::clone(&one.name), one.hash.clone()))
    }

    /// Ends a session.
    pub(crate) fn sign_out(&self, session: &SessionId) {
        let mut kept = self.kept();
        kept.signed_in.remove(session);
        kept.flashes.remove(session);
    }

    /// Keeps what the next page is to tell.
    pub(crate) fn flash(&self, session: &SessionId, good: bool, text: impl Into<String>) {
        let mut kept = self.kept();
        if kept.flashes.len() >= WITH_FLASHES && !kept.flashes.contains_key(session) {
            let oldest = kept.flashes.iter().min_by_key(|(_, (since, _))| *since).map(|(id, _)| id.clone());
            oldest.and_then(|id| kept.flashes.remove(&id));
        }
        let (since, flashes) = kept.flashes.entry(session.clone()).or_insert_with(|| (Instant::now(), Vec::new()));
        *since = Instant::now();
        if flashes.len() < FLASHES {
            flashes.push(Flash { good, text: text.into() });
        }
    }

    /// What is to be told now, and then no more.
    pub(crate) fn take_flashes(&self, session: &SessionId) -> Vec<Flash> {
        self.kept().flashes.remove(session).map(|(_, flashes)| flashes).unwrap_or_default()
    }
}

fn is_alive(one: &SignedIn, now: Instant) -> bool {
    now.duration_since(one.seen) < IDLE && now.duration_since(one.since) < LIFE
}

#[cfg(test)]
mod tests;
