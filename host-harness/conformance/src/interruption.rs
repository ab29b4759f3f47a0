//! Calls that are cut short.

use std::time::{Duration, Instant};

use super::bench::{Bench, PAGE, good};
use super::check::{Check, Unmet, ensure, failed, skipped};
use super::{Subject, Target};
use provisioning_runtime::Application as _;
use provisioning_runtime::wit::{DesiredUser, Features, ImportQuery, ImportScope, PushMode};
use provisioning_runtime::{JobError, SandboxFault, Tenant};

pub(super) const CHECKS: &[Check] = &[DEADLINE, CANCELLED, REPEATED];

const DEADLINE: Check = Check::reading(
    "interruption.deadline",
    "A call that runs over its deadline ends its job, which says so; the next job works.",
);
const CANCELLED: Check = Check::reading(
    "interruption.cancelled",
    "A call that is given up while it waits leaves nothing that disturbs the next job.",
)
.needing(&[Features::IMPORT_NEW_USERS]);
const REPEATED: Check = Check::writing(
    "interruption.push-repeated",
    "A push that is cut off at any point and then repeated makes one user, not two.",
)
.needing(&[Features::PUSH_NEW_USERS]);

/// How long a call that is given up has: a part of an answer, or no more than to begin.
const PATIENCE: [Duration; 2] = [Duration::from_millis(1), Duration::ZERO];
/// Jobs of which one has to be slower than a timer.
const ATTEMPTS: u32 = 50;
/// Tries of a push after it was cut off: the application may still be at work on what was sent.
const TRIES: u32 = 8;

pub(super) async fn check<T: Target>(bench: &mut Bench<'_, T>) {
    bench
        .check(&DEADLINE, async |bench| {
            let mut tenant = bench.target.tenant().clone();
            tenant.limits.call = Duration::ZERO;
            // Timers are a millisecond late at best, and an application on this machine may answer before that.
            let mut overrun = false;
            for _ in 0..ATTEMPTS {
                overrun = overruns(bench, &tenant).await?;
                if overrun {
                    break;
                }
            }
            if !overrun {
                return skipped("it answers before a deadline can pass");
            }
            bench.job().await?.open().await?;
            Ok("the next job signed in".to_owned())
        })
        .await;
    bench
        .check(&CANCELLED, async |bench| {
            let wanted = bench.everybody().await?.len();
            let mut given_up = false;
            for patience in PATIENCE {
                let mut job = bench.job().await?;
                job.open().await?;
                given_up |= tokio::time::timeout(patience, job.import_users(&everybody())).await.is_err();
            }
            if !given_up {
                return skipped("it never waits for an answer");
            }
            let found = bench.everybody().await?.len();
            ensure(found == wanted, || format!("{wanted} users were there before and {found} are after"))?;
            Ok(format!("the next job read all {found} users"))
        })
        .await;
    bench
        .check(&REPEATED, async |bench| {
            let mut job = bench.job().await?;
            job.open().await?;
            let user = bench.new_user(&mut job).await?;
            let started = Instant::now();
            good("a new user", bench.push(&mut job, &user).await?)?;
            let whole = started.elapsed();
            let mut users = Vec::new();
            for share in [0.2, 0.4, 0.6, 0.8] {
                let mut job = bench.job().await?;
                job.open().await?;
                let user = bench.new_user(&mut job).await?;
                let cut = bench.push_all(&mut job, std::slice::from_ref(&user), &PushMode::Apply);
                // Whether it was cut off or came to its end, the same is pushed again.
                let _ = tokio::time::timeout(whole.mul_f64(share), cut).await;
                drop(job);
                repeat(bench, &user).await?;
                users.push(user.username);
            }
            let found = bench.everybody().await?;
            for username in &users {
                let same = found.iter().filter(|user| user.username == *username).count();
                ensure(same == 1, || format!("an import has {same} users called {username}"))?;
            }
            Ok(format!("{} pushes of about {} ms, cut off at a fifth to four fifths", users.len(), whole.as_millis()))
        })
        .await;
}

/// Whether a job for this tenant is ended by its deadline. One that goes on well after it fails the check.
async fn overruns<T: Target>(bench: &Bench<'_, T>, tenant: &Tenant) -> Result<bool, Unmet> {
    let started = Instant::now();
    let ended = match bench.target.start(tenant).await {
        Ok(mut job) => match job.open().await {
            Ok(()) => job.import_users(&everybody()).await.map(drop),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    match ended {
        Err(JobError::Stopped { fault: SandboxFault::Deadline(_), .. }) => Ok(true),
        Ok(()) if started.elapsed() > bench.target.lateness() => {
            failed(format!("it went on for {} ms after its deadline", started.elapsed().as_millis()))
        }
        Ok(()) => Ok(false),
        Err(other) => failed(format!("it ended otherwise: {other}")),
    }
}

fn everybody() -> ImportQuery {
    ImportQuery { scope: ImportScope::Full, page_size: PAGE, attributes: Vec::new(), grants: false }
}

/// Pushes until it goes through.
async fn repeat<T: Target>(bench: &mut Bench<'_, T>, user: &DesiredUser) -> Result<(), Unmet> {
    let mut last = String::new();
    for attempt in 0..TRIES {
        let mut job = bench.job().await?;
        match bench.push(&mut job, user).await? {
            Ok(_) => return Ok(()),
            Err(error) => last = error.message,
        }
        tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
    }
    failed(format!("after it was cut off it does not go through: {last}"))
}
