//! Sessions: what a login gives and every REST request shows.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, header};

use crate::org::ids;

/// A session's owner and state.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// How many were opened up to this one.
    number: u64,
    /// The user's id.
    pub(crate) user_id: String,
    /// Whether only a password change is allowed.
    pub(crate) password_expired: bool,
    /// When it began, in seconds since 1970.
    pub(crate) started: i64,
    /// Whether a connected app holds it as its access token.
    pub(crate) access_token: bool,
    /// The fingerprint of the refresh token that it came from; it ends with that.
    refreshed_by: Option<Vec<u8>>,
    /// When it was last used, in seconds since 1970.
    pub(crate) last_used: i64,
}

impl Session {
    fn new(user_id: &str, password_expired: bool, now: i64) -> Self {
        Self {
            number: 0,
            user_id: user_id.to_owned(),
            password_expired,
            started: now,
            access_token: false,
            refreshed_by: None,
            last_used: now,
        }
    }
}

/// All sessions, by their id. `Debug` shows only how many there are.
#[derive(Default)]
pub(crate) struct Sessions {
    opened: AtomicU64,
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
        self.open(organization_id, Session::new(user_id, password_expired, now))
    }

    /// Opens a session for a connected app, perhaps on the strength of a refresh token, and returns its access token.
    pub(crate) fn start_for_app(
        &self,
        organization_id: &str,
        user_id: &str,
        password_expired: bool,
        now: i64,
        refreshed_by: Option<Vec<u8>>,
    ) -> String {
        let session = Session::new(user_id, password_expired, now);
        self.open(organization_id, Session { access_token: true, refreshed_by, ..session })
    }

    fn open(&self, organization_id: &str, session: Session) -> String {
        let random: String = std::iter::repeat_with(fastrand::alphanumeric).take(88).collect();
        let id = format!("{}!AQ{}.{}", ids::short(organization_id), &random[..44], &random[44..]);
        let number = self.opened.fetch_add(1, Ordering::Relaxed) + 1;
        self.lock().insert(id.clone(), Session { number, ..session });
        id
    }

    /// The user and the number of a session, whether it may still be used or has been idle for too long.
    pub(crate) fn owner(&self, id: &str) -> Option<(String, u64)> {
        self.lock().get(id).map(|session| (session.user_id.clone(), session.number))
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

    /// The session of this id as [`find`](Self::find) gives it, but without counting as its use.
    pub(crate) fn peek(&self, id: &str, now: i64, lifetime: i64) -> Option<Session> {
        self.lock().get(id).filter(|session| now - session.last_used < lifetime).cloned()
    }

    /// Frees the user's sessions from the restriction of an expired password.
    pub(crate) fn password_changed(&self, user_id: &str) {
        for session in self.lock().values_mut().filter(|session| session.user_id == user_id) {
            session.password_expired = false;
        }
    }

    /// Ends the sessions that came from this refresh token.
    pub(crate) fn end_refreshed_by(&self, fingerprint: &[u8]) {
        self.lock().retain(|_, session| session.refreshed_by.as_deref() != Some(fingerprint));
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
    fn sessions_end_with_the_refresh_token_they_came_from() {
        let sessions = Sessions::default();
        let start = |by: &[u8]| sessions.start_for_app("00DHs0000000001MAA", "005", false, 0, Some(by.to_vec()));
        let (one, other) = (start(b"one"), start(b"other"));
        sessions.end_refreshed_by(b"one");
        assert!(sessions.find(&one, 1, 100).is_none());
        assert!(sessions.find(&other, 1, 100).is_some());
    }

    #[test]
    fn debug_shows_no_session_id() {
        let sessions = Sessions::default();
        let id = sessions.start("00DHs0000000001MAA", "005", false, 0);
        assert!(!format!("{sessions:?}").contains(&id));
    }
}
