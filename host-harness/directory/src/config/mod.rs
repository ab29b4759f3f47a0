//! What an operator writes down: tenants in TOML, and where their secrets come from.

mod error;
mod hosts;
mod provisioning;
mod secret_source;
mod tenants;

pub use error::ConfigError;
pub use provisioning::{
    AttributeMapping, DeactivationRule, Direction, LifecycleRule, Mapping, Mastering, MatchRule, Matching, PushWhen,
    Safeguard, Schedule, ToApp, ToIdp, imported_as,
};
pub use secret_source::{SecretSource, StandardInput};
pub use tenants::without_value;
pub use tenants::{ComponentChoice, EgressConfig, PlainValue, TenantConfig, TenantsFile};
