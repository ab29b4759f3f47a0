//! Users that may be a person's: kept as a push tells them, with what an admin has to do so that one becomes the person's.

use crate::directory::{
    Claim, DirectoryError, FailureKind, NewClaim, Person, ReadTransaction, TaskFailure, TenantRecord, WriteTransaction,
};

/// Users that a remedy names; the listing has them all.
const NAMED: usize = 3;

/// A claim, with what stands in its way.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct OpenClaim {
    /// The claim.
    #[serde(flatten)]
    pub claim: Claim,
    /// The key of another person that the user is linked to.
    pub linked_to: Option<String>,
    /// Another user that the person is linked to, by its id.
    pub has_user: Option<String>,
    /// Whether the two are linked, and something speaks against that.
    pub is_linked: bool,
    /// The commands that make the user the person's, in this order.
    pub commands: Vec<String>,
    /// The command that says that it isn't.
    pub otherwise: String,
}

impl OpenClaim {
    /// Looks up what stands in the way of a claim.
    ///
    /// # Errors
    /// When the person is gone, and the database's.
    pub fn of(view: &ReadTransaction<'_>, tenant: &TenantRecord, claim: Claim) -> Result<Self, DirectoryError> {
        let person = view.person(&claim.person)?;
        let way = Way::of(view, tenant, &person, &claim.remote_id)?;
        let commands = way.commands(&tenant.name, &claim.person, &claim.remote_id);
        let otherwise = if way.is_linked {
            format!("unlink {} {}", tenant.name, claim.person)
        } else {
            format!("confirm {} {} --ignore", tenant.name, claim.remote_id)
        };
        let Way { linked_to, has_user, is_linked } = way;
        Ok(Self { claim, linked_to, has_user, is_linked, commands, otherwise })
    }
}

/// What stands between a user and a person.
struct Way {
    linked_to: Option<String>,
    has_user: Option<String>,
    is_linked: bool,
}

impl Way {
    fn of(
        view: &ReadTransaction<'_>,
        tenant: &TenantRecord,
        person: &Person,
        remote_id: &str,
    ) -> Result<Self, DirectoryError> {
        let own = view.link(tenant.id, person.id)?;
        let is_linked = own.as_ref().is_some_and(|link| link.remote_id == remote_id);
        let linked_to = match view.link_of_user(tenant.id, remote_id)? {
            Some(link) if link.person != person.id => Some(view.person_by_id(link.person)?.key),
            _ => None,
        };
        Ok(Self { linked_to, has_user: own.map(|link| link.remote_id).filter(|id| id != remote_id), is_linked })
    }

    fn commands(&self, tenant: &str, person: &str, remote_id: &str) -> Vec<String> {
        let own = self.has_user.as_ref().map(|_| format!("unlink {tenant} {person}"));
        let other = self.linked_to.as_ref().map(|other| format!("unlink {tenant} {other}"));
        own.into_iter().chain(other).chain([format!("confirm {tenant} {remote_id} --person {person}")]).collect()
    }
}

/// Keeps the users between which a push could not tell, in the place of those from before, and has the failure name the commands
/// that decide.
///
/// # Errors
/// The database's.
pub(super) fn keep(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    person: &Person,
    claims: &[NewClaim],
    failure: Option<&mut TaskFailure>,
) -> Result<(), DirectoryError> {
    let Some(failure) = failure else {
        return change.store_claims(tenant.id, person.id, &[]);
    };
    change.store_claims(tenant.id, person.id, claims)?;
    if failure.kind == FailureKind::AmbiguousMatch
        && let Some(remedy) = remedy(change, tenant, person, claims)?
    {
        failure.remedy = Some(remedy);
    }
    Ok(())
}

/// What to do about the users that may be a person's; `None` without any.
fn remedy(
    view: &ReadTransaction<'_>,
    tenant: &TenantRecord,
    person: &Person,
    claims: &[NewClaim],
) -> Result<Option<String>, DirectoryError> {
    let (name, key) = (&tenant.name, &person.key);
    let then = |way: &Way, id: &str| {
        let commands: Vec<String> =
            way.commands(name, key, id).into_iter().map(|command| format!("`{command}`")).collect();
        commands.join(" and then ")
    };
    let other = "give the person another username and federation id";
    Ok(match claims {
        [] => None,
        [one] => {
            let id = &one.remote_id;
            let way = Way::of(view, tenant, person, id)?;
            let otherwise =
                if way.is_linked { format!("take the link away with `unlink {name} {key}`") } else { other.to_owned() };
            let not = way.linked_to.as_ref().map(|other| format!(" and not the person {other}'s")).unwrap_or_default();
            Some(format!("If the user {id} is this person's{not}, {}; otherwise {otherwise}", then(&way, id)))
        }
        several => {
            let mut ways = Vec::new();
            for claim in several.iter().take(NAMED) {
                let way = Way::of(view, tenant, person, &claim.remote_id)?;
                ways.push(then(&way, &claim.remote_id));
            }
            let more =
                if several.len() > NAMED { format!(", or another that `confirm {name}` lists") } else { String::new() };
            Some(format!("Say which of them is this person's with {}{more}; or {other}", ways.join(", or ")))
        }
    })
}
