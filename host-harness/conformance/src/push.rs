//! Making users.

use super::Target;
use super::bench::{Bench, good, only};
use super::check::{Check, Unmet, ensure, ensure_kind, failed, refusal, skipped};
use provisioning_runtime::Application as _;
use provisioning_runtime::ImportedUser;
use provisioning_runtime::wit::{Action, Change, DesiredUser, ErrorKind, Features, Outcome, PushMode, Status, Value};

pub(super) const CHECKS: &[Check] = &[CREATE, AGAIN, ORDER, NEIGHBOURS, UNKNOWN_ID, UNKNOWN_ATTRIBUTE, PLAN];

const CREATE: Check = Check::writing(
    "push.create",
    "A new user is reported as created, with an id, and an import has it, active, with its username and attributes.",
)
.needing(&[Features::PUSH_NEW_USERS]);
const AGAIN: Check = Check::writing(
    "push.create-again",
    "The same push again, in the same job and in another, makes nobody: it gives the same id and is reported as unchanged.",
)
.needing(&[Features::PUSH_NEW_USERS]);
const ORDER: Check = Check::writing(
    "push.order",
    "Each user of a batch has one result, in the order of the users; an empty batch has none.",
)
.needing(&[Features::PUSH_NEW_USERS]);
const NEIGHBOURS: Check = Check::writing(
    "push.bad-record",
    "A user that the application refuses fails alone, with a remedy, and is not made; its neighbours are.",
)
.needing(&[Features::PUSH_NEW_USERS]);
const UNKNOWN_ID: Check =
    Check::writing("push.unknown-id", "A push to an id that is nobody's is refused, and makes no user in its place.")
        .needing(&[Features::PUSH_PROFILE_UPDATES]);
const UNKNOWN_ATTRIBUTE: Check = Check::writing(
    "push.unknown-attribute",
    "A push with an attribute that the schema does not have is refused and names it; it is not left out in silence.",
)
.needing(&[Features::PUSH_NEW_USERS]);
const PLAN: Check =
    Check::writing("push.plan", "A plan for a new user says that it would be created, and makes nobody.")
        .needing(&[Features::PLAN]);

