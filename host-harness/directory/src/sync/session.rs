//! A job with an application that starts again where its sandbox was ended.

use std::sync::Arc;

use super::approval::approval;
use super::{Applications, SyncError};
use crate::config::ComponentChoice;
use crate::directory::{
    Actor, Directory, DirectoryError, EndedJob, FailureKind, LastFailure, TenantId, TenantRecord, Timestamp, Upstream,
};
use provisioning_runtime::{Application as _, JobError, Ledger, Results, Spent, Tenant};

/// A tenant and the sandbox that works for it, if one is up.
pub(super) struct Session<'a, A: Applications> {
    directory: Directory,
    applications: &'a A,
    tenant: Tenant,
    component: ComponentChoice,
    open: Option<A::Application>,
    id: TenantId,
    /// Of sandboxes that have ended.
    spent: Spent,
    began: Timestamp,
    /// Requests that were sent so far.
    requests: u64,
}

impl<'a, A: Applications> Session<'a, A> {
    /// Opens the tenant's secrets; starts nothing yet.
    ///
    /// # Errors
    /// When the tenant is paused, or a secret does not open.
    pub(super) fn new(directory: &Directory, applications: &'a A, tenant: &TenantRecord) -> Result<Self, SyncError> {
        if tenant.config.paused {
            return Err(SyncError::Off(format!(
                "the API integration of {} is off, so nothing is read or written; switch it on with `tenant edit {} --set paused=false`",
                tenant.name, tenant.name
            )));
        }
        let (component, id) = (tenant.config.component(), tenant.id);
        let mut tenant = directory.read(|view| view.runtime_tenant(tenant))?;
        tenant.permit = directory.permit();
        Ok(Self {
            directory: directory.clone(),
            applications,
            tenant,
            component,
            open: None,
            id,
            spent: Spent::default(),
            began: Timestamp::now(),
            requests: 0,
        })
    }

    /// Has everything kept that the connector tells of single users.
    pub(super) fn keep(&mut self, ledger: Arc<dyn Ledger>) {
        self.tenant.ledger = Some(ledger);
    }

    /// The sandbox; a new one where there is none.
    pub(super) async fn application(&mut self) -> Result<&mut A::Application, SyncError> {
        let application = match self.open.take() {
            Some(application) => application,
            None => {
                let declared = self.applications.declared(&self.component).await?;
                self.tenant.approval = Some(approval(&self.directory, &self.tenant, &declared)?.0);
                self.applications.connect(&self.tenant, &self.component).await?
            }
        };
        Ok(self.open.insert(application))
    }

    /// Drops the sandbox, which was ended.
    pub(super) async fn close(&mut self) {
        if let Some(mut ended) = self.open.take() {
            self.spent.merge(ended.spent().await);
        }
    }

    /// What was asked of the application since the last time, to be kept with what came of it.
    pub(super) async fn spent(&mut self) -> Spent {
        if let Some(application) = &mut self.open {
            self.spent.merge(application.spent().await);
        }
        self.requests += self.spent.requests();
        std::mem::take(&mut self.spent)
    }

    /// Keeps what is left of the job's requests at its end, how it ended and, where it is one that is listed, what it came to; and
    /// gives that end back.
    pub(super) async fn end<T>(
        &mut self,
        directory: &Directory,
        actor: &Actor,
        result: Result<T, SyncError>,
        came_to: Option<EndedJob>,
    ) -> Result<T, SyncError> {
        let spent = self.spent().await;
        let failure = result.as_ref().err().map(last_failure);
        let kept = directory.write(actor, |change| -> Result<(), DirectoryError> {
            if !spent.is_empty() {
                change.add_usage(self.id, &spent)?;
            }
            // What the directory or a setting held up has not begun.
            if let Some(job) = came_to.as_ref().filter(|_| !matches!(failure, Some(None))) {
                change.add_job_run(
                    self.id,
                    job,
                    failure.as_ref().and_then(Option::as_ref),
                    self.requests,
                    self.began,
                )?;
            }
            match &failure {
                None => change.store_last_failure(self.id, None),
                Some(Some(failure)) => change.store_last_failure(self.id, Some(failure)),
                // It says nothing about the application.
                Some(None) => Ok(()),
            }
        });
        let value = result?;
        kept?;
        Ok(value)
    }
}

/// What is kept of an error that ended a job; none for what the directory itself or an admin's settings held up.
fn last_failure(error: &SyncError) -> Option<LastFailure> {
    let (kind, remedy, upstream) = match error {
        SyncError::Job(JobError::Refused(error)) => {
            (FailureKind::from(&error.kind), error.remedy.clone(), error.upstream.as_ref().map(Upstream::from))
        }
        SyncError::Job(JobError::Stopped { .. }) => (FailureKind::Stopped, None, None),
        SyncError::Component { .. } | SyncError::NotApproved { .. } => (FailureKind::InvalidSettings, None, None),
        SyncError::Misbehaved { .. } | SyncError::TooMuch { .. } => (FailureKind::Misbehaved, None, None),
        SyncError::Directory(_)
        | SyncError::Off(_)
        | SyncError::Halted { .. }
        | SyncError::ApprovalWanted { .. }
        | SyncError::Invalid(_) => return None,
    };
    Some(LastFailure { at: Timestamp::now(), kind, message: error.to_string(), remedy, upstream })
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
