//! Query cursors: a query's remaining rows by their ids, so that further pages show the same rows whatever happens.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many cursors a user may have open; the oldest closes for an eleventh (H).
const OPEN_PER_USER: usize = 10;
/// How long a cursor lives, in seconds: two days (H).
const LIFETIME: i64 = 172_800;

#[derive(Clone, Debug)]
pub(super) struct Cursor {
    pub(super) soql: String,
    pub(super) include_deleted: bool,
    pub(super) total: usize,
    /// Rows before those that are remembered.
    pub(super) first: usize,
    pub(super) ids: std::sync::Arc<Vec<String>>,
    user_id: String,
    number: u64,
    expires: i64,
}

/// All open cursors.
#[derive(Debug, Default)]
pub(crate) struct Locators {
    open: Mutex<(u64, VecDeque<Cursor>)>,
}

impl Locators {
    fn lock(&self) -> MutexGuard<'_, (u64, VecDeque<Cursor>)> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a cursor and returns its number.
    pub(super) fn open(
        &self,
        user_id: &str,
        now: i64,
        soql: &str,
        include_deleted: bool,
        total: usize,
        ids: Vec<String>,
    ) -> u64 {
        let mut guard = self.lock();
        let (last, open) = &mut *guard;
        *last += 1;
        open.retain(|cursor| cursor.expires > now);
        if open.iter().filter(|cursor| cursor.user_id == user_id).count() >= OPEN_PER_USER
            && let Some(oldest) = open.iter().position(|cursor| cursor.user_id == user_id)
        {
            open.remove(oldest);
        }
        open.push_back(Cursor {
            soql: soql.to_owned(),
            include_deleted,
            total,
            first: total - ids.len(),
            ids: std::sync::Arc::new(ids),
            user_id: user_id.to_owned(),
            number: *last,
            expires: now + LIFETIME,
        });
        *last
    }

    /// The cursor of this number, if it is this user's and still open.
    pub(super) fn find(&self, user_id: &str, now: i64, number: u64) -> Option<Cursor> {
        let guard = self.lock();
        guard
            .1
            .iter()
            .find(|cursor| cursor.number == number && cursor.user_id == user_id && cursor.expires > now)
            .cloned()
    }

    /// Closes all cursors.
    pub(crate) fn clear(&self) {
        self.lock().1.clear();
    }
}
