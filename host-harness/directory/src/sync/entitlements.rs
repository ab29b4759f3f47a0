//! What an application has to assign, brought into the directory for forms to choose from.

use super::grants::list;
use super::import::schema;
use super::session::Session;
use super::{Applications, SyncError};
use crate::directory::{
    Actor, AttributeSchema, Directory, DirectoryError, GrantName, ListedEntitlement, ReadTransaction, TenantId,
    TenantRecord,
};
use provisioning_runtime::Application as _;
use provisioning_runtime::wit::{Entitlement, GrantKind};

/// Lists everything that the application has to assign, and the attributes that can be set, and keeps them in the place of what was
/// listed before.
///
/// # Errors
/// When the application cannot be worked with; then what was listed before stays.
pub async fn refresh_entitlements<A: Applications>(
    directory: &Directory,
    applications: &A,
    tenant: &TenantRecord,
    actor: &Actor,
) -> Result<(), SyncError> {
    let mut session = Session::new(directory, applications, tenant)?;
    let listed = list_all(&mut session).await;
    let (listed, schema) = session.end(directory, actor, listed, None).await?;
    Ok(directory.write(actor, |change| {
        if let Some(schema) = &schema {
            change.set_attribute_schema(tenant.id, schema)?;
        }
        change.store_entitlements(tenant.id, &listed)
    })?)
}

/// A kind, and what there is of it; none where the connector cannot list it.
type Listed = Vec<(GrantKind, Option<Vec<Entitlement>>)>;

async fn list_all<A: Applications>(
    session: &mut Session<'_, A>,
) -> Result<(Listed, Option<Vec<AttributeSchema>>), SyncError> {
    let schema = schema(session).await?;
    let kinds = session.application().await?.describe().await?.grants;
    let mut listed = Vec::with_capacity(kinds.len());
    for kind in kinds {
        let found = list(session.application().await?, &kind.name).await?;
        listed.push((kind, found));
    }
    Ok((listed, schema))
}

/// What an assignment is to call something: its name, which people can read and which outlives a refresh of a sandbox, or its
/// id where another of its kind has the same name.
///
/// # Errors
/// The database's.
pub fn grant_name(
    view: &ReadTransaction<'_>,
    tenant: TenantId,
    entitlement: &ListedEntitlement,
) -> Result<GrantName, DirectoryError> {
    let same = view.entitlements_named(tenant, &entitlement.kind, &entitlement.name)?;
    let name = if same.len() == 1 && same.iter().all(|one| one.id == entitlement.id) {
        entitlement.name.clone()
    } else {
        entitlement.id.clone()
    };
    Ok(GrantName { kind: entitlement.kind.clone(), name })
}

/// Why something cannot be assigned beside what is chosen already, in a sentence; none where it can.
pub fn misfit(candidate: &ListedEntitlement, chosen: &[ListedEntitlement]) -> Option<String> {
    let other = chosen.iter().find(|other| !candidate.fits(other))?;
    Some(format!(
        "does not fit {}: it needs {}, and {} is of {}",
        other.name,
        candidate.compatibility.join(" or "),
        other.name,
        other.compatibility.join(" or ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entitlement(name: &str, tags: &[&str]) -> ListedEntitlement {
        ListedEntitlement {
            kind: "k".to_owned(),
            id: name.to_owned(),
            name: name.to_owned(),
            compatibility: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            seats: None,
        }
    }

    #[test]
    fn two_fit_when_they_share_a_tag_or_one_has_none() {
        let (gold, silver) = (entitlement("Gold", &["g"]), entitlement("Silver", &["s"]));
        let (both, any) = (entitlement("Both", &["s", "g"]), entitlement("Any", &[]));
        assert!(
            misfit(&both, &[gold.clone(), any.clone()]).is_none()
                && misfit(&any, std::slice::from_ref(&gold)).is_none()
        );
        let reason = misfit(&silver, &[any, both, gold]).unwrap();
        assert_eq!(reason, "does not fit Gold: it needs s, and Gold is of g");
    }
}
