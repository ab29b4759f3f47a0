//! The connector that this host was built with.

/// The component of `salesforce-portal-connector`, as the build script made it.
pub static CONNECTOR: &[u8] = include_bytes!(env!("CONNECTOR_COMPONENT"));
