//! Which tenants are due, and when each is due next.
//!
//! A host *claims* what it is about to work for: the tenant's time is put off by a little, so that others find the next one. The
//! time is worked out again when the visit ends. Should the host end before that, the tenant is found again after that little, and
//! as soon as nobody holds it somebody works for it.

use std::time::Duration;

use super::{Actor, import, push};
use crate::directory::{Directory, DirectoryError, ReadTransaction, Rest, TenantId, TenantRecord, Timestamp};

/// Tenants that are looked at together.
const PIECE: u32 = 64;

/// The longest that a tenant is left alone after failures.
const LONGEST_REST: Duration = Duration::from_secs(3600);

/// How a visit has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// What was due is done.
    Well,
    /// It went well, and the tenant is due at once: an import has had its turn.
    Unfinished,
    /// A job failed.
    Failed,
}

/// What a look has found.
#[derive(Debug)]
pub(super) struct Claimed {
    /// Tenants that are this host's to visit.
    pub(super) tenants: Vec<TenantRecord>,
    /// Whether there may be more, which were left for another look.
    pub(super) may_be_more: bool,
}

/// When a visit to a tenant is due next, by its settings and by what there is to do. Returns `None` if not before something is changed.
pub(super) fn next(
    view: &ReadTransaction<'_>,
    tenant: &TenantRecord,
    rest: Rest,
) -> Result<Option<Timestamp>, DirectoryError> {
    if tenant.config.paused {
        return Ok(None);
    }
    let next = [import::due_at(tenant), push_due_at(view, tenant)?].into_iter().flatten().min();
    Ok(next.map(|at| at.max(rest.until)))
}

/// When a push is due: by its schedule, once there is something to do.
pub(super) fn push_due_at(
    view: &ReadTransaction<'_>,
    tenant: &TenantRecord,
) -> Result<Option<Timestamp>, DirectoryError> {
    let Some(at) = push::due_at(tenant) else { return Ok(None) };
    // Where pushes are approved, all that can be done without a person is to have a plan ready.
    if tenant.config.to_app.approval && view.has_open_plan(tenant.id)? {
        return Ok(None);
    }
    Ok(view.work_since(tenant.id)?.map(|since| since.max(at)))
}

/// Claims up to `most` tenants that are due, without those that are `busy` here already. `again` is how long others leave them
/// alone.
pub(super) fn claim(
    directory: &Directory,
    actor: &Actor,
    most: usize,
    busy: impl Fn(TenantId) -> bool,
    again: Duration,
) -> Result<Claimed, DirectoryError> {
    // A look that finds nothing takes nobody's turn.
    if !directory.read(|view| view.may_be_due(Timestamp::now()))? {
        return Ok(Claimed { tenants: Vec::new(), may_be_more: false });
    }
    // Or it would be found again by this look.
    let again = again.max(Duration::from_millis(1));
    directory.write(actor, |change| {
        let now = Timestamp::now();
        let mut claimed = Claimed { tenants: Vec::new(), may_be_more: false };
        change.put_orphans_first()?;
        loop {
            let found = change.tenants_to_claim(now, PIECE)?;
            if found.is_empty() {
                return Ok(claimed);
            }
            for (tenant, rest) in found {
                let next = next(change, &tenant, rest)?;
                if next.is_none_or(|at| at > now) {
                    change.store_due(tenant.id, next)?;
                    continue;
                }
                let is_busy = busy(tenant.id);
                if !is_busy && claimed.tenants.len() >= most {
                    claimed.may_be_more = true;
                    return Ok(claimed);
                }
                change.store_due(tenant.id, Some(now.after(again)))?;
                if !is_busy {
                    claimed.tenants.push(tenant);
                }
            }
            if change.has_had_its_turn() {
                claimed.may_be_more = true;
                return Ok(claimed);
            }
        }
    })
}

/// Stores when a tenant is due after a visit. `rest` is how long it is left alone after a failure; it doubles with each in a row, up
/// to an hour. `pause` is how soon it may be due again if all went well.
pub(super) fn settle(
    directory: &Directory,
    actor: &Actor,
    tenant: TenantId,
    end: End,
    rest: Duration,
    pause: Duration,
) -> Result<(), DirectoryError> {
    directory.write(actor, |change| -> Result<(), DirectoryError> {
        let Some((tenant, before)) = change.tenant_to_settle(tenant)? else { return Ok(()) };
        let now = Timestamp::now();
        let after = if end == End::Failed { rested(before, rest, now) } else { Rest::default() };
        if after != before {
            change.store_rest(tenant.id, after)?;
        }
        // Behind those that are due already, so that nobody is ahead for ever.
        let earliest = if end == End::Well { now.after(pause) } else { now };
        let next = next(change, &tenant, after)?.map(|at| at.max(earliest));
        change.store_due(tenant.id, next)
    })
}

/// How a tenant rests after another failure.
pub(super) fn rested(before: Rest, rest: Duration, now: Timestamp) -> Rest {
    let time = rest.saturating_mul(1 << before.failures.min(12)).min(LONGEST_REST);
    Rest { failures: before.failures.saturating_add(1), until: now.after(time) }
}
