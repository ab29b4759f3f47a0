//! `test-credentials`: whether a tenant's settings hold.

use clap::Args;
use serde::Serialize;

use super::context::Context;
use super::failure::{DONE, Failure, NO_ACCESS, exit_of};
use super::global::Global;
use super::output::{Output, Tone, lines};
use super::report::refusal_text;
use super::view::{ProbeView, UsageView, verdict_name};
use provisioning_directory::config::StandardInput;
use provisioning_runtime::wit::{Probe, Verdict};

#[derive(Args)]
pub(crate) struct Options {
    /// The tenant's name, in the data folder or the tenants file.
    tenant: String,
}

#[derive(Serialize)]
struct Document<'a> {
    tenant: &'a str,
    passed: bool,
    probes: Vec<ProbeView<'a>>,
    usage: UsageView,
}

pub(crate) async fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let mut context = Context::start(global, &options.tenant, &mut StandardInput::process()).await?;
    let probes = context.job.test_credentials().await;
    context.keep_usage().await?;
    let probes = probes?;
    let usage = context.job.usage();
    if output.json() {
        let passed = exit(&probes) == DONE;
        let views = probes.iter().map(ProbeView::from).collect();
        output.document(&Document { tenant: &context.tenant.name, passed, probes: views, usage: usage.into() })?;
    } else {
        print(&probes, output)?;
    }
    Ok(exit(&probes))
}

/// A table of the probes.
pub(crate) fn print(probes: &[Probe], output: &mut Output) -> Result<(), Failure> {
    let mut table = output.table(&["Probe", "Verdict", "What was found, and what to do"]);
    for probe in probes {
        let tone = match probe.verdict {
            Verdict::Passed => Tone::Good,
            Verdict::Failed => Tone::Bad,
            Verdict::Skipped => Tone::Quiet,
        };
        let detail = refusal_text(&probe.detail, None, probe.remedy.as_deref());
        table.add_row(vec![probe.name.clone().into(), output.cell(verdict_name(probe.verdict), tone), lines(detail)]);
    }
    output.print_table(&table)?;
    Ok(())
}

/// The probe that tells whether the application took the credentials, as connectors name it.
const SIGNED_IN: &str = "signed-in";

/// The exit code of the first failed probe: later ones are often its consequence. A refused sign-in is one, whatever setting is
/// to blame for it.
pub(crate) fn exit(probes: &[Probe]) -> u8 {
    match probes.iter().find(|probe| probe.verdict == Verdict::Failed) {
        None => DONE,
        Some(probe) if probe.name == SIGNED_IN => NO_ACCESS,
        Some(probe) => probe.kind.as_ref().map_or(NO_ACCESS, exit_of),
    }
}
