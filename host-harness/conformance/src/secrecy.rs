//! Secrets stay with the host.

use super::bench::{Bench, PAGE, pages};
use super::check::{Check, Unmet, ensure, failed, refused, skipped};
use super::sign_in::WRONG;
use super::{Subject, Target};
use provisioning_runtime::Application as _;
use provisioning_runtime::Secret;
use provisioning_runtime::wit::{Features, ImportScope};

pub(super) const CHECKS: &[Check] = &[ERRORS, MEMORY, PASSWORD];

const ERRORS: Check = Check::reading(
    "secrecy.errors",
    "Neither the error of a failed sign-in nor a probe quotes a secret, in any of its texts.",
);
const MEMORY: Check = Check::reading(
    "secrecy.memory",
    "After probes, sign-in and an import no secret stands in the component's memory, so that none can stand in its log.",
);
const PASSWORD: Check = Check::writing(
    "secrecy.password",
    "After a password was set and another refused neither stands in the component's memory or in an error.",
)
.needing(&[Features::SYNC_PASSWORD]);

/// A text that is shorter than this may stand in a memory by chance.
const SHORTEST: usize = 8;

pub(super) async fn check<T: Target>(bench: &mut Bench<'_, T>) {
    bench
        .check(&ERRORS, async |bench| {
            let sound = bench.target.tenant();
            if sound.secrets.is_empty() {
                return skipped("the tenant has no secret");
            }
            let mut wrong = sound.clone();
            wrong.secrets.values_mut().for_each(|secret| *secret = Secret::new(WRONG.to_owned()));
            let mut text = String::new();
            for tenant in [sound, &wrong] {
                text.push_str(&format!("{:?}", bench.target.start(tenant).await?.test_credentials().await?));
            }
            let error = refused("`open` with wrong secrets", bench.target.start(&wrong).await?.open().await)?;
            text.push_str(&format!("{error:?}"));
            let secrets = sound.secrets.values().chain(wrong.secrets.values());
            let quoted = secrets.filter(|secret| text.contains(secret.expose())).count();
            ensure(quoted == 0, || format!("{quoted} secrets stand in errors or probes"))?;
            Ok(format!("in {} characters of errors and probes", text.len()))
        })
        .await;
    bench
        .check(&MEMORY, async |bench| {
            let Some(mut watched) = bench.target.watch().await? else {
                return skipped("the memory of this connector cannot be looked at");
            };
            watched.subject.test_credentials().await?;
            watched.subject.open().await?;
            let users = pages(&mut watched.subject, ImportScope::Full, PAGE, &[]).await?;
            drop(watched.subject);
            let secrets: Vec<&str> = bench.target.tenant().secrets.values().map(Secret::expose).collect();
            let looked_for = absent(&watched.find, &secrets)?;
            Ok(format!("{looked_for} secrets, after {} pages of users", users.len()))
        })
        .await;
    bench
        .check(&PASSWORD, async |bench| {
            let Some(passwords) = bench.samples.passwords.clone() else {
                return skipped("the samples hold no [passwords]");
            };
            let Some(mut watched) = bench.target.watch().await? else {
                return skipped("the memory of this connector cannot be looked at");
            };
            let (id, _) = bench.made_user(&mut watched.subject).await?;
            let both = [bench.fill(&passwords.accepted), bench.fill(&passwords.refused)];
            for password in &both {
                let pair = (id.clone(), Secret::new(password.clone()));
                let results = watched.subject.sync_passwords(&[pair]).await?;
                let quotes = password.len() >= SHORTEST && format!("{results:?}").contains(password.as_str());
                ensure(!quotes, || "an error quotes the password".to_owned())?;
            }
            drop(watched.subject);
            let texts: Vec<&str> = both.iter().map(String::as_str).collect();
            let looked_for = absent(&watched.find, &texts)?;
            ensure((watched.find)(&id) > 0, || {
                "not even the user's id was found in the memory, so that the search shows nothing".to_owned()
            })?;
            Ok(format!("{looked_for} passwords"))
        })
        .await;
}

/// Wants none of these in the memory; says how many were long enough to be looked for.
fn absent(find: &dyn Fn(&str) -> usize, secrets: &[&str]) -> Result<usize, Unmet> {
    let long: Vec<&&str> = secrets.iter().filter(|secret| secret.len() >= SHORTEST).collect();
    match long.iter().filter(|secret| find(secret) > 0).count() {
        0 => Ok(long.len()),
        found => failed(format!("{found} of {} secrets stand in the component's memory", long.len())),
    }
}
