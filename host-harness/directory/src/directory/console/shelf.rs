//! Things that wait for a browser to fetch them, sealed: forms may have passwords in them, and pages have people.

use std::time::Duration;

use super::super::database::{Optional as _, params};
use super::super::hashes::sha256;
use super::super::{DirectoryError, ReadTransaction, Timestamp, WriteTransaction};

/// How long a thing waits.
const LIFE: Duration = Duration::from_secs(60 * 60);

/// What waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShelfKind {
    /// What the next page is to say.
    Words,
    /// A page that answered a form.
    Page,
    /// A form of somebody whose session had ended.
    Form,
}

impl ShelfKind {
    fn name(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::Page => "page",
            Self::Form => "form",
        }
    }

    /// How many wait at once; the oldest makes room.
    fn most(self) -> u32 {
        match self {
            Self::Words | Self::Page => 256,
            Self::Form => 64,
        }
    }
}

impl ReadTransaction<'_> {
    /// A thing by its name. Returns `None` if it isn't there, has waited for longer than an hour, or was sealed with another key.
    ///
    /// # Errors
    /// The database's.
    pub fn on_console_shelf(
        &self,
        kind: ShelfKind,
        name: &str,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, DirectoryError> {
        let found: Option<(Vec<u8>, Timestamp)> = self
            .db
            .prepare_cached("SELECT sealed, kept_at FROM console_shelf WHERE kind = ?1 AND id = ?2")?
            .query_row(params![kind.name(), sha256(name)], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let in_time = found.filter(|(_, kept_at)| now.since(*kept_at) < LIFE);
        Ok(in_time.and_then(|(sealed, _)| self.vault.open_bytes(&["console", kind.name(), name], &sealed)))
    }
}

impl WriteTransaction<'_> {
    /// Keeps a thing under a name that nobody can guess. What has the name already makes way.
    ///
    /// # Errors
    /// The database's.
    pub fn put_on_console_shelf(
        &self,
        kind: ShelfKind,
        name: &str,
        thing: &[u8],
        now: Timestamp,
    ) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached("DELETE FROM console_shelf WHERE kind = ?1 AND kept_at <= ?2")?
            .execute(params![kind.name(), now.before(LIFE)])?;
        self.take_from_console_shelf(kind, name)?;
        self.db
            .prepare_cached(
                "DELETE FROM console_shelf WHERE kind = ?1 AND id IN (
                   SELECT id FROM console_shelf WHERE kind = ?1 ORDER BY kept_at DESC LIMIT 1000 OFFSET ?2)",
            )?
            .execute(params![kind.name(), kind.most() - 1])?;
        let sealed = self.vault.seal_bytes(&["console", kind.name(), name], thing)?;
        self.db
            .prepare_cached("INSERT INTO console_shelf (id, kind, sealed, kept_at) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![sha256(name), kind.name(), sealed, now])?;
        Ok(())
    }

    /// Takes a thing away.
    ///
    /// # Errors
    /// The database's.
    pub fn take_from_console_shelf(&self, kind: ShelfKind, name: &str) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached("DELETE FROM console_shelf WHERE kind = ?1 AND id = ?2")?
            .execute(params![kind.name(), sha256(name)])?;
        Ok(())
    }

    /// Takes everything away that waits: any of it may be about a person who is erased.
    pub(in super::super) fn clear_console_shelf(&self) -> Result<(), DirectoryError> {
        self.db.prepare_cached("DELETE FROM console_shelf WHERE kept_at >= ?1")?.execute([0])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::scratch;
    use super::*;

    #[test]
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the path is not general over the view's lifetime")]
    fn a_shelf_keeps_the_last_things_for_an_hour_and_what_they_say_is_sealed() {
        let (_folder, directory, actor) = scratch();
        let now = Timestamp::now();
        let put = |name: &str, thing: &str, at: Timestamp| {
            let kept = directory
                .write(&actor, |change| change.put_on_console_shelf(ShelfKind::Form, name, thing.as_bytes(), at));
            kept.unwrap();
        };
        let get = |kind, name: &str, at: Timestamp| {
            let found = directory.read(|view| view.on_console_shelf(kind, name, at)).unwrap();
            found.map(|bytes| String::from_utf8(bytes).unwrap())
        };
        let most = ShelfKind::Form.most();
        for number in 0..=most {
            put(&format!("form-{number}"), "hunter2", now.after(Duration::from_secs(number.into())));
        }
        let kept: Vec<bool> =
            (0..=most).map(|number| get(ShelfKind::Form, &format!("form-{number}"), now).is_some()).collect();
        assert_eq!((kept[0], kept.iter().filter(|kept| **kept).count()), (false, most as usize));
        assert_eq!(get(ShelfKind::Page, "form-1", now), None, "another kind has names of its own");
        let sealed: Vec<Vec<u8>> = directory
            .read(|view| {
                let mut statement =
                    view.db.prepare_cached("SELECT sealed FROM console_shelf WHERE kind = ?1 AND kept_at > ?2")?;
                let rows = statement.query_map(params!["form", 0], |row| row.get(0))?;
                rows.collect::<Result<_, DirectoryError>>()
            })
            .unwrap();
        assert!(sealed.iter().all(|bytes| !bytes.windows(7).any(|part| part == b"hunter2")));

        put("form-1", "again", now.after(Duration::from_secs(100)));
        assert_eq!(get(ShelfKind::Form, "form-1", now.after(Duration::from_secs(100))).as_deref(), Some("again"));
        assert_eq!(get(ShelfKind::Form, "form-1", now.after(Duration::from_secs(100) + LIFE)), None);
        directory.write(&actor, |change| change.take_from_console_shelf(ShelfKind::Form, "form-1")).unwrap();
        assert_eq!(get(ShelfKind::Form, "form-1", now), None);
        directory.write(&actor, |change| change.clear_console_shelf()).unwrap();
        assert_eq!(get(ShelfKind::Form, "form-2", now), None);
    }
}
