//! Taking users out of use and putting them back.

use super::bench::{Bench, good, only};
use super::check::{Check, Unmet, ensure, ensure_kind, failed, refusal, skipped};
use super::{Subject, Target};
use provisioning_runtime::Application as _;
use provisioning_runtime::wit::{
    Abandoned, Action, Deactivation, DesiredUser, ErrorKind, Features, Outcome, PushMode, Status,
};
use provisioning_runtime::{JobError, Results};

pub(super) const CHECKS: &[Check] = &[DEACTIVATE, REACTIVATE, UNKNOWN, PLAN, TAKE_BACK, TAKE_BACK_NOTHING];

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
const TAKE_BACK: Check = Check::writing(
    "lifecycle.take-back",
    "A user that a push has made is taken back by its key and by what the push was about to write: planned, it stays in use; done, it doesn't.",
)
.needing(&[Features::PUSH_USER_DEACTIVATION, Features::PLAN]);
const TAKE_BACK_NOTHING: Check = Check::writing(
    "lifecycle.take-back-nothing",
    "Of people of whom no push has left anything, each result says so, planned or done.",
)
.needing(&[Features::PUSH_USER_DEACTIVATION, Features::PLAN]);

pub(super) async fn check<T: Target>(bench: &mut Bench<'_, T>) {
    bench
        .check(&DEACTIVATE, async |bench| {
            let mut job = bench.job().await?;
            let (id, _) = bench.made_user(&mut job).await?;
            for wanted in [Action::Deactivated, Action::Unchanged] {
                let results =
                    job.deactivate_users(std::slice::from_ref(&id), Deactivation::Deactivate, &PushMode::Apply).await?;
                expect_outcome(results, &id, wanted)?;
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
            expect_outcome(
                job.deactivate_users(ids, Deactivation::Deactivate, &PushMode::Apply).await?,
                &id,
                Action::Deactivated,
            )?;
            for wanted in [Action::Reactivated, Action::Unchanged] {
                expect_outcome(job.reactivate_users(ids, &PushMode::Apply).await?, &id, wanted)?;
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
            expect_outcome(neighbour, &id, Action::Deactivated)?;
            Ok(refusal(&error))
        })
        .await;
    bench
        .check(&PLAN, async |bench| {
            let mut job = bench.job().await?;
            let (id, _) = bench.made_user(&mut job).await?;
            let results =
                job.deactivate_users(std::slice::from_ref(&id), Deactivation::Deactivate, &PushMode::Plan).await?;
            expect_outcome(results, &id, Action::Deactivated)?;
            status(bench, &id, Status::Active).await?;
            Ok(id)
        })
        .await;
    bench
        .check(&TAKE_BACK, async |bench| {
            let mut job = bench.job().await?;
            let user = bench.new_user(&mut job).await?;
            let person = begun(bench, &mut job, &user).await?;
            let outcome = good("a new user", bench.push(&mut job, &user).await?)?;
            let Some(id) = outcome.id else { return failed("a user was made and got no id") };
            for (mode, left) in [(PushMode::Plan, Status::Active), (PushMode::Apply, Status::Inactive)] {
                let results = take_back(&mut job, std::slice::from_ref(&person), &mode).await?;
                expect_outcome(results, &id, Action::Deactivated)?;
                status(bench, &id, left).await?;
            }
            Ok(id)
        })
        .await;
    bench
        .check(&TAKE_BACK_NOTHING, async |bench| {
            let mut job = bench.job().await?;
            let user = bench.new_user(&mut job).await?;
            let person = begun(bench, &mut job, &user).await?;
            // Of one it is known what was about to be written, of the other nothing is.
            let people = [Abandoned { id: None, begun: Vec::new(), key: format!("{}-2", person.key) }, person];
            for mode in [PushMode::Plan, PushMode::Apply] {
                let results = take_back(&mut job, &people, &mode).await?;
                ensure(results.len() == 2, || format!("{} results came for two people", results.len()))?;
                for result in results {
                    let outcome = good("somebody of whom nothing is there", result)?;
                    ensure(
                        outcome.id.is_none() && outcome.action == Action::Unchanged && outcome.changes.is_empty(),
                        || format!("of somebody of whom nothing is there the report is: {outcome:?}"),
                    )?;
                }
            }
            Ok("two people".to_owned())
        })
        .await;
}

/// Somebody of whom a push is about to make a user, with what it is about to write.
async fn begun<T: Target>(
    bench: &mut Bench<'_, T>,
    job: &mut T::Subject,
    user: &DesiredUser,
) -> Result<Abandoned, Unmet> {
    let planned = only(bench.push_all(job, std::slice::from_ref(user), &PushMode::Plan).await?)?;
    Ok(Abandoned { id: None, key: user.key.clone(), begun: good("a plan of a new user", planned)?.changes })
}

/// Takes people back. A connector of a version that had no such function can't be held to it.
async fn take_back(job: &mut impl Subject, people: &[Abandoned], mode: &PushMode) -> Result<Results<Outcome>, Unmet> {
    match job.take_back_users(people, Deactivation::Deactivate, mode).await {
        Err(JobError::Refused(error)) if matches!(error.kind, ErrorKind::Unsupported) => skipped(error.message),
        other => Ok(other?),
    }
}

/// Fails unless the only result says this of this user.
fn expect_outcome(results: Results<Outcome>, id: &str, wanted: Action) -> Result<(), Unmet> {
    let outcome = good("a user of its own", only(results)?)?;
    ensure(outcome.id.as_deref() == Some(id), || format!("the result is of {:?}, and {id} was asked for", outcome.id))?;
    ensure(outcome.action == wanted, || format!("it was reported as {:?}, and should be {wanted:?}", outcome.action))
}

async fn status<T: Target>(bench: &Bench<'_, T>, id: &str, wanted: Status) -> Result<(), Unmet> {
    let found = bench.imported(id, &[]).await?.status;
    ensure(found == wanted, || format!("an import has it as {found:?}, and it should be {wanted:?}"))
}
