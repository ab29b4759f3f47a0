//! Changing users.

use super::bench::{Bench, good, only};
use super::check::{Check, Unmet, ensure, ensure_kind, failed, refusal, skipped};
use super::samples::SampleChange;
use super::{Subject, Target};
use provisioning_runtime::wit::{Action, Change, DesiredUser, ErrorKind, Features, Outcome, PushMode, Value};

pub(super) const CHECKS: &[Check] = &[SET, CLEAR, EMPTY, PLAN, PLANNED];

const SET: Check = Check::writing(
    "change.set-and-leave",
    "A change sets its attribute and leaves every other as it was; the outcome names what changed.",
)
.needing(&[Features::PUSH_PROFILE_UPDATES]);
const CLEAR: Check = Check::writing("change.clear", "A change without a value empties its attribute.")
    .needing(&[Features::PUSH_PROFILE_UPDATES]);
const EMPTY: Check = Check::writing(
    "change.empty-update",
    "A push that has nothing to change is reported as unchanged, sends no more requests than its plan, and leaves the time of the last change.",
)
.needing(&[Features::PUSH_PROFILE_UPDATES]);
const PLAN: Check = Check::writing("change.plan", "A plan for a change says old and new value, and changes nothing.")
    .needing(&[Features::PLAN]);
const PLANNED: Check = Check::writing(
    "change.apply-planned",
    "What a plan says is written as planned; when the user has changed since, it is refused as drifted and nothing is written.",
)
.needing(&[Features::PLAN]);

pub(super) async fn check<T: Target>(bench: &mut Bench<'_, T>) {
    bench
        .check(&SET, async |bench| {
            let mut made = Made::new(bench).await?;
            for value in made.sample.values.clone() {
                let outcome = made.change(bench, Some(&value)).await?;
                ensure(outcome.action == Action::Updated, || {
                    format!("`{value}` was reported as {:?}", outcome.action)
                })?;
                let named = outcome.changes.iter().any(|change| change.new.as_deref() == Some(value.as_str()));
                ensure(named, || format!("the outcome does not name the new value `{value}`"))?;
                made.holds(bench, Some(&value)).await?;
            }
            Ok(format!("`{}` twice, {} others left", made.sample.attribute, made.others.len()))
        })
        .await;
    bench
        .check(&CLEAR, async |bench| {
            let mut made = Made::new(bench).await?;
            let [value, _] = made.sample.values.clone();
            made.change(bench, Some(&value)).await?;
            made.holds(bench, Some(&value)).await?;
            let outcome = made.change(bench, None).await?;
            ensure(outcome.action == Action::Updated, || format!("it was reported as {:?}", outcome.action))?;
            made.holds(bench, None).await?;
            Ok(format!("`{}` was set and is empty again", made.sample.attribute))
        })
        .await;
    bench
        .check(&EMPTY, async |bench| {
            let mut job = bench.job().await?;
            let (id, mut user) = bench.made_user(&mut job).await?;
            user.id = Some(id.clone());
            let before = bench.imported(&id, &[]).await?.user.modified;
            let nothing = DesiredUser { changes: Vec::new(), ..user.clone() };
            for (wanted, what) in [(&nothing, "no change"), (&user, "the values that are there")] {
                let (outcome, sent) = pushed(bench, wanted, &PushMode::Apply).await?;
                ensure(outcome.action == Action::Unchanged && outcome.changes.is_empty(), || {
                    format!("{what} was reported as {:?} with {} changes", outcome.action, outcome.changes.len())
                })?;
                if bench.descriptor().await?.features.contains(Features::PLAN) {
                    let (_, planning) = pushed(bench, wanted, &PushMode::Plan).await?;
                    ensure(sent <= planning, || format!("{what} sent {sent} requests, and its plan {planning}"))?;
                }
            }
            let after = bench.imported(&id, &[]).await?.user.modified;
            ensure(before == after, || format!("the user last changed at {before}, and now at {after}"))?;
            Ok("without changes, and with those that are there".to_owned())
        })
        .await;
    bench
        .check(&PLAN, async |bench| {
            let mut made = Made::new(bench).await?;
            let [old, new] = made.sample.values.clone();
            made.change(bench, Some(&old)).await?;
            let planned = made.plan(bench, &new).await?;
            ensure(planned.action == Action::Updated, || format!("it was reported as {:?}", planned.action))?;
            let named = planned.changes.iter().any(|change| {
                change.old.as_deref() == Some(old.as_str()) && change.new.as_deref() == Some(new.as_str())
            });
            ensure(named, || format!("the plan does not say that `{old}` becomes `{new}`"))?;
            made.holds(bench, Some(&old)).await?;
            Ok(format!("`{old}` would become `{new}`"))
        })
        .await;
    bench
        .check(&PLANNED, async |bench| {
            let mut made = Made::new(bench).await?;
            let [first, second] = made.sample.values.clone();
            let planned = made.plan(bench, &first).await?;
            let applied = made.apply_planned(bench, &first, &planned).await?;
            good("what was planned", applied)?;
            made.holds(bench, Some(&first)).await?;
            let stale = made.plan(bench, &second).await?;
            made.change(bench, None).await?;
            let Err(error) = made.apply_planned(bench, &second, &stale).await? else {
                return failed("a plan for a user that has changed since was applied");
            };
            ensure_kind(&error, "a stale plan", |kind| matches!(kind, ErrorKind::Drifted), "drifted")?;
            made.holds(bench, None).await?;
            Ok(refusal(&error))
        })
        .await;
}

