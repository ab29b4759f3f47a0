//! What an operator writes down: tenants in TOML, and where their secrets come from.

mod error;
mod secret_source;
mod tenants;

pub use error::ConfigError;
pub use secret_source::{SecretSource, StandardInput};
pub use tenants::{ComponentChoice, TenantConfig, TenantsFile};
