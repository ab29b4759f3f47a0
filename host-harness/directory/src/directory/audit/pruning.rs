//! Taking away old rows of the audit trail.

use super::super::database::{Optional as _, params};
use super::super::{DirectoryError, Timestamp, WriteTransaction};
use std::collections::BTreeSet;

impl WriteTransaction<'_> {
    /// Takes away rows from before a time, up to the first of each chain that is younger, until the transaction has had its turn.
    /// The end of the chain keeps the number and the link of the last one, so that what is left still fits. Returns whether none is
    /// left.
    pub(in super::super) fn prune_audit(
        &self,
        before: Timestamp,
        at_once: usize,
        pruned: &mut usize,
    ) -> Result<bool, DirectoryError> {
        // All ends in the order in which they are locked everywhere, since this transaction writes a row of its own as well.
        let names: BTreeSet<String> = self.chain_names()?.into_iter().chain([String::new()]).collect();
        self.db.execute("INSERT INTO audit_pruning (begun_at) VALUES (?1)", [Timestamp::now()])?;
        let mut is_done = true;
        'chains: for mut head in self.lock_heads(names)?.into_values() {
            loop {
                let last = self.last_to_prune(&head.name, before, at_once)?;
                let Some((seq, link)) = last.filter(|(seq, _)| *seq > head.pruned) else { break };
                let gone = self
                    .db
                    .prepare_cached("DELETE FROM audit WHERE chain = ?1 AND seq <= ?2 AND link IS NOT NULL")?
                    .execute(params![head.name, seq])?;
                *pruned += gone;
                (head.pruned, head.anchor) = (seq, link);
                self.store_head(head.clone())?;
                if self.has_had_its_turn() {
                    is_done = false;
                    break 'chains;
                }
            }
        }
        self.db.execute("DELETE FROM audit_pruning", params![])?;
        Ok(is_done)
    }

    /// The last of a chain's first rows that are all from before a time, at most so many of them.
    fn last_to_prune(
        &self,
        chain: &str,
        before: Timestamp,
        at_once: usize,
    ) -> Result<Option<(i64, Vec<u8>)>, DirectoryError> {
        self.db
            .prepare_cached(
                "SELECT few.seq, few.link FROM (
                   SELECT seq, link, sum(CASE WHEN at >= ?2 THEN 1 ELSE 0 END) OVER (ORDER BY seq) AS younger
                   FROM (SELECT seq, link, at FROM audit WHERE chain = ?1 AND link IS NOT NULL ORDER BY seq LIMIT ?3) piece
                 ) few WHERE few.younger = 0 ORDER BY few.seq DESC LIMIT 1",
            )?
            .query_row(params![chain, before, at_once], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
    }
}
