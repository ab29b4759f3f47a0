//! *Integration*: whether the application is connected at all, how the connector signs in, and whether that holds.
//!
//! *Test API Credentials* saves the form first and tests what is saved. A test of what is not saved would have to send secrets
//! back to the browser, or ask for them twice.

use std::sync::Arc;

use askama::Template;

use super::saving::{SettingsPage, address};
use super::settings::{self, SecretTimes};
use crate::access::Visitor;
use crate::chrome::Chrome;
use crate::connectors::Known;
use crate::form::{Control, Field, Form, Group};
use crate::jobs::{self, JobReport, Line, Tone};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::TenantRecord;
use provisioning_directory::config::{EgressConfig, TenantConfig};
use provisioning_directory::sync::{Applications as _, approval};
use provisioning_runtime::HostRule;
use provisioning_runtime::wit::{Panel, Probe, Verdict as ProbeVerdict};

/// The kind of the job.
pub(super) const TEST: &str = "test";
/// The most hosts that are allowed.
const HOSTS: usize = 4_096;

#[derive(Template)]
#[template(path = "integration.html")]
struct Page {
    chrome: Chrome,
    form: Form,
    panel: Option<jobs::Panel>,
}

/// The page *Integration*.
pub(super) struct Integration;

/// The hosts that a form lists.
fn listed_hosts(form: &Form) -> impl Iterator<Item = &str> {
    form.value("egress.allow").split_whitespace()
}

/// The ports of this machine that are entered, or the first word that is none.
fn listed_ports(form: &Form) -> Result<Vec<u16>, String> {
    let words = form.value("egress.loopback").split([' ', ',']).filter(|word| !word.is_empty());
    words.map(|word| word.parse().ok().filter(|port| *port > 0).ok_or_else(|| word.to_owned())).collect()
}

fn ports_text(ports: &[u16]) -> String {
    ports.iter().map(u16::to_string).collect::<Vec<_>>().join(" ")
}

impl SettingsPage for Integration {
    const NAME: &'static str = "integration";
    const TITLE: &'static str = "Integration";
    const PANEL: Panel = Panel::Integration;
    const SAVED: &'static str = "The integration was saved.";
    const TEST: Option<&'static str> = Some("Save and test API credentials");

    async fn form(shared: &Shared, visitor: &Visitor, tenant: &TenantRecord, known: &Known) -> Result<Form, Problem> {
        let record = tenant.clone();
        let secrets: SecretTimes = shared.read(move |view| Ok(view.secret_names(&record)?)).await?;
        let egress = &tenant.config.egress;
        let mut hosts = Field::new("egress.allow", "Hosts that the connector may reach", Control::Area).limit(HOSTS).help(
            "One a line, by their whole names, such as login.example.com. The connector's own are listed when you save the settings that name them; a host that the application names at the first sign-in is confirmed by being listed here. Everything else is refused.",
        );
        hosts.values = vec![egress.allow.join("\n")];
        let warnings: Vec<String> = egress.warnings().map(|warning| format!("Warning: {warning}.")).collect();
        let groups = vec![
            Group::new(
                "Configure API integration",
                "",
                vec![
                    Field::flag("enabled", "Enable API integration", !tenant.config.paused)
                        .help("Without it nothing is read from the application and nothing is written to it."),
                ],
            ),
            Group::new(
                "Credentials",
                "Secrets are sealed in the data folder; the connector never sees them, and no page shows them.",
                settings::fields(known, &tenant.config, &secrets, Panel::Integration),
            ),
            Group::new(
                "Network",
                &warnings.join(" "),
                vec![
                    hosts,
                    Field::text("egress.loopback", "Ports of this machine", &ports_text(&egress.loopback))
                        .help("For an emulator only, such as 8080: it is reached by plain http. Never name a port of anything else."),
                ],
            ),
        ];
        let (action, token) = (address(&tenant.name, Self::NAME), shared.access.token(visitor.session()));
        Ok(Form::new(action, token, groups, Vec::new()))
    }

    async fn page(
        shared: &Shared,
        visitor: &Visitor,
        tenant: &TenantRecord,
        _: &Known,
        form: Form,
    ) -> Result<impl Template, Problem> {
        let panel = jobs::Panel::of(shared, tenant, Some(TEST))?;
        let running = panel.as_ref().is_some_and(jobs::Panel::is_running);
        let chrome = Chrome::tenant(shared, visitor, Self::TITLE, &tenant.name, Self::NAME).refreshing(running);
        Ok(Page { chrome, form, panel })
    }

    fn check(form: &mut Form) {
        let refused = listed_hosts(form).find_map(|rule| rule.parse::<HostRule>().err());
        if let Some(error) = refused {
            form.refuse("egress.allow", &error.to_string());
        }
        if let Err(word) = listed_ports(form) {
            form.refuse("egress.loopback", &format!("`{word}` isn't a port; enter numbers from 1 to 65535"));
        }
    }

    fn take(form: &Form, config: &mut TenantConfig) {
        config.paused = !form.flag("enabled");
        let allow = listed_hosts(form).map(str::to_owned).collect();
        config.egress = EgressConfig { allow, loopback: listed_ports(form).unwrap_or_default() };
    }
}

/// Starts the test of a tenant's credentials, and waits a little for its end.
///
/// # Errors
/// When a job of the tenant is running.
pub(super) async fn start_test(shared: &Arc<Shared>, visitor: &Visitor, tenant: &TenantRecord) -> Result<(), Problem> {
    let (within, record) = (Arc::clone(shared), tenant.clone());
    let actor = visitor.actor();
    let by = actor.name().to_owned();
    let job = shared.jobs.start(tenant, TEST, "Test API credentials", &by, |reporter| async move {
        reporter.report("Asking the application", 0, None);
        let mut runtime_tenant = within.directory.read(|view| view.runtime_tenant(&record))?;
        let declared = within.applications.declared(&record.config.component()).await?;
        runtime_tenant.approval = Some(approval(&within.directory, &runtime_tenant, &declared)?.0);
        let mut job = within.applications.connect(&runtime_tenant, &record.config.component()).await?;
        let probes = job.test_credentials().await;
        let spent = job.spent().await;
        within.directory.write(&actor, |change| change.add_usage(record.id, &spent))?;
        Ok(report(probes?))
    })?;
    jobs::wait(job, jobs::PATIENCE).await;
    Ok(())
}

fn report(probes: Vec<Probe>) -> JobReport {
    let count = |verdict| probes.iter().filter(|probe| probe.verdict == verdict).count();
    let (passed, failed) = (count(ProbeVerdict::Passed), count(ProbeVerdict::Failed));
    let skipped = count(ProbeVerdict::Skipped);
    let summary = if failed == 0 {
        format!("The credentials were verified: {passed} points hold, {skipped} were not tried.")
    } else {
        let (points, hold) = if failed == 1 { ("point", "does not hold") } else { ("points", "do not hold") };
        format!("{failed} {points} {hold}, {passed} passed, {skipped} not tried.")
    };
    let lines = probes.into_iter().map(|probe| {
        let (verdict, word) = match probe.verdict {
            ProbeVerdict::Passed => (Tone::Good, "passed"),
            ProbeVerdict::Failed => (Tone::Bad, "failed"),
            ProbeVerdict::Skipped => (Tone::Quiet, "skipped"),
        };
        Line { name: probe.name, verdict, word: word.into(), detail: probe.detail, said: None, remedy: probe.remedy }
    });
    JobReport { good: failed == 0, summary, lines: lines.collect() }
}
