//! Who is signed in, and what is still to be told to a browser.
//!
//! A browser's session is a random name in its cookie. A session that nobody has signed in to costs nothing here; what is kept is in the
//! directory, so that it doesn't matter which host a browser asks, and bounded, so that strangers can't fill it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};

use super::super::chrome::Flash;
use super::shelf::Shelf;
use provisioning_directory::{Actor, ConsoleSession, Directory, DirectoryError, ShelfKind, Timestamp};

/// Bytes of randomness in a session's name.
const NAME_BYTES: usize = 32;
/// Things that are told at once.
const FLASHES: usize = 8;

/// A session's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct SessionId(String);

impl SessionId {
    /// A new one. Returns `None` if the machine gives no random numbers.
    pub(crate) fn random() -> Option<Self> {
        let mut bytes = [0; NAME_BYTES];
        SystemRandom::new().fill(&mut bytes).ok()?;
        Some(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The one in a cookie. Returns `None` if it isn't one of ours.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == NAME_BYTES).then(|| Self(text.to_owned()))
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

/// What is kept of sessions.
pub(crate) struct Sessions {
    directory: Directory,
    words: Shelf,
}

impl Sessions {
    pub(crate) fn of(directory: &Directory) -> Self {
        Self { directory: directory.clone(), words: Shelf::new(directory, ShelfKind::Words) }
    }

    fn actor(admin: &str) -> Actor {
        Actor::new(if admin.is_empty() { "console" } else { admin })
    }

    /// Signs a session in. `secret` is what the sign-in was checked against.
    pub(crate) fn sign_in(
        &self,
        session: &SessionId,
        admin: &str,
        secret: &str,
        address: &str,
    ) -> Result<(), DirectoryError> {
        self.directory.write(&Self::actor(admin), |change| {
            change.begin_console_session(session.as_str(), admin, secret, address, Timestamp::now())
        })
    }

    /// Who is signed in. The session goes on being used.
    pub(crate) fn signed_in(&self, session: &SessionId) -> Result<Option<ConsoleSession>, DirectoryError> {
        let now = Timestamp::now();
        let found = self.directory.read(|view| view.console_session(session.as_str(), now))?;
        if let Some(found) = &found
            && found.is_to_be_noted(now)
        {
            self.directory
                .write(&Self::actor(&found.admin), |change| change.use_console_session(session.as_str(), now))?;
        }
        Ok(found)
    }

    /// Ends a session.
    pub(crate) fn sign_out(&self, session: &SessionId) -> Result<(), DirectoryError> {
        self.words.remove(session);
        self.directory.write(&Self::actor(""), |change| change.end_console_session(session.as_str()))
    }

    /// Keeps what the next page is to tell. If that fails, the log tells it.
    pub(crate) fn flash(&self, session: &SessionId, good: bool, text: impl Into<String>) {
        let mut flashes: Vec<Flash> = self.words.get(session).unwrap_or_default();
        if flashes.len() < FLASHES {
            flashes.push(Flash { good, text: text.into() });
            self.words.put(session, &flashes);
        }
    }

    /// What is to be told now, and then no more.
    pub(crate) fn take_flashes(&self, session: &SessionId) -> Vec<Flash> {
        let flashes: Option<Vec<Flash>> = self.words.get(session);
        if flashes.is_some() {
            self.words.remove(session);
        }
        flashes.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
