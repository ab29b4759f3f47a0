//! Taking users out of use and putting them back.

use super::Target;
use super::bench::{Bench, good, only};
use super::check::{Check, Unmet, ensure, ensure_kind, failed, refusal};
use crate::runtime::Results;
use crate::runtime::wit::{Action, Deactivation, ErrorKind, Features, Outcome, PushMode, Status};
use crate::sync::Application as _;

pub(super) const CHECKS: &[Check] = &[DEACTIVATE, REACTIVATE, UNKNOWN, PLAN];

const DEACTIVATE: Check = Check::writing(
    "lifecycle.deactivate-twice",
    "A user is deactivated once and is unchanged the second time; an import has it as inactive.",
)
.needing(&[Features::PUSH_USER_DEACTIVATION]);
const REACTIVATE: Check = Check::writing(
    "lifecycle.reactivate",
    "A deactivated user is put back into use and is unchanged the second time; an import has it as active.",
)
.needing(&[Features::PUSH_USER_DEACTIVATION, Features::REACTIVATE_USERS]);
const UNKNOWN: Check = Check::writing(
    "lifecycle.unknown-id",
    "An id that is nobody's is refused alone, in its place; its neighbour is deactivated.",
)
.needing(&[Features::PUSH_USER_DEACTIVATION]);
const PLAN: Check = Check::writing("lifecycle.plan", "A plan to deactivate says so, and leaves the user in use.")
    .needing(&[Features::PUSH_USER_DEACTIVATION, Features::PLAN]);

pub(super) async fn check<T: Target>(bench: &mut Bench<'_, T>) {
    bench
        .check(&DEACTIVATE, async |bench| {
            let mut job = bench.job().await?;
            let (id, _) = bench.made_user(&mut job).await?;
            for wanted in [Action::Deactivated, Action::Unchanged] {
                let results =
                    job.deactivate_users(std::slice::from_ref(&id), Deactivation::Deactivate, &PushMode::Apply).await?;
                told(results, &id, wanted)?;
                status(bench, &id, Status::Inactive).await?;
            }
            Ok(id)
        })
        .await;
    bench
        .check(&REACTIVATE, async |bench| {
            let mut job = bench.job().await?;
            let (id, _) = bench.made_user(&mut job).await?;
            let ids = std::slice::from_ref(&id);
            told(
                job.deactivate_users(ids, Deactivation::Deactivate, &PushMode::Apply).await?,
                &id,
                Action::Deactivated,
            )?;
            for wanted in [Action::Reactivated, Action::Unchanged] {
                told(job.reactivate_users(ids, &PushMode::Apply).await?, &id, wanted)?;
                status(bench, &id, Status::Active).await?;
            }
            Ok(id)
        })
        .await;
    bench
        .check(&UNKNOWN, async |bench| {
            let mut job = bench.job().await?;
            let (id, _) = bench.made_user(&mut job).await?;
            let ids = [bench.unknown_id(), id.clone()];
            let mut results = job.deactivate_users(&ids, Deactivation::Deactivate, &PushMode::Apply).await?;
            ensure(results.len() == 2, || format!("{} results came for two ids", results.len()))?;
            let neighbour = results.pop().into_iter().collect();
            let Err(error) = only(results)? else { return failed(format!("the id {} was accepted", ids[0])) };
            ensure_kind(
                &error,
                "an id that is nobody's",
                |kind| matches!(kind, ErrorKind::NotFound | ErrorKind::StaleReference | ErrorKind::InvalidValue),
                "not-found, stale-reference or invalid-value",
            )?;
            told(neighbour, &id, Action::Deactivated)?;
            Ok(refusal(&error))
        })
        .await;
    bench
        .check(&PLAN, async |bench| {
            let mut job = bench.job().await?;
            let (id, _) = bench.made_user(&mut job).await?;
            let results =
                job.deactivate_users(std::slice::from_ref(&id), Deactivation::Deactivate, &PushMode::Plan).await?;
            told(results, &id, Action::Deactivated)?;
            status(bench, &id, Status::Active).await?;
            Ok(id)
        })
        .await;
}

/// Wants the only result to say this of this user.
fn told(results: Results<Outcome>, id: &str, wanted: Action) -> Result<(), Unmet> {
    let outcome = good("a user of its own", only(results)?)?;
    ensure(outcome.id.as_deref() == Some(id), || format!("the result is of {:?}, and {id} was asked for", outcome.id))?;
    ensure(outcome.action == wanted, || format!("it was told as {:?}, and should be {wanted:?}", outcome.action))
}

async fn status<T: Target>(bench: &Bench<'_, T>, id: &str, wanted: Status) -> Result<(), Unmet> {
    let found = bench.imported(id, &[]).await?.status;
    ensure(found == wanted, || format!("an import has it as {found:?}, and it should be {wanted:?}"))
}
