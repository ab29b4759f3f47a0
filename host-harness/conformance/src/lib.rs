//! What any connector must do: named checks, run against a tenant of the application.
//!
//! A check says what it wants in a sentence and ends as passed, failed (with what was seen) or skipped (with the reason). It
//! knows nothing of the application: what it needs to know, such as a user that the application takes, comes from [`Samples`].
//! The same checks serve `host-harness conformance` and a connector's own tests:
//!
//! ```no_run
//! # async fn checked(component: &[u8], tenant: provisioning_runtime::Tenant, samples: &str) {
//! use provisioning_conformance::{ComponentTarget, Options, Samples};
//! use provisioning_runtime::Runtime;
//!
//! let target = ComponentTarget::load(&Runtime::builder().jobs(4), component, tenant).unwrap();
//! let samples = Samples::parse(samples).unwrap();
//! // The tenant must be one that may be written to.
//! let options = Options { writes: true, only: None };
//! let report = provisioning_conformance::run(&target, &samples, &options, &mut |check| println!("{}", check.name)).await;
//! assert!(report.conforms(), "{:#?}", report.checks);
//! # }
//! ```
//!
//! Each check makes what it needs and counts on no other, so any of them can be run alone.

// Where it cannot be done without, the place says why it is sound.
#![deny(unsafe_code)]

mod bench;
mod changes;
mod check;
mod component;
mod entitlements;
mod grants;
mod import;
mod interruption;
mod lifecycle;
mod memory;
mod passwords;
mod push;
mod report;
mod samples;
mod schema;
mod secrecy;
mod settings;
mod sign_in;
mod target;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;

use self::bench::Bench;
pub use check::{Check, CheckVerdict, Checked};
pub use memory::MemoryKeeper;
pub use report::ConformanceReport;
pub use samples::{SampleChange, SamplePasswords, SampleRefusal, SampleUser, Samples, SamplesError};
pub use target::{ComponentTarget, Subject, Target, TargetError, Watched};

/// Which checks are made.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether the tenant may be written to; otherwise the checks that write are skipped.
    pub writes: bool,
    /// Only checks whose name begins so.
    pub only: Option<String>,
}

/// The version of the list of checks. It grows when a check is added or wants something else, so that two reports can be compared.
pub const CHECKS_VERSION: u32 = 1;

/// Every check, by groups, in the order of a report.
pub const CHECKS: &[&[Check]] = &[
    component::CHECKS,
    settings::CHECKS,
    sign_in::CHECKS,
    schema::CHECKS,
    entitlements::CHECKS,
    import::CHECKS,
    push::CHECKS,
    changes::CHECKS,
    lifecycle::CHECKS,
    passwords::CHECKS,
    secrecy::CHECKS,
    interruption::CHECKS,
];

/// The checks whose name begins with `only`, or all of them.
pub fn chosen(only: Option<&str>) -> impl Iterator<Item = &'static Check> {
    CHECKS
        .iter()
        .flat_map(|group| group.iter())
        .filter(move |check| only.is_none_or(|only| check.name.starts_with(only)))
}

/// Makes the checks. `begins` hears of each before it is made.
///
/// Users that a check has made are deactivated when it ends, where the connector can do that.
pub async fn run<T: Target>(
    target: &T,
    samples: &Samples,
    options: &Options,
    begins: &mut dyn FnMut(&Check),
) -> ConformanceReport {
    let mut bench = Bench::new(target, samples, options, begins);
    component::check(&mut bench).await;
    settings::check(&mut bench).await;
    sign_in::check(&mut bench).await;
    schema::check(&mut bench).await;
    entitlements::check(&mut bench).await;
    import::check(&mut bench).await;
    push::check(&mut bench).await;
    changes::check(&mut bench).await;
    lifecycle::check(&mut bench).await;
    passwords::check(&mut bench).await;
    secrecy::check(&mut bench).await;
    interruption::check(&mut bench).await;
    bench.finish()
}
