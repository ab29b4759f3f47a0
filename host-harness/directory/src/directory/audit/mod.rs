//! The audit trail: who did what to whom, what was there before and after, and how it ended. Rows are only ever added;
//! triggers of the database see to it, and a chain of links shows what was changed past them ([`chain`]).
//!
//! A transaction collects its rows and writes them just before it is kept ([`WriteTransaction::write_notes`]): a chain has one end,
//! which is locked from then on, so that transactions that write side by side wait for each other for as short as possible. They
//! lock the ends last and in the order of their names, so none waits for one that waits for it.

mod adopt;
mod chain;
mod pruning;
mod verify;

use std::collections::{BTreeMap, BTreeSet};

use super::database::{Optional as _, Value as Sql, params, params_from_iter, storable};
use serde::Serialize;
use serde_json::Value as Json;

use self::chain::{Content, Head, Place};
use super::upstream::{kept, stored};
use super::{DirectoryError, ReadTransaction, Timestamp, Upstream, WriteTransaction, random};
pub(super) use chain::ERASED;
pub(super) use verify::ERASE;
pub use verify::{AuditCheck, AuditFault, AuditFaultKind, ChainCheck};

/// One row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditEntry {
    /// Grows with time.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// For which tenant; none for what concerns all.
    pub tenant: Option<String>,
    /// To which person, by its key.
    pub person: Option<String>,
    /// What, as `noun.verb`.
    pub action: String,
    /// What was there before. Never a secret.
    pub old: Option<Json>,
    /// What is there now. Never a secret.
    pub new: Option<Json>,
    /// How it ended, in a few words.
    pub result: String,
    /// What the application itself answered, where it refused.
    pub upstream: Option<Upstream>,
}

/// Which rows are wanted; the newest come first.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Of this tenant only.
    pub tenant: Option<String>,
    /// Of this person only.
    pub person: Option<String>,
    /// By this actor only; a name in full.
    pub actor: Option<String>,
    /// Of this action only, such as `person.edit`, or of a noun's, such as `person`.
    pub action: Option<String>,
    /// At this moment or later.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// Older than this row.
    pub before: Option<i64>,
    /// At most so many; all where there is none.
    pub limit: Option<u32>,
}

/// A row to be added.
pub struct Note<'a> {
    /// The tenant's name, where it concerns one.
    pub tenant: Option<&'a str>,
    /// The person's key, where it concerns one.
    pub person: Option<&'a str>,
    /// What was done, such as `person.edit`.
    pub action: &'a str,
    /// What was there before, where there was something.
    pub old: Option<Json>,
    /// What is there now, where there is something.
    pub new: Option<Json>,
    /// What came of it.
    pub result: &'a str,
}

/// Notes that a transaction on a database with one writer collects before it writes them, so that its turn isn't lengthened at its end.
const COLLECTED: usize = 64;

/// A row that is still to be written, its texts as the database keeps them.
pub(super) struct Collected {
    at: Timestamp,
    tenant: Option<String>,
    person: Option<String>,
    action: String,
    old: Option<String>,
    new: Option<String>,
    result: String,
    upstream: Option<String>,
}

impl Collected {
    fn chain(&self) -> String {
        self.tenant.as_deref().map(str::to_lowercase).unwrap_or_default()
    }

    fn content(&self) -> Content<'_> {
        Content {
            person: self.person.as_deref(),
            old: self.old.as_deref(),
            new: self.new.as_deref(),
            result: &self.result,
            upstream: self.upstream.as_deref(),
        }
    }
}

/// What a row is linked by.
struct Linked {
    salt: Vec<u8>,
    digest: Vec<u8>,
    link: Vec<u8>,
}

