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
    /// `Sforce-Duplicate-Rule-Header: allowSave=true`: duplicates that a rule only warns of may be saved.
    pub(crate) allow_duplicates: bool,
    /// `includeRecordDetails=true`: duplicates are shown with their fields.
    pub(crate) show_duplicates: bool,
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
        Self { allow_duplicates: false, show_duplicates: false, faults: Vec::new(), written: AtomicUsize::new(0) }
    }

    /// Reads `Sforce-Duplicate-Rule-Header` (H); what it leaves out is false.
    pub(crate) fn read_duplicate_header(&mut self, header: &str) {
        for option in header.split([';', ',']) {
            let Some((name, value)) = option.split_once('=') else { continue };
            let value = value.trim().eq_ignore_ascii_case("true");
            match name.trim().to_ascii_lowercase().as_str() {
                "allowsave" => self.allow_duplicates = value,
                "includerecorddetails" => self.show_duplicates = value,
                _ => {}
            }
        }
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
    fn the_duplicate_header_is_read_without_regard_to_case_and_order() {
        let mut options = WriteOptions::none();
        options.read_duplicate_header("includeRecordDetails=TRUE; AllowSave=true;runAsCurrentUser=true");
        assert!(options.allow_duplicates && options.show_duplicates);
        options.read_duplicate_header("allowSave=false");
        assert!(!options.allow_duplicates);
    }

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
