//! Setting passwords.

use super::Target;
use super::bench::Bench;
use super::check::{Check, ensure, ensure_kind, failed, refusal, skipped};
use provisioning_runtime::Application as _;
use provisioning_runtime::Secret;
use provisioning_runtime::wit::{ErrorKind, Features};

pub(super) const CHECKS: &[Check] = &[SET, POLICY];

const SET: Check =
    Check::writing("password.set", "A password that meets the policy is set.").needing(&[Features::SYNC_PASSWORD]);
const POLICY: Check = Check::writing(
    "password.policy",
    "A password that does not meet the policy is refused as password-rejected, with a remedy and without the password; its neighbours are set, and an id that is nobody's is refused in its place.",
)
.needing(&[Features::SYNC_PASSWORD]);

pub(super) async fn check<T: Target>(bench: &mut Bench<'_, T>) {
    bench
        .check(&SET, async |bench| {
            let Some(passwords) = bench.samples.passwords.clone() else {
                return skipped("the samples hold no [passwords]");
            };
            let mut job = bench.job().await?;
            let (id, _) = bench.made_user(&mut job).await?;
            let password = Secret::new(bench.fill(&passwords.accepted));
            let results = job.sync_passwords(&[(id.clone(), password)]).await?;
            match results.as_slice() {
                [Ok(())] => Ok(id),
                [Err(error)] => failed(format!("it was refused as {}", refusal(error))),
                other => failed(format!("{} results came for one password", other.len())),
            }
        })
        .await;
    bench
        .check(&POLICY, async |bench| {
            let Some(passwords) = bench.samples.passwords.clone() else {
                return skipped("the samples hold no [passwords]");
            };
            let mut job = bench.job().await?;
            let (first, _) = bench.made_user(&mut job).await?;
            let (second, _) = bench.made_user(&mut job).await?;
            let against = bench.fill(&passwords.refused);
            let pairs = [
                (first, Secret::new(against.clone())),
                (bench.unknown_id(), Secret::new(bench.fill(&passwords.accepted))),
                (second, Secret::new(bench.fill(&passwords.accepted))),
            ];
            let results = job.sync_passwords(&pairs).await?;
            let [rejected, unknown, set] = results.as_slice() else {
                return failed(format!("{} results came for three passwords", results.len()));
            };
            let Err(error) = rejected else { return failed("a password against the policy was accepted") };
            ensure_kind(
                error,
                "a password against the policy",
                |kind| matches!(kind, ErrorKind::PasswordRejected),
                "password-rejected",
            )?;
            ensure(error.remedy.is_some(), || format!("its error has no remedy: {}", refusal(error)))?;
            ensure(!format!("{error:?}").contains(&against), || "its error quotes the password".to_owned())?;
            ensure(unknown.is_err(), || "the password of an id that is nobody's was accepted".to_owned())?;
            if let Err(error) = set {
                return failed(format!("the neighbour of a bad password was refused as {}", refusal(error)));
            }
            Ok(refusal(error))
        })
        .await;
}
