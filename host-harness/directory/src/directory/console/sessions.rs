//! Browsers that somebody has signed in with.

use std::time::Duration;

use super::super::database::{Optional as _, Row, params};
use super::super::hashes::{hexadecimal, sha256};
use super::super::{DirectoryError, ReadTransaction, Timestamp, WriteTransaction};

/// A session ends after this long without a request.
pub const SESSION_IDLE: Duration = Duration::from_secs(60 * 60);
/// A session ends this long after signing in.
pub const SESSION_LIFE: Duration = Duration::from_secs(12 * 60 * 60);
/// Sessions at once; the one that was idle longest makes room.
const MOST: u32 = 256;
/// How exactly it is known when a session was last used. A write for each request would cost more than it tells.
const USE: Duration = Duration::from_secs(60);

/// A browser that somebody has signed in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleSession {
    /// By which it is named to admins: hexadecimal digits, which let nobody in.
    pub number: String,
    /// The admin's name in lower case; empty if the token of a console let the browser in.
    pub admin: String,
    /// Where it signed in from.
    pub address: String,
    /// When it signed in.
    pub since: Timestamp,
    /// When it was last used, to a minute.
    pub seen: Timestamp,
    proof: Vec<u8>,
}

impl ConsoleSession {
    /// Whether the sign-in was checked against `secret`: the stored hash of the admin's password, or the console's token.
    pub fn was_checked_against(&self, secret: &str) -> bool {
        self.proof == sha256(secret)
    }

    /// Whether its use has to be noted, so that it is known to the minute.
    pub fn is_to_be_noted(&self, now: Timestamp) -> bool {
        now.since(self.seen) >= USE
    }

    fn is_alive(&self, now: Timestamp) -> bool {
        now.since(self.seen) < SESSION_IDLE && now.since(self.since) < SESSION_LIFE
    }
}

/// What admins call a session: the beginning of the hash of its name.
fn number(id: &[u8]) -> String {
    hexadecimal(&id[..id.len().min(6)])
}

fn session(row: Row<'_>) -> Result<ConsoleSession, DirectoryError> {
    let id: Vec<u8> = row.get(0)?;
    Ok(ConsoleSession {
        number: number(&id),
        admin: row.get(1)?,
        proof: row.get(2)?,
        address: row.get(3)?,
        since: row.get(4)?,
        seen: row.get(5)?,
    })
}

impl ReadTransaction<'_> {
    /// The session of a browser by the name in its cookie, if it is signed in at this time.
    ///
    /// # Errors
    /// The database's.
    pub fn console_session(&self, name: &str, now: Timestamp) -> Result<Option<ConsoleSession>, DirectoryError> {
        let found = self
            .db
            .prepare_cached("SELECT id, admin, proof, address, since, seen FROM console_session WHERE id = ?1")?
            .query_row([sha256(name)], session)
            .optional()?;
        Ok(found.filter(|found| found.is_alive(now)))
    }

    /// Every session that lasts at this time, the last used first.
    ///
    /// # Errors
    /// The database's.
    pub fn console_sessions(&self, now: Timestamp) -> Result<Vec<ConsoleSession>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT id, admin, proof, address, since, seen FROM console_session ORDER BY seen DESC LIMIT ?1",
        )?;
        let mut rows = statement.query(params![MOST])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(session(row)?);
        }
        found.retain(|one| one.is_alive(now));
        Ok(found)
    }
}