impl WriteTransaction<'_> {
    /// Adds a row in the name of this transaction's actor. It is written when the transaction is kept.
    ///
    /// # Errors
    /// The database's.
    pub fn note(&self, note: &Note<'_>) -> Result<(), DirectoryError> {
        self.note_answer(note, None)
    }

    /// Adds a row of something that the application may have refused, with what it answered.
    pub(crate) fn note_answer(&self, note: &Note<'_>, upstream: Option<&Upstream>) -> Result<(), DirectoryError> {
        let text = |value: &Option<Json>| value.as_ref().map(|value| storable(&value.to_string()).into_owned());
        let collected = Collected {
            at: Timestamp::now(),
            tenant: note.tenant.map(|name| storable(name).into_owned()),
            person: note.person.map(|key| storable(key).into_owned()),
            action: note.action.to_owned(),
            old: text(&note.old),
            new: text(&note.new),
            result: storable(note.result).into_owned(),
            upstream: stored(upstream)?.map(|text| storable(&text).into_owned()),
        };
        let collected_now = {
            let mut notes = self.notes.borrow_mut();
            notes.push(collected);
            notes.len()
        };
        // Not within a part that may be undone by itself: the rows before it would be undone with it.
        if self.db.has_one_writer() && collected_now >= COLLECTED && self.parts.get() == 0 {
            self.write_notes()?;
        }
        Ok(())
    }

    /// Writes the rows that were collected, each linked to the one before it.
    pub(super) fn write_notes(&self) -> Result<(), DirectoryError> {
        let notes = self.notes.take();
        if notes.is_empty() {
            return Ok(());
        }
        let mut heads = self.lock_heads(notes.iter().map(Collected::chain).collect())?;
        for note in &notes {
            if let Some(head) = heads.get_mut(&note.chain()) {
                self.append(head, note)?;
            }
        }
        heads.into_values().try_for_each(|head| self.store_head(head))
    }

    /// Locks the ends of chains, and begins those that aren't there. An end that doesn't fit its seal gets a row that says so, since
    /// a new seal would hide it.
    fn lock_heads(&self, mut names: BTreeSet<String>) -> Result<BTreeMap<String, Head>, DirectoryError> {
        for name in names.clone() {
            // Whoever begins a chain counts it in the first of all, which has to be locked before the others.
            if !self.has_head(&name)? {
                names.insert(String::new());
            }
        }
        let mut heads = BTreeMap::new();
        for name in names {
            let head = match self.head(&name)? {
                Some(head) => self.checked(head)?,
                None => self.begin_chain(&name, &mut heads)?,
            };
            heads.insert(name, head);
        }
        Ok(heads)
    }

    fn checked(&self, mut head: Head) -> Result<Head, DirectoryError> {
        if head.key_id != self.vault.key_id() {
            self.keep_up()?;
        }
        let fits = self.vault.audit_key(&head.key_id).is_some_and(|key| head.fits_seal(&key));
        if !fits {
            tracing::error!(chain = head.name, "the end of a chain of the audit trail isn't as it was written");
            self.append_broken(
                &mut head,
                "the end of the chain was not as it was written; rows may be missing before this one",
            )?;
            self.store_head(head.clone())?;
        }
        Ok(head)
    }

    fn begin_chain(&self, name: &str, heads: &mut BTreeMap<String, Head>) -> Result<Head, DirectoryError> {
        let last = self
            .db
            .prepare_cached(
                "SELECT seq, link FROM audit WHERE chain = ?1 AND link IS NOT NULL ORDER BY seq DESC LIMIT 1",
            )?
            .query_row([name], |row| Ok((row.get::<i64>(0)?, row.get::<Vec<u8>>(1)?)))
            .optional()?;
        let mut head = Head::new(name, self.vault.key_id());
        // Of itself, the first of all is in nobody's count.
        if let Some(root) = heads.get_mut("") {
            root.others += 1;
        }
        self.insert_head(&head)?;
        if let Some((seq, link)) = last {
            (head.seq, head.link) = (seq, link);
            self.append_broken(&mut head, "the end of the chain was missing; rows may be missing before this one")?;
            self.store_head(head.clone())?;
        }
        Ok(head)
    }

    /// Adds a row that no verification passes.
    fn append_broken(&self, head: &mut Head, result: &str) -> Result<(), DirectoryError> {
        let tenant = Some(head.name.clone()).filter(|name| !name.is_empty());
        let note = Collected {
            at: Timestamp::now(),
            tenant,
            person: None,
            action: chain::BROKEN.to_owned(),
            old: None,
            new: None,
            result: result.to_owned(),
            upstream: None,
        };
        self.append(head, &note)
    }

    fn append(&self, head: &mut Head, note: &Collected) -> Result<(), DirectoryError> {
        let Linked { salt, digest, link } = self.link(head, note, self.actor.name())?;
        self.db
            .prepare_cached(
                "INSERT INTO audit (at, actor, tenant, person, action, old, new, result, upstream, chain, seq, salt, digest, link, key_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            )?
            .execute(params![
                note.at,
                self.actor.name(),
                note.tenant,
                note.person,
                note.action,
                note.old,
                note.new,
                note.result,
                note.upstream,
                head.name,
                head.seq,
                salt,
                digest,
                link,
                self.vault.key_id()
            ])?;
        head.link = link;
        Ok(())
    }

    /// Links the next row of a chain, whose number `head` has afterwards.
    fn link(&self, head: &mut Head, note: &Collected, actor: &str) -> Result<Linked, DirectoryError> {
        head.seq += 1;
        let salt = random::bytes::<16>()?.to_vec();
        let digest = note.content().digest(&salt);
        let place = Place {
            chain: &head.name,
            seq: head.seq,
            at: note.at,
            actor: &storable(actor),
            tenant: note.tenant.as_deref(),
            action: &note.action,
        };
        let link = place.link(&self.vault.current_audit_key(), &head.link, &digest);
        Ok(Linked { salt, digest, link })
    }
}

