//! `doctor`: whether everything is here that it takes, and what to do where it isn't.

use clap::Args;
use serde::Serialize;

use super::context::{approved, data_folder, declared, describe, directory_exists, open_directory, runtime};
use super::failure::{DONE, Failure, SOME_FAILED};
use super::global::Global;
use super::output::{Output, Tone, lines, printable};
use super::report::refusal_text;
use provisioning_directory::{Directory, DirectoryError, TenantRecord};
use provisioning_runtime::Runtime;
use provisioning_runtime::wit::Verdict;

#[derive(Args)]
pub(crate) struct Options {
    /// Sign in to each application, too.
    #[arg(long)]
    online: bool,
}

/// One thing that was looked at.
#[derive(Serialize)]
struct Finding {
    /// What was looked at.
    what: String,
    holds: bool,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Finding {
    fn good(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { what: what.into(), holds: true, detail: detail.into(), remedy: None }
    }

    fn bad(what: impl Into<String>, failure: &Failure) -> Self {
        let error = &failure.error;
        let detail = refusal_text(&error.message, error.upstream.as_ref(), None);
        Self { what: what.into(), holds: false, detail, remedy: error.remedy.clone() }
    }
}

pub(crate) async fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let mut findings = Vec::new();
    let runtime = match runtime(global) {
        Ok(runtime) => {
            findings.push(Finding::good("sandbox", "components can be run"));
            Some(runtime)
        }
        Err(failure) => {
            findings.push(Finding::bad("sandbox", &failure));
            None
        }
    };
    let folder = data_folder(global);
    match directory_exists(global).then(|| open_directory(global)) {
        None => findings.push(Finding::good(
            "data folder",
            format!("there is none at {} yet; `init NAME` makes it with a first tenant", folder.display()),
        )),
        Some(Err(failure)) => findings.push(Finding::bad("data folder", &failure)),
        Some(Ok(directory)) => {
            findings.push(Finding::good("data folder", format!("{} can be read and written", folder.display())));
            let tenants = directory.read(|view| -> Result<_, DirectoryError> { view.tenants() })?;
            if tenants.is_empty() {
                findings.push(Finding::good("tenants", "none yet; `init NAME` makes the first"));
            }
            for tenant in &tenants {
                look_at(global, options, &directory, runtime.as_ref(), tenant, &mut findings).await;
            }
        }
    }
    let exit = if findings.iter().all(|finding| finding.holds) { DONE } else { SOME_FAILED };
    if output.json() {
        output.document(&findings)?;
        return Ok(exit);
    }
    let mut table = output.table(&["What", "Verdict", "What was found, and what to do"]);
    for finding in &findings {
        let (word, tone) = if finding.holds { ("good", Tone::Good) } else { ("look here", Tone::Bad) };
        let remedy = finding.remedy.as_ref().map(|remedy| format!("\n→ {}", printable(remedy))).unwrap_or_default();
        let detail = lines(format!("{}{remedy}", finding.detail));
        table.add_row(vec![finding.what.clone().into(), output.cell(word, tone), detail]);
    }
    output.print_table(&table)?;
    Ok(exit)
}

/// Looks at a tenant: its component, its secrets, how its last job ended and, online, its credentials.
async fn look_at(
    global: &Global,
    options: &Options,
    directory: &Directory,
    runtime: Option<&Runtime>,
    tenant: &TenantRecord,
    findings: &mut Vec<Finding>,
) {
    let name = &tenant.name;
    if tenant.config.paused {
        findings.push(Finding::good(
            format!("{name}: integration"),
            format!("paused; `tenant edit {name} --set paused=false` lets it go on"),
        ));
    }
    if let Some(last) = &tenant.last_failure {
        findings.push(Finding {
            what: format!("{name}: last job"),
            holds: false,
            detail: refusal_text(&format!("failed at {}: {}", last.at, last.message), last.upstream.as_ref(), None),
            remedy: last.remedy.clone(),
        });
    }
    let Some(runtime) = runtime else { return };
    match try_component(global, options, directory, runtime, tenant).await {
        Ok(found) => findings.extend(found),
        Err(failure) => findings.push(Finding::bad(format!("{name}: connector"), &failure)),
    }
}

async fn try_component(
    global: &Global,
    options: &Options,
    directory: &Directory,
    runtime: &Runtime,
    tenant: &TenantRecord,
) -> Result<Vec<Finding>, Failure> {
    let name = &tenant.name;
    let (connector, descriptor) = describe(global, runtime, &tenant.config, &data_folder(global), name).await?;
    tenant.config.check(name, &descriptor)?;
    let mut job = directory.read(|view| view.runtime_tenant(tenant))?;
    job.approval = Some(approved(Some(directory), &job, &declared(runtime, &connector, &descriptor).await?)?);
    let said = format!("{} {}; its settings are sound and its secrets open", descriptor.name, descriptor.version);
    let mut findings = vec![Finding::good(format!("{name}: connector"), said)];
    if options.online {
        for probe in runtime.start(&connector, &job).await?.test_credentials().await? {
            findings.push(Finding {
                what: format!("{name}: {}", probe.name),
                holds: probe.verdict != Verdict::Failed,
                detail: printable(&probe.detail).into_owned(),
                remedy: probe.remedy,
            });
        }
    }
    Ok(findings)
}
