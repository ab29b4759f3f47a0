//! How often SCIM clients may ask, whichever host they ask.
//!
//! Each client has a bucket that fills steadily. A host takes what it needs for a moment at once, so that not every request is a write.

use super::database::{Optional as _, params};
use super::{DirectoryError, ScimClientId, Timestamp, WriteTransaction};

impl WriteTransaction<'_> {
    /// Takes up to `wanted` requests from a client's bucket, which gains `rate` per second and holds `most`. Returns how many it had,
    /// and how long it takes until it has one more if it had none.
    ///
    /// # Errors
    /// The database's.
    pub fn take_scim_allowance(
        &self,
        client: ScimClientId,
        rate: u32,
        most: u32,
        wanted: u32,
        now: Timestamp,
    ) -> Result<Result<u32, std::time::Duration>, DirectoryError> {
        let (rate, full) = (i64::from(rate.max(1)), i64::from(most.max(1)) * 1_000);
        // A request for the first time, which no row can be locked for, is counted as well as any other.
        self.db
            .prepare_cached(
                "INSERT INTO scim_allowance (client_id, thousandths, at) VALUES (?1, ?2, ?3) ON CONFLICT (client_id) DO NOTHING",
            )?
            .execute(params![client.0, full, now])?;
        let (level, at): (i64, Timestamp) = self
            .db
            .prepare_cached(&format!(
                "SELECT thousandths, at FROM scim_allowance WHERE client_id = ?1{}",
                self.db.to_change()
            ))?
            .query_row([client.0], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?
            .unwrap_or((full, now));
        // A host whose clock is behind takes nothing away.
        let gained = i64::try_from(now.since(at).as_millis()).unwrap_or(i64::MAX).saturating_mul(rate);
        let level = level.saturating_add(gained).min(full);
        let taken = (level / 1_000).clamp(0, i64::from(wanted.max(1)));
        self.db
            .prepare_cached("UPDATE scim_allowance SET thousandths = ?2, at = ?3 WHERE client_id = ?1")?
            .execute(params![client.0, level - taken * 1_000, now.max(at)])?;
        if taken == 0 {
            let millis = (1_000 - level).max(1).unsigned_abs().div_ceil(rate.unsigned_abs());
            return Ok(Err(std::time::Duration::from_millis(millis)));
        }
        Ok(Ok(u32::try_from(taken).unwrap_or(u32::MAX)))
    }
}
