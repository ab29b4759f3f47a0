//! A job with an application that starts again where its sandbox was ended.

use super::{Applications, SyncError};
use crate::config::ComponentChoice;
use crate::directory::{Directory, TenantRecord};
use crate::runtime::{JobError, Results, Tenant};

/// A tenant and the sandbox that works for it, if one is up.
pub(super) struct Session<'a, A: Applications> {
    applications: &'a A,
    tenant: Tenant,
    component: ComponentChoice,
    open: Option<A::Application>,
}

impl<'a, A: Applications> Session<'a, A> {
    /// Opens the tenant's secrets; starts nothing yet.
    pub(super) fn new(directory: &Directory, applications: &'a A, tenant: &TenantRecord) -> Result<Self, SyncError> {
        let component = tenant.config.component();
        let tenant = directory.read(|view| view.runtime_tenant(tenant))?;
        Ok(Self { applications, tenant, component, open: None })
    }

    /// The sandbox; a new one where there is none.
    pub(super) async fn application(&mut self) -> Result<&mut A::Application, SyncError> {
        let application = match self.open.take() {
            Some(application) => application,
            None => self.applications.connect(&self.tenant, &self.component).await?,
        };
        Ok(self.open.insert(application))
    }

    /// Drops the sandbox, which was ended.
    pub(super) fn close(&mut self) {
        self.open = None;
    }
}

/// Checks that there is a result for each record.
pub(super) fn complete<T>(tenant: &str, results: Results<T>, wanted: usize) -> Result<Results<T>, SyncError> {
    if results.len() == wanted {
        return Ok(results);
    }
    Err(SyncError::Misbehaved {
        tenant: tenant.to_owned(),
        what: format!("gave {} results for {wanted} users", results.len()),
    })
}

/// Whether the sandbox was ended, so that the same call may succeed with less in it.
pub(super) fn was_stopped(error: &JobError) -> bool {
    matches!(error, JobError::Stopped { .. })
}
