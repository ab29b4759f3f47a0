//! Whether a job may still work for its tenant.

/// Says whether a job may still send requests ([`Tenant::permit`](super::Tenant)), where the right to work for a tenant may end before
/// the job does. It is asked before each request is sent, so it answers at once.
pub trait Permit: Send + Sync + std::fmt::Debug {
    /// Whether the right still lasts.
    fn lasts(&self) -> bool;
}
