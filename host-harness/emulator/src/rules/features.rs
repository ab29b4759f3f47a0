//! Feature licences are flags on the user, and not every user licence allows every flag.

use super::portal::Profile;
use crate::error::ApiError;
use crate::org::catalogue;
use crate::org::licences;
use crate::org::store::{self, Row};

const PREFIX: &str = "UserPermissions";

/// Refuses flags that are to be set and that the licence does not allow (H for the text, L for no fields).
pub(super) fn check(row: &Row, profile: &Profile) -> Result<(), ApiError> {
    let allowed = licences::by_name(&profile.licence_name).map(|licence| licence.features).unwrap_or_default();
    for name in row.keys().filter(|name| name.starts_with(PREFIX)) {
        if store::flag(row, name) && !allowed.contains(&&name[PREFIX.len()..]) {
            let label = catalogue::object("User").and_then(|user| user.field(name)).map_or(*name, |field| field.label);
            return Err(ApiError::dml(
                "FIELD_INTEGRITY_EXCEPTION",
                format!("{label} is not allowed for this License Type."),
                &[],
            ));
        }
    }
    Ok(())
}