impl WriteTransaction<'_> {
    /// Signs a browser in under the name in its cookie. `secret` is what the sign-in was checked against
    /// ([`ConsoleSession::was_checked_against`]). Sessions that are over make room, and then the one that was idle longest.
    ///
    /// # Errors
    /// The database's.
    pub fn begin_console_session(
        &self,
        name: &str,
        admin: &str,
        secret: &str,
        address: &str,
        now: Timestamp,
    ) -> Result<(), DirectoryError> {
        self.db.prepare_cached("DELETE FROM console_session WHERE seen <= ?1")?.execute([now.before(SESSION_IDLE)])?;
        self.db
            .prepare_cached(
                "DELETE FROM console_session WHERE id IN (SELECT id FROM console_session ORDER BY seen DESC LIMIT 1000 OFFSET ?1)",
            )?
            .execute(params![MOST - 1])?;
        self.db
            .prepare_cached(
                "INSERT INTO console_session (id, admin, proof, address, since, seen) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
            )?
            .execute(params![sha256(name), admin, sha256(secret), address, now])?;
        Ok(())
    }

    /// Takes note that a session is in use. Writes nothing if that is known to the minute.
    ///
    /// # Errors
    /// The database's.
    pub fn use_console_session(&self, name: &str, now: Timestamp) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached("UPDATE console_session SET seen = ?2 WHERE id = ?1 AND seen <= ?3")?
            .execute(params![sha256(name), now, now.before(USE)])?;
        Ok(())
    }

    /// Ends a session by the name in its cookie.
    ///
    /// # Errors
    /// The database's.
    pub fn end_console_session(&self, name: &str) -> Result<(), DirectoryError> {
        self.db.prepare_cached("DELETE FROM console_session WHERE id = ?1")?.execute([sha256(name)])?;
        Ok(())
    }

    /// Ends a session by its [number](ConsoleSession::number). Returns it, or `None` if there is none of that number.
    ///
    /// # Errors
    /// The database's.
    pub fn end_console_session_numbered(
        &self,
        wanted: &str,
        now: Timestamp,
    ) -> Result<Option<ConsoleSession>, DirectoryError> {
        let mut statement = self.db.prepare_cached("SELECT id FROM console_session ORDER BY seen DESC LIMIT ?1")?;
        let ids: Vec<Vec<u8>> = statement.query_map(params![MOST], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let Some(id) = ids.into_iter().find(|id| number(id) == wanted) else { return Ok(None) };
        let found = self
            .db
            .prepare_cached("SELECT id, admin, proof, address, since, seen FROM console_session WHERE id = ?1")?
            .query_row([&id], session)
            .optional()?;
        self.db.prepare_cached("DELETE FROM console_session WHERE id = ?1")?.execute([&id])?;
        Ok(found.filter(|found| found.is_alive(now)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::scratch;
    use super::super::super::{Actor, Directory};
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn sign_in(directory: &Directory, name: &str, admin: &str, at: Timestamp) {
        let actor = Actor::new("test");
        let signed_in = directory
            .write(&actor, |change| change.begin_console_session(name, admin, "the stored hash", "192.0.2.1", at));
        signed_in.unwrap();
    }

    /// Asks for a page, as a console does for a browser. Returns whether it was signed in.
    fn ask(directory: &Directory, name: &str, at: Timestamp) -> bool {
        let Some(session) = directory.read(|view| view.console_session(name, at)).unwrap() else { return false };
        if session.is_to_be_noted(at) {
            directory.write(&Actor::new("test"), |change| change.use_console_session(name, at)).unwrap();
        }
        true
    }

    #[test]
    fn a_session_is_found_by_its_name_only_and_says_what_it_was_checked_against() {
        let (_folder, directory, _) = scratch();
        let now = Timestamp::now();
        sign_in(&directory, "cookie", "ada", now);
        let session = directory.read(|view| view.console_session("cookie", now)).unwrap().unwrap();
        assert_eq!((session.admin.as_str(), session.address.as_str(), session.since), ("ada", "192.0.2.1", now));
        assert!(session.was_checked_against("the stored hash") && !session.was_checked_against("another hash"));
        assert!(!ask(&directory, "cookie2", now) && !ask(&directory, &session.number, now));
        directory.write(&Actor::new("test"), |change| change.end_console_session("cookie")).unwrap();
        assert!(!ask(&directory, "cookie", now));
    }

    #[test]
    fn a_session_ends_an_hour_after_it_was_last_used() {
        let (_folder, directory, _) = scratch();
        let start = Timestamp::now();
        sign_in(&directory, "cookie", "ada", start);
        assert!(ask(&directory, "cookie", start.after(SESSION_IDLE).before(SECOND)));
        // That request was a use of it, so the hour counts from there.
        let second = start.after(2 * SESSION_IDLE).before(2 * SECOND);
        assert!(ask(&directory, "cookie", second));
        assert!(!ask(&directory, "cookie", second.after(SESSION_IDLE)));
    }

    #[test]
    fn a_session_in_use_ends_twelve_hours_after_signing_in() {
        let (_folder, directory, _) = scratch();
        let start = Timestamp::now();
        sign_in(&directory, "cookie", "ada", start);
        for minutes in (30..12 * 60).step_by(30) {
            assert!(ask(&directory, "cookie", start.after(minutes * 60 * SECOND)), "{minutes} minutes");
        }
        let end = start.after(SESSION_LIFE);
        assert!(ask(&directory, "cookie", end.before(SECOND)));
        assert!(!ask(&directory, "cookie", end));
    }

    #[test]
    fn sessions_are_bounded_and_the_idlest_makes_room() {
        let (_folder, directory, _) = scratch();
        let start = Timestamp::now();
        for number in 0..MOST {
            sign_in(&directory, &format!("cookie-{number}"), "ada", start.after(number * SECOND));
        }
        // The first to sign in isn't the idlest by now; the second is.
        let now = start.after(400 * SECOND);
        assert!(ask(&directory, "cookie-0", now));
        sign_in(&directory, "another", "grace", now);
        let gone: Vec<u32> = (0..MOST).filter(|number| !ask(&directory, &format!("cookie-{number}"), now)).collect();
        assert_eq!(gone, [1]);
        assert!(ask(&directory, "another", now));
        // Those that are over make room first.
        let later = now.after(SESSION_IDLE);
        sign_in(&directory, "late", "mary", later);
        let left = directory.read(|view| view.console_sessions(later)).unwrap();
        assert_eq!(left.iter().map(|one| one.admin.as_str()).collect::<Vec<_>>(), ["mary"]);
    }

    #[test]
    fn an_admin_sees_who_is_signed_in_and_ends_a_session_by_its_number() {
        let (_folder, directory, actor) = scratch();
        let now = Timestamp::now();
        sign_in(&directory, "one", "ada", now);
        sign_in(&directory, "two", "grace", now.after(SECOND));
        let sessions = directory.read(|view| view.console_sessions(now.after(SECOND))).unwrap();
        assert_eq!(sessions.iter().map(|one| one.admin.as_str()).collect::<Vec<_>>(), ["grace", "ada"]);
        let end =
            |number: &str| directory.write(&actor, |change| change.end_console_session_numbered(number, now)).unwrap();
        assert_eq!(end(&sessions[1].number).map(|one| one.admin).as_deref(), Some("ada"));
        assert_eq!(end(&sessions[1].number), None);
        assert!(!ask(&directory, "one", now) && ask(&directory, "two", now.after(SECOND)));
    }
}
