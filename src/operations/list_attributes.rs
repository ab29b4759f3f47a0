//! The attributes of the application's users.

use crate::attributes;
use crate::model::AttributeDefinition;

/// All attributes that an import gives or a push sets. They are the same in every organisation, so nothing is asked.
pub(super) fn list_attributes() -> Vec<AttributeDefinition> {
    attributes::ALL.iter().map(attributes::Definition::describe).collect()
}
