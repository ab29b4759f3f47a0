//! The ends of chains in the database, and rows from before there were chains.

use ring::hmac;

use super::super::database::{Optional as _, params};
use super::super::{Actor, Directory, DirectoryError, ReadTransaction, WriteTransaction};
use super::chain::Head;
use super::{Collected, Linked};

/// Older rows that one statement reads.
const PIECE: u32 = 200;

impl Directory {
    /// Links the rows of an audit trail that was written before there were chains. It happens once: a row without a link that is
    /// found later was put there by somebody else.
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the path is not general over the view's lifetime")]
    pub(in super::super) fn link_older_rows(&self) -> Result<(), DirectoryError> {
        if self.read(|view| -> Result<_, DirectoryError> { Ok(view.head("")?.is_some_and(|head| !head.adopting)) })? {
            return Ok(());
        }
        let actor = Actor::new("host");
        while !self.write(&actor, |change| change.link_some_older_rows())? {}
        Ok(())
    }
}

impl ReadTransaction<'_> {
    pub(super) fn has_head(&self, name: &str) -> Result<bool, DirectoryError> {
        let found = self
            .db
            .prepare_cached("SELECT 1 FROM audit_chain WHERE name = ?1")?
            .query_row([name], |row| row.get::<i32>(0))
            .optional()?;
        Ok(found.is_some())
    }

    /// The end of a chain, which a transaction that writes locks.
    pub(super) fn head(&self, name: &str) -> Result<Option<Head>, DirectoryError> {
        self.db
            .prepare_cached(&format!(
                "SELECT seq, link, pruned, anchor, others, adopting, key_id, seal FROM audit_chain WHERE name = ?1{}",
                self.db.to_change()
            ))?
            .query_row([name], |row| {
                Ok(Head {
                    name: name.to_owned(),
                    seq: row.get(0)?,
                    link: row.get(1)?,
                    pruned: row.get(2)?,
                    anchor: row.get(3)?,
                    others: row.get(4)?,
                    adopting: row.get(5)?,
                    key_id: row.get(6)?,
                    seal: row.get(7)?,
                })
            })
            .optional()
    }
}

impl WriteTransaction<'_> {
    /// Adds the end of a chain. One that another transaction has begun meanwhile stays, and is then locked.
    pub(super) fn insert_head(&self, head: &Head) -> Result<(), DirectoryError> {
        self.write_head(
            head,
            "INSERT INTO audit_chain (name, seq, link, pruned, anchor, others, adopting, key_id, seal)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )
    }

    /// Stores the end of a chain under a new seal, by the key of now.
    pub(super) fn store_head(&self, mut head: Head) -> Result<(), DirectoryError> {
        head.key_id = self.vault.key_id();
        self.write_head(
            &head,
            "UPDATE audit_chain SET seq = ?2, link = ?3, pruned = ?4, anchor = ?5, others = ?6, adopting = ?7, key_id = ?8, seal = ?9
             WHERE name = ?1",
        )
    }

    /// Runs a statement on all of a chain's end, sealed by the key of now.
    fn write_head(&self, head: &Head, sql: &str) -> Result<(), DirectoryError> {
        let seal = head.sealed(&self.vault.current_audit_key());
        self.db.prepare_cached(sql)?.execute(params![
            head.name,
            head.seq,
            head.link,
            head.pruned,
            head.anchor,
            head.others,
            head.adopting,
            head.key_id,
            seal
        ])?;
        Ok(())
    }

    /// Seals the ends of all chains with a key.
    pub(in super::super) fn seal_heads(&self, key_id: &str, key: &hmac::Key) -> Result<(), DirectoryError> {
        // All of them in the order in which they are locked everywhere.
        for name in self.chain_names()? {
            let Some(head) = self.head(&name)? else { continue };
            // One that doesn't fit keeps its seal, which `audit verify` reports.
            if self.vault.audit_key(&head.key_id).is_some_and(|key| head.fits_seal(&key))
                || !self.vault.knows(&head.key_id)
            {
                let head = Head { key_id: key_id.to_owned(), ..head };
                let seal = head.sealed(key);
                self.db
                    .prepare_cached("UPDATE audit_chain SET key_id = ?2, seal = ?3 WHERE name = ?1")?
                    .execute(params![head.name, head.key_id, seal])?;
            }
        }
        Ok(())
    }

    /// Links rows until the transaction has had its turn. Returns whether none is left.
    pub(in super::super) fn link_some_older_rows(&self) -> Result<bool, DirectoryError> {
        if self.head("")?.is_none() {
            let linked = self
                .db
                .prepare_cached("SELECT 1 FROM audit WHERE chain >= '' AND link IS NOT NULL LIMIT 1")?
                .query_row(params![], |row| row.get::<i32>(0))
                .optional()?;
            if linked.is_some() {
                // Its end was taken away, which `audit verify` reports.
                return Ok(true);
            }
            let head = Head { adopting: true, ..Head::new("", self.vault.key_id()) };
            self.insert_head(&head)?;
        }
        let Some(root) = self.head("")? else { return Ok(true) };
        if !root.adopting {
            return Ok(true);
        }
        self.db.execute("INSERT INTO audit_pruning (begun_at) VALUES (?1)", [0_i64])?;
        let done = loop {
            let rows = self.rows_without_link()?;
            if rows.is_empty() {
                break true;
            }
            let names = rows.iter().map(|(_, _, row)| row.chain()).chain([String::new()]).collect();
            let mut heads = self.lock_heads(names)?;
            for (id, actor, row) in rows {
                if let Some(head) = heads.get_mut(&row.chain()) {
                    let Linked { salt, digest, link } = self.link(head, &row, &actor)?;
                    self.db
                        .prepare_cached(
                            "UPDATE audit SET chain = ?2, seq = ?3, salt = ?4, digest = ?5, link = ?6, key_id = ?7 WHERE id = ?1",
                        )?
                        .execute(params![id, head.name, head.seq, salt, digest, link, self.vault.key_id()])?;
                    head.link = link;
                }
            }
            heads.into_values().try_for_each(|head| self.store_head(head))?;
            if self.has_had_its_turn() {
                break false;
            }
        };
        if done && let Some(root) = self.head("")? {
            self.store_head(Head { adopting: false, ..root })?;
        }
        self.db.execute("DELETE FROM audit_pruning", params![])?;
        Ok(done)
    }

    /// Some rows without a link, with their numbers and actors.
    fn rows_without_link(&self) -> Result<Vec<(i64, String, Collected)>, DirectoryError> {
        self.db
            .prepare_cached(
                "SELECT id, at, actor, tenant, person, action, old, new, result, upstream FROM audit
                 WHERE link IS NULL ORDER BY id LIMIT ?1",
            )?
            .query_map([PIECE], |row| {
                let collected = Collected {
                    at: row.get(1)?,
                    tenant: row.get(3)?,
                    person: row.get(4)?,
                    action: row.get(5)?,
                    old: row.get(6)?,
                    new: row.get(7)?,
                    result: row.get(8)?,
                    upstream: row.get(9)?,
                };
                Ok((row.get(0)?, row.get(2)?, collected))
            })?
            .collect()
    }
}
