//! The part of the matches that lists users of which a push could not tell whose they are.

use super::listing::{Asked, ROWS, address, has_more};
use crate::problem::Problem;
use provisioning_directory::sync::OpenClaim;
use provisioning_directory::{ClaimFilter, ReadTransaction, TenantRecord};

/// A user, with the people it may be.
pub(super) struct ClaimedUser {
    pub(super) remote_id: String,
    pub(super) username: String,
    pub(super) status: &'static str,
    pub(super) people: Vec<OpenClaim>,
}

/// A page of them.
#[derive(Default)]
pub(super) struct Claims {
    pub(super) users: Vec<ClaimedUser>,
    pub(super) next: Option<String>,
    pub(super) first: Option<String>,
}

/// Where the claims of one person are.
pub(super) fn of_person(tenant: &str, key: &str) -> String {
    format!("{}#claims", address(&format!("/applications/{tenant}/import/matches"), &[("q", key)]))
}

/// Which of them an address asks for.
pub(super) fn asked_for(asked: &Asked) -> ClaimFilter {
    let after = asked.get("after-user").map(|user| (user.to_owned(), asked.text("after-person")));
    ClaimFilter { contains: asked.get("q").map(str::to_owned), after, limit: Some(ROWS + 1) }
}

/// Reads the claims that a filter finds. Those on one user stand together.
pub(super) fn read(
    view: &ReadTransaction<'_>,
    tenant: &TenantRecord,
    filter: &ClaimFilter,
    path: &str,
) -> Result<Claims, Problem> {
    let mut found = view.claims(tenant.id, filter)?;
    let more = has_more(&mut found);
    let q = filter.contains.as_deref().unwrap_or_default();
    let mut claims = Claims {
        next: found.last().filter(|_| more).map(|last| {
            let place = [("q", q), ("after-user", last.remote_id.as_str()), ("after-person", last.person.as_str())];
            format!("{}#claims", address(path, &place))
        }),
        first: filter.after.as_ref().map(|_| format!("{}#claims", address(path, &[("q", q)]))),
        ..Claims::default()
    };
    for claim in found {
        let claim = OpenClaim::of(view, tenant, claim)?;
        let of = &claim.claim;
        match claims.users.last_mut().filter(|user| user.remote_id == of.remote_id) {
            Some(user) => user.people.push(claim),
            None => claims.users.push(ClaimedUser {
                remote_id: of.remote_id.clone(),
                username: of.username.clone(),
                status: of.status.name(),
                people: vec![claim],
            }),
        }
    }
    Ok(claims)
}
