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
    /// It may work, for this reason.
    Approved(Approval, Grounds),
    /// It declares this beyond what was approved.
    Missing(Declaration),
}

/// Why a component may work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grounds {
    /// This host was built with it.
    BuiltIn,
    /// An admin has approved it, or somebody has pinned it in a tenants file.
    Approved,
    /// It declares no more than a component that an admin has approved, or that this host was built with.
    NoMore,
    /// The tenant reaches this machine alone.
    ThisMachine,
}

/// How a component stands for a tenant. Changes nothing. Without a directory, as for a tenants file, the tenant's pin is the approval.
///
/// # Errors
/// The database's.
pub fn standing(
    directory: Option<&Directory>,
    tenant: &Tenant,
    declared: &Declared,
) -> Result<Standing, DirectoryError> {
    let approved = |declaration: &Arc<Declaration>, grounds| {
        let approval = Approval { component_sha256: declared.digest.clone(), declaration: Arc::clone(declaration) };
        Ok(Standing::Approved(approval, grounds))
    };
    let own = &declared.declaration;
    if declared.is_embedded {
        return approved(own, Grounds::BuiltIn);
    }
    let mut others = Vec::new();
    match directory {
        Some(directory) => {
            if let Some(kept) = directory.read(|view| view.approval(&declared.digest))? {
                return approved(&Arc::new(kept.declaration), Grounds::Approved);
            }
            let kept = directory.read(|view| view.approvals_of(&own.application))?;
            others.extend(kept.into_iter().map(|one| Arc::new(one.declaration)));
        }
        None if tenant.component_sha256.is_some() => return approved(own, Grounds::Approved),
        None => {}
    }
    if declared.embedded.application == own.application {
        others.push(Arc::clone(&declared.embedded));
    }
    let missing = others.iter().map(|other| other.missing(own));
    let least = missing.min_by_key(|missing| missing.hosts.len() + missing.uses.len());
    match least {
        Some(missing) if missing.is_empty() => approved(own, Grounds::NoMore),
        _ if !tenant.egress.loopback.is_empty() && tenant.egress.allow.is_empty() => {
            approved(own, Grounds::ThisMachine)
        }
        Some(missing) => Ok(Standing::Missing(missing)),
        None => Ok(Standing::Missing(Declaration::clone(own))),
    }
}

/// The approval that a tenant's jobs run with, and why. What a component is approved for because it declares no more than another is
/// kept, once for all tenants.
///
/// # Errors
/// When what the component declares hasn't been approved.
pub fn approval(directory: &Directory, tenant: &Tenant, declared: &Declared) -> Result<(Approval, Grounds), SyncError> {
    match standing(Some(directory), tenant, declared)? {
        Standing::Approved(approval, grounds) => {
            if grounds == Grounds::NoMore {
                directory.write(
                    &super::host_actor(),
                    |change: &WriteTransaction<'_>| -> Result<(), DirectoryError> {
                        let why = "it declares no more than an approved component";
                        change.approve(&declared.digest, &declared.declaration, why)
                    },
                )?;
            }
            Ok((approval, grounds))
        }
        Standing::Missing(missing) => Err(SyncError::NotApproved {
            tenant: tenant.name.clone(),
            digest: declared.digest.clone(),
            what: missing.sentences(&|_| None).join(" "),
        }),
    }
}
