//! Signing in with what does not hold.

use super::bench::Bench;
use super::check::{Check, ensure, ensure_kind, refusal, refused, skipped};
use super::{Subject, Target};
use provisioning_runtime::wit::ErrorKind;
use provisioning_runtime::{EgressPolicy, Secret};

pub(super) const CHECKS: &[Check] = &[WRONG_SECRET, UNREACHABLE, EGRESS, OPENS];

const WRONG_SECRET: Check = Check::reading(
    "sign-in.wrong-secret",
    "`open` with secrets that do not hold is refused as invalid-credentials, with a remedy.",
);
const UNREACHABLE: Check =
    Check::reading("sign-in.unreachable", "`open` where no server is found is refused as unreachable, with a remedy.");
const EGRESS: Check = Check::reading(
    "sign-in.egress",
    "`open` where the tenant allows no host is refused as unreachable, and nothing is sent.",
);

const OPENS: Check = Check::reading("sign-in.opens", "With the tenant's own settings `open` signs in.");

/// A value that is nobody's secret.
pub(super) const WRONG: &str = "conformance-wrong-5ecret-value";

pub(super) async fn check<T: Target>(bench: &mut Bench<'_, T>) {
    bench
        .check(&WRONG_SECRET, async |bench| {
            let mut tenant = bench.target.tenant().clone();
            if tenant.secrets.is_empty() {
                return skipped("the tenant has no secret");
            }
            tenant.secrets.values_mut().for_each(|secret| *secret = Secret::new(WRONG.to_owned()));
            let what = "`open` with wrong secrets";
            let error = refused(what, bench.target.start(&tenant).await?.open().await)?;
            ensure_kind(&error, what, |kind| matches!(kind, ErrorKind::InvalidCredentials), "invalid-credentials")?;
            ensure(error.remedy.is_some(), || format!("it has no remedy: {}", refusal(&error)))?;
            Ok(refusal(&error))
        })
        .await;
    bench
        .check(&UNREACHABLE, async |bench| {
            if bench.samples.unreachable.is_empty() {
                return skipped("the samples hold no [unreachable] settings");
            }
            let mut tenant = bench.target.tenant().clone();
            tenant.settings.extend(bench.samples.unreachable.clone());
            let what = "`open` without a server";
            let error = refused(what, bench.target.start(&tenant).await?.open().await)?;
            ensure_kind(&error, what, |kind| matches!(kind, ErrorKind::Unreachable), "unreachable")?;
            ensure(error.remedy.is_some(), || format!("it has no remedy: {}", refusal(&error)))?;
            Ok(refusal(&error))
        })
        .await;
    bench
        .check(&EGRESS, async |bench| {
            if bench.descriptor().await?.hosts.is_empty() {
                return skipped("the connector talks to no host");
            }
            let mut tenant = bench.target.tenant().clone();
            tenant.egress = EgressPolicy { allow: Vec::new(), loopback: Vec::new() };
            let what = "`open` without an allowed host";
            let mut job = bench.target.start(&tenant).await?;
            let error = refused(what, job.open().await)?;
            ensure_kind(&error, what, |kind| matches!(kind, ErrorKind::Unreachable), "unreachable")?;
            ensure(job.requests() == 0, || format!("{} requests were sent", job.requests()))?;
            Ok(refusal(&error))
        })
        .await;
    // All further checks need a session: if there is none, one of them says why, and the others don't repeat it.
    bench.sign_in().await;
    bench.check(&OPENS, async |_| Ok("it signs in".to_owned())).await;
}
