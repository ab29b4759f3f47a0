//! The calls of a job as a trait: what drives one can be tried on an application that a test scripts.

use std::future::Future;

use super::wit::{
    Abandoned, AttributeDefinition, Deactivation, Descriptor, DesiredUser, EntitlementPage, ImportPage, ImportQuery,
    Outcome, PushMode,
};
use super::{Job, JobError, Results, Secret, Spent};

/// One tenant's application, through its connector. The calls are those of a [`Job`], with its errors.
pub trait Application: Send {
    /// See [`Job::describe`].
    fn describe(&mut self) -> impl Future<Output = Result<Descriptor, JobError>> + Send;
    /// See [`Job::list_attributes`].
    fn list_attributes(&mut self) -> impl Future<Output = Result<Vec<AttributeDefinition>, JobError>> + Send;
    /// See [`Job::list_entitlements`].
    fn list_entitlements(
        &mut self,
        kind: &str,
        cursor: Option<&str>,
    ) -> impl Future<Output = Result<EntitlementPage, JobError>> + Send;
    /// See [`Job::import_users`].
    fn import_users(&mut self, query: &ImportQuery) -> impl Future<Output = Result<ImportPage, JobError>> + Send;
    /// See [`Job::push_users`].
    fn push_users(
        &mut self,
        users: &[DesiredUser],
        mode: &PushMode,
    ) -> impl Future<Output = Result<Results<Outcome>, JobError>> + Send;
    /// See [`Job::deactivate_users`].
    fn deactivate_users(
        &mut self,
        ids: &[String],
        how: Deactivation,
        mode: &PushMode,
    ) -> impl Future<Output = Result<Results<Outcome>, JobError>> + Send;
    /// See [`Job::reactivate_users`].
    fn reactivate_users(
        &mut self,
        ids: &[String],
        mode: &PushMode,
    ) -> impl Future<Output = Result<Results<Outcome>, JobError>> + Send;
    /// See [`Job::take_back_users`].
    fn take_back_users(
        &mut self,
        people: &[Abandoned],
        how: Deactivation,
        mode: &PushMode,
    ) -> impl Future<Output = Result<Results<Outcome>, JobError>> + Send;
    /// See [`Job::sync_passwords`].
    fn sync_passwords(
        &mut self,
        passwords: &[(String, Secret)],
    ) -> impl Future<Output = Result<Results<()>, JobError>> + Send;
    /// See [`Job::spent`].
    fn spent(&mut self) -> impl Future<Output = Spent> + Send;
}

impl Application for Job {
    async fn describe(&mut self) -> Result<Descriptor, JobError> {
        Self::describe(self).await
    }

    async fn list_attributes(&mut self) -> Result<Vec<AttributeDefinition>, JobError> {
        Self::list_attributes(self).await
    }

    async fn list_entitlements(&mut self, kind: &str, cursor: Option<&str>) -> Result<EntitlementPage, JobError> {
        Self::list_entitlements(self, kind, cursor).await
    }

    async fn import_users(&mut self, query: &ImportQuery) -> Result<ImportPage, JobError> {
        Self::import_users(self, query).await
    }

    async fn push_users(&mut self, users: &[DesiredUser], mode: &PushMode) -> Result<Results<Outcome>, JobError> {
        Self::push_users(self, users, mode).await
    }

    async fn deactivate_users(
        &mut self,
        ids: &[String],
        how: Deactivation,
        mode: &PushMode,
    ) -> Result<Results<Outcome>, JobError> {
        Self::deactivate_users(self, ids, how, mode).await
    }

    async fn reactivate_users(&mut self, ids: &[String], mode: &PushMode) -> Result<Results<Outcome>, JobError> {
        Self::reactivate_users(self, ids, mode).await
    }

    async fn take_back_users(
        &mut self,
        people: &[Abandoned],
        how: Deactivation,
        mode: &PushMode,
    ) -> Result<Results<Outcome>, JobError> {
        Self::take_back_users(self, people, how, mode).await
    }

    async fn sync_passwords(&mut self, passwords: &[(String, Secret)]) -> Result<Results<()>, JobError> {
        Self::sync_passwords(self, passwords).await
    }

    async fn spent(&mut self) -> Spent {
        Self::spent(self).await
    }
}
