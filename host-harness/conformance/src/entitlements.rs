//! What can be assigned to users.

use std::collections::BTreeSet;

use super::bench::Bench;
use super::check::{Check, Unmet, ensure, failed, refusal, refused};
use super::{Subject, Target};
use provisioning_runtime::Application as _;
use provisioning_runtime::JobError;
use provisioning_runtime::wit::{Entitlement, Error, ErrorKind};

pub(super) const CHECKS: &[Check] = &[LISTED, STABLE, UNKNOWN_KIND, GARBAGE];

const LISTED: Check = Check::reading(
    "entitlements.listed",
    "Every kind of grant is listed to its end; each entry has that kind, a name and an id, and none comes twice.",
);
const STABLE: Check =
    Check::reading("entitlements.stable", "A second list of every kind, from another job, has the same ids.");
const UNKNOWN_KIND: Check =
    Check::reading("entitlements.unknown-kind", "A kind that is not in the description is refused.");
const GARBAGE: Check =
    Check::reading("entitlements.garbage-cursor", "A cursor that is none is refused, not read as the beginning.");

pub(super) async fn check<T: Target>(bench: &mut Bench<'_, T>) {
    bench
        .check(&LISTED, async |bench| {
            let lists = lists(bench).await?;
            for (kind, list) in &lists {
                for one in list {
                    ensure(one.kind == *kind, || format!("the list of {kind} has a {}, {}", one.kind, one.id))?;
                    ensure(!one.id.is_empty() && !one.name.is_empty(), || {
                        format!("the list of {kind} has an entry without id or name: `{}` `{}`", one.id, one.name)
                    })?;
                }
            }
            let counts: Vec<String> = lists.iter().map(|(kind, list)| format!("{} {kind}", list.len())).collect();
            Ok(counts.join(", "))
        })
        .await;
    bench
        .check(&STABLE, async |bench| {
            let (first, second) = (lists(bench).await?, lists(bench).await?);
            for ((kind, one), (_, other)) in first.iter().zip(&second) {
                let ids = |list: &[Entitlement]| list.iter().map(|one| one.id.clone()).collect::<BTreeSet<_>>();
                ensure(ids(one) == ids(other), || format!("two lists of {kind} have different ids"))?;
            }
            Ok(format!("{} kinds, twice", first.len()))
        })
        .await;
    bench
        .check(&UNKNOWN_KIND, async |bench| {
            let result = bench.job().await?.list_entitlements("no-such-kind", None).await;
            Ok(refusal(&refused("a list of `no-such-kind`", result)?))
        })
        .await;
    bench
        .check(&GARBAGE, async |bench| {
            let descriptor = bench.descriptor().await?;
            let Some(kind) = descriptor.grants.first() else {
                return super::check::skipped("the connector has no kind of grant");
            };
            let result = bench.job().await?.list_entitlements(&kind.name, Some("no cursor at all")).await;
            Ok(refusal(&refused("the cursor `no cursor at all`", result)?))
        })
        .await;
}

/// All entitlements of every kind that can be listed.
async fn lists<T: Target>(bench: &mut Bench<'_, T>) -> Result<Vec<(String, Vec<Entitlement>)>, Unmet> {
    let kinds = bench.descriptor().await?.grants;
    let mut job = bench.job().await?;
    let mut lists = Vec::new();
    for kind in kinds {
        // What it can assign and not list is left out.
        let Some(list) = list(&mut job, &kind.name).await? else { continue };
        let mut ids = BTreeSet::new();
        if let Some(twice) = list.iter().find(|one| !ids.insert(one.id.as_str())) {
            return failed(format!("the list of {} has {} twice", kind.name, twice.id));
        }
        lists.push((kind.name, list));
    }
    Ok(lists)
}

/// Whether the connector itself has no list of the kind. An answer of the application is an error like any other.
fn cannot_list(error: &Error) -> bool {
    error.upstream.is_none() && matches!(error.kind, ErrorKind::Unsupported)
}

/// All entitlements of a kind. Returns `None` if the connector can't list it. Whether one is in the list twice is not judged.
pub(super) async fn list<S: Subject>(job: &mut S, kind: &str) -> Result<Option<Vec<Entitlement>>, Unmet> {
    let (mut found, mut cursors) = (Vec::new(), BTreeSet::new());
    let mut cursor: Option<String> = None;
    loop {
        let page = match job.list_entitlements(kind, cursor.as_deref()).await {
            Ok(page) => page,
            Err(JobError::Refused(error)) if cannot_list(&error) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        found.extend(page.entitlements);
        let Some(next) = page.next else { return Ok(Some(found)) };
        if !cursors.insert(next.clone()) {
            return failed(format!("the list of {kind} gives the cursor {next} a second time"));
        }
        cursor = Some(next);
    }
}
