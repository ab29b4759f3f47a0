//! Seats of licences, counted before they are taken: a licence that runs out halfway through a batch is told for each user
//! that gets none.

use std::collections::HashMap;

use super::rows::LicenceRow;
use crate::model::{Error, ErrorKind, Result};
use crate::salesforce::id::Id;

/// Seats that the plans before have spoken for, by licence.
#[derive(Default)]
pub(super) struct Seats {
    taken: HashMap<Id, i64>,
}

impl Seats {
    /// Takes a seat of a licence; an error where there is none.
    pub(super) fn take(&mut self, licence: &LicenceRow, subject: &str) -> Result<()> {
        let (Some(total), Some(used)) = (licence.total, licence.used) else { return Ok(()) };
        let taken = self.taken.entry(licence.id).or_default();
        if total >= 0 && used.saturating_add(*taken) >= total {
            let name = licence.name.as_deref().unwrap_or("the profile");
            let message = format!("no seat of the licence {name} is left for {subject}: all {total} are used");
            return Err(Error::new(ErrorKind::LicenseExhausted, message).with_remedy("Buy seats or deactivate users that no longer need one; Setup > Company Settings > Company Information > User Licenses shows how many are used"));
        }
        *taken += 1;
        Ok(())
    }
}
