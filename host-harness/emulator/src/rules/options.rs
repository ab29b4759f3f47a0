//! What a request asks of its writes besides the records themselves.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::ApiError;

/// A refusal put on some of a request's records on demand.
#[derive(Clone, Debug)]
pub(crate) struct RecordFault {
    /// Which of the request's records, by position; empty means all.
    pub(crate) positions: Vec<usize>,
    /// What these records are refused with; `{id}` in the message stands for the record's id.
    pub(crate) refusal: ApiError,
}

/// One request's wishes and faults.
#[derive(Debug)]
pub(crate) struct WriteOptions {
    /// Refusals put on this request's records.
    pub(crate) faults: Vec<RecordFault>,
    written: AtomicUsize,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self::none()
    }
}

impl WriteOptions {
    /// No wishes.
    pub(crate) const fn none() -> Self {
        Self { faults: Vec::new(), written: AtomicUsize::new(0) }
    }

    /// Counts a record and refuses it if a fault lies on it. `id` is empty for a record that is yet to be made.
    pub(super) fn check(&self, id: &str) -> Result<(), ApiError> {
        if self.faults.is_empty() {
            return Ok(());
        }
        let position = self.written.fetch_add(1, Ordering::Relaxed);
        let hit = self.faults.iter().find(|fault| fault.positions.is_empty() || fault.positions.contains(&position));
        match hit {
            None => Ok(()),
            Some(fault) => {
                let mut refusal = fault.refusal.clone();
                refusal.message = refusal.message.replace("{id}", id).trim_end().to_owned();
                Err(refusal)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_hits_the_records_at_its_positions() {
        let refusal = ApiError::dml("UNABLE_TO_LOCK_ROW", "locked: {id}", &[]);
        let options =
            WriteOptions { faults: vec![RecordFault { positions: vec![1], refusal }], ..WriteOptions::none() };
        assert!(options.check("a").is_ok());
        assert_eq!(options.check("b").unwrap_err().message, "locked: b");
        assert!(options.check("c").is_ok());
    }
}
