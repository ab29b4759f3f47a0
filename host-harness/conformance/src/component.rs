//! The component, and what it says of itself.

use super::bench::Bench;
use super::check::{Check, ensure, failed, is_kebab_case, repeated};
use super::{Subject as _, Target};
use provisioning_runtime::Application as _;
use provisioning_runtime::wit::{Descriptor, SettingKind};
use provisioning_runtime::{Declaration, Tenant};

pub(super) const CHECKS: &[Check] = &[LOADS, WELL_FORMED, STABLE];

/// See [`ConformanceReport::of_unloadable`](super::ConformanceReport::of_unloadable), which tells how it fails.
pub(super) const LOADS: Check = Check::reading(
    "component.loads",
    "The component exports the interface, imports nothing but what the world gives, and starts.",
);
const WELL_FORMED: Check = Check::reading(
    "component.described",
    "`describe` gives a name, a version, and settings and grants with unique names in kebab-case.",
);
const STABLE: Check = Check::reading(
    "component.description-stable",
    "`describe` gives the same in every job, without settings, and sends no request.",
);

pub(super) async fn check<T: Target>(bench: &mut Bench<'_, T>) {
    bench
        .check(&LOADS, async |bench| {
            bench.job().await?;
            Ok("it starts".to_owned())
        })
        .await;
    bench
        .check(&WELL_FORMED, async |bench| {
            let descriptor = bench.descriptor().await?;
            well_formed(&descriptor).or_else(failed)?;
            Ok(format!(
                "{} {}, {} settings, {} kinds of grant",
                descriptor.name,
                descriptor.version,
                descriptor.settings.len(),
                descriptor.grants.len()
            ))
        })
        .await;
    bench
        .check(&STABLE, async |bench| {
            let first = format!("{:?}", bench.descriptor().await?);
            let bare = Tenant { name: "(none)".to_owned(), ..Tenant::default() };
            let mut job = bench.target.start(&bare).await?;
            let second = format!("{:?}", job.describe().await?);
            let third = format!("{:?}", job.describe().await?);
            ensure(first == second && second == third, || "two calls gave two descriptions".to_owned())?;
            ensure(job.requests() == 0, || format!("{} requests were sent", job.requests()))?;
            Ok("three calls in two jobs gave the same".to_owned())
        })
        .await;
}

fn well_formed(descriptor: &Descriptor) -> Result<(), String> {
    if descriptor.name.trim().is_empty() {
        return Err("the application has no name".to_owned());
    }
    let core = descriptor.version.split(['-', '+']).next().unwrap_or_default();
    if core.split('.').filter(|part| part.parse::<u64>().is_ok()).count() != 3 || core.split('.').count() != 3 {
        return Err(format!("the version `{}` is not one of semver.org", descriptor.version));
    }
    let settings = || descriptor.settings.iter().map(|setting| setting.name.as_str());
    let grants = || descriptor.grants.iter().map(|grant| grant.name.as_str());
    if let Some(name) = repeated(settings()) {
        return Err(format!("two settings are called `{name}`"));
    }
    if let Some(name) = repeated(grants()) {
        return Err(format!("two kinds of grant are called `{name}`"));
    }
    if let Some(name) = settings().chain(grants()).find(|name| !is_kebab_case(name)) {
        return Err(format!("the name `{name}` is not in kebab-case"));
    }
    for setting in &descriptor.settings {
        if setting.label.trim().is_empty() || setting.help.trim().is_empty() {
            return Err(format!("the setting `{}` has no label or no help", setting.name));
        }
        if matches!(&setting.kind, SettingKind::Choice(choices) if choices.is_empty()) {
            return Err(format!("the setting `{}` is a choice among nothing", setting.name));
        }
    }
    Declaration::of(descriptor).map_err(|malformed| malformed.to_string())?;
    if let Some(name) = repeated(descriptor.uses.iter().map(|one| one.name.as_str())) {
        return Err(format!("two uses of secrets are called `{name}`"));
    }
    let names = descriptor.hosts.iter().map(|entry| &entry.name).chain(descriptor.uses.iter().map(|one| &one.name));
    if let Some(name) = names.into_iter().find(|name| !is_kebab_case(name)) {
        return Err(format!("the name `{name}` isn't in kebab-case"));
    }
    match descriptor.grants.iter().find(|grant| grant.label.trim().is_empty()) {
        Some(grant) => Err(format!("the kind of grant `{}` has no label", grant.name)),
        None => Ok(()),
    }
}
