//! Why a job ended before its work was done.

use crate::directory::DirectoryError;
use provisioning_runtime::JobError;

/// Each says what happened and what to do. Whatever a job had done by then is kept, and the next one goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The directory refuses, or fails.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The connector refuses, or was stopped.
    #[error(transparent)]
    Job(#[from] JobError),
    /// The tenant's component cannot be loaded.
    #[error("the component {path} cannot be used: {reason}")]
    Component {
        /// Its file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// What the tenant's component does with secrets hasn't been approved.
    #[error(
        "the component of {tenant} (SHA-256 {digest}) does with secrets what nobody has approved: {what} Approve it with `component approve --tenant {tenant}`, or put an approved component back"
    )]
    NotApproved {
        /// The tenant.
        tenant: String,
        /// The component's.
        digest: String,
        /// In sentences.
        what: String,
    },
    /// A feature is off.
    #[error("{0}")]
    Off(String),
    /// An import was halted by its safeguard and waits for an admin.
    #[error(
        "the last import of {tenant} was halted: {reason}; look at it with `import {tenant} --dry-run`, then let it take effect with `import {tenant} --accept`, or give it up with `import {tenant} --discard`"
    )]
    Halted {
        /// The tenant.
        tenant: String,
        /// What the safeguard saw.
        reason: String,
    },
    /// The tenant wants pushes approved.
    #[error(
        "{tenant} wants pushes approved; see what would change with `plan {tenant}`, then write exactly that with `apply {tenant}`"
    )]
    ApprovalWanted {
        /// The tenant.
        tenant: String,
    },
    /// What was asked for cannot be done.
    #[error("{0}")]
    Invalid(String),
    /// An import has read more than it may.
    #[error(
        "the import of {tenant} was given up, since it {over}; if the application really has so many users, raise the limit with `tenant edit {tenant} --set PATH=VALUE`, otherwise mend the connector"
    )]
    TooMuch {
        /// The tenant.
        tenant: String,
        /// What was too much, and the setting that bounds it.
        over: String,
    },
    /// The connector does not keep to its interface.
    #[error("the connector of {tenant} {what}; mend the connector")]
    Misbehaved {
        /// The tenant.
        tenant: String,
        /// What it did.
        what: String,
    },
}
