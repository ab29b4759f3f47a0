//! *Integration*: whether the application is connected at all, how the connector signs in, and whether that holds.
//!
//! *Test API Credentials* saves the form first and tests what is saved. A test of what is not saved would have to send secrets
//! back to the browser, or ask for them twice.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::settings::{self, SecretTimes};
use crate::access::{Submission, Visitor};
use crate::chrome::{Chrome, html, unsound};
use crate::connectors::Known;
use crate::form::{Button, Control, Field, Form, Group};
use crate::jobs::{self, JobReport, Line, Tone};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::TenantRecord;
use provisioning_directory::config::EgressConfig;
use provisioning_directory::sync::{Applications as _, intents};
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

async fn form(shared: &Shared, visitor: &Visitor, tenant: &TenantRecord, known: &Known) -> Result<Form, Problem> {
    let record = tenant.clone();
    let secrets: SecretTimes = shared.read(move |view| Ok(view.secret_names(&record)?)).await?;
    let egress = &tenant.config.egress;
    let mut hosts = Field::new("egress.allow", "Hosts that the connector may reach", Control::Area).limit(HOSTS).help(
        "One a line, by their whole names, such as login.example.com. Everything else is refused, whatever the connector asks for.",
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
                Field::flag("egress.loopback", "Allow this machine itself", egress.loopback)
                    .help("For an emulator only: plain http to loopback is allowed then."),
            ],
        ),
    ];
    Ok(Form::new(
        format!("/applications/{}/integration", tenant.name),
        shared.access.token(visitor.session()),
        groups,
        vec![Button::primary("save", "Save"), Button::other("test", "Save and test API credentials")],
    ))
}

fn page(shared: &Shared, visitor: &Visitor, tenant: &TenantRecord, form: Form) -> Page {
    let panel = jobs::Panel::of(shared, tenant, Some(TEST));
    let chrome = Chrome::tenant(shared, visitor, "Integration", &tenant.name, "integration");
    let running = panel.as_ref().is_some_and(jobs::Panel::is_running);
    Page { chrome: chrome.refreshing(running), form, panel }
}

pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let tenant = shared.tenant(&tenant).await?;
    let known = shared.known(&tenant).await?;
    let form = form(&shared, &visitor, &tenant, &known).await?;
    Ok(html(&page(&shared, &visitor, &tenant, form)))
}

pub(super) async fn save(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    submission: Submission,
) -> Result<Response, Problem> {
    let Submission { visitor, fields } = submission;
    let tenant = shared.tenant(&tenant).await?;
    let known = shared.known(&tenant).await?;
    let mut form = form(&shared, &visitor, &tenant, &known).await?;
    form.fill(&fields);
    let allow: Vec<String> = form.value("egress.allow").split_whitespace().map(str::to_owned).collect();
    if let Some(error) = allow.iter().find_map(|rule| rule.parse::<HostRule>().err()) {
        form.refuse("egress.allow", &error.to_string());
    }
    if !form.is_sound() {
        return Ok(unsound(&page(&shared, &visitor, &tenant, form)));
    }
    let edits = settings::secrets(&form, &known, Panel::Integration);
    let (taken, of_known) = (form.clone(), Arc::clone(&known));
    let saved = shared
        .edit_tenant(&visitor, &tenant.name, move |change, tenant| {
            let mut config = tenant.config.clone();
            settings::take(&taken, &of_known, Panel::Integration, &mut config);
            config.paused = !taken.flag("enabled");
            config.egress = EgressConfig { allow, loopback: taken.flag("egress.loopback") };
            let followed = intents::edit_tenant(change, tenant, &config)?;
            settings::store(change, tenant, &edits)?;
            Ok((change.tenant(&tenant.name)?, followed))
        })
        .await;
    let saved = match saved {
        Ok((saved, _)) => saved,
        Err(problem) => {
            form.error = Some(problem.sentence());
            return Ok(unsound(&page(&shared, &visitor, &tenant, form)));
        }
    };
    let back = format!("/applications/{}/integration", saved.name);
    if !fields.has("test") {
        shared.access.sessions.flash(visitor.session(), true, "The integration was saved.");
        return Ok(Redirect::to(&back).into_response());
    }
    start_test(&shared, &visitor, &saved).await?;
    Ok(Redirect::to(&format!("{back}#job")).into_response())
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
        let runtime_tenant = within.directory.read(|view| view.runtime_tenant(&record))?;
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
        Line { name: probe.name, verdict, word, detail: probe.detail, said: None, remedy: probe.remedy }
    });
    JobReport { good: failed == 0, summary, lines: lines.collect() }
}