/// A user that was made to be changed.
struct Made<S> {
    job: S,
    id: String,
    user: DesiredUser,
    sample: SampleChange,
    /// The attributes that it was made with, apart from the one that changes.
    others: Vec<Change>,
}

impl<S: Subject> Made<S> {
    async fn new<T: Target<Subject = S>>(bench: &mut Bench<'_, T>) -> Result<Self, Unmet> {
        let Some(sample) = bench.samples.change.clone() else { return skipped("the samples hold no [change]") };
        let mut job = bench.job().await?;
        let (id, mut user) = bench.made_user(&mut job).await?;
        user.id = Some(id.clone());
        let others = std::mem::take(&mut user.changes);
        let others = others.into_iter().filter(|change| change.name != sample.attribute).collect();
        Ok(Self { job, id, user, sample, others })
    }

    fn wanting(&self, value: Option<&str>) -> DesiredUser {
        let value = value.map(|value| Value::Text(value.to_owned()));
        DesiredUser { changes: vec![Change { name: self.sample.attribute.clone(), value }], ..self.user.clone() }
    }

    async fn change<T: Target<Subject = S>>(
        &mut self,
        bench: &mut Bench<'_, T>,
        value: Option<&str>,
    ) -> Result<Outcome, Unmet> {
        let user = self.wanting(value);
        good("a change", bench.push(&mut self.job, &user).await?)
    }

    async fn plan<T: Target<Subject = S>>(&mut self, bench: &mut Bench<'_, T>, value: &str) -> Result<Outcome, Unmet> {
        let user = self.wanting(Some(value));
        good("a plan", only(bench.push_all(&mut self.job, &[user], &PushMode::Plan).await?)?)
    }

    async fn apply_planned<T: Target<Subject = S>>(
        &mut self,
        bench: &mut Bench<'_, T>,
        value: &str,
        planned: &Outcome,
    ) -> Result<Result<Outcome, provisioning_runtime::wit::Error>, Unmet> {
        let user = self.wanting(Some(value));
        let mode = PushMode::ApplyPlanned(vec![planned.digest.clone()]);
        only(bench.push_all(&mut self.job, &[user], &mode).await?)
    }

    /// Wants the attribute so, and all others as they were made.
    async fn holds<T: Target<Subject = S>>(&self, bench: &Bench<'_, T>, value: Option<&str>) -> Result<(), Unmet> {
        let names: Vec<String> =
            self.others.iter().map(|one| &one.name).chain([&self.sample.attribute]).cloned().collect();
        let found = bench.imported(&self.id, &names).await?;
        let have = found.text(&self.sample.attribute);
        ensure(have == value, || {
            format!("an import has `{}` as {have:?}, and it should be {value:?}", self.sample.attribute)
        })?;
        for other in &self.others {
            let Some(Value::Text(wanted)) = &other.value else { continue };
            let have = found.text(&other.name);
            ensure(have == Some(wanted.as_str()), || {
                format!("`{}` was to be left alone and went from `{wanted}` to {have:?}", other.name)
            })?;
        }
        Ok(())
    }
}

/// Pushes a user by a job of its own, and says how many requests that job has sent.
async fn pushed<T: Target>(
    bench: &mut Bench<'_, T>,
    user: &DesiredUser,
    mode: &PushMode,
) -> Result<(Outcome, u64), Unmet> {
    let mut job = bench.job().await?;
    let outcome = good("an empty update", only(bench.push_all(&mut job, std::slice::from_ref(user), mode).await?)?)?;
    Ok((outcome, job.requests()))
}