impl ReadTransaction<'_> {
    /// Rows of the audit trail, the newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>, DirectoryError> {
        let mut sql = String::from(
            "SELECT id, at, actor, tenant, person, action, old, new, result, upstream FROM audit WHERE TRUE",
        );
        let mut values: Vec<Sql> = Vec::new();
        let mut and = |condition: &str, value: Sql| {
            values.push(value);
            sql.push_str(&format!(" AND {}", condition.replace("??", &format!("?{}", values.len()))));
        };
        if let Some(tenant) = &filter.tenant {
            // A tenant that is gone is still in the trail, so the name is not looked up first.
            and("lower(tenant) = ??", tenant.to_lowercase().into());
        }
        if let Some(person) = &filter.person {
            and("person = ??", person.clone().into());
        }
        if let Some(actor) = &filter.actor {
            and("actor = ??", actor.clone().into());
        }
        if let Some(action) = &filter.action {
            and("(action = ?? OR substr(action, 1, length(??) + 1) = ?? || '.')", action.clone().into());
        }
        if let Some(since) = filter.since {
            and("at >= ??", since.millis().into());
        }
        if let Some(until) = filter.until {
            and("at < ??", until.millis().into());
        }
        // Where a time is given, rows come by it, so that its index leads to them however long the trail is.
        let by_time = filter.since.is_some() || filter.until.is_some();
        if let Some(before) = filter.before {
            and(if by_time { "(at, id) < (SELECT at, id FROM audit WHERE id = ??)" } else { "id < ??" }, before.into());
        }
        sql.push_str(if by_time { " ORDER BY at DESC, id DESC" } else { " ORDER BY id DESC" });
        if let Some(limit) = filter.limit {
            sql.push_str(&format!(" LIMIT {limit}"));
        }
        let json = |text: Option<String>| text.map(|text| serde_json::from_str(&text)).transpose();
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(AuditEntry {
                id: row.get(0)?,
                at: row.get(1)?,
                actor: row.get(2)?,
                tenant: row.get(3)?,
                person: row.get(4)?,
                action: row.get(5)?,
                old: json(row.get(6)?)?,
                new: json(row.get(7)?)?,
                result: row.get(8)?,
                upstream: kept(row.get(9)?)?,
            });
        }
        Ok(found)
    }

    /// The id of the newest row; 0 where there is none.
    ///
    /// # Errors
    /// The database's.
    pub fn newest_audit(&self) -> Result<i64, DirectoryError> {
        let newest =
            self.db.query_row("SELECT max(id) FROM audit", params![], |row| row.get::<Option<i64>>(0)).optional()?;
        Ok(newest.flatten().unwrap_or(0))
    }
}

#[cfg(test)]
#[allow(clippy::redundant_closure_for_method_calls, reason = "a path is not general over the view's lifetime")]
mod tests;
