//! Whether a component may work for a tenant: whether what it does with secrets has been approved.
//!
//! 1. The component that this host was built with is approved by the build.
//! 2. A component that an admin has approved, by its digest, may do what was approved.
//! 3. A component that declares no more than an approved one of the same application is approved by that, once for all tenants, and the
//!    audit trail says so.
//! 4. A tenant that reaches this machine alone sends nothing anywhere else: whoever writes a connector isn't asked.
//! 5. Any other has to be approved first.

use std::sync::Arc;

use super::SyncError;
use crate::directory::{Directory, DirectoryError, WriteTransaction};
use provisioning_runtime::{Approval, Declaration, Tenant};

/// What a component declares.
#[derive(Clone, Debug, Default)]
pub struct Declared {
    /// Its SHA-256, in hexadecimal.
    pub digest: String,
    /// Its hosts, and where secrets go.
    pub declaration: Arc<Declaration>,
    /// What the component that this host was built with declares.
    pub embedded: Arc<Declaration>,
    /// Whether it is that component.
    pub is_embedded: bool,
}

/// How a component stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may work.
    Approved(Approval),
    /// It declares this beyond what was approved.
    Missing(Declaration),
}

/// Whether everything that the tenant's jobs may reach is this machine itself.
pub fn reaches_this_machine_alone(tenant: &Tenant) -> bool {
    tenant.egress.loopback && tenant.egress.allow.is_empty()
}

/// How a component stands for a tenant.
///
/// # Errors
/// SQLite's.
pub fn standing(directory: &Directory, tenant: &Tenant, declared: &Declared) -> Result<Standing, DirectoryError> {
    let approved = |declaration: &Arc<Declaration>| {
        Standing::Approved(Approval { component_sha256: declared.digest.clone(), declaration: Arc::clone(declaration) })
    };
    if declared.is_embedded {
        return Ok(approved(&declared.declaration));
    }
    let kept = directory.read(|view| view.approval(&declared.digest))?;
    if let Some(kept) = kept {
        return Ok(approved(&Arc::new(kept.declaration)));
    }
    let application = &declared.declaration.application;
    let others = directory.read(|view| view.approvals_of(application))?;
    let of_embedded = (declared.embedded.application == *application).then_some(&*declared.embedded);
    let others = others.iter().map(|one| &one.declaration).chain(of_embedded);
    let mut least: Option<Declaration> = None;
    for other in others {
        let missing = other.missing(&declared.declaration);
        if missing.is_empty() {
            directory.write(&super::host_actor(), |change: &WriteTransaction<'_>| -> Result<(), DirectoryError> {
                change.approve(
                    &declared.digest,
                    &declared.declaration,
                    "it declares no more than an approved component",
                )
            })?;
            return Ok(approved(&declared.declaration));
        }
        let size = |one: &Declaration| one.hosts.len() + one.uses.len();
        if least.as_ref().is_none_or(|least| size(&missing) < size(least)) {
            least = Some(missing);
        }
    }
    if reaches_this_machine_alone(tenant) {
        return Ok(approved(&declared.declaration));
    }
    Ok(Standing::Missing(least.unwrap_or_else(|| Declaration::clone(&declared.declaration))))
}

/// The approval that a tenant's jobs run with.
///
/// # Errors
/// When what the component declares hasn't been approved.
pub fn approval(directory: &Directory, tenant: &Tenant, declared: &Declared) -> Result<Approval, SyncError> {
    match standing(directory, tenant, declared)? {
        Standing::Approved(approval) => Ok(approval),
        Standing::Missing(missing) => Err(SyncError::NotApproved {
            tenant: tenant.name.clone(),
            digest: declared.digest.clone(),
            what: missing.sentences(&|_| None).join(" "),
        }),
    }
}
