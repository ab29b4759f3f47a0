//! The attributes of the application's users.

use super::schema::Cached;
use crate::host::Host;
use crate::model::{AttributeDefinition, Result};
use crate::salesforce::client::Client;

/// All attributes that an import gives or a push sets, as this organisation describes their fields.
pub(super) fn list_attributes<H: Host>(client: &Client<H>, schema: &Cached) -> Result<Vec<AttributeDefinition>> {
    Ok(schema.get(client)?.attributes.clone())
}
