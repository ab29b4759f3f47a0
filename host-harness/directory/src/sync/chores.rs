//! What an edit of a tenant means for each of its people and users.
//!
//! There may be hundreds of thousands. So the edit keeps what is to be done ([`Chore`]) and does as much of it as fits into its own
//! transaction; the rest is done in others, between which other tenants have their turns. Should the process end before that,
//! the next job of the tenant goes on.

use serde::{Deserialize, Serialize};

use super::Feature;
use super::intents::Followed;
use crate::directory::{
    Actor, Directory, DirectoryError, PersonId, PersonStatus, TaskKind, TenantId, TenantRecord, WriteTransaction,
};

/// What is to be done for everybody, as it is kept.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Chore {
    /// The next import looks again at users who aren't linked.
    UnsettleUnlinked,
    /// It looks again at those who are.
    UnsettleLinked,
    /// Whoever is assigned is brought in step with features that were switched on, or with another mapping.
    #[serde(rename_all = "kebab-case")]
    Follow {
        /// People without a user get one.
        new_users: bool,
        /// Users follow their people.
        updates: bool,
        /// Users of people who aren't in use are taken out of use.
        deactivation: bool,
    },
}

/// Adds a chore of a tenant.
pub(super) fn add(change: &WriteTransaction<'_>, tenant: TenantId, chore: &Chore) -> Result<(), DirectoryError> {
    change.add_chore(tenant, &serde_json::to_string(chore)?)
}

/// Does what is left of a tenant's chores until the transaction has had its turn.
pub(super) fn do_some(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    followed: &mut Followed,
) -> Result<(), DirectoryError> {
    while let Some(open) = change.first_chore(tenant.id)? {
        let chore: Chore = serde_json::from_str(&open.what)?;
        let mut after = Some(open.after.clone());
        while let Some(from) = &after {
            after = do_piece(change, tenant, &chore, from, followed)?;
            if change.has_had_its_turn() {
                break;
            }
        }
        change.store_chore(&open, after.as_deref())?;
        if change.has_had_its_turn() {
            break;
        }
    }
    Ok(())
}

/// Does what is left of a tenant's chores. Costs one look where there is nothing.
///
/// # Errors
/// The database's.
pub fn finish(directory: &Directory, actor: &Actor, tenant: &TenantRecord) -> Result<Followed, DirectoryError> {
    let mut followed = Followed::default();
    while directory.read(|view| view.first_chore(tenant.id))?.is_some() {
        followed.merge(directory.write(actor, |change| -> Result<_, DirectoryError> {
            let mut followed = Followed::default();
            // As it is now: what was switched off since isn't followed any more.
            let tenant = change.tenant(&tenant.name)?;
            do_some(change, &tenant, &mut followed)?;
            Ok(followed)
        })?);
    }
    Ok(followed)
}

/// Does a piece of a chore. Returns up to where it is done then; none where that was the last piece.
fn do_piece(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    chore: &Chore,
    after: &str,
    followed: &mut Followed,
) -> Result<Option<String>, DirectoryError> {
    match *chore {
        Chore::UnsettleUnlinked => change.unsettle_unlinked(tenant.id, after),
        Chore::UnsettleLinked => change.unsettle_linked(tenant.id, after),
        Chore::Follow { new_users, updates, deactivation } => {
            let people = change.assigned_people_after(tenant.id, PersonId::parse(after), FOLLOWED_AT_ONCE)?;
            for id in &people {
                let person = change.person_by_id(*id)?;
                let linked = change.link(tenant.id, *id)?.is_some();
                let (feature, wanted, kind) = match (person.status, linked) {
                    (PersonStatus::Active, true) => (Feature::PushProfileUpdates, updates, TaskKind::Push),
                    (PersonStatus::Active, false) => (Feature::PushNewUsers, new_users, TaskKind::Push),
                    (_, true) => (Feature::PushUserDeactivation, deactivation, TaskKind::Deactivate),
                    (_, false) => continue,
                };
                if wanted && feature.is_on(&tenant.config) {
                    followed.ask(change, tenant, &person, kind)?;
                }
            }
            Ok(people.last().map(PersonId::to_string))
        }
    }
}

/// People that are looked at between two looks at the clock.
const FOLLOWED_AT_ONCE: u32 = 100;
