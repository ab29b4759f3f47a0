//! Settings that are missing, and the probes of `test-credentials`.

use super::bench::Bench;
use super::check::{Check, Unmet, ensure, ensure_kind, is_kebab_case, refusal, refused, repeated};
use super::{Subject, Target};
use provisioning_runtime::Tenant;
use provisioning_runtime::wit::{ErrorKind, Probe, Setting, Verdict};

pub(super) const CHECKS: &[Check] = &[ALL_NAMED, EACH_NAMED, PROBES_HOLD, PROBES_PARTIAL];

const ALL_NAMED: Check = Check::reading(
    "settings.all-missing-named",
    "`open` without any setting is refused as invalid-settings, names every required one, and sends nothing.",
);
const EACH_NAMED: Check = Check::reading(
    "settings.each-missing-named",
    "`open` without one required setting is refused as invalid-settings, names that one, and sends nothing.",
);
const PROBES_HOLD: Check = Check::reading(
    "settings.probes-hold",
    "With the tenant's own settings no probe of `test-credentials` fails, and probes have unique names in kebab-case.",
);
const PROBES_PARTIAL: Check = Check::reading(
    "settings.probes-partial",
    "Without any setting the same probes are reported; some fail with a kind and a remedy, and nothing is sent.",
);

pub(super) async fn check<T: Target>(bench: &mut Bench<'_, T>) {
    bench
        .check(&ALL_NAMED, async |bench| {
            let required = required(bench).await?;
            let tenant = Tenant { name: bench.target.tenant().name.clone(), ..bare(bench.target.tenant()) };
            let missing: Vec<&Setting> = required.iter().collect();
            opens_not(bench, &tenant, &missing).await?;
            Ok(format!("{} required settings were named", required.len()))
        })
        .await;
    bench
        .check(&EACH_NAMED, async |bench| {
            let required = required(bench).await?;
            for setting in &required {
                let mut tenant = bench.target.tenant().clone();
                tenant.settings.remove(&setting.name);
                tenant.secrets.remove(&setting.name);
                opens_not(bench, &tenant, &[setting]).await?;
            }
            Ok(format!("{} settings were left out, one at a time", required.len()))
        })
        .await;
    bench
        .check(&PROBES_HOLD, async |bench| {
            let probes = bench.job().await?.test_credentials().await?;
            well_formed(&probes)?;
            let bad: Vec<String> = probes
                .iter()
                .filter(|probe| probe.verdict == Verdict::Failed)
                .map(|probe| format!("{}: {}", probe.name, probe.detail))
                .collect();
            ensure(bad.is_empty(), || format!("with settings that should hold, {}", bad.join("; ")))?;
            ensure(probes.iter().any(|probe| probe.verdict == Verdict::Passed), || "no probe passed".to_owned())?;
            Ok(format!("{} probes", probes.len()))
        })
        .await;
    bench
        .check(&PROBES_PARTIAL, async |bench| {
            let full = names(&bench.job().await?.test_credentials().await?);
            let mut job = bench.target.start(&bare(bench.target.tenant())).await?;
            let probes = job.test_credentials().await?;
            well_formed(&probes)?;
            ensure(job.requests() == 0, || format!("{} requests were sent", job.requests()))?;
            let failed = probes.iter().filter(|probe| probe.verdict == Verdict::Failed).count();
            // A connector that needs no setting has none to miss.
            let needs_some = !required(bench).await?.is_empty();
            ensure(failed > 0 || !needs_some, || "no probe failed".to_owned())?;
            let partial = names(&probes);
            ensure(full == partial, || format!("with settings the probes are {full:?}, without them {partial:?}"))?;
            Ok(format!("{failed} of {} probes failed with a remedy", probes.len()))
        })
        .await;
}

/// The tenant without settings and secrets.
fn bare(tenant: &Tenant) -> Tenant {
    let mut tenant = tenant.clone();
    tenant.settings.clear();
    tenant.secrets.clear();
    tenant
}

async fn required<T: Target>(bench: &mut Bench<'_, T>) -> Result<Vec<Setting>, Unmet> {
    Ok(bench.descriptor().await?.settings.into_iter().filter(|setting| setting.required).collect())
}

/// Wants `open` refused over these settings.
async fn opens_not<T: Target>(bench: &Bench<'_, T>, tenant: &Tenant, missing: &[&Setting]) -> Result<(), Unmet> {
    let mut job = bench.target.start(tenant).await?;
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|setting| setting.name.as_str()).collect();
    let what = format!("`open` without {}", names.join(", "));
    let error = refused(&what, job.open().await)?;
    ensure_kind(&error, &what, |kind| matches!(kind, ErrorKind::InvalidSettings), "invalid-settings")?;
    let text = format!("{} {}", error.message, error.remedy.as_deref().unwrap_or_default());
    let unnamed: Vec<&str> = names.into_iter().filter(|name| !text.contains(*name)).collect();
    ensure(unnamed.is_empty(), || format!("{what} does not name {}: {}", unnamed.join(", "), refusal(&error)))?;
    ensure(job.requests() == 0, || format!("{what} sent {} requests", job.requests()))
}

fn names(probes: &[Probe]) -> Vec<String> {
    let mut names: Vec<String> = probes.iter().map(|probe| probe.name.clone()).collect();
    names.sort_unstable();
    names
}

fn well_formed(probes: &[Probe]) -> Result<(), Unmet> {
    ensure(!probes.is_empty(), || "there are no probes".to_owned())?;
    if let Some(name) = repeated(probes.iter().map(|probe| probe.name.as_str())) {
        return super::check::failed(format!("two probes are called `{name}`"));
    }
    for probe in probes {
        ensure(is_kebab_case(&probe.name), || format!("the probe `{}` is not in kebab-case", probe.name))?;
        ensure(!probe.detail.trim().is_empty(), || format!("the probe `{}` says nothing", probe.name))?;
        let failed = probe.verdict == Verdict::Failed;
        ensure(!failed || (probe.kind.is_some() && probe.remedy.is_some()), || {
            format!("the probe `{}` fails without a kind or a remedy: {}", probe.name, probe.detail)
        })?;
    }
    Ok(())
}
