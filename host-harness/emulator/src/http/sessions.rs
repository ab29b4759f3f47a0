//! Sessions: what a login gives and every REST request shows.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, header};

use crate::org::ids;

/// A session's owner and state.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// The user's id.
    pub(crate) user_id: String,
    /// Whether only a password change is allowed.
    pub(crate) password_expired: bool,
    last_used: i64,
}

/// All sessions, by their id. `Debug` shows only how many there are.
#[derive(Default)]
pub(crate) struct Sessions {
    open: Mutex<HashMap<String, Session>>,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Sessions").field("open", &self.lock().len()).finish()
    }
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a session and returns its id, `00Dxxxxxxxxxxxx!AQ…` (H).
    pub(crate) fn start(&self, organization_id: &str, user_id: &str, password_expired: bool, now: i64) -> String {
        let random: String = std::iter::repeat_with(fastrand::alphanumeric).take(88).collect();
        let id = format!("{}!AQ{}.{}", ids::short(organization_id), &random[..44], &random[44..]);
        let session = Session { user_id: user_id.to_owned(), password_expired, last_used: now };
        self.lock().insert(id.clone(), session);
        id
    }

    /// The session of this id, unless it has been idle for longer than `lifetime` seconds.
    pub(crate) fn find(&self, id: &str, now: i64, lifetime: i64) -> Option<Session> {
        let mut open = self.lock();
        let session = open.get_mut(id)?;
        if now - session.last_used >= lifetime {
            open.remove(id);
            return None;
        }
        session.last_used = now;
        Some(session.clone())
    }

    /// Ends a session; says whether there was one.
    pub(crate) fn end(&self, id: &str) -> bool {
        self.lock().remove(id).is_some()
    }

    /// Ends all sessions.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }
}

/// The session id in the `Authorization` header, as `Bearer` or the older `OAuth`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("oauth")).then_some(token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lives_as_long_as_it_is_used() {
        let sessions = Sessions::default();
        let id = sessions.start("00DHs0000000001MAA", "005", false, 0);
        assert!(id.starts_with("00DHs0000000001!AQ"));
        assert!(sessions.find(&id, 60, 100).is_some());
        assert!(sessions.find(&id, 120, 100).is_some());
        assert!(sessions.find(&id, 220, 100).is_none());
        assert!(sessions.find(&id, 220, 100).is_none());
    }

    #[test]
    fn debug_shows_no_session_id() {
        let sessions = Sessions::default();
        let id = sessions.start("00DHs0000000001MAA", "005", false, 0);
        assert!(!format!("{sessions:?}").contains(&id));
    }
}