pub(super) async fn check<T: Target>(bench: &mut Bench<'_, T>) {
    bench
        .check(&CREATE, async |bench| {
            let mut job = bench.job().await?;
            let user = bench.new_user(&mut job).await?;
            let outcome = good("a new user", bench.push(&mut job, &user).await?)?;
            ensure(outcome.action == Action::Created, || format!("it was reported as {:?}", outcome.action))?;
            let id = id_of(&outcome)?;
            let names: Vec<String> = user.changes.iter().map(|change| change.name.clone()).collect();
            let found = bench.imported(&id, &names).await?;
            as_pushed(&found, &user)?;
            Ok(format!("{} with {} attributes", user.username, names.len()))
        })
        .await;
    bench
        .check(&AGAIN, async |bench| {
            let mut job = bench.job().await?;
            let (id, user) = bench.made_user(&mut job).await?;
            let mut other = bench.job().await?;
            for (job, which) in [(&mut job, "the same job"), (&mut other, "another job")] {
                let outcome = good("the same push again", bench.push(job, &user).await?)?;
                ensure(outcome.id.as_ref() == Some(&id), || {
                    format!("in {which} it gave {:?}, and {id} before", outcome.id)
                })?;
                ensure(outcome.action == Action::Unchanged, || {
                    format!("in {which} it was reported as {:?}", outcome.action)
                })?;
            }
            let same = bench.everybody().await?.into_iter().filter(|one| one.username == user.username).count();
            ensure(same == 1, || format!("an import has {same} users with its username"))?;
            Ok(format!("{id}, three times"))
        })
        .await;
    bench
        .check(&ORDER, async |bench| {
            let mut job = bench.job().await?;
            let mut users = Vec::new();
            for _ in 0..3 {
                users.push(bench.new_user(&mut job).await?);
            }
            let results = bench.push_all(&mut job, &users, &PushMode::Apply).await?;
            ensure(results.len() == users.len(), || {
                format!("{} results came for {} users", results.len(), users.len())
            })?;
            let found = bench.everybody().await?;
            for (user, result) in users.iter().zip(results) {
                let id = id_of(&good("a new user", result)?)?;
                let username = found.iter().find(|one| one.id == id).map(|one| one.username.as_str());
                ensure(username == Some(user.username.as_str()), || {
                    format!("the result of {} gives an id whose username is {username:?}", user.username)
                })?;
            }
            let none = bench.push_all(&mut job, &[], &PushMode::Apply).await?;
            ensure(none.is_empty(), || format!("{} results came for an empty batch", none.len()))?;
            Ok(format!("{} users", users.len()))
        })
        .await;
    bench
        .check(&NEIGHBOURS, async |bench| {
            let Some(refusal_sample) = bench.samples.refused.clone() else {
                return skipped("the samples hold no [refused]");
            };
            let mut job = bench.job().await?;
            let mut users = Vec::new();
            for _ in 0..3 {
                users.push(bench.new_user(&mut job).await?);
            }
            refusal_sample.spoil(&mut users[1]);
            let results = bench.push_all(&mut job, &users, &PushMode::Apply).await?;
            ensure(results.len() == 3, || format!("{} results came for 3 users", results.len()))?;
            let error = match &results[1] {
                Ok(outcome) => return failed(format!("the bad user was reported as {:?}", outcome.action)),
                Err(error) => error,
            };
            ensure(error.remedy.is_some(), || format!("its error has no remedy: {}", refusal(error)))?;
            for result in [&results[0], &results[2]] {
                good("a neighbour of a bad user", result.clone())?;
            }
            let found = bench.everybody().await?;
            let there = |user: &DesiredUser| found.iter().any(|one| one.username == user.username);
            ensure(!there(&users[1]), || "the bad user was made all the same".to_owned())?;
            ensure(there(&users[0]) && there(&users[2]), || "an import does not have its neighbours".to_owned())?;
            Ok(refusal(error))
        })
        .await;
    bench
        .check(&UNKNOWN_ID, async |bench| {
            let mut job = bench.job().await?;
            let mut user = bench.new_user(&mut job).await?;
            user.id = Some(bench.unknown_id());
            let Err(error) = bench.push(&mut job, &user).await? else {
                return failed(format!("a push to the id {} was accepted", bench.unknown_id()));
            };
            ensure_kind(
                &error,
                "a push to an id that is nobody's",
                |kind| matches!(kind, ErrorKind::NotFound | ErrorKind::StaleReference | ErrorKind::InvalidValue),
                "not-found, stale-reference or invalid-value",
            )?;
            absent(bench, &user).await?;
            Ok(refusal(&error))
        })
        .await;
    bench
        .check(&UNKNOWN_ATTRIBUTE, async |bench| {
            let mut job = bench.job().await?;
            let mut user = bench.new_user(&mut job).await?;
            let name = "noSuchAttribute";
            user.changes.push(Change { name: name.to_owned(), value: Some(Value::Text("x".to_owned())) });
            let result = match job.push_users(std::slice::from_ref(&user), &PushMode::Apply).await {
                Ok(results) => only(results)?,
                Err(provisioning_runtime::JobError::Refused(error)) => Err(*error),
                Err(error) => return Err(error.into()),
            };
            let Err(error) = result else { return failed(format!("the attribute `{name}` was accepted")) };
            ensure(error.message.contains(name), || format!("its error does not name it: {}", refusal(&error)))?;
            absent(bench, &user).await?;
            Ok(refusal(&error))
        })
        .await;
    bench
        .check(&PLAN, async |bench| {
            let mut job = bench.job().await?;
            let user = bench.new_user(&mut job).await?;
            let planned = only(bench.push_all(&mut job, std::slice::from_ref(&user), &PushMode::Plan).await?)?;
            let planned = good("the plan for a new user", planned)?;
            ensure(planned.action == Action::Created && planned.id.is_none(), || {
                format!("it was reported as {:?} with the id {:?}", planned.action, planned.id)
            })?;
            ensure(!planned.digest.is_empty(), || "the plan has no digest".to_owned())?;
            absent(bench, &user).await?;
            Ok(format!("{} changes were planned", planned.changes.len()))
        })
        .await;
}

pub(super) fn id_of(outcome: &Outcome) -> Result<String, Unmet> {
    match &outcome.id {
        Some(id) if !id.is_empty() => Ok(id.clone()),
        _ => failed(format!("a user that was reported as {:?} has no id", outcome.action)),
    }
}

/// Wants a user that was refused not to be there.
async fn absent<T: Target>(bench: &Bench<'_, T>, user: &DesiredUser) -> Result<(), Unmet> {
    let there = bench.everybody().await?.iter().any(|one| one.username == user.username);
    ensure(!there, || format!("an import has the user {}", user.username))
}

/// Wants an imported user as it was pushed.
fn as_pushed(found: &ImportedUser, user: &DesiredUser) -> Result<(), Unmet> {
    ensure(found.username == user.username, || format!("an import has it as {}", found.username))?;
    ensure(found.status == Status::Active, || format!("an import has it as {:?}", found.status))?;
    for change in &user.changes {
        let Some(Value::Text(wanted)) = &change.value else { continue };
        let have = found.text(&change.name);
        ensure(have == Some(wanted.as_str()), || {
            format!("an import has `{}` as {have:?}, pushed was `{wanted}`", change.name)
        })?;
    }
    Ok(())
}
