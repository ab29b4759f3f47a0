//! Mixed DML: within one transaction, setup objects and others do not mix (H, apex_dml_non_mix_sobjects).

use std::cell::Cell;

use serde_json::{Map, Value as Json};

use crate::error::ApiError;
use crate::org::catalogue::Object;

/// What is done to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Create,
    Update,
    Delete,
}

/// The side of the rule that a write is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Setup,
    Other,
    /// A setup object, written in a way that may be mixed.
    Neutral,
}

/// Changes of a user that do not mix (H).
const UNMIXABLE: [&str; 6] = ["UserRoleId", "IsActive", "ForecastEnabled", "IsPortalEnabled", "Username", "ProfileId"];

fn side(object: &Object, operation: Operation, body: &Map<String, Json>) -> Side {
    let gives = |wanted: &str| body.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
    let given = |wanted: &str| body.iter().any(|(name, value)| name.eq_ignore_ascii_case(wanted) && !value.is_null());
    match (object.name, operation) {
        _ if !object.setup => Side::Other,
        ("User", Operation::Create) if !given("UserRoleId") => Side::Neutral,
        ("User", Operation::Update) if !UNMIXABLE.iter().any(|name| gives(name)) => Side::Neutral,
        ("Group", Operation::Create | Operation::Update) => Side::Neutral,
        _ => Side::Setup,
    }
}

/// What one transaction has written so far.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    setup: Cell<Option<&'static str>>,
    other: Cell<Option<&'static str>>,
}

impl Transaction {
    /// Refuses a write that does not mix with what was written before (H).
    pub(super) fn check(
        &self,
        object: &Object,
        operation: Operation,
        body: &Map<String, Json>,
    ) -> Result<Side, ApiError> {
        let side = side(object, operation, body);
        let original = match side {
            Side::Setup => self.other.get(),
            Side::Other => self.setup.get(),
            Side::Neutral => None,
        };
        match original {
            None => Ok(side),
            Some(original) => Err(mixed(object.name, original)),
        }
    }

    /// Remembers a write that succeeded.
    pub(super) fn record(&self, object: &Object, side: Side) {
        let slot = match side {
            Side::Setup => &self.setup,
            Side::Other => &self.other,
            Side::Neutral => return,
        };
        if slot.get().is_none() {
            slot.set(Some(object.name));
        }
    }
}

/// The refusal (H).
#[must_use]
pub(crate) fn mixed(object: &str, original: &str) -> ApiError {
    ApiError::dml(
        "MIXED_DML_OPERATION",
        format!(
            "DML operation on setup object is not permitted after you have updated a non-setup object (or vice versa): \
             {object}, original object: {original}"
        ),
        &[],
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::org::catalogue;

    #[test]
    fn what_of_a_setup_object_may_be_mixed() {
        use Operation::{Create, Delete, Update};
        for (object, operation, body, expected) in [
            ("Contact", Create, json!({}), Side::Other),
            ("User", Create, json!({"UserRoleId": null}), Side::Neutral),
            ("User", Create, json!({"userroleid": "00E"}), Side::Setup),
            ("User", Update, json!({"Title": "x", "Email": "y"}), Side::Neutral),
            ("User", Update, json!({"UserRoleId": null}), Side::Setup),
            ("User", Update, json!({"IsActive": false}), Side::Setup),
            ("Group", Create, json!({}), Side::Neutral),
            ("Group", Delete, json!({}), Side::Setup),
            ("GroupMember", Create, json!({}), Side::Setup),
            ("PermissionSetAssignment", Delete, json!({}), Side::Setup),
        ] {
            let found = side(catalogue::object(object).unwrap(), operation, body.as_object().unwrap());
            assert_eq!(found, expected, "{object} {operation:?} {body}");
        }
    }
}
