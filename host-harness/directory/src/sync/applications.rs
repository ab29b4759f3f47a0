//! Where jobs come from: a component of each tenant's, or what a test scripts.

use std::future::Future;

use super::{Declared, SyncError};
use crate::config::ComponentChoice;
use provisioning_runtime::{Application, Tenant};

/// Starts jobs for tenants.
pub trait Applications: Send + Sync {
    /// What a job is.
    type Application: Application;

    /// What the tenant's component declares.
    fn declared(&self, component: &ComponentChoice) -> impl Future<Output = Result<Declared, SyncError>> + Send;

    /// Starts a job. Signing in is left to its first call.
    fn connect(
        &self,
        tenant: &Tenant,
        component: &ComponentChoice,
    ) -> impl Future<Output = Result<Self::Application, SyncError>> + Send;
}
