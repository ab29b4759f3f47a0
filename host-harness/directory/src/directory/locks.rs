//! Who may work for a tenant: one job at a time, whichever process or host it is of.
//!
//! Processes that share a data folder lock a file, which the operating system frees however a process ends. Hosts that share a
//! PostgreSQL database take leases ([`database::postgres`](super::database::postgres)).

use std::fs::{File, OpenOptions, TryLockError};
use std::ops::Deref;
use std::sync::Arc;

use super::database::Database;
use super::folder::{LOCKS, failed};
use super::tenants::TenantRecord;
use super::{Directory, DirectoryError};
use provisioning_runtime::Permit;

/// The right to work for a tenant, as long as it is held. It is the directory as well: a job that goes through it changes nothing
/// once it has lost that right, as a host does that was stopped for longer than its lease lasts.
#[derive(Debug)]
pub struct TenantLock {
    directory: Directory,
    /// Locked as long as it is open.
    _file: Option<File>,
}

impl Deref for TenantLock {
    type Target = Directory;

    fn deref(&self) -> &Directory {
        &self.directory
    }
}

impl Drop for TenantLock {
    fn drop(&mut self) {
        if let (Some(lease), Database::Postgres(postgres)) = (&self.directory.lease, &self.directory.open.database) {
            super::aside(|| postgres.give_lease_back(lease));
        }
    }
}

impl Directory {
    /// Takes the right to run jobs for a tenant. Every process asks for it before it imports or pushes.
    ///
    /// # Errors
    /// [`DirectoryError::Locked`] where another holds it, at once.
    pub fn lock_tenant(&self, tenant: &TenantRecord) -> Result<TenantLock, DirectoryError> {
        let locked = || DirectoryError::Locked { tenant: tenant.name.clone() };
        match &self.open.database {
            Database::Sqlite(_) => {
                let path = self.folder().join(LOCKS).join(format!("tenant-{}", tenant.id));
                let failed = |reason| failed(self.folder())(reason);
                let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(failed)?;
                match file.try_lock() {
                    Ok(()) => Ok(TenantLock { directory: self.clone(), _file: Some(file) }),
                    Err(TryLockError::WouldBlock) => Err(locked()),
                    Err(TryLockError::Error(reason)) => Err(failed(reason)),
                }
            }
            Database::Postgres(postgres) => {
                let lease = super::aside(|| postgres.take_lease(tenant.id))?.ok_or_else(locked)?;
                let lease = postgres.keep_lease(lease);
                let directory = Self { open: Arc::clone(&self.open), lease: Some(lease) };
                Ok(TenantLock { directory, _file: None })
            }
        }
    }

    /// What says whether a job that goes through this may still ask the tenant's application for something. Returns `None` if it may
    /// as long as the process lives.
    pub(crate) fn permit(&self) -> Option<Arc<dyn Permit>> {
        self.lease.as_ref().map(|lease| Arc::clone(lease) as Arc<dyn Permit>)
    }
}
